"""Places without a derivative: kinks, jumps in the slope that `abs` and `relu` make."""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import Function
from sgd_core.calculus.tree import Node, computation

_SIDE = 1e-7  # relative distance at which the slope on either side is taken
_SAME = 1e-4  # relative difference below which two slopes are one


def kink(function: Function, x: float) -> tuple[float, float] | None:
    """Return the slopes just left and right of `x` if the curve has a kink exactly there, else None.

    A kink can only be where the inside of an `abs` or `relu` is zero; the two slopes then tell whether it is one.
    """
    point = torch.tensor(x, dtype=torch.float64)
    if not any(abs(float(inside)) < 1e-12 for inside in _insides(function, point)):
        return None
    gap = _SIDE * max(1.0, abs(x))
    left, right = (float(slope) for slope in derivative(function, torch.stack([point - gap, point + gap])))
    return None if abs(left - right) <= _SAME * (1 + abs(left) + abs(right)) else (left, right)


def break_at_kinks(function: Function, curve: pd.DataFrame) -> pd.DataFrame:
    """Return the sampled curve (`x, value, slope`) with gaps in the slope where it jumps at a kink.

    A line through a jump would show slopes that the curve never has.
    """
    x = torch.tensor(curve["x"].to_numpy(), dtype=torch.float64)
    pieces = [curve]
    for inside in _insides(function, x):
        sign = np.sign(inside.numpy())
        for place in np.flatnonzero(sign[:-1] * sign[1:] < 0):
            if not _jumps(curve["slope"].to_numpy(), int(place)):
                continue
            middle = (curve["x"].iloc[place] + curve["x"].iloc[place + 1]) / 2
            pieces.append(pd.DataFrame({"x": [middle], "value": [np.nan], "slope": [np.nan]}))
        for place in np.flatnonzero(sign == 0):
            if kink(function, float(x[place])):
                curve.loc[curve.index[place], "slope"] = np.nan
    if len(pieces) == 1:
        return curve
    return pd.concat(pieces, ignore_index=True).sort_values("x", kind="stable", ignore_index=True)


def _jumps(slope: NDArray[np.float64], place: int) -> bool:
    """Tell whether the slope changes far more from this sample to the next than right before and after."""
    change = np.abs(np.diff(slope[max(place - 1, 0) : place + 3]))
    here = change[min(place, 1)]
    return bool(here > 3 * (change.sum() - here) + _SAME)


def _insides(function: Function, point: Tensor) -> list[Tensor]:
    """Return the values of what stands inside every `abs` and `relu`."""
    with torch.no_grad():
        return [computation(node.children[0], function.variables)([point]) for node in _sharp(function.tree)]


def _sharp(tree: Node) -> list[Node]:
    below = [node for child in tree.children for node in _sharp(child)]
    return [*below, tree] if tree.op in ("abs", "relu") and tree.value is None else below
