"""The slope at every point of a curve: a tangent that follows the pointer, and the derivative that grows behind it.

The browser moves all of it: each row holds a place of the curve with its tangent, and the place under the pointer is a
parameter of the picture. At rest the row `rest` is shown, the point that the page speaks of.
"""

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.curve import in_view, piece, within_reach
from sgd_core.charts.palette import ACCENT, POINT, QUIET, RACERS, SECOND
from sgd_core.charts.vega import UNSEEN, layers
from sgd_core.numbers import signed

Range = tuple[float, float]
RISE = RACERS["C"].color
AXIS = 44  # pixels for the y axes of both pictures, so that their plots are in line
HEIGHT = 400
SHARES = 0.66, 0.72  # of the plot: where the curve ends above, and where the derivative begins below
NUMBERS = "x", "value", "slope", "left", "right"
RUN = 1.0  # a run of 1, whose rise is the slope itself


def slope_rows(curve: pd.DataFrame, at: Mapping[str, Any], y_domain: Range, slopes: Range) -> pd.DataFrame:
    """Return the rows of the picture from a curve and the present point, each `x, value, slope, left, right, said, rise`.

    `y` and `slope_y` are the heights of the two lines; `rest` marks the present point, `behind` what lies left of it.
    """
    x = curve["x"].to_numpy()
    seen = in_view(piece("", [at["x"]], [at["value"]]), (float(x[0]), float(x[-1])), y_domain)
    outside = len(seen.x) > 0 and bool(seen.edge[0])
    edge = {"edge": seen.edge[0], "label": seen.label[0], "edge_x": seen.x[0], "edge_y": seen.y[0]} if outside else {}
    columns = {name: np.append(curve[name].to_numpy(), at[name]) for name in (*NUMBERS, "said", "rise")}
    columns["y"] = np.append(_in_window(curve["value"], y_domain), math.nan)
    columns["slope_y"] = np.append(_in_window(curve["slope"], slopes), at["slope"])
    for name, nothing in {"edge": "", "label": "", "edge_x": math.nan, "edge_y": math.nan}.items():
        columns[name] = np.array([nothing] * len(x) + [edge.get(name, nothing)])
    for name in (*NUMBERS, "slope_y"):
        columns[name] = np.where(np.isinf(columns[name]), math.nan, columns[name])
    columns["rest"] = np.arange(len(x) + 1) == len(x)
    columns["behind"] = columns["x"] <= at["x"]
    return pd.DataFrame(columns)


def slope_picture(
    rows: pd.DataFrame, *, x_domain: Range, y_domain: Range, slopes: Range, whole: bool
) -> alt.LayerChart:
    """Draw `slope_rows`: the curve with its moving tangent, rise and run, and the derivative below it.

    `whole` shows all of the derivative, else only what lies left of the point. A click takes the nearest x (selection
    "pick"); the point follows the pointer. Both parts share one plot, so that one place under the pointer moves both.
    """
    x_scale = alt.Scale(domain=list(x_domain), nice=False)
    over: dict[str, Any] = {"fields": ["x"], "nearest": True, "toggle": False}
    # a table of their own, which a move of the point leaves as it is: 800 marks that need not be made anew
    places = rows.loc[~rows["rest"] & rows["value"].notna(), ["x"]]
    stops = (
        alt.Chart(places)
        .mark_circle(size=1, aria=False, tooltip=None, **UNSEEN)
        .encode(x=alt.X("x:Q", title="x", scale=x_scale, axis=alt.Axis(grid=False)), y=alt.YValue(HEIGHT / 2))
        .add_params(
            alt.selection_point(name="over", on="pointermove", clear="pointerout", **over),
            alt.selection_point(name="pick", on="click", clear=False, **over),
        )
    )
    upper, lower = _with_tangent(rows, x_scale, x_domain, y_domain), _derivative(rows, x_scale, slopes, whole)
    apart = alt.Resolve(scale=alt.ScaleResolveMap(y="independent"))
    return layers(stops, layers(*upper), layers(*lower), height=HEIGHT, resolve=apart)


# The place under the pointer; without one, the row at rest.
_NOW = "isValid(over.x) ? !datum.rest && datum.x === over.x[0] : datum.rest"
_BEHIND = "isValid(over.x) ? datum.x <= over.x[0] : datum.behind"


def _with_tangent(rows: pd.DataFrame, x_scale: alt.Scale, x_domain: Range, y_domain: Range) -> list[Any]:
    (low, high), (left, right) = y_domain, x_domain
    scale = alt.Scale(domain=[low, high], range=[alt.ExprRef(f"{SHARES[0]} * height"), 0], nice=False)
    axis = alt.Axis(
        minExtent=AXIS, maxExtent=AXIS, tickCount=5, orient="left", titleY=alt.ExprRef(f"{SHARES[0] / 2} * height")
    )

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="f(x)", scale=scale, axis=axis)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title="x", scale=x_scale, axis=alt.Axis(grid=False))

    here = alt.Chart(rows).transform_filter(_NOW)
    seen = here.transform_filter(f"datum.value >= {low!r} && datum.value <= {high!r}")
    # The triangle stands right of the point, where there is room, else left of it.
    steep = seen.transform_filter("isValid(datum.slope)").transform_calculate(
        foot=f"datum.x + {RUN} > {right!r} ? datum.x - {RUN} : datum.x",
        base=f"datum.x + {RUN} > {right!r} ? datum.value - {RUN} * datum.slope : datum.value",
    )
    edge = 0.05 * (high - low)
    steep = steep.transform_filter(f"datum.base >= {low!r} && datum.base <= {high!r}").transform_calculate(
        tip=f"datum.foot + {RUN}",
        top=f"clamp(datum.base + {RUN} * datum.slope, {low!r}, {high!r})",
        middle=f"datum.foot + {RUN / 2}",
        half=f"clamp(datum.base + {RUN / 2} * datum.slope, {low + edge!r}, {high - edge!r})",
    )
    drawn: list[Any] = [
        alt.Chart(rows)
        .transform_filter("!datum.rest")
        .mark_line(color=QUIET, strokeWidth=2.5, aria=False)
        .encode(x=x("x"), y=y("y"))
    ]
    for side, end in (("left", left), ("right", right)):
        # as far as the window reaches, to the side or up or down
        way, steepness = f"({end!r} - datum.x)", f"datum.{side}"
        room = f"(({steepness} * {way} > 0 ? {high!r} : {low!r}) - datum.value) / {steepness}"
        half = seen.transform_filter(f"isValid(datum.{side}) && {way} != 0").transform_calculate(
            gone=f"{steepness} == 0 || abs({room}) > abs({way}) ? {way} : {room}"
        )
        half = half.transform_calculate(end="datum.x + datum.gone", reach=f"datum.value + {steepness} * datum.gone")
        drawn.append(
            half.mark_rule(color=SECOND, strokeWidth=2.5, strokeDash=[6, 4], aria=False).encode(
                x=x("x"), x2=alt.X2("end:Q"), y=y("value"), y2=alt.Y2("reach:Q")
            )
        )
    dy = alt.expr("datum.slope > 0 ? 13 : -11")
    drawn += [
        steep.mark_rule(color=ACCENT, strokeWidth=3.5, clip=True, aria=False).encode(
            x=x("foot"), x2=alt.X2("tip:Q"), y=y("base")
        ),
        steep.mark_rule(color=RISE, strokeWidth=3.5, aria=False).encode(x=x("tip"), y=y("base"), y2=alt.Y2("top:Q")),
        steep.mark_text(color=ACCENT, fontWeight="bold", fontSize=13, dy=dy, aria=False).encode(
            x=x("middle"), y=y("base"), text=alt.TextValue("run 1")
        ),
        steep.mark_text(color=RISE, fontWeight="bold", fontSize=13, align="left", dx=7, aria=False).encode(
            x=x("tip"), y=y("half"), text=alt.Text("rise:N")
        ),
        seen.transform_filter(f"datum.x >= {left!r} && datum.x <= {right!r}")
        .mark_point(color=POINT, filled=True, size=170, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
        .encode(x=x("x"), y=y("value")),
        here.transform_filter("datum.edge !== ''")
        .mark_text(color=POINT, fontSize=18, fontWeight="bold", aria=False)
        .encode(x=x("edge_x"), y=y("edge_y"), text=alt.Text("edge:N"), tooltip=alt.Tooltip("label:N", title="outside")),
        here.mark_text(
            color=POINT, fontSize=alt.expr("width < 480 ? 11 : 14"), fontWeight="bold", baseline="top", aria=False
        ).encode(x=alt.XDatum((left + right) / 2, scale=x_scale), y=alt.YValue(2), text=alt.Text("said:N")),
    ]
    return drawn


def _derivative(rows: pd.DataFrame, x_scale: alt.Scale, slopes: Range, whole: bool) -> list[Any]:
    low, high = slopes
    axis = alt.Axis(
        minExtent=AXIS,
        maxExtent=AXIS,
        tickCount=3,
        orient="left",
        titleY=alt.ExprRef(f"{(1 + SHARES[1]) / 2} * height"),
    )
    scale = alt.Scale(
        domain=[low, high], range=[alt.ExprRef("height"), alt.ExprRef(f"{SHARES[1]} * height")], nice=False
    )
    x = alt.X("x:Q", title="x", scale=x_scale, axis=alt.Axis(grid=False))
    y = alt.Y("slope_y:Q", title="slope f′(x)", axis=axis, scale=scale)
    line = alt.Chart(rows).transform_filter("!datum.rest").encode(x=x, y=y)
    here = alt.Chart(rows).transform_filter(_NOW)
    here = here.transform_filter(
        f"isValid(datum.slope) && datum.slope >= {low!r} && datum.slope <= {high!r} && datum.edge === ''"
    )
    zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=QUIET, strokeWidth=1.5, aria=False)
    point = here.mark_point(color=POINT, filled=True, size=120, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
    rest = line.mark_line(color=SECOND, strokeWidth=2, opacity=0.4, aria=False)
    return [
        zero.encode(y=alt.YDatum(0, scale=scale, axis=axis, title="slope f′(x)")),
        *([rest] if whole else []),
        line.transform_filter(_BEHIND).mark_line(color=SECOND, strokeWidth=3, aria=False),
        here.mark_rule(color=RISE, strokeWidth=3, aria=False).encode(x=x, y=y, y2=alt.Y2Datum(0)),
        point.encode(x=x, y=y),
    ]


def _in_window(y: pd.Series, window: Range) -> np.ndarray:
    """Return the heights of a line that ends at the window's edge, since another picture stands below it."""
    low, high = window
    heights = within_reach(y, window)
    outside = (heights < low) | (heights > high)
    beside = np.zeros_like(outside)
    beside[1:] |= ~outside[:-1]
    beside[:-1] |= ~outside[1:]
    return np.where(outside & ~beside, np.nan, heights.clip(low, high))


def elements_picture(curve: pd.DataFrame, elements: pd.DataFrame, formula: str) -> alt.LayerChart:
    """Draw the elements of a vector on the curve of their function, each with a piece of its tangent and its slope.

    `curve` has `x, value`; `elements` has `x, value, gradient`. Many elements go without words.
    """
    span = float(curve["x"].iloc[-1] - curve["x"].iloc[0]) / 14
    known = elements[np.isfinite(elements["value"]) & np.isfinite(elements["gradient"])].assign(
        said=lambda rows: [f"slope {signed(slope)}" for slope in rows["gradient"]] if len(rows) <= 12 else ""
    )
    ends = known.assign(
        low=known["x"] - span,
        high=known["x"] + span,
        below=known["value"] - span * known["gradient"],
        above=known["value"] + span * known["gradient"],
    )
    x = alt.X("x:Q", title="x", scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title=formula, axis=alt.Axis(minExtent=AXIS, tickCount=5))
    return layers(
        alt.Chart(curve).mark_line(color=QUIET, strokeWidth=2.5).encode(x=x, y=y),
        alt.Chart(ends)
        .mark_rule(color=SECOND, strokeWidth=3, aria=False)
        .encode(x=alt.X("low:Q"), x2=alt.X2("high"), y=alt.Y("below:Q"), y2=alt.Y2("above")),
        alt.Chart(known)
        .mark_point(color=POINT, filled=True, size=150, opacity=1, stroke="white", strokeWidth=1.5)
        .encode(x=x, y=y, tooltip=[alt.Tooltip("x:Q"), alt.Tooltip("value:Q"), alt.Tooltip("gradient:Q")]),
        alt.Chart(known)
        .mark_text(color=SECOND, fontSize=13, fontWeight="bold", align="right", dx=-12, dy=-8)
        .encode(x=x, y=y, text=alt.Text("said:N")),
        height=300,
    )
