"""The autograd graph as a walk: values forward, then the chain rule backward, one node at a time."""

import pandas as pd

from sgd_core.calculus.graph import Moment, Trace
from sgd_core.calculus.graph_layout import Layout, layout
from sgd_core.calculus.graph_words import bracketed, together
from sgd_core.charts.graph import Arrived, Box, Way, graph_rows
from sgd_core.numbers import number

PHASES = {"start": "before", "forward": "forward", "seed": "backward", "backward": "backward"}
TONES = {"start": "#7f8ba0", "forward": "#3f6ad8", "seed": "#d4620a", "backward": "#d4620a"}


def drawn_graph(run: Trace, moments: list[Moment]) -> tuple[pd.DataFrame, Layout]:
    """Return the rows of the picture at every moment, and its layout."""
    plan, count = layout(run), len(run.nodes)
    backward = {moment.node: at for at, moment in enumerate(moments) if moment.phase == "backward"}
    seed = count + 1
    boxes = []
    for place, (node, spot) in enumerate(zip(run.nodes, plan.places, strict=True)):
        label = f"{node.name} = {node.label}" if node.inputs else node.name
        busy = [place + 1, seed if place == count - 1 and place not in backward else backward.get(place, -1)]
        value = number(node.value)
        tip = ", ".join(filter(None, (label, value, f"grad {number(node.gradient)}", node.grad_fn)))
        boxes.append(Box(spot.layer, spot.row, node.name, label, value, place + 1, busy, tip))
    ways = [
        Way(route, f"× {number(run.nodes[user].local[which], 3)}", user + 1, backward.get(user, -1))
        for (user, which), route in zip(run.edges, plan.routes, strict=True)
    ]
    return graph_rows(boxes, _arrivals(moments, count), ways, together(run)), plan


def _arrivals(moments: list[Moment], count: int) -> list[Arrived]:
    """Return what each node's gradient reads, from when until when."""
    arrivals = []
    for node in range(count):
        begin, shown = 0, None
        for at in range(len(moments) + 1):
            now = moments[at].gradients[node] if at < len(moments) else None
            if at == len(moments) or now != shown:
                if shown is not None:
                    end = at if at < len(moments) else 10**6
                    arrivals.append(Arrived(node, f"grad {number(shown)}", begin, end))
                begin, shown = at, now
    return arrivals


def card(run: Trace, moments: list[Moment], at: int) -> tuple[str, str, str]:
    """Return the clock's card at a moment: colour, name, and a sentence without formulas."""
    moment = moments[at]
    node = run.nodes[moment.node]
    tone = TONES[moment.phase]
    if moment.phase == "start":
        return tone, "Nothing is computed yet", "First the values go forward, then the slopes go back."
    if moment.phase == "forward":
        said = (
            f"{node.name} = {node.label} = {number(node.value)}."
            if node.inputs
            else f"{node.name} = {number(node.value)} goes in."
        )
        return tone, "Forward", said
    if moment.phase == "seed":
        return tone, "Backward", f"At the result, {node.name}, the gradient is 1."
    factors = " and ".join(
        f"{number(node.gradient)} × {bracketed(slope)} = {number(node.gradient * slope)} to {run.nodes[place].name}"
        for place, slope in zip(node.inputs, node.local, strict=True)
    )
    return tone, f"Backward through {node.name} = {node.label}", f"{factors}."
