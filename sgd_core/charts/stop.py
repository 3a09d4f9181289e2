"""The size of a run's slope, and the steps at which stop rules fire, over a picture of a run's loss or slope."""

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
from numpy.typing import NDArray

from sgd_core.charts.over_steps import gap_window, over_steps, value_rows
from sgd_core.charts.palette import QUIET, SECOND
from sgd_core.charts.vega import layers, so_far, step_axis


def slope_sizes(
    slopes: NDArray[np.float64], moments: NDArray[np.int64], small: float | None, *, last: int, log_steps: bool = False
) -> alt.LayerChart:
    """Draw the sizes of a run's slopes (steps + 1,), logarithmically, and the level from which on one is `small`."""
    low, high = gap_window(slopes[None, :])
    if small:
        low = min(low, 10.0 ** math.floor(math.log10(small)))
        high = 10.0 ** math.ceil(math.log10(max(high, 10 * small)))
    return over_steps(
        value_rows(slopes, moments),
        last=last,
        y_domain=(low, high),
        title="size of the slope",
        log=True,
        log_steps=log_steps,
        level=(small, "small gradient") if small else None,
        height=170,
    )


def with_stops(
    chart: alt.LayerChart, marks: Sequence[tuple[int, str]], *, last: int, moment: int, log_steps: bool = False
) -> alt.LayerChart:
    """Return the picture of a run over its steps, with a numbered line at each of `marks` (step, number).

    They appear at `moment`, when the run has ended. The first ended it and is drawn in full colour, the others quietly.
    """
    rows = [
        {"step": step, "number": number, "first": place == 0, "moment": moment}
        for place, (step, number) in enumerate(marks)
    ]
    fired = so_far(alt.Chart(alt.InlineData(values=rows))).encode(x=step_axis(last, log=log_steps))
    color = alt.ColorValue(QUIET, condition={"test": "datum.first", "value": SECOND})
    rule = fired.mark_rule(strokeWidth=2, strokeDash=[6, 3], aria=False).encode(color=color)
    words = fired.mark_text(fontSize=13, fontWeight="bold", dx=-9, baseline="top", aria=False)
    return layers(
        rule,
        words.encode(y=alt.YValue(2), text=alt.Text("number:N"), color=color),
        *chart.layer,
        data=chart.data,
        height=chart.height,
    )
