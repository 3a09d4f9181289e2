"""The autograd graph in words: its table, its cards, and the chain rule as a product of factors."""

import math
from functools import lru_cache

import pandas as pd

from sgd_core.calculus.formula import Function
from sgd_core.calculus.graph import Moment, Trace, trace, walk
from sgd_core.numbers import latex, number, signed


@lru_cache(maxsize=64)
def trace_of(function: Function, x: float) -> Trace:
    """Return the traced run."""
    return trace(function, x)


def node_table(function: Function, x: float) -> pd.DataFrame:
    """Return every node with its operation, value, gradient and local slopes, for reading rather than looking."""
    run = trace_of(function, x)
    return pd.DataFrame(
        {
            "node": [node.name for node in run.nodes],
            "operation": [node.label for node in run.nodes],
            "value": [node.value for node in run.nodes],
            "gradient": [node.gradient for node in run.nodes],
            "local slopes": [
                ", ".join(
                    f"by {run.nodes[place].name}: {number(slope, 6)}"
                    for place, slope in zip(node.inputs, node.local, strict=True)
                )
                for node in run.nodes
            ],
            "grad_fn": [node.grad_fn for node in run.nodes],
        }
    )


def together(run: Trace) -> str:
    """Say what the factors make together: their product along a single chain, else the gradient they add up to.

    Nothing where there is one factor only.
    """
    name, result = run.nodes[0].name, run.nodes[-1].name
    gradient = number(run.nodes[0].gradient)
    if all(len(node.inputs) == 1 and node.inputs[0] == place for place, node in enumerate(run.nodes[1:])):
        factors = [f"× {bracketed(node.local[0])}" for node in reversed(run.nodes[1:])]
        if len(factors) == 1:
            return ""
        return f"{'… ' if len(factors) > 8 else ''}{', '.join(factors[-8:])}, together × {gradient}"
    return f"All ways together: {result} changes by {gradient} for each unit of {name}"


def bracketed(value: float) -> str:
    """Put a negative number in brackets."""
    return f"({number(value)})" if value < 0 else number(value)


def card_words(run: Trace, moment: Moment) -> tuple[str, str]:
    """Return a name and a sentence without formulas for a moment of the walk."""
    node = run.nodes[moment.node]
    if moment.phase == "start":
        return "Nothing is computed yet", "First the values go forward, then the slopes go back."
    if moment.phase == "forward":
        operation = f"{node.name} = {node.label} = {number(node.value)}."
        return "Forward", operation if node.inputs else f"{node.name} = {number(node.value)} goes in."
    if moment.phase == "seed":
        return "Backward", f"At the result, {node.name}, the gradient is 1."
    factors = " and ".join(
        f"{number(node.gradient)} × {bracketed(slope)} = {number(node.gradient * slope)} to {run.nodes[place].name}"
        for place, slope in zip(node.inputs, node.local, strict=True)
    )
    return f"Backward through {node.name} = {node.label}", f"{factors}."


def describe(run: Trace, moments: list[Moment], at: int) -> list[str]:
    """Say what happens at a moment of the walk, with its numbers and rules."""
    moment = moments[at]
    node = run.nodes[moment.node]
    result = run.nodes[-1].name
    if moment.phase == "start":
        count = len(run.nodes) - 1
        return [
            f"**Nothing is computed yet.** `{run.formula}` takes {count} small operation{'' if count == 1 else 's'}. Press "
            "Play: first the values go forward, then the slopes go back.",
            "Plain numbers in the formula are no nodes: nobody asks for their slope.",
        ]
    if moment.phase == "forward" and not node.inputs:
        return [
            f"**Forward.** {node.name} = {number(node.value)} goes in, with `requires_grad`: PyTorch will watch it."
        ]
    if moment.phase == "forward":
        return [
            f"**Forward.** `{node.name} = {node.label}` = **{number(node.value)}**. PyTorch keeps what it needs for the "
            f"way back and notes the operation as `{node.grad_fn}`."
        ]
    if moment.phase == "seed":
        return [
            f"**Backward begins at the result.** If {result} grows by a little, {result} grows by just that. So its own "
            "gradient is 1."
        ]
    return _chain_rule(run, moments, at)


def _chain_rule(run: Trace, moments: list[Moment], at: int) -> list[str]:
    user = moments[at].node
    node, result = run.nodes[user], run.nodes[-1].name
    before, after = list(moments[at - 1].gradients), moments[at].gradients
    # What changes from node to node comes last in its line, so that no words move.
    told = [f"**Backward** through a node whose gradient is {number(node.gradient)}: `{node.name} = {node.label}`"]
    for which, place in enumerate(node.inputs):
        source = run.nodes[place].name
        flow, earlier, local = run.contribution(user, which), before[place], node.local[which]
        rule = rf"\frac{{\partial {_tex(node.name)}}}{{\partial {_tex(source)}}} = {run.rule(user, which)} = {latex(local)}"
        told.append(rf"The local slope to {source}: ${rule}$")
        told.append(rf"So this flows back: ${_tex_number(node.gradient)} \times {_tex_number(local)} = {latex(flow)}$")
        if earlier is not None:
            added = f"{number(earlier)} + {bracketed(flow)} = {number(earlier + flow)}"
            told.append(f"Ways join at {source}, and gradients **add up**: {added}")
        before[place] = (earlier or 0.0) + flow
    if user == 1:
        total = after[0] if after[0] is not None else math.nan
        told.append(f"**Done:** the derivative of {result} by {run.nodes[0].name} is {signed(total)}.")
        told += [f"{all_ways}."] if (all_ways := together(run)) else []
    return told


def _tex_number(value: float) -> str:
    text = latex(value)
    return f"({text})" if value < 0 else text


def _tex(name: str) -> str:
    return f"{name[0]}_{{{name[1:]}}}" if name[1:] else name


def walk_of(function: Function, x: float) -> tuple[Trace, list[Moment]]:
    """Return the traced run and its moments."""
    run = trace_of(function, x)
    return run, walk(run)
