"""Noise: loss curves by batch size, and the clouds of mini-batch gradients."""

import altair as alt
import pandas as pd

from sgd_core.charts.lanes import levels
from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import layers

# told apart by colour and by dash; the whole set, which has no noise, is the one solid line
_COLORS = ["#dc3545", "#bf7d00", "#7d6bd6", ACCENT]
_DASHES = [[1, 2], [3, 2], [6, 3], [1, 0]]


def batches_picture(
    frame: pd.DataFrame, *, names: tuple[str, ...], steps: float, y_domain: tuple[float, float], height: int = 300
) -> alt.LayerChart:
    """Draw the training loss of runs of four batch sizes against the step; `frame` has `batch`, `step`, `loss`.

    `names` are the batch sizes, the whole set last; a loss above the window leaves the picture at the top.
    """
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, steps], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    scale = alt.Scale(type="log", domain=list(y_domain), nice=False)
    y = alt.Y("loss:Q", title="training loss (all images)", scale=scale, axis=levels(*y_domain))
    legend = alt.Legend(title="images a step", orient="top", symbolType="stroke", symbolSize=350)
    color = alt.Color("batch:N", scale=alt.Scale(domain=list(names), range=_COLORS), sort=list(names), legend=legend)
    dash = alt.StrokeDash(
        "batch:N", scale=alt.Scale(domain=list(names), range=_DASHES), sort=list(names), legend=legend
    )
    tip = [alt.Tooltip("batch:N", title="images a step"), alt.Tooltip("step:Q"), alt.Tooltip("loss:Q", format=".4g")]
    lines = alt.Chart(frame).mark_line(clip=True, strokeWidth=1.8)
    return layers(lines.encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tip), height=height)


def gradient_noise_picture(
    frame: pd.DataFrame, *, x_domain: tuple[float, float], y_domain: tuple[float, float], height: int = 240
) -> alt.LayerChart:
    """Draw mini-batch gradients (`along`, `across`, `edge`) around the whole set's, which is the cross at (1, 0).

    The line at 0 divides mini-batches whose step goes downhill (right of it) from those whose step goes uphill.
    """
    x = alt.X("along:Q", title="along the whole gradient", scale=alt.Scale(domain=list(x_domain), nice=False))
    y = alt.Y("across:Q", title="across it", scale=alt.Scale(domain=list(y_domain), nice=False))
    base = alt.Chart(frame)
    tip = [alt.Tooltip("along:Q", format=".3g"), alt.Tooltip("across:Q", format=".3g")]
    dots = base.mark_circle(size=26, opacity=0.5).encode(
        x=x, y=y, color=alt.condition("datum.along < 0", alt.value(SECOND), alt.value(ACCENT)), tooltip=tip
    )
    border = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x="at:Q")
    here = alt.Chart(alt.InlineData(values=[{"along": 1, "across": 0}]))
    cross = here.mark_point(shape="cross", filled=True, size=160, opacity=1, color="#2a9350", stroke="white")
    return layers(border, dots, cross.encode(x=x, y=y), height=height)


def rates_picture(
    frame: pd.DataFrame, *, steps: float, y_domain: tuple[float, float], height: int = 130
) -> alt.LayerChart:
    """Draw the learning rate of each step; `frame` has `step`, `lr`."""
    x = alt.X(
        "step:Q",
        title=None,
        scale=alt.Scale(domain=[0, steps], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    y = alt.Y(
        "lr:Q",
        title="learning rate",
        scale=alt.Scale(domain=list(y_domain), nice=False),
        axis=alt.Axis(tickCount=3, format="~g", minExtent=44, maxExtent=44),
    )
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("lr:Q", format=".4g", title="learning rate")]
    line = alt.Chart(frame).mark_line(color=SECOND, strokeWidth=2, interpolate="step-after").encode(x=x, y=y)
    dots = alt.Chart(frame).mark_circle(color=SECOND, size=16, opacity=1).encode(x=x, y=y, tooltip=tip)
    return layers(line, dots, height=height)
