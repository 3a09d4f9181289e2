"""The whole axis of learning rates at once: what each of them does, and where theory puts the borders."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from ..calculus.derivative import derivative
from ..calculus.formula import Function
from .descend import descend
from .regimes import ARRIVED, classify, curvature

DECADES, RATES = 6, 64
FAR = 3  # how far downhill to look for a minimum, in widths of the domain
PATIENCE = 2000  # steps after which a learning rate counts as too slow to be worth counting


@dataclass(frozen=True)
class Minimum:
    """The minimum downhill from a start: where, how low, and how sharply the function bends there.

    `curvature` is the second derivative by autograd, NaN or 0 where it says nothing (a kink, a flat minimum).
    `quadratic` tells whether the curvature is the same all over the domain, so that the borders are exact.
    """

    x: float
    loss: float
    curvature: float
    quadratic: bool

    @property
    def borders(self) -> tuple[float, float] | None:
        """1/a and 2/a, where there is a curvature a above 0."""
        usable = math.isfinite(self.curvature) and self.curvature > 1e-6
        return (1 / self.curvature, 2 / self.curvature) if usable else None


def find_minimum(f: Function, start: float) -> Minimum | None:
    """Return the minimum that lies downhill from `start`; None where the function only falls, or ends, that way.

    A fine walk downhill brackets the first place at which the function rises again; bisection on the sign of the slope
    then finds it, be it a kink.
    """
    slope = _slope(f, start)
    if not math.isfinite(slope):
        return None
    low, high = f.domain
    if slope == 0:
        left, right = start, start
    else:
        way = torch.linspace(0, FAR * (high - low), 60_001, dtype=torch.float64)
        walk = start - math.copysign(1.0, slope) * way
        with torch.no_grad():
            values = f(walk)
        rising = values[1:] > values[:-1]
        broken = ~values[1:].isfinite()
        if not bool(rising.any()):
            return None
        turn = int(rising.long().argmax()) + 1
        if bool(broken[:turn].any()):
            return None
        left, right = sorted((float(walk[max(turn - 2, 0)]), float(walk[turn])))
    for _ in range(100):
        middle = (left + right) / 2
        if middle in (left, right):
            break
        here = _slope(f, middle)
        if here == 0:
            left = right = middle
        elif here < 0:
            left = middle
        else:
            right = middle
    x = min(left, right, round(left, 9), key=lambda place: float(f(torch.tensor(place, dtype=torch.float64))))
    place = torch.tensor(x, dtype=torch.float64)
    a = float(curvature(f, place))
    bends = curvature(f, torch.linspace(low, high, 41, dtype=torch.float64))
    same = bool(bends.isfinite().all()) and bool(((bends - a).abs() <= 1e-9 * abs(a)).all())
    return Minimum(x + 0.0, float(f(place)), a, same and a > 0)


def _slope(f: Function, x: float) -> float:
    return float(derivative(f, torch.tensor(x, dtype=torch.float64)))


def six_decades(minimum: Minimum | None) -> np.ndarray:
    """Return 64 learning rates over six decades, four of them below about 1/a; around 1 where a says nothing."""
    borders = minimum.borders if minimum else None
    middle = round(math.log10(borders[0])) if borders else 0
    return np.geomspace(10.0 ** (middle - 4), 10.0 ** (middle - 4 + DECADES), RATES)


def survey(f: Function, start: float, lrs: ArrayLike, steps: int, minimum: Minimum | None) -> pd.DataFrame:
    """Try every learning rate in one vectorised descent and name each: a row a learning rate.

    Columns: lr, regime, reason, factor, loss (after `steps` steps), left (what then is left of the gap in loss between
    the start and the minimum, as a share; NaN without a minimum), needed (the first step from which on at most 1 % is left
    for good, watched for at least 2,000 steps; NaN where that does not happen).
    """
    longer = max(PATIENCE, steps)
    runs = descend(f, start, lrs, longer)
    first = float(runs["loss"].iloc[0])
    rows = []
    for _, run in runs.groupby("run"):
        seen = run.iloc[: steps + 1]
        regime = classify(seen)
        loss = float(seen["loss"].iloc[-1])
        left, needed = math.nan, math.nan
        if minimum is not None and first > minimum.loss:
            shares = (run["loss"].to_numpy() - minimum.loss) / (first - minimum.loss)
            left, needed = float(shares[steps]), arrival(shares, run["status"].iloc[-1] == "diverged")
        rows.append((float(run["lr"].iloc[0]), regime.name, regime.reason, regime.factor, loss, left, needed))
    return pd.DataFrame(rows, columns=["lr", "regime", "reason", "factor", "loss", "left", "needed"])


def arrival(shares: np.ndarray, diverged: bool = False) -> float:
    """Return the first step from which on at most 1 % of the gap is left for good; NaN where there is none."""
    if diverged:
        return math.nan
    outside = np.flatnonzero(~(shares <= ARRIVED))
    if not outside.size:
        return 0.0
    return float(outside[-1] + 1) if outside[-1] < len(shares) - 1 else math.nan
