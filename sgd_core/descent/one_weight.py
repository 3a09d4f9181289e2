"""Runs of one weight, computed once for all visitors, and the lowest place of a function."""

import math
import time
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import sample
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import turning_point, value_at
from sgd_core.descent.optimizers import Optimizer

MOST_STEPS = 10_000
SGD = Optimizer("sgd")


@lru_cache(maxsize=16)
def walk(
    function: Function, start: float, lrs: tuple[float, ...], steps: int, optimizers: tuple[Optimizer, ...] = (SGD,)
) -> list[pd.DataFrame]:
    """Return one frame of `descend` a run, from one call; not to be changed, since visitors share them."""
    runs = descend(function, start, lrs, steps, optimizers)
    return [run.reset_index(drop=True) for _, run in runs.groupby("run")]


@lru_cache(maxsize=16)
def timed_walk(function: Function, start: float, lr: float, steps: int) -> tuple[pd.DataFrame, float]:
    """Return a run of plain descent, and the seconds that a step of it takes here, once everything is warm."""
    run = descend(function, start, lr, steps, SGD)
    begun = time.perf_counter()
    descend(function, start, lr, 500, SGD)
    return run, (time.perf_counter() - begun) / 500


class Lowest(NamedTuple):
    """The lowest place of a function in its picture; NaN where it has no value anywhere."""

    x: float
    loss: float


@lru_cache(maxsize=32)
def lowest_in_picture(function: Function) -> Lowest:
    """Return the lowest place of the domain: the lowest of 20,001 places, then between its neighbours."""
    fine = sample(function, points=20_001)
    values = fine["value"].to_numpy()
    if not np.isfinite(values).any():
        return Lowest(math.nan, math.nan)
    place = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))
    x = fine["x"].to_numpy()
    found = Lowest(float(x[place]), float(values[place]))
    if 0 < place < len(x) - 1:
        refined = turning_point(function, float(x[place - 1]), float(x[place + 1]))
        found = min(found, Lowest(refined, value_at(function, refined)), key=lambda one: one.loss)
    return Lowest(found.x + 0.0, found.loss + 0.0)
