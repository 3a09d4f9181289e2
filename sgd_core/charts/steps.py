"""How long the steps are, and where a learning rate stands among those that work."""

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.build import layers
from sgd_core.charts.palette import ACCENT, QUIET, REGIMES, SECOND

Range = tuple[float, float]


def step_lengths(frame: pd.DataFrame, *, steps: int, top: float, lr: float, height: int = 190) -> alt.LayerChart:
    """Draw the length of each step against the step, and the learning rate as a level line that does not move.

    `frame` has `step`, `length`, `now`. Lengths above `top` are drawn there as an arrow with their value.
    """
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, max(steps, 1)], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    scale = alt.Scale(domain=[0, top], nice=False)
    y = alt.Y("shown:Q", title="length of step", scale=scale, axis=alt.Axis(tickCount=4))
    base = alt.Chart(frame).transform_calculate(
        shown=f"min({top!r}, datum.length)", edge=f"datum.length > {top!r} ? '↑' : ''"
    )
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("length:Q", format=".6g", title="length of the step")]
    line = base.mark_line(color=SECOND, strokeWidth=2).encode(x=x, y=y)
    dots = base.transform_filter("datum.edge == ''").mark_circle(color=SECOND, size=30).encode(x=x, y=y, tooltip=tip)
    signs = base.transform_filter("datum.edge != ''").mark_text(color=SECOND, fontSize=15, fontWeight="bold", dy=7)
    now = (
        base.transform_filter("datum.now && datum.edge == ''")
        .mark_point(color=SECOND, filled=True, size=130, opacity=1, stroke="white", strokeWidth=1.5)
        .encode(x=x, y=y, tooltip=tip)
    )
    level = alt.Chart(alt.InlineData(values=[{"level": min(lr, top), "name": f"learning rate {lr:g}"}]))
    rule = level.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5).encode(y=alt.Y("level:Q", scale=scale))
    near_top = lr > 0.8 * top
    words = level.mark_text(
        color=QUIET, align="right", baseline="top" if near_top else "bottom", dy=4 if near_top else -4, fontSize=12
    ).encode(x=alt.value("width"), y=alt.Y("level:Q", scale=scale), text="name:N")
    return layers(rule, words, line, dots, signs.encode(x=x, y=y, text="edge:N", tooltip=tip), now, height=height)


def rate_frame(rates: dict[str, float]) -> pd.DataFrame:
    """Return the rows of `rate_ruler` from learning rates by name; those that are not finite are left out."""
    rows = [(name, rate) for name, rate in rates.items() if np.isfinite(rate) and rate > 0]
    return pd.DataFrame(rows, columns=["name", "rate"])


def rate_ruler(frame: pd.DataFrame, *, low: float, high: float, border: float, height: int = 74) -> alt.LayerChart:
    """Draw learning rates on one logarithmic axis, with the part above `border`, where descent diverges, shaded.

    `frame` has `name`, `rate`: the first row is the present learning rate, the others are written above their ticks.
    """
    scale = alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)
    axis = alt.Axis(title="learning rate", format=".0e", grid=False, tickCount=6)
    style = REGIMES["diverging"]
    region = alt.Chart(alt.InlineData(values=[{"from": min(max(border, low), high), "to": high}]))
    shade = region.mark_rect(color=style.color, opacity=0.16).encode(
        x=alt.X("from:Q", scale=scale, axis=axis), x2="to", y=alt.value(22), y2=alt.value(height)
    )
    rows = (
        alt.Chart(frame)
        .transform_window(place="row_number()")
        .transform_calculate(
            said="datum.name + ' ' + format(datum.rate, '.3~g')",
        )
    )
    x = alt.X("rate:Q", scale=scale, axis=axis)
    others, present = rows.transform_filter("datum.place > 1"), rows.transform_filter("datum.place == 1")
    ticks = others.mark_rule(color=style.color, strokeWidth=2, strokeDash=[6, 3]).encode(
        x=x, y=alt.value(22), y2=alt.value(height)
    )
    words = others.mark_text(
        color=style.color, fontSize=12, baseline="top", align=alt.expr(_side(low, high)), dx=0
    ).encode(x=x, y=alt.value(4), text="said:N")
    dot = present.mark_point(color=ACCENT, filled=True, size=170, opacity=1, stroke="white", strokeWidth=1.5).encode(
        x=x, y=alt.value(height - 24), tooltip=[alt.Tooltip("rate:Q", format=".4g", title="learning rate")]
    )
    return layers(shade, ticks, words, dot, height=height)


def _side(low: float, high: float) -> str:
    """Write to the left of a tick in the right half of the axis, and to the right of one in the left half."""
    middle = float(np.sqrt(low * high))
    return f"datum.rate > {middle!r} ? 'right' : 'left'"
