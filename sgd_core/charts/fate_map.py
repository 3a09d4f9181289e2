"""The map of all starts and all learning rates, as an image to click and to zoom."""

from typing import Any

import altair as alt
import pandas as pd

from sgd_core.charts.vega import UNSEEN, layers
from sgd_core.numbers import TOOLTIP_FORMAT

Range = tuple[float, float]


def picked_map(
    cells: pd.DataFrame,
    url: str,
    point: tuple[float, float],
    border: float | None,
    *,
    x_domain: Range,
    y_domain: Range,
    side: int = 380,
) -> alt.LayerChart:
    """Draw a map of starts (across) and learning rates (upwards) from its image, to click and to zoom by dragging.

    `cells` has `start, lr` and their edges `start2, lr2`: the places that a click takes ("pick"). A drag selects `start`
    and `lr` ("drag"). `point` is the run that is played, `border` the learning rate 2 / curvature.
    """
    across = alt.Scale(domain=list(x_domain), nice=False, zero=False)
    upwards = alt.Scale(domain=list(y_domain), nice=False, zero=False)
    x = alt.X("left:Q", title="start", scale=across, axis=alt.Axis(grid=False, tickCount=6))
    y = alt.Y("bottom:Q", title="learning rate", scale=upwards, axis=alt.Axis(grid=False, tickCount=6))
    image = (
        alt.Chart(pd.DataFrame([{"url": url, "left": x_domain[0], "bottom": y_domain[1]}]))
        .mark_image(width=alt.expr("width"), height=alt.expr("height"), align="left", baseline="top", aspect=False)
        .encode(x=x, y=y, url=alt.Url("url:N"))
    )
    drag = alt.selection_interval(name="drag", encodings=["x", "y"])
    pick = alt.selection_point(name="pick", fields=["start", "lr"], on="click", clear=False, toggle=False)
    tip = [
        alt.Tooltip("start:Q", format=TOOLTIP_FORMAT),
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("outcome:N"),
        alt.Tooltip("needed:Q", title="steps"),
    ]
    grid = (
        alt.Chart(cells)
        .mark_point(filled=True, shape="square", size=60, aria=False, **UNSEEN)
        .encode(x=alt.X("start:Q", scale=across), y=alt.Y("lr:Q", scale=upwards), tooltip=tip)
        .add_params(drag, pick)
    )
    ring = (
        alt.Chart(pd.DataFrame([{"start": point[0], "lr": point[1]}]))
        .mark_point(size=150, stroke="white", strokeWidth=5, aria=False)
        .encode(x=alt.X("start:Q", scale=across), y=alt.Y("lr:Q", scale=upwards))
    )
    drawn: list[Any] = [image, grid]
    if border is not None:
        line = alt.Chart(pd.DataFrame([{"lr": border}])).mark_rule(color="black", strokeDash=[6, 4], strokeWidth=1.5)
        drawn.append(line.encode(y=alt.Y("lr:Q", scale=upwards)))
    drawn += [ring, ring.mark_point(size=150, stroke="black", strokeWidth=2, aria=False)]
    return layers(*drawn, height=side, width=side)
