"""Where the nodes and edges of an autograd graph are drawn."""

from typing import NamedTuple

from sgd_core.calculus.graph import Trace


class Place(NamedTuple):
    """Where a node is drawn: its layer (the longest way from the variable) and its row, both from 0."""

    layer: float
    row: float


class Layout(NamedTuple):
    """Places of the nodes, the way of every edge as points (in the order of `Trace.edges`), and the size."""

    places: tuple[Place, ...]
    routes: tuple[tuple[Place, ...], ...]
    layers: int
    rows: int


HALF_BOX = 0.36  # half the width of a box, in layers


def layout(run: Trace) -> Layout:
    """Lay a trace out without crossings: every use of the variable has a row of its own, a user stands amid its inputs."""
    layers = [0]
    for node in run.nodes[1:]:
        layers.append(1 + max(layers[place] for place in node.inputs))
    rows = [0.0] * len(run.nodes)
    uses: dict[tuple[int, int], float] = {}  # the row of each use of the variable

    def put(user: int) -> float:
        below = []
        for which, place in enumerate(run.nodes[user].inputs):
            if place == 0:
                uses[user, which] = float(len(uses))
            below.append(uses[user, which] if place == 0 else put(place))
        rows[user] = sum(below) / len(below) if below else 0.0
        return rows[user]

    put(len(run.nodes) - 1)
    rows[0] = sum(uses.values()) / len(uses) if uses else 0.0
    places = tuple(Place(float(layer), row) for layer, row in zip(layers, rows, strict=True))

    def route(user: int, which: int) -> tuple[Place, ...]:
        source, target = places[run.nodes[user].inputs[which]], places[user]
        lane = uses.get((user, which), source.row)
        bends = {source.layer + 0.5, target.layer - 0.5}
        middle = [Place(at, lane) for at in sorted(bends)] if (user, which) in uses or len(bends) > 1 else []
        return (Place(source.layer + HALF_BOX, source.row), *middle, Place(target.layer - HALF_BOX, target.row))

    routes = tuple(route(user, which) for user, which in run.edges)
    return Layout(places, routes, max(layers) + 1, max(len(uses), 1))
