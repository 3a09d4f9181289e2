"""The small tree a formula becomes, and the two things PyTorch needs from it: a computation and its source text."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

Number = int | float
Computation = Callable[[Sequence[Tensor]], Tensor]


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
    """A sign between two operands: how it is written, computed, and how tightly it binds."""

    sign: str
    compute: Callable[[Any, Any], Any]
    binding: int


class Elementary(NamedTuple):
    """A named function: on tensors, on plain numbers, and the source text for plain numbers."""

    on_tensor: Callable[[Tensor], Tensor]
    on_number: Callable[[Any], Number]
    number_code: str


OPERATORS = {
    "add": Operator(" + ", operator.add, 1),
    "subtract": Operator(" - ", operator.sub, 1),
    "multiply": Operator("*", operator.mul, 2),
    "divide": Operator("/", operator.truediv, 2),
    "power": Operator("**", operator.pow, 4),
}
_NEGATIVE, _ATOM = 3, 5
FUNCTIONS = {
    "sin": Elementary(torch.sin, math.sin, "math.sin({})"),
    "cos": Elementary(torch.cos, math.cos, "math.cos({})"),
    "tan": Elementary(torch.tan, math.tan, "math.tan({})"),
    "exp": Elementary(torch.exp, math.exp, "math.exp({})"),
    "log": Elementary(torch.log, math.log, "math.log({})"),
    "sqrt": Elementary(torch.sqrt, math.sqrt, "math.sqrt({})"),
    "abs": Elementary(torch.abs, abs, "abs({})"),
    "tanh": Elementary(torch.tanh, math.tanh, "math.tanh({})"),
    # Written through tanh, because exp(-u) overflows for a large negative u.
    "sigmoid": Elementary(torch.sigmoid, lambda u: 0.5 + 0.5 * math.tanh(u / 2), "(0.5 + 0.5*math.tanh(({})/2))"),
    "relu": Elementary(torch.relu, lambda u: max(0, u), "max(0, {})"),
}
CONSTANTS = {"pi": math.pi, "e": math.e}


def computation(tree: Node, variables: Sequence[str]) -> Computation:
    """Return the torch computation of the tree: tensors in the order of `variables` -> one tensor.

    Subtrees without a variable stay plain Python numbers, so that `x**2` is one power node of autograd.
    A variable that does not occur enters as `0*variable`: the result has its shape, its gradient is zero.
    """
    places = {name: place for place, name in enumerate(variables)}
    return _compute(with_all(tree, variables), places)


def torch_code(tree: Node, variables: Sequence[str]) -> str:
    """Return the same computation as Python source over `torch`, `math` and the variables' names."""
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


def _compute(node: Node, places: dict[str, int]) -> Computation:
    """Build nested closures once, so that a descent of 10,000 steps does not walk the tree 10,000 times."""
    if node.op == "variable":
        return operator.itemgetter(places[node.name])
    if node.op == "negative":
        inner = _compute(node.children[0], places)
        return lambda point: -inner(point)
    if node.op in FUNCTIONS:
        inner, function = _compute(node.children[0], places), FUNCTIONS[node.op].on_tensor
        return lambda point: function(inner(point))
    compute = OPERATORS[node.op].compute
    first, second = node.children
    if first.value is not None:
        number, right = first.value, _compute(second, places)
        return lambda point: compute(number, right(point))
    left = _compute(first, places)
    if second.value is not None:
        number = second.value
        return lambda point: compute(left(point), number)
    right = _compute(second, places)
    return lambda point: compute(left(point), right(point))


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
    sign, _, binding = OPERATORS[node.op]
    first, second = node.children
    if node.op == "power":  # groups to the right, and takes a minus in its exponent
        return f"{_wrapped(first, _ATOM)}{sign}{_wrapped(second, _NEGATIVE)}", binding
    return f"{_wrapped(first, binding)}{sign}{_wrapped(second, binding + 1)}", binding


def _wrapped(node: Node, least: int) -> str:
    text, binding = _code(node)
    return text if binding >= least else f"({text})"
