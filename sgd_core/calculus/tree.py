"""The small tree that a formula becomes, its operations with their slopes, and its source text in PyTorch."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

Number = int | float
Slope = Callable[..., Tensor]
"""(g, y, *operands) -> the slope of the result by one operand, given the operation's value y and the result's slope g by it."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of a formula.

    `op` is "number", "variable", "constant" (pi, e), "negative", a key of `OPERATORS` or a key of `FUNCTIONS`;
    `name` is the variable's or constant's name; `column` is where the subtree begins in the formula (0-based);
    `value` is the plain number this subtree is, or None where it depends on a variable.
    """

    op: str
    children: tuple["Node", ...] = ()
    column: int = 0
    name: str = ""
    value: Number | None = None


class Operator(NamedTuple):
    """A sign between two operands: how it is written, computed, its slopes by both, and how tightly it binds."""

    sign: str
    compute: Callable[[Any, Any], Any]
    slopes: tuple[Slope, Slope]
    binding: int


class Elementary(NamedTuple):
    """A named function: on tensors, its slope there, on plain numbers, and the source text for plain numbers."""

    on_tensor: Callable[[Tensor], Tensor]
    slope: Slope
    on_number: Callable[[Any], Number]
    number_code: str


def _by_divisor(g: Tensor, y: Tensor, a: Tensor | Number, b: Tensor) -> Tensor:
    if isinstance(a, Tensor):
        return -g * (a / b / b)
    inverse = b.reciprocal()  # torch divides a plain number by a tensor in these two steps
    return -(g * a) * (inverse * inverse)


def _by_base(g: Tensor, y: Tensor, a: Tensor, b: Tensor | Number) -> Tensor:
    if isinstance(b, Tensor):
        return torch.where(b == 0, 0.0, g * (b * a ** (b - 1)))
    if b == 2:  # the usual case, one operation less and the same bits
        return g * (a * b)
    return g * (a ** (b - 1) * b) if b else torch.zeros_like(g)


def _by_exponent(g: Tensor, y: Tensor, a: Tensor | Number, b: Tensor) -> Tensor:
    if isinstance(a, Tensor):
        return g * torch.where((a == 0) & (b >= 0), 0.0, y * a.log())
    if a == 0:
        return g * torch.where(b >= 0, 0.0, y * -math.inf)
    return g * (y * (math.log(a) if a > 0 else math.nan))


# Each slope in the very steps that autograd takes, so that both round alike.
OPERATORS = {
    "add": Operator(" + ", operator.add, (lambda g, y, a, b: g, lambda g, y, a, b: g), 1),
    "subtract": Operator(" - ", operator.sub, (lambda g, y, a, b: g, lambda g, y, a, b: -g), 1),
    "multiply": Operator("*", operator.mul, (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a), 2),
    "divide": Operator("/", operator.truediv, (lambda g, y, a, b: g / b, _by_divisor), 2),
    "power": Operator("**", operator.pow, (_by_base, _by_exponent), 4),
}
_NEGATIVE, _ATOM = 3, 5
FUNCTIONS = {
    "sin": Elementary(torch.sin, lambda g, y, u: g * u.cos(), math.sin, "math.sin({})"),
    "cos": Elementary(torch.cos, lambda g, y, u: g * -u.sin(), math.cos, "math.cos({})"),
    "tan": Elementary(torch.tan, lambda g, y, u: g * (1 + y * y), math.tan, "math.tan({})"),
    "exp": Elementary(torch.exp, lambda g, y, u: g * y, math.exp, "math.exp({})"),
    "log": Elementary(torch.log, lambda g, y, u: g / u, math.log, "math.log({})"),
    "sqrt": Elementary(torch.sqrt, lambda g, y, u: g / (2 * y), math.sqrt, "math.sqrt({})"),
    "abs": Elementary(torch.abs, lambda g, y, u: g * u.sgn(), abs, "abs({})"),
    "tanh": Elementary(torch.tanh, lambda g, y, u: torch.ops.aten.tanh_backward(g, y), math.tanh, "math.tanh({})"),
    # Written through tanh, because exp(-u) overflows for a large negative u.
    "sigmoid": Elementary(
        torch.sigmoid,
        lambda g, y, u: torch.ops.aten.sigmoid_backward(g, y),
        lambda u: 0.5 + 0.5 * math.tanh(u / 2),
        "(0.5 + 0.5*math.tanh(({})/2))",
    ),
    "relu": Elementary(
        torch.relu,
        lambda g, y, u: torch.ops.aten.threshold_backward(g, y, 0),
        lambda u: max(0, u),
        "max(0, {})",
    ),
}
CONSTANTS = {"pi": math.pi, "e": math.e}


def torch_code(tree: Node, variables: Sequence[str]) -> str:
    """Return the formula as Python source over `torch`, `math` and the variables' names."""
    return _code(with_all(tree, variables))[0]


def names(tree: Node) -> set[str]:
    """Return the variables that occur in the tree."""
    if tree.op == "variable":
        return {tree.name}
    return set().union(*(names(child) for child in tree.children))


def with_all(tree: Node, variables: Sequence[str]) -> Node:
    """Return the tree with `0*variable` added for each variable that does not occur in it."""
    occurring = names(tree)
    for name in variables:
        if name not in occurring:
            nothing = Node("multiply", (Node("number", value=0), Node("variable", name=name)))
            tree = Node("add", (tree, nothing), tree.column)
    return tree


def _code(node: Node) -> tuple[str, int]:
    """Return the source text and how tightly its outermost sign binds."""
    if node.op == "number":
        return repr(node.value), _ATOM
    if node.op == "variable":
        return node.name, _ATOM
    if node.op == "constant":
        return f"math.{node.name}", _ATOM
    if node.op == "negative":
        return f"-{_wrapped(node.children[0], _NEGATIVE)}", _NEGATIVE
    if node.op in FUNCTIONS:
        inner = _code(node.children[0])[0]
        form = f"torch.{node.op}({{}})" if node.value is None else FUNCTIONS[node.op].number_code
        return form.format(inner), _ATOM
    sign, binding = OPERATORS[node.op].sign, OPERATORS[node.op].binding
    first, second = node.children
    if node.op == "power":  # groups to the right, and takes a minus in its exponent
        return f"{_wrapped(first, _ATOM)}{sign}{_wrapped(second, _NEGATIVE)}", binding
    return f"{_wrapped(first, binding)}{sign}{_wrapped(second, binding + 1)}", binding


def _wrapped(node: Node, least: int) -> str:
    text, binding = _code(node)
    return text if binding >= least else f"({text})"
