"""Answers of a classifier: how sure of each class, and which classes it takes for which."""

import altair as alt
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import layers


def probability_bars(frame: pd.DataFrame, *, names: tuple[str, ...], title: str) -> alt.LayerChart:
    """Draw one bar a class; `frame` has `name`, `value` (0 to 1), `shown` (the value in words) and `truth`."""
    y = alt.Y("name:N", sort=list(names), title=None, axis=alt.Axis(ticks=False, domain=False, labelFontSize=12))
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=3))
    color = alt.Color("truth:N", scale=alt.Scale(domain=[True, False], range=[ACCENT, QUIET]), legend=None)
    bars = alt.Chart(frame).mark_bar(height={"band": 0.7}).encode(x=x, y=y, color=color)
    words = (
        alt.Chart(frame)
        .mark_text(align="left", dx=4, fontSize=11, color=QUIET)
        .encode(x=alt.X("value:Q"), y=y, text="shown:N")
    )
    return layers(bars, words, height=64 + 24 * len(names))


def confusion_matrix(frame: pd.DataFrame, *, names: tuple[str, ...], side: int) -> alt.LayerChart:
    """Draw a cell for each truth (row) and answer (column), to be clicked (selection "pick": `truth`, `answer`).

    `frame` has `truth`, `answer`, `count`, `share` (of the row) and `right`. Right answers are blue, mistakes orange;
    the darker, the larger their share of the row.
    """
    pick = alt.selection_point(name="pick", fields=["truth", "answer"], on="click", empty=False)
    x = alt.X("answer:N", sort=list(names), title="the model says", axis=alt.Axis(orient="top", labelAngle=0))
    y = alt.Y("truth:N", sort=list(names), title="it is")
    cells = (
        alt.Chart(frame)
        .mark_rect(stroke=QUIET, strokeWidth=0.5, cursor="pointer")
        .encode(
            x=x,
            y=y,
            fill=alt.Color("right:N", scale=alt.Scale(domain=[True, False], range=[ACCENT, SECOND]), legend=None),
            # mistakes are few: the square root lets a share of one percent be seen
            fillOpacity=alt.FillOpacity(
                "share:Q", scale=alt.Scale(type="sqrt", domain=[0, 1], range=[0, 0.95]), legend=None
            ),
            strokeWidth=alt.condition(pick, alt.value(3), alt.value(0.5)),
            tooltip=[
                alt.Tooltip("truth:N", title="it is"),
                alt.Tooltip("answer:N", title="the model says"),
                alt.Tooltip("count:Q", title="images"),
                alt.Tooltip("share:Q", format=".1%", title="of this row"),
            ],
        )
        .add_params(pick)
    )
    words = (
        alt.Chart(frame)
        .mark_text(fontSize=13, fontWeight="bold")
        .encode(
            x=x, y=y, text="count:Q", color=alt.condition("datum.share > 0.3", alt.value("white"), alt.value(QUIET))
        )
    )
    return layers(cells, words, width=side, height=side)
