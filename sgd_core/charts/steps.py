"""How long the steps are, and where a learning rate stands among those that work."""

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, REGIMES, SECOND
from sgd_core.charts.vega import layers

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


def rate_ruler(frame: pd.DataFrame, *, low: float, high: float, border: float, height: int = 120) -> alt.LayerChart:
    """Draw learning rates on one logarithmic axis, with the part above `border`, where descent diverges, shaded.

    `frame` has `name`, `rate`: the first row is the present learning rate, drawn as a dot; of the others the last is
    written to the right of its tick, those before to the left.
    """
    scale = alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)
    axis = alt.Axis(title="learning rate", format=".0e", grid=False, tickCount=4, labelOverlap=True)
    style = REGIMES["diverging"]
    region = alt.Chart(alt.InlineData(values=[{"from": min(max(border, low), high), "to": high}]))
    bottom = alt.value("height")
    shade = region.mark_rect(color=style.color, opacity=0.16).encode(
        x=alt.X("from:Q", scale=scale, axis=axis), x2="to", y=alt.value(20), y2=bottom
    )
    rows = (
        alt.Chart(frame)
        .transform_window(place="row_number()")
        .transform_joinaggregate(count="count()")
        .transform_calculate(
            said="datum.name + ' ' + format(datum.rate, datum.rate < 1e-3 ? '.2~e' : '.3~g')",
            last="datum.place == datum.count",
        )
    )
    x = alt.X("rate:Q", scale=scale, axis=axis)
    others, present = rows.transform_filter("datum.place > 1"), rows.transform_filter("datum.place == 1")
    color = alt.condition("datum.last", alt.value(style.color), alt.value(REGIMES["good"].color))
    ticks = others.mark_rule(strokeWidth=2, strokeDash=[6, 3]).encode(x=x, y=alt.value(20), y2=bottom, color=color)
    words = others.mark_text(
        fontSize=12, baseline="top", align=alt.expr("datum.last ? 'left' : 'right'"), dx=alt.expr("datum.last ? 2 : -2")
    ).encode(x=x, y=alt.value(4), text="said:N", color=color)
    tip = [alt.Tooltip("name:N", title="run"), alt.Tooltip("rate:Q", format=".4g", title="learning rate")]
    dot = present.mark_point(color=ACCENT, filled=True, size=170, opacity=1, stroke="white", strokeWidth=1.5)
    return layers(shade, ticks, words, dot.encode(x=x, y=alt.value(34), tooltip=tip), height=height)


def ruler_ends(frame: pd.DataFrame) -> Range:
    """Return the ends, whole decades, of an axis that leaves room for what is written beside the marks."""
    rates = frame["rate"].to_numpy()
    return 10.0 ** float(np.floor(np.log10(rates.min() / 3))), 10.0 ** float(np.ceil(np.log10(rates.max() * 4)))
