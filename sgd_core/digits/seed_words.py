"""How far the seeds of one setting lie apart, and where one run is among them, in words."""

import numpy as np
import pandas as pd

from sgd_core.digits.run import Run
from sgd_core.digits.seeds import BAND
from sgd_core.numbers import number, percent


def tell_seeds(frame: pd.DataFrame, column: str, run: Run, at: int) -> list[str]:
    """Say how far the seeds of a `sweep_frame` lie apart, and where this run is among them, at one of its moments."""
    now, count = run.moments[at], frame["seed"].nunique()
    epochs = frame["epoch"].unique()
    epoch = epochs[(epochs <= now.epoch) & (epochs == np.floor(epochs))].max()
    values = frame.loc[frame["epoch"] == epoch, column].to_numpy(dtype=float)
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite) or epoch == 0:
        return [
            f"The {count} seeds are compared at the last whole epoch that the clock has reached: go on to the first one."
        ]
    own = next((one for one in run.moments if one.epoch == epoch), now)
    mine = float(getattr(own, column))
    better = int((values < mine).sum() if "accuracy" in column else (values > mine).sum())
    least, low, high, most = (
        _written(value, column)
        for value in (finite[0], *(finite[int(share * (len(finite) - 1))] for share in BAND), finite[-1])
    )
    lost = len(values) - len(finite)
    return [
        f"After epoch {number(epoch)} the {count} seeds lie between {least} and {most}; this run, with seed "
        f"{run.config.seed}, has {_written(mine, column)} and is ahead of {better} of them"
        + (f"; {lost} have diverged." if lost else "."),
        f"Four of five lie between {low} and {high}. A difference between two settings that is smaller than that may be "
        "luck: **Beyond the rule** puts a number to it.",
    ]


def _written(value: float, column: str) -> str:
    return percent(value, 4) if "accuracy" in column else number(value, 3)
