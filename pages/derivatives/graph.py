"""The autograd graph as a walk: values forward, then the chain rule backward, one node at a time."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st

from pages.derivatives.point import signed
from pages.ui.controls import Controls
from pages.ui.pictures import picture
from pages.ui.transport import Player, Speed, recorded
from sgd_core.calculus.formula import Function
from sgd_core.calculus.graph import Moment, Trace, trace, walk
from sgd_core.calculus.graph_layout import HALF_BOX, layout
from sgd_core.charts.graph import Box, Way, graph_frame, graph_picture

MOST_LAYERS, MOST_ROWS = 8, 8  # in a larger graph the words would not fit into the boxes
PHASES = {"start": "before", "forward": "forward", "seed": "backward", "backward": "backward"}


@lru_cache(maxsize=64)
def trace_of(function: Function, x: float) -> Trace:
    """Return the traced run."""
    return trace(function, x)


def graph_player(controls: Controls, function: Function, x: float) -> Player:
    """Return what walks through the graph of this function at this point."""
    run = trace_of(function, x)
    moments = walk(run)
    playback = recorded("derivatives_walk", len(moments))
    if st.session_state.setdefault("_derivatives_walk_of", function.formula) != function.formula:
        st.session_state["_derivatives_walk_of"] = function.formula
        playback.pause()
        playback.seek(0)

    def stage() -> Callable[[Any, bool], None]:
        with st.container(key="derivatives_graph"):
            drawing = st.empty()
        words = st.empty()

        def paint(step: int, live: bool) -> None:
            moment = moments[step]
            _draw(run, moment, drawing, live)
            with words.container(border=True, height=165):
                st.markdown(describe(run, moments, step))

        return paint

    last = len(moments) - 1
    return Player(
        controls,
        playback,
        stage,
        Speed(0.8),
        lambda step: (step / last, f"{PHASES[moments[step].phase]}: step {step} of {last}"),
        scrub=True,
    )


def node_table(function: Function, x: float) -> pd.DataFrame:
    """Return every node with its operation, value, gradient and local derivatives, for reading rather than looking."""
    run = trace_of(function, x)
    return pd.DataFrame(
        {
            "node": [node.name for node in run.nodes],
            "operation": [node.label for node in run.nodes],
            "value": [node.value for node in run.nodes],
            "gradient": [node.gradient for node in run.nodes],
            "local derivatives": [
                ", ".join(
                    f"by {run.nodes[place].name}: {slope:.6g}"
                    for place, slope in zip(node.inputs, node.local, strict=True)
                )
                for node in run.nodes
            ],
            "grad_fn": [node.grad_fn for node in run.nodes],
        }
    )


def _draw(run: Trace, moment: Moment, slot: Any, live: bool) -> None:
    drawn = layout(run)
    small = drawn.layers > MOST_LAYERS or drawn.rows > MOST_ROWS
    boxes = []
    for place, (node, spot) in enumerate(zip(run.nodes, drawn.places, strict=True)):
        known = place < moment.known
        gradient = moment.gradients[place]
        now = place == moment.node and moment.phase != "start"
        told = f"{node.name} = {node.label}" if node.inputs else node.name
        value = f"{node.value:.4g}" if known else ""
        arrived = f"grad {gradient:.4g}" if gradient is not None else ""
        boxes.append(
            Box(
                spot.layer,
                spot.row,
                node.name if small else told,
                value,
                arrived,
                "now" if now else "known" if known else "waiting",
                ", ".join(part for part in (told, value, arrived, node.grad_fn) if part),
            )
        )
    ways = [_way(run, moment, edge, route) for edge, route in zip(run.edges, drawn.routes, strict=True)]
    done = sum(gradient is not None for gradient in moment.gradients)
    picture(
        graph_picture,
        graph_frame(boxes, ways, HALF_BOX),
        slot=slot,
        live=live,
        alt=f"The graph of {run.formula} with {len(run.nodes)} nodes; {moment.known} have a value, {done} a gradient.",
        layers_count=drawn.layers,
        rows_count=drawn.rows,
        small=small,
    )


def _way(run: Trace, moment: Moment, edge: tuple[int, int], route: Any) -> Way:
    user, which = edge
    now = user == moment.node
    handed = moment.phase == "backward" and user >= moment.node
    state = "backward" if now and moment.phase == "backward" else "forward" if now and moment.phase == "forward" else ""
    label = f"× {run.nodes[user].local[which]:.4g}" if handed else ""
    return Way(route, label, state or ("known" if user < moment.known else "waiting"))


def describe(run: Trace, moments: list[Moment], step: int) -> str:
    """Say what happens at a moment of the walk, with its numbers."""
    moment = moments[step]
    node = run.nodes[moment.node]
    result = run.nodes[-1].name
    if moment.phase == "start":
        count = len(run.nodes) - 1
        return (
            f"**Nothing is computed yet.** `{run.formula}` takes {count} small operation{'' if count == 1 else 's'}, each "
            "on what stands to its left. Walk forward for the values, then backward for the gradients. "
            "Plain numbers in the formula are no nodes: there is nothing to ask them."
        )
    if moment.phase == "forward":
        if not node.inputs:
            return f"**Forward.** {node.name} = {node.value:.4g} goes in, with `requires_grad`: PyTorch will watch it."
        return (
            f"**Forward.** {node.name} = {node.label} = **{node.value:.4g}**. PyTorch keeps what it needs for the way "
            f"back and notes the operation as `{node.grad_fn}`."
        )
    if moment.phase == "seed":
        return (
            f"**Backward begins at the result.** If {result} grows by a little, {result} grows by just that: its own "
            "gradient is 1."
        )
    return _chain_rule(run, moments, step)


def _chain_rule(run: Trace, moments: list[Moment], step: int) -> str:
    user = moments[step].node
    node, result = run.nodes[user], run.nodes[-1].name
    before, after = list(moments[step - 1].gradients), moments[step].gradients
    lines = [f"**Backward through {node.name} = {node.label}**, whose gradient is {node.gradient:.4g}."]
    for which, place in enumerate(node.inputs):
        source = run.nodes[place].name
        flow, earlier = run.contribution(user, which), before[place]
        local = node.local[which]
        lines.append(
            rf"- to {source}: local derivative $\frac{{\partial {_tex(node.name)}}}{{\partial {_tex(source)}}} = "
            rf"{run.rule(user, which)} = {_number(local, alone=True)}$, so ${_number(node.gradient)} \times {_number(local)} = "
            rf"{_number(flow, alone=True)}$ flows back"
            + (
                f"; {source} had {earlier:.4g} already, and where ways join, gradients **add up**: "
                f"{earlier:.4g} + {flow:.4g} = {earlier + flow:.4g}."
                if earlier is not None
                else "."
            )
        )
        before[place] = (earlier or 0.0) + flow
    if user == 1:
        total = after[0] if after[0] is not None else math.nan
        lines.append(f"\n**Done:** the derivative of {result} by {run.nodes[0].name} is {signed(total)}.")
    return "\n".join(lines)


def _number(value: float, *, alone: bool = False) -> str:
    """Write a number in LaTeX; a negative one in parentheses, unless it stands alone."""
    text = f"{value:.4g}"
    if not math.isfinite(value):
        return rf"\text{{{text}}}"
    mantissa, _, power = text.partition("e")
    plain = rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else text
    return f"({plain})" if value < 0 and not alone else plain


def _tex(name: str) -> str:
    return f"{name[0]}_{{{name[1:]}}}" if name[1:] else name
