"""The one frame of a run's pictures: its parts, its gaps, the luck of the draw, and names that do not touch."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from sgd_core.charts.history import error_curves, history_rows, loss_curves, wilson


def history(*losses: float) -> pd.DataFrame:
    steps = np.arange(len(losses))
    columns: dict[str, Any] = {"epoch": steps, "step": 5 * steps, "batch_loss": losses, "train_loss": losses}
    return pd.DataFrame({**columns, "valid_loss": losses, "train_accuracy": 0.75, "valid_accuracy": 0.5})


def test_parts_are_told_apart_and_each_knows_its_moment() -> None:
    frame = history_rows(history(3.0, 2.0), images=10, parent=history(4.0), marks=[(1, "lr 0.1")])
    assert frame["part"].tolist() == ["run"] * 4 + ["batch"] * 2 + ["parent"] * 2 + ["mark"]
    assert frame["moment"].tolist() == [0, 1, 0, 1, 0, 1, -1, -1, 1]
    assert frame["label"].tolist() == [""] * 8 + ["lr 0.1"] and frame["epoch"].iloc[-1] == 1
    assert frame["error"].tolist()[:4] == [0.25, 0.25, 0.5, 0.5]


def test_a_loss_that_is_not_finite_is_missing_not_drawn_somewhere() -> None:
    frame = history_rows(history(1.0, np.inf, np.nan), images=10)
    assert frame.loc[frame["split"] == "training", "loss"].isna().tolist() == [False, True, True]


def test_the_lines_of_a_long_run_are_thinned_and_keep_every_extreme() -> None:
    losses = 2.0 + np.cos(np.arange(3000.0))
    losses[1234], losses[2345] = 9.0, 0.1
    frame = history_rows(history(*losses), images=10)
    for part, count in (("run", 3000), ("batch", None)):
        rows = frame[(frame["part"] == part) & frame["split"].isin(["training", "mini-batch"])]
        line = rows[rows["drawn"]]
        assert len(line) < 500 and line["moment"].tolist()[:41] == list(range(41))
        assert {1234, 2345, 2999} <= set(line["moment"])
        assert line["loss"].max() == 9.0 and line["loss"].min() == 0.1
        assert count is None or len(rows) == count, "each moment has its own point"
    assert history_rows(history(*losses[:400]), images=10)["drawn"].all()


@pytest.mark.parametrize(("wrong", "images"), [(0, 73), (2, 2038), (31, 2038), (1000, 2000)])
def test_the_band_is_wilsons_interval(wrong: int, images: int) -> None:
    low, high = wilson(np.array([wrong / images]), images)
    known = binomtest(wrong, images).proportion_ci(method="wilson")
    assert (low[0], high[0]) == pytest.approx((known.low, known.high), abs=1e-7)


def test_names_on_the_baselines_do_not_touch() -> None:
    wrong = (("chance", 0.5), ("a", 0.049), ("b", 0.034), ("c", 0.0215), ("d", 0.0172), ("e", 0.0029))
    frame = history_rows(history(1.0), images=100)
    chart = error_curves(frame, x_domain=(0, 1), y_domain=(0.001, 1), log_steps=False, baselines=wrong, height=262)
    rows = next(rows for rows in chart.to_dict()["datasets"].values() if "slot" in rows[0])
    assert [row["name"].split()[0] for row in rows] == ["chance", "a", "b", "c", "d", "e"]
    for slot in range(2):
        heights = [np.log(1 / row["at"]) / np.log(1000) * 200 for row in rows if row["slot"] == slot]
        assert (np.diff(heights) >= 12.9).all()


def test_names_of_baselines_stand_on_a_rim_above_the_curves() -> None:
    chart = error_curves(
        history_rows(history(1.0), images=100),
        x_domain=(0, 1),
        y_domain=(0.001, 1),
        log_steps=False,
        baselines=[("a", 0.1)],
    ).to_dict()
    kinds = [layer["mark"]["type"] for layer in chart["layer"]]
    rim, name = (
        i for i, layer in enumerate(chart["layer"]) if layer["encoding"].get("text", {}).get("field") == "name"
    )
    curves = [i for i, kind in enumerate(kinds) if kind == "line"]
    assert max(curves) < rim < name < kinds.index("circle")
    assert (
        chart["layer"][rim]["mark"]["stroke"] == {"expr": "background"} and "stroke" not in chart["layer"][name]["mark"]
    )


def test_labels_of_learning_rates_set_one_after_the_other_stand_on_lines_of_their_own() -> None:
    """Two rates set within a few steps were written into each other."""
    marks = [(1, "lr 5"), (2, "lr 0.5"), (3, "lr 0.1")]
    frame = history_rows(history(3.0, 2.0, 2.0, 2.0), images=10, marks=marks)
    assert frame.loc[frame["part"] == "mark", "line"].tolist() == [0, 1, 2]
    spec = loss_curves(frame, x_domain=(0, 3), y_domain=(0, 5), log=False, log_steps=False).to_dict()
    texts = [layer for layer in spec["layer"] if layer["encoding"].get("text", {}).get("field") == "label"]
    assert np.diff([layer["mark"]["dy"] for layer in texts]).min() >= 12
    for line, layer in enumerate(texts):
        assert f"datum.line == {line}" in str(layer["transform"])


def test_the_look_does_not_depend_on_the_data() -> None:
    def look(*losses: float) -> dict[str, Any]:
        frame = history_rows(history(*losses), images=10)
        spec = loss_curves(frame, x_domain=(0, 3), y_domain=(0, 5), log=False, log_steps=False).to_dict()
        for part in (spec, *spec["layer"]):
            part.pop("datasets", None)
            part.pop("data", None)
        return spec

    assert look(1.0) == look(4.0, 2.0, 1.0)
