"""A model fitted to measurements: the data with the present curve, and each parameter's way."""

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import layers

Range = tuple[float, float]


def fit_frame(time: np.ndarray, speed: np.ndarray, fine: np.ndarray, curves: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the rows of `fit_picture`: the measurements, and curves by name ("now", "start", "best") over `fine`."""
    rows = [pd.DataFrame({"part": "data", "x": time, "y": speed, "place": np.arange(len(time))})]
    place = np.arange(len(fine))
    rows += [pd.DataFrame({"part": name, "x": fine, "y": y, "place": place}) for name, y in curves.items()]
    return pd.concat(rows, ignore_index=True)


def fit_picture(frame: pd.DataFrame, *, x_domain: Range, y_domain: Range, height: int = 360) -> alt.LayerChart:
    """Draw `fit_frame`: measurements as dots, the present curve, and quietly where it began and the best there is."""
    x = alt.X("x:Q", title="time t in seconds", scale=alt.Scale(domain=list(x_domain), nice=False))
    y = alt.Y("y:Q", title="speed", scale=alt.Scale(domain=list(y_domain), nice=False))
    base = alt.Chart(frame)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    tip = [alt.Tooltip("x:Q", title="time"), alt.Tooltip("y:Q", title="speed", format=".4g")]
    data = only("data").mark_point(color=QUIET, filled=True, size=60, opacity=1).encode(x=x, y=y, tooltip=tip)
    start = only("start").mark_line(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5, clip=True).encode(x=x, y=y)
    best = only("best").mark_line(color=SECOND, strokeDash=[6, 4], strokeWidth=1.5, clip=True).encode(x=x, y=y)
    now = only("now").mark_line(color=ACCENT, strokeWidth=3, clip=True).encode(x=x, y=y)
    # A curve that has left the picture altogether would otherwise just be missing.
    top, bottom = y_domain[1], y_domain[0]
    ends = only("now").transform_filter(f"datum.place % 14 == 7 && (datum.y > {top!r} || datum.y < {bottom!r})")
    ends = ends.transform_calculate(
        edge=f"datum.y > {top!r} ? '↑' : '↓'", y=f"datum.y > {top!r} ? {top!r} : {bottom!r}", true="datum.y"
    )
    signs = ends.mark_text(color=ACCENT, fontSize=15, fontWeight="bold", dy=alt.expr("datum.edge == '↑' ? 8 : -8"))
    away = alt.Tooltip("true:Q", title="speed of the model", format=".4g")
    return layers(start, best, data, now, signs.encode(x=x, y=y, text="edge:N", tooltip=away), height=height)


def parameter_line(
    frame: pd.DataFrame, *, name: str, steps: int, y_domain: Range, best: float, last: bool = False, height: int = 84
) -> alt.LayerChart:
    """Draw one parameter against the step (`step`, `value`, `now`), with its best value as a dashed level line."""
    axis = alt.Axis(tickMinStep=1, grid=False, labels=last, ticks=last)
    x = alt.X(
        "step:Q",
        title="step" if last else None,
        scale=alt.Scale(domain=[0, max(steps, 1)], nice=False),
        axis=axis,
    )
    scale = alt.Scale(domain=list(y_domain), nice=False, zero=False)
    y = alt.Y(
        "shown:Q", title=name, scale=scale, axis=alt.Axis(tickCount=3, titleAngle=0, titlePadding=14, minExtent=38)
    )
    low, high = y_domain
    base = alt.Chart(frame).transform_calculate(
        shown=f"min({high!r}, max({low!r}, datum.value))",
        edge=f"datum.value > {high!r} ? '↑' : datum.value < {low!r} ? '↓' : ''",
    )
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".6g", title=name)]
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=y)
    present = base.transform_filter("datum.now")
    dot = present.transform_filter("datum.edge == ''").mark_point(
        color=ACCENT, filled=True, size=90, opacity=1, stroke="white"
    )
    sign = present.transform_filter("datum.edge != ''").mark_text(
        color=ACCENT, fontSize=14, fontWeight="bold", dy=alt.expr("datum.edge == '↑' ? 8 : -8")
    )
    level = alt.Chart(alt.InlineData(values=[{"level": best, "name": f"best {name} {best:.4g}"}]))
    rule = level.mark_rule(color=SECOND, strokeDash=[6, 4], strokeWidth=1.5).encode(
        y=alt.Y("level:Q", scale=scale), tooltip="name:N"
    )
    return layers(
        rule,
        line,
        dot.encode(x=x, y=y, tooltip=tip),
        sign.encode(x=x, y=y, text="edge:N", tooltip=tip),
        height=height,
    )
