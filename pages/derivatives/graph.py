"""The autograd graph as a walk: values forward, then the chain rule backward, one node at a time."""

import pandas as pd

from sgd_core.calculus.graph import Moment, Trace, arrivals
from sgd_core.calculus.graph_layout import Layout, layout
from sgd_core.calculus.graph_words import together
from sgd_core.charts.graph import Arrived, Box, Way, graph_rows
from sgd_core.numbers import number

NEVER = 10**6  # a moment that does not come
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
    arrived = [
        Arrived(one.node, f"grad {number(one.gradient)}", one.begin, NEVER if one.end is None else one.end)
        for one in arrivals(moments)
    ]
    return graph_rows(boxes, arrived, ways, together(run)), plan
