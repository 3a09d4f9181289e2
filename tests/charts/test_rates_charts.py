"""Pictures of learning rates: bands where they belong, nothing dropped silently, specs that do not depend on the data."""

import numpy as np
import pandas as pd
import pytest

from sgd_core.charts.gradient_noise import batches_picture, gradient_noise_picture, rates_picture
from sgd_core.charts.lanes import (
    lanes_frame,
    lanes_picture,
    loss_picture,
    range_frame,
    range_picture,
    sharpness_picture,
)
from sgd_core.charts.palette import REGIMES
from sgd_core.charts.rates import axis_frame, axis_picture, band_part, powers, regime_group

LRS = np.geomspace(1e-3, 10, 9)
NAMES = ["too low"] * 3 + ["good"] * 2 + ["bouncing"] + ["leapt away"] + ["diverging"] * 2


def test_bands_cover_the_axis_without_gaps_and_change_halfway_between_two_rates():
    bands = band_part(LRS, NAMES)
    assert bands["name"].tolist() == ["too low", "good", "bouncing", "leapt away", "diverging"]
    assert bands["lr"].iloc[0] == pytest.approx(1e-3) and bands["lr2"].iloc[-1] == pytest.approx(10)
    np.testing.assert_allclose(bands["lr"].iloc[1:], bands["lr2"].iloc[:-1])
    assert bands["lr"].iloc[1] == pytest.approx((LRS[2] * LRS[3]) ** 0.5)
    assert bands["words"].iloc[0] == "◔ too low" and bands["regime"].iloc[3] == "other"


def test_a_sliver_of_a_band_has_no_words_and_a_narrow_one_only_its_sign():
    lrs = np.geomspace(1e-6, 1, 601)
    names = ["too low"] * 300 + ["good"] * 4 + ["bouncing"] * 40 + ["diverging"] * 257
    assert band_part(lrs, names)["words"].tolist() == ["◔ too low", "", "◆", "▲ diverging"]


def test_values_beyond_the_window_stand_at_its_edge_with_an_arrow_and_keep_their_value():
    table = pd.DataFrame({"lr": LRS, "regime": NAMES, "left": [1, 0.1, 1e-12, 1, 1, 5e6, np.nan, np.inf, 1]})
    frame = axis_frame(table, "left", y_domain=(1e-8, 1e4), borders=[("2/a", 1.0), ("far", 1e9)], markers=[("A", 0.02)])
    runs = frame[frame["part"] == "run"]
    assert runs["edge"].tolist() == ["", "", "↓", "", "", "↑", "↑", "↑", ""]
    assert runs["y"].between(1e-8, 1e4).all() and runs["value"].iloc[5] == 5e6
    assert frame[frame["part"] == "border"]["words"].tolist() == ["2/a"], "what lies outside is not drawn at the edge"
    assert frame[frame["part"] == "marker"]["lr"].tolist() == [0.02]


def test_lanes_that_leave_the_picture_end_in_an_arrow():
    sweep = pd.DataFrame(
        {
            "lr": np.repeat([0.1, 1.0, 9.0], 3),
            "epoch": [0, 1, 2] * 3,
            "train_loss": [0.7, 0.5, 0.4, 0.7, 1e-9, 1e-9, 0.7, 50, np.inf],
        }
    )
    regimes = pd.DataFrame({"lr": [0.1, 1.0, 9.0], "regime": ["too low", "good", "diverging"]})
    frame = lanes_frame(sweep, regimes, (1e-3, 10.0))
    assert frame["edge"].tolist() == ["", "", "", "", "", "↓", "", "", "↑"]
    assert np.isfinite(frame["y"]).all() and np.isnan(frame["loss"].iloc[-1])
    assert frame["name"].tolist() == ["too low"] * 3 + ["good"] * 3 + ["diverging"] * 3


def test_suggestions_lie_on_the_smoothed_curve_in_rising_order():
    lr = np.geomspace(1e-4, 1, 5)
    test = pd.DataFrame({"lr": lr, "loss": 1.0, "smoothed": [5.0, 4, 3, 2, 1]})
    rows = range_frame(test, {"steep": 0.1, "valley": 1e-3})
    found = rows[rows["part"] == "suggestion"]
    assert found["words"].tolist() == ["valley", "steep"] and found["y"].tolist() == pytest.approx([4.0, 2.0])


def test_the_powers_of_ten_are_few_and_inside():
    assert powers(0.01, 100) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert len(powers(1e-8, 1e4)) <= 7 and powers(2, 30) == [10]


def test_regimes_are_told_apart_by_more_than_colour():
    looks = list(REGIMES.values())
    for what in ("color", "shape", "dash", "sign"):
        assert len({getattr(look, what) for look in looks}) == len(looks)
    assert regime_group(["good", "left the domain"]) == ["good", "other"]


STEPS = pd.DataFrame({"step": [0, 1], "loss": [1.0, 0.5], "sharpness": [3.0, 2.0], "lr": [0.1, 0.1], "batch": "all"})
TABLE = pd.DataFrame({"lr": LRS, "regime": NAMES, "left": 0.5})
CLOUD = pd.DataFrame({"along": [1.0, -0.5], "across": [0.0, 0.3]})


@pytest.mark.parametrize(
    ("chart", "frames", "look"),
    [
        (
            axis_picture,
            [axis_frame(TABLE, "left", y_domain=(0.1, 1)), axis_frame(TABLE[:5], "left", y_domain=(0.1, 1))],
            {"x_domain": (1e-3, 10.0), "y_domain": (0.1, 1.0), "y_title": "left", "level": 0.2, "pick": True},
        ),
        (sharpness_picture, [STEPS, STEPS[:1]], {"steps": 9.0, "y_domain": (0.1, 10.0), "border": 2.0}),
        (loss_picture, [STEPS, STEPS[:1]], {"steps": 9.0, "y_domain": (0.1, 10.0)}),
        (rates_picture, [STEPS, STEPS[:1]], {"steps": 9.0, "y_domain": (0.0, 1.0)}),
        (batches_picture, [STEPS, STEPS[:1]], {"steps": 9.0, "y_domain": (0.1, 10.0), "names": ("1", "all")}),
        (gradient_noise_picture, [CLOUD, CLOUD[:1]], {"x_domain": (-1.0, 2.0), "y_domain": (-1.0, 1.0)}),
    ],
)
def test_a_picture_is_its_parameters_and_only_its_data_move(chart, frames, look):
    specs = []
    for frame in frames:
        spec = chart(frame, **look).to_dict()
        own = {name: data for name, data in spec.pop("datasets").items() if "level" not in data[0]}
        assert own, "the frame travels as data"
        specs.append(without_data(spec))
    assert specs[0] == specs[1]


def without_data(spec):
    if isinstance(spec, dict):
        return {key: without_data(value) for key, value in spec.items() if key not in ("data", "name", "views")}
    return [without_data(part) for part in spec] if isinstance(spec, list) else spec


def test_the_other_two_compile():
    sweep = pd.DataFrame({"lr": [0.1, 0.1], "epoch": [0, 1], "train_loss": [1.0, 0.5]})
    frame = lanes_frame(sweep, pd.DataFrame({"lr": [0.1], "regime": ["good"]}), (0.1, 10.0))
    assert lanes_picture(frame, epochs=1.0, y_domain=(0.1, 10.0)).to_dict()["layer"]
    test = pd.DataFrame({"lr": [0.1, 1.0], "loss": [1.0, 0.5], "smoothed": [1.0, 0.7]})
    assert range_picture(range_frame(test, {"steep": 0.1}), x_domain=(0.1, 1.0), y_domain=(0.0, 1.0)).to_dict()["layer"]
