"""The graph that autograd records for a formula, and the walk through it: values forward, the chain rule backward.

The values and gradients are those of one real run of PyTorch: every intermediate tensor keeps its gradient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from sgd_core.calculus.derivative import recording
from sgd_core.calculus.formula import Function
from sgd_core.calculus.tree import FUNCTIONS, OPERATORS, Node, Number, torch_code, with_all
from sgd_core.numbers import number

RESULT = "y"


@dataclass(frozen=True)
class GraphNode:
    """One tensor of the computation.

    `name` is the variable, v1, v2 ... or "y" for the result. `label` and `code` say how it comes from its inputs, in
    short and as PyTorch source. `inputs` are the places of its inputs in the trace, a tensor used twice listed twice;
    `local` holds for each the derivative of this node by that input. `gradient` is the derivative of the result by
    this node, as autograd found it; `grad_fn` is autograd's name of the operation ("" for the variable). `step` is the
    operation alone, over placeholders u0, u1 for its inputs.
    """

    name: str
    op: str
    label: str
    code: str
    inputs: tuple[int, ...]
    local: tuple[float, ...]
    value: float
    gradient: float
    grad_fn: str
    step: Node


@dataclass(frozen=True)
class Trace:
    """A formula run once at x, forward and backward: its tensors in the order of computation, the result last."""

    formula: str
    nodes: tuple[GraphNode, ...]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(input, place among the user's inputs) as pairs (user, which), in the order of computation."""
        return [(user, which) for user, node in enumerate(self.nodes) for which in range(len(node.inputs))]

    def rule(self, user: int, which: int) -> str:
        """Return the local derivative of a node by one of its inputs as LaTeX, in the names of its inputs."""
        from sgd_core.calculus import symbolic

        node = self.nodes[user]
        return symbolic.local_latex(node.step, which, tuple(self.nodes[place].name for place in node.inputs))

    def contribution(self, user: int, which: int) -> float:
        """Return what flows back from a node to one of its inputs: its gradient times the local derivative."""
        return self.nodes[user].gradient * self.nodes[user].local[which]


def trace(function: Function, x: float, *, dtype: torch.dtype = torch.float64) -> Trace:
    """Run a formula of one variable at `x` and return every tensor of the run with its value and gradient.

    Numbers in the formula are no nodes, just as autograd has none for them. Values and gradients may be NaN or
    infinite where the formula is undefined. Raises ValueError for several variables.
    """
    if len(function.variables) != 1:
        raise ValueError("The graph is drawn for a formula of one variable; choose one such as x**2.")
    with recording():
        run = _Run(torch.tensor(x, dtype=dtype, requires_grad=True), function.variables[0])
        run.visit(with_all(function.tree, function.variables))
        run.tensors[-1].backward()  # type: ignore[no-untyped-call]
    nodes = [
        replace(node, gradient=float(tensor.grad if tensor.grad is not None else torch.zeros(())))
        for node, tensor in zip(run.nodes, run.tensors, strict=True)
    ]
    if len(nodes) > 1:
        nodes[-1] = replace(nodes[-1], name=RESULT)
    return Trace(function.formula, tuple(nodes))


class _Run:
    def __init__(self, leaf: Tensor, variable: str) -> None:
        self.tensors = [leaf]
        self.nodes = [
            GraphNode(
                variable,
                "variable",
                variable,
                variable,
                (),
                (),
                float(leaf.detach()),
                0.0,
                "",
                Node("variable", name=variable),
            )
        ]

    def visit(self, node: Node) -> int:
        """Compute a subtree that depends on the variable and return the place of its tensor."""
        if node.op == "variable":
            return 0
        places = [self.visit(child) for child in node.children if child.value is None]
        tensor = _apply(node, [self.tensors[place] for place in places])
        tensor.retain_grad()
        # The local derivative: the same operation once more, its inputs cut off from everything before them.
        alone = [self.tensors[place].detach().requires_grad_() for place in places]
        local = torch.autograd.grad(_apply(node, alone), alone)
        names = [self.nodes[place].name for place in places]
        self.tensors.append(tensor)
        self.nodes.append(
            GraphNode(
                name=f"v{len(self.nodes)}",
                op=node.op,
                label=_written(node, names, code=False),
                code=_written(node, names, code=True),
                inputs=tuple(places),
                local=tuple(float(slope) for slope in local),
                value=float(tensor.detach()),
                gradient=0.0,
                grad_fn=type(tensor.grad_fn).__name__,
                step=_alone(node),
            )
        )
        return len(self.nodes) - 1


def _alone(node: Node) -> Node:
    """Return the operation with each input replaced by a placeholder, u0 or u1."""
    count = 0
    children = []
    for child in node.children:
        if child.value is None:
            child, count = Node("variable", name=f"u{count}"), count + 1
        children.append(child)
    return Node(node.op, tuple(children))


def _apply(node: Node, inputs: list[Tensor]) -> Tensor:
    """Do one operation; children that are plain numbers stay plain numbers, as on a `Tape`."""
    waiting = iter(inputs)
    operands: list[Tensor | Number] = [next(waiting) if child.value is None else child.value for child in node.children]
    if node.op == "negative":
        return -torch.as_tensor(operands[0])
    if node.op in FUNCTIONS:
        return FUNCTIONS[node.op].on_tensor(torch.as_tensor(operands[0]))
    result: Tensor = OPERATORS[node.op].compute(*operands)
    return result


def _written(node: Node, names: list[str], *, code: bool) -> str:
    waiting = iter(names)
    parts = [next(waiting) if child.value is None else _number(child, code) for child in node.children]
    if node.op == "negative":
        return f"-{parts[0]}"
    if node.op in FUNCTIONS:
        return f"torch.{node.op}({parts[0]})" if code else f"{node.op}({parts[0]})"
    return OPERATORS[node.op].sign.join(parts)


def _number(node: Node, code: bool) -> str:
    if node.op in ("number", "constant"):
        return torch_code(node, ()) if code else node.name or number(float(node.value or 0))
    if code:
        return f"({torch_code(node, ())})"
    text = number(float(node.value or 0))
    return f"({text})" if text.startswith("−") else text


class Moment(NamedTuple):
    """One moment of the walk: what is being done at which node, and what is known by now.

    `phase` is "start", "forward" (this node gets its value), "seed" (the result's gradient by itself is 1) or
    "backward" (this node hands gradients to its inputs). `known` counts the nodes that have a value; `gradients` are
    the sums that have arrived so far, None where nothing has.
    """

    phase: Literal["start", "forward", "seed", "backward"]
    node: int
    known: int
    gradients: tuple[float | None, ...]


class Arrival(NamedTuple):
    """A sum of gradients that a node has from moment `begin` on, until before moment `end` (None: to the last)."""

    node: int
    gradient: float
    begin: int
    end: int | None


def arrivals(moments: Sequence[Moment]) -> list[Arrival]:
    """Return what each node's gradient is, from when until when."""
    found = []
    for node in range(len(moments[0].gradients)):
        sums = [moment.gradients[node] for moment in moments]
        changes = [at for at, now in enumerate(sums) if at == 0 or now != sums[at - 1]]
        for begin, end in zip(changes, [*changes[1:], None], strict=True):
            gradient = sums[begin]
            if gradient is not None:
                found.append(Arrival(node, gradient, begin, end))
    return found


def walk(run: Trace) -> list[Moment]:
    """Return the walk through a trace: its values in order, then the chain rule node by node from the result back."""
    count = len(run.nodes)
    arrived: list[float | None] = [None] * count
    moments = [Moment("start", 0, 0, tuple(arrived))]
    moments += [Moment("forward", place, place + 1, tuple(arrived)) for place in range(count)]
    arrived[-1] = 1.0
    moments.append(Moment("seed", count - 1, count, tuple(arrived)))
    for user in range(count - 1, 0, -1):
        for which, place in enumerate(run.nodes[user].inputs):
            arrived[place] = (arrived[place] or 0.0) + run.contribution(user, which)
        moments.append(Moment("backward", user, count, tuple(arrived)))
    return moments
