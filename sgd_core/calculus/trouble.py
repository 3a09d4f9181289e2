"""Why a function has no value or no slope at a point, in a sentence."""

import math

import torch

from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import look_at
from sgd_core.calculus.tape import Tape
from sgd_core.calculus.tree import Node
from sgd_core.numbers import number


def trouble(function: Function, x: float) -> str | None:
    """Return why value or slope cannot be used at `x`: no value, a division by zero, too large, no slope; else None."""
    at = look_at(function, x)
    where = f"`{function.formula}` at x = {number(x)}"
    if math.isnan(at.value):
        return f"{where} has no value, so there is nothing to differentiate: PyTorch answers nan, “not a number”."
    if math.isinf(at.value):
        if _divides_by_zero(function, x):
            return f"{where} divides by zero, so it has no value there: PyTorch answers {number(at.value)}."
        largest = "the largest number a computer holds in 64 bits, about 1.8 × 10³⁰⁸"
        return f"{where} is beyond {largest}: PyTorch answers {number(at.value)}."
    if math.isnan(at.slope):
        return (
            f"{where} has the value {number(at.value)}, but no slope can be computed: on the way back the chain rule "
            "meets 0 × infinity, and PyTorch answers nan."
        )
    if math.isinf(at.slope):
        return f"{where} has a vertical tangent: its slope is not a number, and PyTorch answers {number(at.slope)}."
    return None


def _divides_by_zero(function: Function, x: float) -> bool:
    """Tell whether some part of the formula divides by zero, or takes the logarithm of it, at `x`."""
    point = [torch.tensor(x, dtype=torch.float64)]

    def value(node: Node) -> float:
        return float(node.value) if node.value is not None else float(Tape(node, function.variables)(point))

    def search(node: Node) -> bool:
        if node.op == "divide" and value(node.children[1]) == 0:
            return True
        if node.op == "power" and value(node.children[0]) == 0 and value(node.children[1]) < 0:
            return True
        if node.op == "log" and value(node.children[0]) == 0:
            return True
        return any(search(child) for child in node.children)

    return search(function.tree)
