"""How far the seeds of one setting lie apart, and where one run is among them, in words."""

import numpy as np
import pandas as pd

from sgd_core.digits.run import Run
from sgd_core.digits.seeds import BAND
from sgd_core.numbers import number, percent
from sgd_core.status import Status


def tell_seeds(frame: pd.DataFrame, column: str, run: Run, at: int) -> list[str]:
    """Say how far the seeds of a `sweep_frame` lie apart, and where this run is among them, at one of its moments."""
    now, count = run.moments[at], frame["seed"].nunique()
    epochs = frame["epoch"].unique()
    epoch = epochs[(epochs <= now.epoch) & (epochs == np.floor(epochs))].max()
    if epoch == 0:
        return [
            f"The {count} seeds are compared at the last whole epoch that the clock has reached: go on to the first one."
        ]
    ends = frame[frame["epoch"] == epoch]
    values = ends.loc[ends["status"] != Status.DIVERGED, column].to_numpy(dtype=float)
    values = np.sort(values[np.isfinite(values)])
    lost = count - len(values)
    if not len(values):
        return [f"After epoch {number(epoch)} all {count} seeds have diverged."]
    own = next((one for one in run.moments if one.epoch == epoch), now)
    mine = float(getattr(own, column))
    better = lost + int((values < mine).sum() if "accuracy" in column else (values > mine).sum())
    if own.status is Status.DIVERGED:
        better = 0
    least, low, high, most = (
        _written(value, column)
        for value in (values[0], *(values[int(share * (len(values) - 1))] for share in BAND), values[-1])
    )
    return [
        f"After epoch {number(epoch)} the {count} seeds lie between {least} and {most}; this run, with seed "
        f"{run.config.seed}, has {_written(mine, column)} and is ahead of {better} of them"
        + (f"; {lost} have diverged." if lost else "."),
        f"Four of five lie between {low} and {high}. A difference between two settings that is smaller than that may be "
        "luck: **Beyond the rule** puts a number to it.",
    ]


def _written(value: float, column: str) -> str:
    return percent(value, 4) if "accuracy" in column else number(value, 3)
