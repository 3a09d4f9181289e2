"""The derivative as a curve of its own, drawn under the function it belongs to.

The frame has the rows of `curve.part`: "slope" (the derivative, with gaps where it jumps), "guide" (from zero up or down
to the point) and "point".
"""

import math

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.curve import frame_of, in_view, piece, stops, within_reach
from sgd_core.charts.palette import POINT, QUIET, SECOND
from sgd_core.charts.vega import layers


def slope_frame(curve: pd.DataFrame, x: float, slope: float, y_domain: tuple[float, float]) -> pd.DataFrame:
    """Return the frame of a derivative from `x, slope`, with the point (x, slope) where there is one."""
    x_domain = (float(curve["x"].iloc[0]), float(curve["x"].iloc[-1]))
    pieces = [piece("slope", curve["x"].to_numpy(), within_reach(curve["slope"], y_domain))]
    if math.isfinite(slope):
        if x_domain[0] <= x <= x_domain[1]:
            pieces.append(piece("guide", [x, x], np.clip([0.0, slope], *y_domain)))
        pieces.append(in_view(piece("point", [x], [slope]), x_domain, y_domain))
    return frame_of(pieces)


def zero_crossings(curve: pd.DataFrame) -> list[float]:
    """Return where the slope of a sampled curve (`x, slope`) is or passes zero, gaps left out, from left to right."""
    x, slope = curve["x"].to_numpy(), curve["slope"].to_numpy()
    exact = [float(place) for place in x[slope == 0]]
    sign = np.sign(slope)
    passing = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    share = slope[passing] / (slope[passing] - slope[passing + 1])
    between = x[passing] + share * (x[passing + 1] - x[passing])
    return sorted([*exact, *(float(place) for place in between)])


def slope_picture(
    frame: pd.DataFrame,
    *,
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
    height: int = 190,
    axis_width: int = 44,
) -> alt.LayerChart:
    """Draw `slope_frame`: the derivative in the tangent's colour, its zero line, and the present point.

    A click takes the nearest x (selection "pick").
    """
    x = alt.X("x:Q", title="x", scale=alt.Scale(domain=list(x_domain), nice=False))
    axis = alt.Axis(minExtent=axis_width, maxExtent=axis_width, tickCount=5)
    y = alt.Y("y:Q", title="slope f′(x)", axis=axis, scale=alt.Scale(domain=list(y_domain), nice=False))
    base = alt.Chart(frame).encode(x=x, y=y)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    tip = [alt.Tooltip("x:Q", format=".6g"), alt.Tooltip("y:Q", format=".6g", title="slope")]
    zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=QUIET, strokeWidth=1.5).encode(y=alt.datum(0))
    inside = only("point").transform_filter(alt.datum.edge == "")
    outside = only("point").transform_filter(alt.datum.edge != "")
    return layers(
        stops(x, x_domain, height),
        zero,
        only("guide").mark_line(color=POINT, strokeWidth=2, clip=True).encode(order="order:Q"),
        only("slope").mark_line(color=SECOND, strokeWidth=2.5, clip=True).encode(order="order:Q"),
        inside.mark_point(color=POINT, filled=True, size=150, opacity=1, stroke="white", strokeWidth=1.5).encode(
            tooltip=tip
        ),
        outside.mark_text(color=POINT, fontSize=18, fontWeight="bold").encode(
            text="edge:N", tooltip=alt.Tooltip("label:N", title="outside of the picture")
        ),
        height=height,
    )
