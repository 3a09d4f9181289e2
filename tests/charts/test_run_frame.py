"""The one frame of a run's pictures: its parts, and that what is not finite leaves a gap."""

import numpy as np
import pandas as pd

from sgd_core.charts.history import accuracy_curve, run_frame, split_curves


def history(*losses):
    return pd.DataFrame(
        {"epoch": np.arange(len(losses)), "train_loss": losses, "valid_loss": losses, "valid_accuracy": 0.5}
    )


def test_parts_are_told_apart_and_kept_in_order():
    frame = run_frame(history(3.0, 2.0), history(4.0), [(1.0, "lr 0.1")])
    assert list(frame["part"]) == ["run", "run", "parent", "mark"]
    assert list(frame["epoch"]) == [0, 1, 0, 1]
    assert list(frame["label"]) == ["", "", "", "lr 0.1"]
    assert np.isnan(frame["train_loss"].iloc[3])


def test_a_loss_that_is_not_finite_is_missing_not_drawn_somewhere():
    frame = run_frame(history(1.0, np.inf, np.nan))
    assert list(frame["train_loss"].isna()) == [False, True, True]


def test_names_beside_the_ladder_do_not_touch():
    rungs = (("chance", 0.5), ("a", 0.951), ("b", 0.966), ("c", 0.9785), ("d", 0.9828), ("e", 0.9971))
    spec = accuracy_curve(run_frame(history(1.0)), epochs=1.0, baselines=rungs, bottom=0.4, height=270).to_dict()
    words = next(layer for layer in spec["layer"] if layer["encoding"].get("text", {}).get("field") == "name")
    rows = spec["datasets"][words["data"]["name"]] if "name" in words["data"] else words["data"]["values"]
    at = sorted((row["at"] for row in rows), reverse=True)
    pixels = np.diff(at) * -200 / 0.6
    assert (pixels >= 13).all() and rows[0]["name"].startswith("e ")


def test_the_look_does_not_depend_on_the_data():
    one, two = (
        split_curves(run_frame(history(*losses)), epochs=3.0, top=5.0).to_dict() for losses in ([1.0], [4.0, 2.0, 1.0])
    )
    for spec in (one, two):
        spec.pop("datasets")
        spec.pop("data", None)
        for layer in spec["layer"]:
            layer.pop("data", None)
    assert one == two
