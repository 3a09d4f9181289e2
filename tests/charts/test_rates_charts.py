"""Pictures of learning rates: bands where they belong, nothing dropped silently, no words across lines."""

import math

import numpy as np
import pandas as pd
import pytest

from sgd_core.charts.gradient_noise import batches_picture, gradient_noise_picture
from sgd_core.charts.lanes import lanes_frame, lanes_picture, range_frame, range_picture, spread_picture
from sgd_core.charts.palette import REGIMES
from sgd_core.charts.rates import axis_frame, axis_picture, band_part, powers, regime_group, zones_picture
from sgd_core.charts.vega import moved_by_clock

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
    assert frame[frame["part"] == "border words"]["words"].tolist() == ["2/a"], "what lies outside is not drawn"
    assert frame[frame["part"] == "marker"]["lr"].tolist() == [0.02]


def test_words_of_lines_that_stand_close_are_beside_the_last_of_them_and_not_between():
    """C and D stand on both sides of 2/a on the whole axis: their letters used to lie on the lines."""
    table = pd.DataFrame({"lr": np.geomspace(1e-4, 100, 64), "regime": "good"})
    borders, markers = [("1/a", 0.5), ("2/a", 1.0)], [("A", 0.02), ("B", 0.3), ("C", 0.95), ("D", 1.05)]
    frame = axis_frame(table, None, borders=borders, markers=markers)
    words = frame[frame["part"].isin(["border words", "marker words"])]
    assert dict(zip(words["words"], words["lr"], strict=True)) == {
        "1/a": 0.5,
        "2/a": 0.95,
        "A": 0.02,
        "B": 0.3,
        "C D": 1.05,
    }
    lines = [place for _, place in (*borders, *markers)]
    for row in words.itertuples():
        side = 1 if row.part == "marker words" else -1  # letters stand right of their line, borders left of theirs
        free = [side * math.log(line / row.lr) for line in lines if side * math.log(line / row.lr) > 0]
        assert not free or min(free) > 0.025 * math.log(1e6)


def test_a_table_with_moments_has_its_zones_at_each_of_them():
    early, late = (
        pd.DataFrame({"lr": LRS, "regime": name, "loss": 1.0, "moment": at})
        for at, name in enumerate(["undecided", "good"])
    )
    frame = axis_frame(pd.concat([early, late]), "loss", y_domain=(0.1, 10))
    bands = frame[frame["part"] == "band"]
    assert bands[["moment", "name"]].to_numpy().tolist() == [[0, "undecided"], [1, "good"]]
    chart = axis_picture(frame, x_domain=(1e-3, 10.0), y_domain=(0.1, 10.0), y_title="loss", moving=True)
    assert "datum.moment == t" in moved_by_clock(chart).to_json()


def test_an_axis_close_to_the_cliff_has_ticks_although_it_holds_no_power_of_ten():
    table = pd.DataFrame({"lr": np.linspace(0.072, 0.095, 8), "regime": "good", "loss": 1.0})
    chart = axis_picture(
        axis_frame(table, "loss", y_domain=(0.1, 10)), x_domain=(0.072, 0.095), y_domain=(0.1, 10.0), y_title="loss"
    )
    axes = [
        layer["encoding"]["x"]["axis"] for layer in chart.to_dict()["layer"] if "axis" in layer["encoding"].get("x", {})
    ]
    assert axes and all(axis.get("tickCount") == 6 and "values" not in axis for axis in axes)


def test_lanes_that_leave_the_picture_have_an_arrow():
    sweep = pd.DataFrame(
        {
            "lr": np.repeat([0.1, 1.0, 9.0], 3),
            "epoch": [0, 1, 2] * 3,
            "moment": [0, 1, 2] * 3,
            "train_loss": [0.7, 0.5, 0.4, 0.7, 1e-9, 1e-9, 0.7, 50, np.inf],
        }
    )
    regimes = pd.DataFrame({"lr": [0.1, 1.0, 9.0], "regime": ["too low", "good", "diverging"]})
    frame = lanes_frame(sweep, regimes, (1e-3, 10.0))
    assert frame["edge"].tolist() == ["", "", "", "", "↓", "↓", "", "↑", "↑"]
    assert np.isfinite(frame["y"]).all() and np.isnan(frame["loss"].iloc[-1])
    assert frame["name"].tolist() == ["too low"] * 3 + ["good"] * 3 + ["diverging"] * 3
    assert moved_by_clock(lanes_picture(frame, epochs=2.0, y_domain=(1e-3, 10.0))).to_dict()["layer"]


def test_suggestions_lie_on_the_smoothed_curve_the_highest_first():
    lr = np.geomspace(1e-4, 1, 5)
    test = pd.DataFrame({"lr": lr, "loss": 1.0, "smoothed": [5.0, 4, 3, 2, 1]})
    rows = range_frame(test, {"steep": 0.1, "valley": 1e-3})
    found = rows[rows["part"] == "suggestion"]
    assert found["words"].tolist() == ["steep", "valley"] and found["y"].tolist() == pytest.approx([2.0, 4.0])
    assert range_picture(rows, x_domain=(1e-4, 1.0), y_domain=(0.0, 5.0)).to_dict()["layer"]
    ticks = pd.DataFrame({"name": ["Steep"], "lr": [0.1], "seed": [0]})
    assert spread_picture(ticks, names=["Steep"], x_domain=(1e-4, 1.0)).to_dict()["layer"]


def test_the_powers_of_ten_are_few_and_inside():
    assert powers(0.01, 100) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert len(powers(1e-8, 1e4)) <= 7 and powers(2, 30) == [10]


def test_regimes_are_told_apart_by_more_than_colour():
    looks = list(REGIMES.values())
    for what in ("color", "shape", "dash", "sign"):
        assert len({getattr(look, what) for look in looks}) == len(looks)
    assert regime_group(["good", "left the domain"]) == ["good", "other"]


STEPS = pd.DataFrame({"moment": [0, 1], "step": [0, 1], "loss": [1.0, 0.5], "batch": "all"})
TABLE = pd.DataFrame({"lr": LRS, "regime": NAMES, "left": 0.5})
CLOUD = pd.DataFrame({"along": [1.0, -0.5], "across": [0.0, 0.3], "part": ["whole", "batch"], "moment": 0, "until": 2})


@pytest.mark.parametrize(
    ("chart", "frames", "look"),
    [
        (
            axis_picture,
            [axis_frame(TABLE, "left", y_domain=(0.1, 1)), axis_frame(TABLE[:5], "left", y_domain=(0.1, 1))],
            {"x_domain": (1e-3, 10.0), "y_domain": (0.1, 1.0), "y_title": "left", "level": 0.2, "pick": True},
        ),
        (zones_picture, [axis_frame(TABLE, None), axis_frame(TABLE[:5], None)], {"x_domain": (1e-3, 10.0)}),
        (batches_picture, [STEPS, STEPS[:1]], {"steps": 9.0, "y_domain": (0.1, 10.0), "names": ("1", "all")}),
        (gradient_noise_picture, [CLOUD, CLOUD[:1]], {"x_domain": (-1.0, 2.0), "y_domain": (-1.0, 1.0)}),
    ],
)
def test_a_picture_is_its_parameters_and_only_its_data_move(chart, frames, look):
    specs = []
    for frame in frames:
        spec = moved_by_clock(chart(frame, **look)).to_dict()
        own = {name: data for name, data in spec.pop("datasets").items() if "level" not in data[0]}
        assert own, "the frame travels as data"
        specs.append(without_data(spec))
    assert specs[0] == specs[1]


def without_data(spec):
    if isinstance(spec, dict):
        return {key: without_data(value) for key, value in spec.items() if key not in ("data", "name", "views")}
    return [without_data(part) for part in spec] if isinstance(spec, list) else spec
