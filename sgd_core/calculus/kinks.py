"""Places without a derivative: kinks, jumps in the slope that `abs` and `relu` make."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import Function
from sgd_core.calculus.tape import Tape
from sgd_core.calculus.tree import Node

_SIDE = 1e-7  # relative distance at which the slope on either side is taken
_WIDER = 256  # times as far away the leap of a kink is the same, while every smooth change of the slope has grown
_NOISE = 1e-9  # relative to the slopes: a leap below this is rounding


def kink(function: Function, x: float) -> tuple[float, float] | None:
    """Return the slopes just left and right of `x` if the curve has a kink exactly there, else None.

    A kink can only be where the inside of an `abs` or `relu` is zero; the two slopes then tell whether it is one.
    """
    point = torch.tensor(x, dtype=torch.float64)
    if not any(abs(float(inside)) < 1e-12 for inside in _insides(function, point)):
        return None
    gap = _SIDE * max(1.0, abs(x))
    beside = torch.tensor([-gap, gap, -_WIDER * gap, _WIDER * gap], dtype=torch.float64)
    left, right, far_left, far_right = (float(slope) for slope in derivative(function, point + beside))
    leap, wider = right - left, far_right - far_left
    if not abs(leap) > _NOISE * (abs(left) + abs(right)) or not 0.8 * abs(wider) < abs(leap):
        return None
    return left, right


def break_at_kinks(function: Function, curve: pd.DataFrame) -> pd.DataFrame:
    """Return the sampled curve (`x, value, slope`) with gaps in the slope where it jumps at a kink.

    A line through a jump would show slopes that the curve never has.
    """
    x = torch.tensor(curve["x"].to_numpy(), dtype=torch.float64)
    pieces = [curve]
    for sharp in _sharp(function.tree):
        inside = Tape(sharp.children[0], function.variables)
        with torch.no_grad():
            sign = np.sign(inside([x]).numpy())
        for place in np.flatnonzero(sign[:-1] * sign[1:] < 0):
            middle = _zero(inside, float(x[place]), float(x[place + 1]))
            if kink(function, middle):
                pieces.append(pd.DataFrame({"x": [middle], "value": [np.nan], "slope": [np.nan]}))
        for place in np.flatnonzero(sign == 0):
            if kink(function, float(x[place])):
                curve.loc[curve.index[place], "slope"] = np.nan
    if len(pieces) == 1:
        return curve
    return pd.concat(pieces, ignore_index=True).sort_values("x", kind="stable", ignore_index=True)


def _zero(inside: Tape, left: float, right: float) -> float:
    """Return where a computation changes its sign between two places, by bisection."""
    below = float(inside([torch.tensor(left, dtype=torch.float64)])) < 0
    for _ in range(80):
        middle = (left + right) / 2
        if (float(inside([torch.tensor(middle, dtype=torch.float64)])) < 0) == below:
            left = middle
        else:
            right = middle
    return right


def _insides(function: Function, point: Tensor) -> list[Tensor]:
    """Return the values of what stands inside every `abs` and `relu`."""
    with torch.no_grad():
        return [Tape(node.children[0], function.variables)([point]) for node in _sharp(function.tree)]


def _sharp(tree: Node) -> list[Node]:
    below = [node for child in tree.children for node in _sharp(child)]
    return [*below, tree] if tree.op in ("abs", "relu") and tree.value is None else below
