"""The tangent at every place of a curve, on both sides of its kinks."""

import math

import numpy as np
import pandas as pd

from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import break_at_kinks, kink
from sgd_core.calculus.sampling import look_at, sample

POINTS = 401


def tangents(function: Function, points: int = POINTS) -> pd.DataFrame:
    """Return `x, value, slope, left, right` along the domain; all NaN where the curve has no value or no finite slope.

    `slope` is NaN at a kink, where the slopes of its two sides, `left` and `right`, differ; elsewhere all three agree.
    """
    curve = break_at_kinks(function, sample(function, points=points))
    curve["left"] = curve["right"] = curve["slope"]
    width = curve["x"].iloc[-1] - curve["x"].iloc[0]
    for place in np.flatnonzero(curve["x"].abs() < 1e-12 * width):  # the grid's rounding: 0 is meant
        zero = tangent_at(function, 0.0)
        curve.loc[curve.index[place], list(zero)] = list(zero.values())
    for place in np.flatnonzero(curve["slope"].isna()):
        here = tangent_at(function, float(curve["x"].iloc[place]))
        for name in ("value", "left", "right"):
            curve.loc[curve.index[place], name] = here[name]
    no_tangent = ~(np.isfinite(curve["value"]) & np.isfinite(curve["left"]) & np.isfinite(curve["right"]))
    curve.loc[no_tangent, ["slope", "left", "right"]] = math.nan
    return curve


def tangent_at(function: Function, x: float) -> dict[str, float]:
    """Return the row of `tangents` at one place."""
    at, sides = look_at(function, x), kink(function, x)
    slope = at.slope if math.isfinite(at.value) and math.isfinite(at.slope) else math.nan
    left, right = sides or (slope, slope)
    return {"x": x, "value": at.value, "slope": math.nan if sides else slope, "left": left, "right": right}
