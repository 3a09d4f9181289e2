"""The seven steps of training as a drawn loop."""

from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET
from sgd_core.charts.vega import bare, layers

STEPS = ("initialize", "predict", "loss", "gradient", "step", "repeat", "stop")
_PLACES = {
    "initialize": (0.0, 1.0),
    "predict": (1.0, 1.0),
    "loss": (2.0, 1.0),
    "gradient": (3.0, 1.0),
    "step": (4.0, 1.0),
    "repeat": (2.5, 0.0),
    "stop": (5.0, 1.0),
}
_HALF = (0.38, 0.27)  # half a box, in the units of the places


def loop_frame(current: int) -> pd.DataFrame:
    """Return the rows of the loop's boxes and arrows; `current` is the index of the step that is lit up."""
    rows: list[dict[str, object]] = []
    for i, name in enumerate(STEPS):
        x, y = _PLACES[name]
        sides = {"x": x - _HALF[0], "x2": x + _HALF[0], "y": y - _HALF[1], "y2": y + _HALF[1]}
        place = {"kind": "box", "step": i, "turn": current, "now": i == current, "xm": x, "ym": y}
        rows.append({**place, "name": f"{i + 1}  {name}", **sides})
    chain = ["initialize", "predict", "loss", "gradient", "step", "stop"]
    for before, after in pairwise(chain):
        row = {"kind": "arrow", "name": after, "now": STEPS[current] == after and after != "predict"}
        start, end = _PLACES[before][0] + _HALF[0], _PLACES[after][0] - _HALF[0]
        rows.append({**row, "x": start, "x2": end - 0.03, "y": 1.0, "y2": 1.0})
        rows.append({**row, "kind": "head", "sign": "right", "xm": end - 0.04, "ym": 1.0})
    # The way back: down from step, along to repeat, on to predict and up into it.
    back = STEPS[current] == "repeat"
    legs = [((4.0, 0.73), (4.0, 0.0)), ((4.0, 0.0), (2.88, 0.0)), ((2.12, 0.0), (1.0, 0.0)), ((1.0, 0.0), (1.0, 0.66))]
    for (x, y), (x2, y2) in legs:
        rows.append({"kind": "arrow", "name": "repeat", "now": back, "x": x, "y": y, "x2": x2, "y2": y2})
    rows.append({"kind": "head", "name": "repeat", "now": back, "sign": "up", "xm": 1.0, "ym": 0.65})
    return pd.DataFrame(rows)


def loop_picture(frame: pd.DataFrame, *, height: int = 112) -> alt.LayerChart:
    """Draw `loop_frame`: boxes with their names, arrows between them, the present step in the accent colour.

    A box can be pressed (selection "pick" of `step`; `turn`, the step that was lit, makes pressing one again count).
    """
    x_scale, y_scale = (
        alt.Scale(domain=[-0.4, 5.4], nice=False, zero=False),
        alt.Scale(domain=[-0.35, 1.35], nice=False, zero=False),
    )
    x, y = alt.X("x:Q", scale=x_scale, axis=None), alt.Y("y:Q", scale=y_scale, axis=None)
    middle: dict[str, Any] = {
        "x": alt.X("xm:Q", scale=x_scale, axis=None),
        "y": alt.Y("ym:Q", scale=y_scale, axis=None),
    }
    color = alt.ColorValue(QUIET, condition={"test": "datum.now", "value": ACCENT})

    def only(kind: str) -> alt.Chart:
        return alt.Chart(frame).transform_filter(alt.datum.kind == kind)

    lines = only("arrow").mark_rule(strokeWidth=2).encode(x=x, y=y, x2=alt.X2("x2"), y2=alt.Y2("y2"), color=color)
    heads = (
        only("head")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            color=color,
            shape=alt.Shape(
                "sign:N",
                scale=alt.Scale(domain=["right", "up"], range=["triangle-right", "triangle-up"]),
                legend=None,
            ),
            **middle,
        )
    )
    boxes = (
        only("box")
        .mark_rect(cornerRadius=8, strokeWidth=2, cursor="pointer")
        .encode(
            x=x,
            y=y,
            x2=alt.X2("x2"),
            y2=alt.Y2("y2"),
            stroke=alt.StrokeValue(QUIET, condition={"test": "datum.now", "value": ACCENT}),
            fill=alt.FillValue("transparent", condition={"test": "datum.now", "value": ACCENT}),
        )
        .add_params(alt.selection_point(name="pick", fields=["step", "turn"], on="click", clear=False, toggle=False))
    )
    # On a narrow page the words go without their numbers, and smaller.
    words = only("box").transform_calculate(word="width < 640 ? split(datum.name, '  ')[1] : datum.name")
    words = words.encode(text=alt.Text("word:N"), **middle)
    size = alt.expr("width < 640 ? 10 : 14")
    lit = words.transform_filter("datum.now").mark_text(
        fontSize=size, fontWeight="bold", color="white", tooltip=None, cursor="pointer"
    )
    unlit = words.transform_filter("!datum.now").mark_text(fontSize=size, color=QUIET)
    return bare(layers(lines, heads, boxes, lit, unlit, height=height))
