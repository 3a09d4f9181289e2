"""The minimum that lies downhill from a place, and how low the loss can get that way."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from sgd_core.calculus.derivative import derivative, second_derivative
from sgd_core.calculus.formula import Function

_POINTS = 20_001  # of the fine grid over the surroundings of the domain
_FAR = 1e9  # how far to look, in widths of the domain


@dataclass(frozen=True)
class Minimum:
    """The minimum downhill from a start: where, how low, and how sharply the function bends there.

    `curvature` is the second derivative by autograd, NaN or 0 where it says nothing (a kink, a flat minimum).
    `quadratic` tells whether the curvature is the same all over the domain, so that the borders are exact. `kink` tells
    whether the slope leaps from below to above 0 instead of passing through it.
    """

    x: float
    loss: float
    curvature: float
    quadratic: bool
    kink: bool = False

    @property
    def borders(self) -> tuple[float, float] | None:
        """1/a and 2/a, where there is a curvature a above 0."""
        usable = math.isfinite(self.curvature) and self.curvature > 1e-6
        return (1 / self.curvature, 2 / self.curvature) if usable else None


@lru_cache(maxsize=256)
def find_minimum(f: Function, start: float) -> Minimum | None:
    """Return the minimum that lies downhill from `start`; None where the function only falls, or ends, that way.

    A walk downhill brackets the first place at which the function rises again; narrowing the bracket by the sign of
    the slope then finds it, be it a kink.
    """
    slope = slope_at(f, start)
    if not math.isfinite(slope):
        return None
    if slope == 0:
        return _minimum(f, start)
    walk = start - math.copysign(1.0, slope) * torch.from_numpy(_distances(f, start, -math.copysign(1.0, slope)))
    with torch.no_grad():
        values = f(walk)
    rising = values[1:] > values[:-1]
    if not bool(rising.any()):
        return None
    turn = int(rising.long().argmax()) + 1
    if not bool(values[: turn + 1].isfinite().all()):
        return None
    left, right = sorted((float(walk[max(turn - 2, 0)]), float(walk[turn])))
    return _minimum(f, turning_point(f, left, right))


def limit_downhill(f: Function, start: float) -> float:
    """Return the loss that the function approaches far downhill from `start`, where it never rises again that way.

    -inf where it falls beyond all bounds (or ends where it has no value), NaN where the slope at the start has none.
    """
    slope = slope_at(f, start)
    if not math.isfinite(slope) or slope == 0:
        return math.nan
    width = f.domain[1] - f.domain[0]
    walk = start - math.copysign(width, slope) * torch.logspace(0, 24, 25, base=2.0, dtype=torch.float64)
    with torch.no_grad():
        values = f(walk).numpy()
    if not np.isfinite(values).all():
        return -math.inf
    falls = -np.diff(values)  # at each doubling of the distance; towards a limit they die out
    unbounded = falls[-1] > 0 and falls[-1] > 0.9 * falls[-4] and falls[-1] > 1e-12 * abs(values[-1])
    return -math.inf if unbounded else float(values.min())


def turning_point(f: Callable[[Tensor], Tensor], left: float, right: float) -> float:
    """Return the place between two others at which the slope changes from below to above 0."""
    for _ in range(12):
        grid = torch.linspace(left, right, 257, dtype=torch.float64)
        above = derivative(f, grid) >= 0
        turn = int(above.long().argmax()) if bool(above.any()) else len(grid) - 1
        left, right = float(grid[max(turn - 1, 0)]), float(grid[turn])
    near = [left, right, round(left, 9)]  # a person's number, if it is as good
    return min(near, key=lambda place: (value_at(f, place), place != near[2]))


def value_at(f: Callable[[Tensor], Tensor], x: float) -> float:
    """Return f(x) in float64."""
    with torch.no_grad():
        return float(f(torch.tensor(x, dtype=torch.float64)))


def slope_at(f: Callable[[Tensor], Tensor], x: float) -> float:
    """Return f'(x) in float64."""
    return float(derivative(f, torch.tensor(x, dtype=torch.float64)))


def bend_at(f: Callable[[Tensor], Tensor], x: float) -> float:
    """Return f''(x) in float64."""
    return float(second_derivative(f, torch.tensor(x, dtype=torch.float64)))


def _distances(f: Function, start: float, way: float) -> np.ndarray:
    """Return rising distances from 0: fine near the start and over the domain, ever coarser beyond."""
    low, high = f.domain
    width = high - low
    fine = np.linspace(0, 3 * width, _POINTS)
    domain = (np.linspace(low - width, high + width, _POINTS) - start) * way
    far = np.geomspace(3 * width, _FAR * width, 400)
    return np.unique(np.concatenate([fine, domain[domain > 0], far]))


def _minimum(f: Function, x: float) -> Minimum:
    low, high = f.domain
    a = bend_at(f, x)
    bends = second_derivative(f, torch.linspace(low, high, 41, dtype=torch.float64))
    same = bool(bends.isfinite().all()) and bool(((bends - a).abs() <= 1e-9 * abs(a)).all())
    gap = 1e-6 * (high - low)
    near = [slope_at(f, x + gap) - slope_at(f, x - gap), slope_at(f, x + 2 * gap) - slope_at(f, x - 2 * gap)]
    return Minimum(x + 0.0, value_at(f, x), a, same and a > 0, near[0] > 0.75 * near[1] > 0)
