"""The picture of an autograd graph: boxes with value and gradient, and the ways that numbers take between them."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import bare, layers

HALF_HEIGHT = 0.36  # half a box, in rows
PAPER, INK = "#f3f5f9", "#1c2333"  # boxes are light with dark words on either page
ROW = 92  # pixels


class Box(NamedTuple):
    """A box: its place, what it computes, its value and gradient in words ("" where not known yet), and its state.

    `state` is "waiting", "known" or "now".
    """

    layer: float
    row: float
    label: str
    value: str
    gradient: str
    state: str
    tip: str


class Way(NamedTuple):
    """An edge: the points (layer, row) it passes, its words, and its state ("waiting", "known", "forward", "backward")."""

    points: Sequence[tuple[float, float]]
    label: str
    state: str


def graph_frame(boxes: Sequence[Box], ways: Sequence[Way], half_width: float) -> pd.DataFrame:
    """Return the rows of the picture; `part` is "box", "way" (a row a point) or "word" (of a way)."""
    rows: list[dict[str, object]] = []
    for number, way in enumerate(ways):
        for order, (x, y) in enumerate(way.points):
            rows.append({"part": "way", "edge": number, "order": order, "x": x, "y": y, "state": way.state})
        x, y = _spot(way.points)
        rows.append({"part": "word", "x": x, "y": y, "label": way.label, "state": way.state})
    for box in boxes:
        sides = {"left": box.layer - half_width, "right": box.layer + half_width}
        sides |= {"top": box.row - HALF_HEIGHT, "bottom": box.row + HALF_HEIGHT}
        words = {"label": box.label, "value": box.value, "gradient": box.gradient, "tip": box.tip}
        rows.append({"part": "box", "x": box.layer, "y": box.row, "state": box.state, **sides, **words})
    return pd.DataFrame(rows)


def _spot(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return where a way's words stand: over the middle of its longest level stretch, else over its middle."""
    best = max(
        pairwise(points),
        key=lambda pair: (math.isclose(pair[0][1], pair[1][1]), pair[1][0] - pair[0][0]),
    )
    return (best[0][0] + best[1][0]) / 2, (best[0][1] + best[1][1]) / 2


def graph_picture(frame: pd.DataFrame, *, layers_count: int, rows_count: int, small: bool = False) -> alt.LayerChart:
    """Draw `graph_frame` on a grid of so many layers (left to right) and rows; `small` has
    room for names only and leaves the rest to the tooltip.

    Forward ways are in the accent colour, backward ones in its companion's; a box at work has a thick edge.
    """
    x_scale = alt.Scale(domain=[-0.45, layers_count - 0.55], nice=False, zero=False)
    y_scale = alt.Scale(domain=[-0.55, rows_count - 0.45], nice=False, zero=False, reverse=True)
    place: dict[str, Any] = {"x": alt.X("x:Q", scale=x_scale, axis=None), "y": alt.Y("y:Q", scale=y_scale, axis=None)}
    base = alt.Chart(frame)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    states = ["waiting", "known", "forward", "backward"]
    color = alt.Color("state:N", scale=alt.Scale(domain=states, range=[QUIET, QUIET, ACCENT, SECOND]), legend=None)
    busy = "datum.state == 'forward' || datum.state == 'backward'"
    size = alt.when(busy).then(alt.value(3)).otherwise(alt.value(1.5))
    dash = alt.StrokeDash(
        "state:N", scale=alt.Scale(domain=states, range=[[3, 3], [1, 0], [1, 0], [1, 0]]), legend=None
    )
    ways = (
        only("way")
        .mark_line(interpolate="monotone")
        .encode(detail="edge:N", order="order:Q", color=color, strokeWidth=size, strokeDash=dash, **place)
    )
    marks = only("word").mark_text(fontSize=12, fontWeight="bold", dy=-11, color=SECOND).encode(text="label:N", **place)
    edge = alt.when("datum.state == 'now'").then(alt.value(ACCENT)).otherwise(alt.value(QUIET))
    boxes = (
        only("box")
        .mark_rect(cornerRadius=7)
        .encode(
            x=alt.X("left:Q", scale=x_scale, axis=None),
            x2="right",
            y=alt.Y("top:Q", scale=y_scale, axis=None),
            y2="bottom",
            stroke=edge,
            strokeWidth=alt.when("datum.state == 'now'").then(alt.value(3)).otherwise(alt.value(1.25)),
            fill=alt.when("datum.state == 'waiting'").then(alt.value("transparent")).otherwise(alt.value(PAPER)),
            tooltip=alt.Tooltip("tip:N", title="node"),
        )
    )
    words = only("box").encode(**place)
    if small:
        names = words.mark_text(fontSize=11, color=alt.expr(f"datum.state == 'waiting' ? '{QUIET}' : '{INK}'"))
        return bare(layers(ways, boxes, names.encode(text="label:N"), height=max(rows_count * 34, 120)))
    waiting = words.transform_filter("datum.state == 'waiting'").mark_text(fontSize=13, color=QUIET)
    title = words.transform_filter("datum.state != 'waiting'").mark_text(
        fontSize=13, fontWeight="bold", color=INK, dy=alt.expr("datum.gradient ? -18 : datum.value ? -9 : 0")
    )
    value = words.mark_text(fontSize=13, color="#2f57bd", dy=alt.expr("datum.gradient ? 0 : 9"))
    gradient = words.mark_text(fontSize=13, color="#a34400", dy=18)
    return bare(
        layers(
            ways,
            boxes,
            marks,
            waiting.encode(text="label:N"),
            title.encode(text="label:N"),
            value.encode(text="value:N"),
            gradient.encode(text="gradient:N"),
            height=max(rows_count * ROW, 150),
        )
    )
