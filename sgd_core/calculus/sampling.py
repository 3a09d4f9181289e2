"""A function as numbers: its values and slopes along an interval, and at one point."""

from typing import NamedTuple

import pandas as pd
import torch

from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import Function


def sample(function: Function, domain: tuple[float, float] | None = None, *, points: int = 401) -> pd.DataFrame:
    """Return `x, value, slope` at evenly spaced points of the domain, in float64; NaN or inf where undefined."""
    low, high = domain or function.domain
    x = torch.linspace(low, high, points, dtype=torch.float64)
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
