"""Finite differences: slopes by a small change h of x, and how wrong they are for each h."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from sgd_core.calculus.derivative import derivative, recording, secant
from sgd_core.calculus.formula import Function

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
LARGEST, SMALLEST = 1.0, 1e-12
PER_DECADE = 20
MOST_H = 1000  # beyond, x + h has lost x, and the two points have nothing to do with its surroundings
_WINDOW = 9  # stops, not quite half a decade: one lucky stop is no proof of a good h


class FiniteDifference(NamedTuple):
    """A finite difference by `h` at `x`: the two points (x and value) it compares, the slope between them, and the exact one."""

    x: float
    h: float
    left: tuple[float, float]
    right: tuple[float, float]
    slope: float
    exact: float

    @property
    def error(self) -> float:
        """How far the slope is off, without sign."""
        return abs(self.slope - self.exact)


def finite_difference(
    function: Function, x: float, h: float, kind: str = "forward", precision: str = "float64"
) -> FiniteDifference:
    """Return the finite difference by `h` at `x` ("forward" or "central"), computed in a precision ("float32" or "float64").

    `x` is first rounded to float32, so that both precisions speak about the same point. Numbers may be NaN or infinite
    where the function is undefined. Raises ValueError as `secant` does, and on |h| above 1,000.
    """
    if not 0 < abs(h) <= MOST_H:
        raise ValueError(f"The step h must be another number than 0, at most {MOST_H:,} in size; it is {h}.")
    dtype = PRECISIONS[precision]
    at = torch.tensor(x, dtype=torch.float32).to(dtype)
    step = torch.tensor(h, dtype=dtype)
    slope = float(secant(function, at, h, kind))
    ends = (at - step if kind == "central" else at, at + step)
    with torch.no_grad():
        left, right = ((float(end), float(function(end))) for end in ends)
    return FiniteDifference(float(at), float(step), left, right, slope, _exact(function, x))


def error_curve(function: Function, x: float, kind: str = "forward") -> pd.DataFrame:
    """Return `precision, h, slope, error`: the finite difference's distance from the derivative for h from 1 down to 1e-12.

    Both precisions start from the same point, x rounded to float32; the derivative is autograd's in float64.
    """
    stops = round(math.log10(LARGEST / SMALLEST)) * PER_DECADE + 1
    h = np.geomspace(LARGEST, SMALLEST, stops)
    exact, parts = _exact(function, x), []
    for precision, dtype in PRECISIONS.items():
        at = torch.tensor(x, dtype=torch.float32).to(dtype)
        slope = secant(function, at, torch.tensor(h, dtype=dtype), kind).double().numpy()
        parts.append(pd.DataFrame({"precision": precision, "h": h, "slope": slope, "error": np.abs(slope - exact)}))
    return pd.concat(parts, ignore_index=True)


def best_h(errors: pd.DataFrame, precision: str) -> float:
    """Return the h of an error curve around which even the largest error is smallest; NaN where there is none.

    A single stop may be exact by luck (round-off happens to cancel), so each is judged with its neighbours.
    """
    rows = errors[errors["precision"] == precision]
    worst = rows["error"].where(np.isfinite(rows["error"])).rolling(_WINDOW, center=True).max()
    return float(rows["h"].loc[worst.idxmin()]) if worst.notna().any() else math.nan


@recording()
def textbook_h(function: Function, x: float, kind: str, precision: str) -> float:
    """Return the h that balances truncation and round-off by the textbook estimate; NaN where it gives none.

    With the unit round-off u, forward: 2 sqrt(u |f| / |f''|); central: (3 u |f| / |f'''|)^(1/3). (Press et al.,
    Numerical Recipes, "Numerical Derivatives"; the values of f are taken to be rounded once.)
    """
    unit = torch.finfo(PRECISIONS[precision]).eps / 2
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    term = function(leaf)
    value = abs(float(term.detach()))
    for _ in range(2 if kind == "forward" else 3):
        if not term.requires_grad:
            return math.nan
        (term,) = torch.autograd.grad(term, leaf, create_graph=True, allow_unused=True, materialize_grads=True)
    bend = abs(float(term.detach()))
    if not (math.isfinite(bend) and math.isfinite(value) and bend > 0 and value > 0):
        return math.nan
    return 2 * math.sqrt(unit * value / bend) if kind == "forward" else math.cbrt(3 * unit * value / bend)


def _exact(function: Function, x: float) -> float:
    return float(derivative(function, torch.tensor(x, dtype=torch.float32).double()))
