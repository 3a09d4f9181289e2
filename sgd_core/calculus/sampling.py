"""A function as numbers: its values and slopes along an interval, and at one point."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import Function

MOST_POINTS = 100_000


def check_points(points: int) -> int:
    """Return a number of points to compute; raise ValueError unless it is a whole number from 2 to 100,000."""
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= MOST_POINTS:
        raise ValueError(f"The number of points must be a whole number from 2 to {MOST_POINTS:,}, not {points!r}.")
    return points


def sample(function: Function, domain: tuple[float, float] | None = None, *, points: int = 401) -> pd.DataFrame:
    """Return `x, value, slope` at evenly spaced points of the domain, in float64; NaN or inf where undefined.

    Raises ValueError on a number of points outside 2 to 100,000.
    """
    low, high = domain or function.domain
    x = torch.linspace(low, high, check_points(points), dtype=torch.float64)
    with torch.no_grad():
        value = function(x)
    return pd.DataFrame({"x": x.numpy(), "value": value.numpy(), "slope": derivative(function, x).numpy()})


class At(NamedTuple):
    """A function at one point: where, its value and its slope there."""

    x: float
    value: float
    slope: float


def look_at(function: Function, x: float) -> At:
    """Return value and slope at `x` in float64; either may be NaN or infinite where the function is undefined."""
    point = torch.tensor(x, dtype=torch.float64)
    return At(x, float(function(point)), float(derivative(function, point)))


def start_inside(function: Function, preferred: float) -> float:
    """Return the place nearest to `preferred` from which a descent can begin: value and slope are finite, not level.

    Looked for on a grid over the domain where `preferred` itself will not do; `preferred` where no place is better.
    """
    low, high = function.domain
    x = torch.cat(
        [
            torch.tensor([preferred], dtype=torch.float64),
            torch.linspace(low, high, 121, dtype=torch.float64).round(decimals=9),
        ]
    )
    with torch.no_grad():
        value = function(x)
    slope = derivative(function, x)
    sound = value.isfinite() & slope.isfinite()
    level = slope.abs() <= 1e-9 * slope[sound].abs().max() if bool(sound.any()) else sound
    for usable in (sound & ~level, sound):
        if bool(usable.any()):
            places = x[usable]
            return float(places[(places - preferred).abs().argmin()])
    return preferred


class Level(NamedTuple):
    """Where a function is level: `everywhere`, or at these places of its domain, from left to right."""

    everywhere: bool
    places: tuple[float, ...]


def level_places(function: Function, domain: tuple[float, float] | None = None) -> Level:
    """Find where the slope is 0 in the domain, to about 1e-12 of its width; kinks and jumps are no such places."""
    low, high = domain or function.domain
    x = torch.linspace(low, high, 4001, dtype=torch.float64)
    slope = derivative(function, x)
    if bool((slope == 0).all()):
        return Level(True, ())
    found: list[float] = [float(place) for place in x[slope == 0]]
    for at in (slope[:-1] * slope[1:] < 0).nonzero()[:, 0].tolist():
        left, right = float(x[at]), float(x[at + 1])
        for _ in range(8):
            grid = torch.linspace(left, right, 257, dtype=torch.float64)
            below = derivative(function, grid) * slope[at] > 0
            turn = int((~below).long().argmax())
            left, right = float(grid[max(turn - 1, 0)]), float(grid[turn])
        sides = derivative(function, torch.tensor([left, right], dtype=torch.float64)).abs()
        if float(sides.max()) < 1e-6 * float(slope[at].abs() + slope[at + 1].abs()):  # it goes through 0, no leap
            found.append((left + right) / 2)
    width = high - low
    return Level(False, tuple(0.0 if abs(place) < 1e-12 * width else round(place, 12) for place in sorted(found)))


def random_place(function: Function, seed: int) -> float:
    """Return one of 601 places, evenly spread over the domain as a slider's stops are, drawn with this seed."""
    low, high = function.domain
    share = float(torch.rand((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
    return round(low + round(share * 600) * (high - low) / 600, 9)


def magnify(function: Function, x: float, reach: float) -> NDArray[np.float64]:
    """Return the function's values (61,) from x - reach to x + reach."""
    with torch.no_grad():
        return function(x + reach * torch.linspace(-1, 1, 61, dtype=torch.float64)).numpy()
