"""The curves of the Digit training page: both losses, and the accuracy on its ladder of baselines."""

import math
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from streamlit.delta_generator import DeltaGenerator

from pages.training.session import CURVE, Run
from pages.ui.datasets import digits_of, similarity_of
from pages.ui.pictures import picture
from sgd_core.charts.history import accuracy_curve, run_frame, rung_name, split_curves
from sgd_core.charts.palette import ceiling
from sgd_core.digits.baselines import published
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.training import Snapshot

LIVE_POINTS = 200


def paint_curves(
    loss: DeltaGenerator,
    accuracy: DeltaGenerator,
    seen: list[Snapshot],
    grey: pd.DataFrame | None,
    config: TrainConfig,
    live: bool,
) -> None:
    """Draw both pictures up to the last of the moments `seen`, over another run in `grey`."""
    now = seen[-1]
    frame, of_loss, of_accuracy = _layout(_sparse(seen) if live else seen, grey, config)
    words = f"Training loss {now.train_loss:.4g} and validation loss {now.valid_loss:.4g}."
    picture(split_curves, frame, slot=loss, live=live, alt=words, **of_loss)
    words = f"Validation accuracy {now.valid_accuracy:.2%}."
    picture(accuracy_curve, frame, slot=accuracy, live=live, alt=words, **of_accuracy)


def curve_charts(run: Run, seen: list[Snapshot]) -> list[alt.LayerChart]:
    """Return the two curves as they stand, as charts to keep."""
    frame, of_loss, of_accuracy = _layout(seen, run.origin.curves if run.origin else None, run.config)
    return [split_curves(frame, **of_loss), accuracy_curve(frame, **of_accuracy)]


def rungs(config: TrainConfig) -> tuple[tuple[str, float], ...]:
    """Return the ladder of accuracies to compare with: chance first, then what needs no training, then the published."""
    return _ladder(config.dataset, config.classes)


@lru_cache(maxsize=16)
def _ladder(dataset: str, classes: tuple[int, ...] | None) -> tuple[tuple[str, float], ...]:
    return (
        ("chance", 1 / len(digits_of(dataset, classes).classes)),
        ("pixel similarity, L1", similarity_of(dataset, classes)),
        ("pixel similarity, L2", similarity_of(dataset, classes, "l2")),
        *((entry.name, entry.accuracy) for entry in published(dataset, classes)),
    )


def curves_of(snapshots: list[Snapshot]) -> pd.DataFrame:
    """Return the numbers of the curves, one row a moment."""
    return pd.DataFrame({name: [getattr(snapshot, name) for snapshot in snapshots] for name in CURVE})


def _layout(
    seen: list[Snapshot], grey: pd.DataFrame | None, config: TrainConfig
) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Return the frame of both curves and the parameters of each, which say all that is on their axes."""
    history, ladder = curves_of(seen), rungs(config)
    losses = history[["train_loss", "valid_loss"]].to_numpy()
    if grey is not None:
        losses = np.concatenate([losses, grey[["train_loss", "valid_loss"]].to_numpy()])
    epochs = float(max(config.epochs, math.ceil(seen[-1].epoch)))
    lowest = ladder[0][1] - 0.1  # a little below chance, unless the run itself goes there
    return (
        run_frame(history, grey, _marks(seen)),
        {
            "epochs": epochs,
            "top": ceiling(float(losses[np.isfinite(losses)].max(initial=0)) * 1.02),
            "margin": max((rung_name(*rung) for rung in ladder), key=len),
        },
        {
            "epochs": epochs,
            "baselines": ladder,
            "bottom": max(0.0, lowest) if float(history["valid_accuracy"].min()) > lowest else 0.0,
        },
    )


def _sparse(seen: list[Snapshot]) -> list[Snapshot]:
    """Return enough moments for a live curve: every second, fourth, eighth ... and the last, so that points stay put."""
    stride = 1
    while len(seen) / stride > LIVE_POINTS:
        stride *= 2
    return seen if stride == 1 else [*seen[:-1:stride], seen[-1]]


def _marks(seen: list[Snapshot]) -> list[tuple[float, str]]:
    """Return where the learning rate was changed by hand, as far as the run has gone."""
    marks = []
    for step, lr in seen[-1].rates[1:]:
        # a change comes after a recorded moment; if that was thinned out, the one before it stands nearest
        before = [snapshot.epoch for snapshot in seen if snapshot.step <= step]
        if before:
            marks.append((before[-1], f"lr {lr:g}"))
    return marks
