"""One run's loss and slope with the steps at which stop rules fire."""

import altair as alt
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import layers, value_axis

Range = tuple[float, float]


def stop_lines(
    frame: pd.DataFrame,
    *,
    steps: int,
    y_domain: Range,
    marks: tuple[tuple[int, str], ...],
    title: str = "loss",
    log: bool = False,
    level: float | None = None,
    height: int = 220,
) -> alt.LayerChart:
    """Draw a run (`step`, `value`, `now`), and a numbered vertical line at each of `marks` (step, number).

    The first mark is the one that ends the run: it is drawn in full colour, the others quietly. `level` adds a
    horizontal line. Values outside of the window are drawn at its edge with an arrow.
    """
    x_scale = alt.Scale(domain=[0, max(steps, 1)], nice=False)
    x = alt.X("step:Q", title="step", scale=x_scale, axis=alt.Axis(tickMinStep=1, grid=False))
    scale = alt.Scale(type="log", domain=list(y_domain)) if log else alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("shown:Q", title=title, scale=scale, axis=value_axis(y_domain, log))
    low, high = y_domain
    base = alt.Chart(frame).transform_calculate(
        shown=f"min({high!r}, max({low!r}, datum.value))",
        edge=f"datum.value > {high!r} ? '↑' : datum.value < {low!r} ? '↓' : ''",
    )
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".6g", title=title)]
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=y)
    present = base.transform_filter("datum.now")
    dot = present.transform_filter("datum.edge == ''").mark_point(
        color=ACCENT, filled=True, size=120, opacity=1, stroke="white", strokeWidth=1.5
    )
    sign = present.transform_filter("datum.edge != ''").mark_text(
        color=ACCENT, fontSize=15, fontWeight="bold", dy=alt.expr("datum.edge == '↑' ? 8 : -8")
    )
    drawn = [line, dot.encode(x=x, y=y, tooltip=tip), sign.encode(x=x, y=y, text="edge:N", tooltip=tip)]
    if marks:
        rows = [{"at": step, "number": number, "first": i == 0} for i, (step, number) in enumerate(marks)]
        fired = alt.Chart(alt.InlineData(values=rows))
        at = alt.X("at:Q", scale=x_scale)
        color = alt.condition("datum.first", alt.value(SECOND), alt.value(QUIET))
        rule = fired.mark_rule(strokeWidth=2, strokeDash=[6, 3]).encode(x=at, color=color)
        words = fired.mark_text(fontSize=13, fontWeight="bold", dx=-9, baseline="top").encode(
            x=at, y=alt.value(2), text="number:N", color=color
        )
        drawn = [rule, words, *drawn]
    if level is not None:
        flat = alt.Chart(alt.InlineData(values=[{"level": level}]))
        drawn.insert(
            0, flat.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5).encode(y=alt.Y("level:Q", scale=scale))
        )
    return layers(*drawn, height=height)
