"""The curves of several runs over each other."""

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.palette import ACCENT, QUIET, ceiling
from sgd_core.charts.vega import layers

Array = NDArray[np.float64]
Range = tuple[float, float]

DASHES = [[1, 0], [7, 3], [2, 2], [10, 3, 2, 3]]


def overlay_window(values: Array, *, accuracy: bool) -> tuple[Range, bool]:
    """Return the range of values to draw, and whether it is logarithmic, as losses that lie far apart are."""
    finite = values[np.isfinite(values)]
    if accuracy:
        return (max(0.0, float(np.floor((finite.min(initial=1) - 0.02) * 10) / 10)), 1.0), False
    top, low = float(finite.max(initial=0)), float(finite[finite > 0].min(initial=1))
    log = top > 100 * low
    return ((0.9 * low, top * 1.1) if log else (0.0, ceiling(top * 1.02))), log


def overlay(
    frame: pd.DataFrame,
    *,
    measure: str,
    title: str,
    runs: tuple[str, ...],
    epochs: float,
    domain: tuple[float, float],
    log: bool = False,
    height: int = 340,
) -> alt.LayerChart:
    """Draw `measure` of each run against the epoch; `frame` has `run`, `epoch` and the measure.

    Runs are told apart by colour, dash and legend; a click on a name in the legend brings its run forward.
    """
    one = alt.selection_point(name="one", fields=["run"], bind="legend")
    y = alt.Scale(domain=list(domain), nice=False, type="log") if log else alt.Scale(domain=list(domain), nice=False)
    legend = alt.Legend(title=None, orient="right", symbolType="stroke", symbolSize=300, labelLimit=220)
    dashes = [DASHES[i // 10 % len(DASHES)] if len(runs) > 10 else DASHES[i % len(DASHES)] for i in range(len(runs))]
    base = alt.Chart(frame).encode(
        x=alt.X(
            "epoch:Q",
            title="epoch",
            scale=alt.Scale(domain=[0, epochs], nice=False),
            axis=alt.Axis(grid=False, tickMinStep=1),
        ),
        y=alt.Y(
            f"{measure}:Q", title=title, scale=y, axis=alt.Axis(format="%") if "accuracy" in measure else alt.Axis()
        ),
        color=alt.Color("run:N", scale=alt.Scale(domain=list(runs), scheme="tableau10"), legend=legend),
        opacity=alt.OpacityValue(0.15, condition={"param": "one", "value": 1.0}),
        tooltip=[
            alt.Tooltip("run:N"),
            alt.Tooltip("epoch:Q", format=".2f"),
            alt.Tooltip(f"{measure}:Q", format=".4f", title=title),
        ],
    )
    lines = base.mark_line(strokeWidth=2, clip=True).encode(
        strokeDash=alt.StrokeDash("run:N", scale=alt.Scale(domain=list(runs), range=dashes), legend=legend)
    )
    ends = (
        base.transform_joinaggregate(last="max(epoch)", groupby=["run"])
        .transform_filter("datum.epoch == datum.last")
        .mark_circle(size=45, clip=True)
    )
    return layers(lines.add_params(one), ends, height=height)


def seed_window(values: Array, *, accuracy: bool) -> Range:
    """Return the range that holds all finite values, with some room and round ends; accuracies end at 1."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min(initial=1)), float(finite.max(initial=0))
    unit = 0.01 if accuracy else ceiling((high - low) / 10, steps=(1, 2, 5))
    top = float(np.ceil(high / unit + 0.5) * unit)
    return max(0.0, float(np.floor(low / unit - 0.5) * unit)), min(1.0, top) if accuracy else top


def seed_fan(
    band: pd.DataFrame, own: pd.DataFrame, *, title: str, epochs: float, domain: tuple[float, float], percent: bool
) -> alt.LayerChart:
    """Draw how many seeds of one setting spread, and one run among them.

    `band` has `epoch`, `low`, `median`, `high` (see `seed_band`; what is not finite leaves a gap), `own` has `epoch` and
    `value`.
    """
    scale = alt.Scale(domain=list(domain), nice=False)
    x = alt.X(
        "epoch:Q",
        title="epoch",
        scale=alt.Scale(domain=[0, epochs], nice=False),
        axis=alt.Axis(grid=False, tickMinStep=1),
    )
    axis = alt.Axis(format=".4~%") if percent else alt.Axis()
    seeds = alt.Chart(band)
    return layers(
        seeds.mark_area(color=QUIET, opacity=0.25, clip=True, aria=False).encode(
            x=x, y=alt.Y("low:Q", title=title, scale=scale, axis=axis), y2=alt.Y2("high:Q")
        ),
        seeds.mark_line(color=QUIET, strokeWidth=2, clip=True).encode(
            x=x,
            y=alt.Y("median:Q", title=title, scale=scale, axis=axis),
            tooltip=[
                alt.Tooltip("epoch:Q"),
                *(alt.Tooltip(f"{one}:Q", format=".4f") for one in ("low", "median", "high")),
            ],
        ),
        alt.Chart(own)
        .mark_line(color=ACCENT, strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=alt.Y("value:Q", title=title, scale=scale, axis=axis),
            tooltip=[alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip("value:Q", format=".4f", title="this run")],
        ),
        height=280,
    )
