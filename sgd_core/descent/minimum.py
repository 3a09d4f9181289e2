"""The minimum that lies downhill from a place, and how low the loss can get that way."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.calculus.derivative import derivative, second_derivative
from sgd_core.calculus.formula import Function

Indices = NDArray[Any]

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


def find_minimum(f: Function, start: float) -> Minimum | None:
    """Return the minimum that lies downhill from `start`; None where the function only falls, or ends, that way.

    Around the domain the signs of the slope on a fine grid bracket the first place at which the function rises again,
    elsewhere a walk downhill does; narrowing the bracket then finds it, be it a kink.
    """
    slope = slope_at(f, start)
    if not math.isfinite(slope):
        return None
    if slope == 0:
        return _minimum(f, start)
    grid, falling, rising, broken = _signs(f)
    if grid[0] <= start <= grid[-1]:
        cell = _next_turn(int(np.searchsorted(grid, start)), slope < 0, falling, rising, broken)
        if cell == _BROKEN:
            return None
        if cell is not None:
            return _minimum_between(f, float(grid[cell[0]]), float(grid[cell[1]]))
    return _walk_downhill(f, start, slope)


_BROKEN = (-1, -1)


@lru_cache(maxsize=64)
def _signs(f: Function) -> tuple[Indices, Indices, Indices, Indices]:
    """Return a fine grid around the domain, and its places where the function falls, rises, or has no value."""
    low, high = f.domain
    grid = torch.linspace(low - (high - low), high + (high - low), 2 * _POINTS, dtype=torch.float64)
    slope = derivative(f, grid).numpy()
    with torch.no_grad():
        broken = ~(np.isfinite(slope) & f(grid).isfinite().numpy())
    places = (np.flatnonzero(part) for part in ((slope < 0) & ~broken, (slope > 0) & ~broken, broken))
    falling, rising, without = places
    return grid.numpy(), falling, rising, without


def _next_turn(at: int, rightwards: bool, falling: Indices, rising: Indices, broken: Indices) -> tuple[int, int] | None:
    """Return the two grid places around the next minimum; `_BROKEN` if the function ends before, None if it falls on.

    `at` is the first grid place not left of the start.
    """
    if rightwards:
        place = int(np.searchsorted(rising, at))
        turn = int(rising[place]) if place < len(rising) else None
        last = falling[np.searchsorted(falling, turn) - 1] if turn is not None and len(falling) else 0
        cell = (int(last), turn) if turn is not None else None
        between = broken[(broken >= at) & (broken < (turn if turn is not None else np.inf))]
    else:
        place = int(np.searchsorted(falling, at)) - 1
        turn = int(falling[place]) if place >= 0 else None
        first = int(np.searchsorted(rising, turn)) if turn is not None else 0
        cell = (turn, int(rising[first])) if turn is not None and first < len(rising) else None
        between = broken[(broken < at) & (broken > (turn if turn is not None else -1))]
    return _BROKEN if between.size else cell


@lru_cache(maxsize=256)
def _minimum_between(f: Function, left: float, right: float) -> Minimum:
    return _minimum(f, turning_point(f, left, right))


@lru_cache(maxsize=256)
def _walk_downhill(f: Function, start: float, slope: float) -> Minimum | None:
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
    width = max(f.domain[1] - f.domain[0], abs(start))  # a shorter way from a far place drowns in rounding
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
    rounded = round(left, 9)  # a person's number, if it is as good: not only as low, which all places near are
    if slope_at(f, rounded) ** 2 > max(slope_at(f, left) ** 2, slope_at(f, right) ** 2):
        rounded = left
    return min([left, right, rounded], key=lambda place: (value_at(f, place), place != rounded))


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
