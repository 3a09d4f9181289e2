"""The picture of an autograd graph: boxes with value and gradient, and on each edge the slope that it multiplies by.

The clock lights it up: values forward, then the chain rule backward. On a narrow page, and where the chain is long, the
graph runs from top to bottom instead of from left to right.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import bare, layers


def _shade(light: str, dark: str) -> Any:
    """Return the colour for the page's ground, which Vega knows as `background` (none in an exported picture)."""
    return alt.expr(f"isValid(background) && luminance(background) < 0.5 ? '{dark}' : '{light}'")


PAPER, INK = _shade("#f3f5f9", "#171c28"), _shade("#1c2333", "#eef1f7")
VALUE_INK, GRADIENT_INK = _shade("#2f57bd", "#8fb0ff"), _shade("#a34400", "#ffab70")
ACROSS_MOST = 6  # layers that stand side by side on a wide page
ROW, LINE = 92, 98  # pixels of a row across, and of a layer from top to bottom
BOX_HEIGHT, BOX_WIDTH = 58, 132
NARROW = 560  # pixels of width below which the graph runs downwards
FACTOR_WIDTH = 56  # pixels of "× −0.9900"
ROOMY = 86  # pixels that a box needs for all its words


class Box(NamedTuple):
    """A node: its place, what it computes, its value and the moments that light it up.

    It has its value from moment `known` on and is at work at the moments `busy`.
    """

    layer: float
    row: float
    name: str
    label: str
    value: str
    known: int
    busy: Sequence[int]
    tip: str


class Arrived(NamedTuple):
    """The gradient that a node shows from one moment until before another."""

    node: int
    words: str
    begin: int
    end: int


class Way(NamedTuple):
    """An edge: the points (layer, row) it passes, its factor in words, and when it is used forward and backward."""

    points: Sequence[tuple[float, float]]
    factor: str
    forward: int
    backward: int


def graph_rows(boxes: Sequence[Box], arrived: Sequence[Arrived], ways: Sequence[Way], result: str) -> pd.DataFrame:
    """Return the rows of the picture; `part` is "box", "gradient", "way" (a row a point), "word" (of a way), "result".

    `result` stands below the graph when the way back has ended.
    """
    rows: list[dict[str, object]] = []
    for number, way in enumerate(ways):
        times = {"forward": way.forward, "backward": way.backward}
        for order, (layer, row) in enumerate(way.points):
            rows.append({"part": "way", "edge": number, "order": order, "layer": layer, "row": row, **times})
        middle = dict(zip(("layer", "row"), _middle(way.points), strict=True))
        rows.append({"part": "word", "label": way.factor, **middle, **times})
    for box in boxes:
        busy = list(box.busy) + [-1] * (2 - len(box.busy))
        place = {"layer": box.layer, "row": box.row}
        words = {"name": box.name, "label": box.label, "value": box.value, "tip": box.tip}
        rows.append({"part": "box", "known": box.known, "busy1": busy[0], "busy2": busy[1], **place, **words})
    for one in arrived:
        place = {"layer": boxes[one.node].layer, "row": boxes[one.node].row}
        rows.append({"part": "gradient", "label": one.words, "begin": one.begin, "end": one.end, **place})
    last = max(way.backward for way in ways) if ways else 0
    rows.append({"part": "result", "label": result, "begin": last, "layer": 0.0, "row": 0.0})
    return pd.DataFrame(rows)


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return where a way's words stand: at its middle bend, or amid its two middle points."""
    (x, y), (x2, y2) = points[(len(points) - 1) // 2], points[len(points) // 2]
    return (x + x2) / 2, (y + y2) / 2


def graph_picture(rows: pd.DataFrame, *, layer_count: int, row_count: int) -> alt.LayerChart:
    """Draw `graph_rows` on a grid of so many layers and rows.

    Forward ways are in the accent colour, backward ones in its companion's; a box at work has a thick edge. Boxes too
    small for their words show their names; the rest is in the tooltip.
    """
    down = f"(width < {NARROW} || {layer_count} > {ACROSS_MOST})"
    height = max(row_count * ROW, min(layer_count, 4) * LINE if layer_count <= ACROSS_MOST else layer_count * LINE, 210)
    across, along = f"width / {layer_count}", f"width / {max(row_count, 1)}"
    base = alt.Chart(rows).transform_calculate(
        px=f"{down} ? (datum.row + 0.5) * {along} : (datum.layer + 0.5) * {across}",
        py=f"{down} ? (datum.layer + 0.5) * (height - 24) / {layer_count} : (datum.row + 0.5) * (height - 24) / {row_count}",
        bw=f"min({BOX_WIDTH}, {down} ? 0.86 * {along} : 0.72 * {across})",
        bh=f"min({BOX_HEIGHT}, {down} ? 0.76 * (height - 24) / {layer_count} : 0.8 * (height - 24) / {row_count})",
    )
    base = base.transform_calculate(
        x1="datum.px - datum.bw / 2",
        x2="datum.px + datum.bw / 2",
        y1="datum.py - datum.bh / 2",
        y2="datum.py + datum.bh / 2",
        roomy=f"datum.bw >= {ROOMY} && datum.bh >= 46",
    )

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", scale=None, axis=None)  # the fields are pixels already

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=None, axis=None)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    way = only("way").transform_calculate(
        state="t == datum.backward ? 'backward' : t == datum.forward ? 'forward' : t < datum.forward ? 'waiting' : 'known'"
    )
    states = ["waiting", "known", "forward", "backward"]
    lines = way.mark_line(aria=False).encode(
        detail=alt.Detail("edge:N"),
        order=alt.Order("order:Q"),
        color=alt.Color("state:N", scale=alt.Scale(domain=states, range=[QUIET, QUIET, ACCENT, SECOND]), legend=None),
        strokeWidth=alt.StrokeWidthValue(
            1.5, condition={"test": "datum.state == 'forward' || datum.state == 'backward'", "value": 4}
        ),
        strokeDash=alt.StrokeDash(
            "state:N", scale=alt.Scale(domain=states, range=[[3, 3], [1, 0], [1, 0], [1, 0]]), legend=None
        ),
        x=x("px"),
        y=y("py"),
    )
    factors = (
        only("word")
        .transform_filter("t >= datum.backward")
        .mark_text(
            fontSize=14,
            fontWeight="bold",
            color=SECOND,
            dx=alt.expr(f"{down} ? 8 : 0"),
            # Between boxes that stand close there is no room for it: it stands above them.
            dy=alt.expr(f"{down} ? 0 : 0.28 * {across} < {FACTOR_WIDTH} ? -{BOX_HEIGHT // 2 + 9} : -11"),
            align=alt.expr(f"{down} ? 'left' : 'center'"),
        )
        .encode(text=alt.Text("label:N"), x=x("px"), y=y("py"))
    )
    box = only("box").transform_calculate(
        state="t == datum.busy1 || t == datum.busy2 ? 'now' : t >= datum.known ? 'known' : 'waiting'"
    )
    at_work = "datum.state == 'now'"
    rects = box.mark_rect(cornerRadius=7).encode(
        x=x("x1"),
        x2=alt.X2("x2:Q"),
        y=y("y1"),
        y2=alt.Y2("y2:Q"),
        stroke=alt.StrokeValue(QUIET, condition={"test": at_work, "value": ACCENT}),
        strokeWidth=alt.StrokeWidthValue(1.25, condition={"test": at_work, "value": 3}),
        fill=alt.FillValue(PAPER, condition={"test": "datum.state == 'waiting'", "value": "transparent"}),
        tooltip=alt.Tooltip("tip:N", title="node"),
    )
    shown = "datum.state == 'waiting'"
    names = box.transform_calculate(said="datum.roomy ? datum.label : datum.name")
    size = alt.expr("datum.roomy ? 13 : 11")
    waiting = (
        names.transform_filter(shown)
        .mark_text(fontSize=size, color=QUIET)
        .encode(text=alt.Text("said:N"), x=x("px"), y=y("py"))
    )
    title = (
        names.transform_filter(f"!({shown})")
        .mark_text(fontSize=size, fontWeight="bold", color=INK, dy=alt.expr("datum.roomy ? -17 : 0"))
        .encode(text=alt.Text("said:N"), x=x("px"), y=y("py"))
    )
    value = (
        box.transform_filter(f"!({shown}) && datum.roomy")
        .mark_text(fontSize=13, color=VALUE_INK)
        .encode(text=alt.Text("value:N"), x=x("px"), y=y("py"))
    )
    gradient = (
        only("gradient")
        .transform_filter("datum.begin <= t && t < datum.end && datum.roomy")
        .mark_text(fontSize=13, color=GRADIENT_INK, dy=17)
        .encode(text=alt.Text("label:N"), x=x("px"), y=y("py"))
    )
    result = (
        only("result")
        .transform_filter("t >= datum.begin")
        .mark_text(
            fontSize=alt.expr(f"width < {NARROW} ? 12 : 17"),
            fontWeight="bold",
            color=SECOND,
            baseline="bottom",
            align="center",
            limit=alt.expr("width"),
        )
        .encode(text=alt.Text("label:N"), x=alt.XValue(alt.ExprRef("width / 2")), y=alt.YValue(alt.ExprRef("height")))
    )
    drawn: list[Any] = [lines, rects, waiting, title, value, gradient, factors, result]
    return bare(layers(*drawn, height=height))
