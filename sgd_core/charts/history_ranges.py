"""Where the axes of a run's curves begin and end, so that they stay locked while the run moves on."""

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from sgd_core.charts.palette import ceiling
from sgd_core.numbers import round_down

Range = tuple[float, float]


def epoch_range(run: pd.DataFrame, steps: int, per_epoch: float, *, log_steps: bool, stretch: bool) -> Range:
    """Return the range of epochs (of steps, if they are logarithmic) for a run planned for so many `steps`.

    `run` is its history so far. The last `stretch` alone begins at half of the largest power of two of its steps, and has
    room for twice of them: it moves only now and then.
    """
    if log_steps:
        return 0.0, float(steps)
    first, last = float(run["epoch"].iloc[0]), max(steps / per_epoch, float(run["epoch"].iloc[-1]), 1e-9)
    if not stretch:
        return first, last
    begin = 2 ** int(math.log2(max(2, int(run["step"].iloc[-1])))) / 2 / per_epoch
    return (begin, 4 * begin) if 4 * begin < last else (begin, last)


def seen_from(frame: pd.DataFrame, begin: float) -> pd.DataFrame:
    """Return the rows of `history_rows` from an epoch on: what lies before it has no say in the scale of the losses."""
    return frame[(frame["epoch"] >= begin) | (frame["part"] == "mark")]


def loss_range(frame: pd.DataFrame, *, log: bool) -> Range:
    """Return the range of losses for rows of `history_rows`: from 0 to a round number, or whole decades."""
    losses = frame.loc[frame["part"].isin(["run", "parent"]), "loss"].to_numpy()
    losses = losses[np.isfinite(losses)]
    top = float(losses.max(initial=1e-6))
    if not log:
        return 0.0, ceiling(top * 1.02)
    low = math.floor(math.log10(float(losses[losses > 0].min(initial=top))))
    return 10.0**low, 10.0 ** max(math.ceil(math.log10(top)), low + 1)


def error_range(shares: Iterable[float], images: int) -> Range:
    """Return the range of wrong answers that shows these shares of so many images: whole decades, at least from 1 % on."""
    reached = [share for share in shares if share > 0]
    return max(0.5 / images, round_down(min(0.01, *reached), (1,)) if reached else 0.01), 1.0
