"""Noise: loss curves by batch size, and the clouds of mini-batch gradients."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, REGIMES, SECOND
from sgd_core.charts.rates import powers
from sgd_core.charts.vega import LITTLE, filled, layers, so_far, step_axis
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT

# Told apart by colour, dash and width: the whole set, which has no noise, is the wide solid line below the others, so that
# a large batch, which is almost the same, is still seen on it.
_COLORS = ["#dc3545", "#bf7d00", "#7d6bd6", ACCENT]
_DASHES = [[1, 2], [3, 2], [7, 4], [1, 0]]
_WIDTHS = [1.6, 1.6, 2.0, 5.0]


def batches_picture(
    frame: pd.DataFrame, *, names: Sequence[str], steps: float, y_domain: tuple[float, float], height: int = 220
) -> alt.LayerChart:
    """Draw the training loss of runs of four batch sizes up to the clock's moment: `moment`, `batch`, `step`, `loss`.

    `names` are the batch sizes, the whole set last; a loss above the window leaves the picture at the top.
    """
    low, high = y_domain
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(values=powers(low, high), labelExpr=AXIS_LABEL, minExtent=44, maxExtent=44)
    y = alt.Y("loss:Q", title="training loss", scale=scale, axis=axis)
    domain, legend = (
        list(names),
        alt.Legend(
            title="images a step",
            titleOrient="left",
            titlePadding=12,
            orient="top",
            symbolType="stroke",
            symbolSize=350,
        ),
    )
    color = alt.Color("batch:N", scale=alt.Scale(domain=domain, range=_COLORS), sort=domain, legend=legend)
    dash = alt.StrokeDash("batch:N", scale=alt.Scale(domain=domain, range=_DASHES), sort=domain, legend=legend)
    width = alt.StrokeWidth("batch:N", scale=alt.Scale(domain=domain, range=_WIDTHS), sort=domain, legend=legend)
    tip = [
        alt.Tooltip("batch:N", title="images a step"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("loss:Q", format=TOOLTIP_FORMAT),
    ]
    base = so_far(alt.Chart(frame)).encode(
        x=step_axis(steps), y=y, color=color, strokeDash=dash, strokeWidth=width, tooltip=tip
    )
    whole, others = f"datum.batch == '{domain[-1]}'", f"datum.batch != '{domain[-1]}'"
    return layers(
        base.transform_filter(whole).mark_line(clip=True, opacity=0.45),
        base.transform_filter(others).mark_line(clip=True),
        height=height,
    )


def gradient_noise_picture(
    frame: pd.DataFrame, *, x_domain: tuple[float, float], y_domain: tuple[float, float], height: int = 150
) -> alt.LayerChart:
    """Draw mini-batch gradients around the whole set's, which is the cross.

    `frame` has `part` ("batch" or "whole"), `along`, `across`, and the moments from `moment` to below `until` at which it
    is seen. The line at 0 divides mini-batches whose step goes downhill (right of it) from those whose step goes uphill.
    """
    x = alt.X(
        "along:Q",
        title="along it",
        scale=alt.Scale(domain=list(x_domain), nice=False),
        axis=alt.Axis(tickCount=4),
    )
    y = alt.Y(
        "across:Q",
        title="across it",
        scale=alt.Scale(domain=list(y_domain), nice=False),
        axis=alt.Axis(tickCount=4),
    )
    seen = so_far(alt.Chart(frame)).transform_filter("datum.until > t").encode(x=x, y=y)
    tip = [alt.Tooltip("along:Q", format=TOOLTIP_FORMAT), alt.Tooltip("across:Q", format=TOOLTIP_FORMAT)]
    dots = seen.transform_filter(alt.datum.part == "batch").mark_circle(size=26, clip=True, **filled(0.5))
    dots = dots.encode(
        color=alt.ColorValue(ACCENT, condition={"test": "datum.along < 0", "value": SECOND}), tooltip=tip
    )
    border = (
        alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x=alt.X("at:Q"))
    )
    cross = seen.transform_filter(alt.datum.part == "whole").mark_point(
        shape="cross", filled=True, size=150, opacity=1, color=REGIMES["good"].color, stroke="white", clip=True
    )
    return layers(border, cross, dots, height=height, padding=LITTLE)
