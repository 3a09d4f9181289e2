"""Putting layers together, with the types that Altair's own signatures lose on the way."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from sgd_core.charts.palette import QUIET
from sgd_core.numbers import AXIS_LABEL

ROOM = 36  # pixels that a y axis takes at least, so that the plots of pictures below each other are in line


class Layers(alt.LayerChart):
    """A layered chart, put together without copying its layers; Altair's own makes four copies of each.

    Rows that all layers share belong to the whole, and so do selections, which name the layer that they are made in.
    """

    def __init__(self, data: Any = alt.Undefined, layer: Sequence[Any] = (), **properties: Any) -> None:
        """Put the layers on top of each other, the first one lowest."""
        shared = layer[0].data if layer and data is alt.Undefined else data
        belongs = all(chart.data is shared or chart.data is alt.Undefined for chart in layer)
        known = properties.pop("params", alt.Undefined)
        params, parts = [] if known is alt.Undefined else list(known), []
        for chart in layer:
            part = chart.copy(deep=False)
            if belongs:
                part.data = alt.Undefined
            if part.params is not alt.Undefined:
                params += [self._lifted(param, part) for param in part.params]
                part.params = alt.Undefined
            for name in ("height", "width"):
                if part[name] is not alt.Undefined:
                    properties.setdefault(name, part[name])
                    part[name] = alt.Undefined
            parts.append(part)
        super(alt.LayerChart, self).__init__(
            data=shared if belongs else data, layer=parts, params=params or alt.Undefined, **properties
        )

    @staticmethod
    def _lifted(param: Any, part: Any) -> Any:
        if isinstance(param, (alt.VariableParameter, alt.TopLevelSelectionParameter)):
            return param
        if part.name is alt.Undefined:
            part.name = f"{param.name}_view"
        return alt.TopLevelSelectionParameter(**param._kwds, views=[part.name])


def layers(*charts: Any, **properties: Any) -> alt.LayerChart:
    """Return the charts on top of each other, the first one lowest, with the properties of the whole picture."""
    return Layers(layer=charts, **properties)


LITTLE = {
    "top": 4,
    "bottom": 4,
    "left": 2,
    "right": 4,
}  # pixels around a small picture; unsaid, Streamlit adds 20 below


def filled(share: float) -> dict[str, Any]:
    """Return how marks look that are opaque by this share only.

    They say so by their filling: for each mark that has an opacity as a whole the browser makes a layer of its own, again in
    every frame of whatever moves on the page.
    """
    return {"opacity": 1, "fillOpacity": share}


UNSEEN = filled(0)  # marks that only a pointer finds; page.css keeps them out of painting, too


def bare(chart: alt.LayerChart) -> alt.LayerChart:
    """Take away the frame around the chart's plot, and return the chart."""
    chart.config = alt.Config(view=alt.ViewConfig(strokeWidth=0))
    return chart


def compact(chart: Any) -> Any:
    """Put the words of the chart's axes close to its plot, so that the plot takes the room there is, and return the chart.

    The chart itself is changed: Altair's `configure_axis` copies every layer.
    """
    config = alt.Config() if chart.config is alt.Undefined else chart.config
    config.axis = alt.AxisConfig(titlePadding=3, labelPadding=3)
    config.legend = alt.LegendConfig(padding=0, offset=4, titlePadding=2)
    chart.config = config
    return chart


def value_axis(domain: tuple[float, float], log: bool, most: int = 7) -> alt.Axis:
    """Return the axis of a value: plain numbers, or on a logarithmic scale whole decades, at most so many of them."""
    if not log:
        return alt.Axis(tickCount=min(most, 5), labelExpr=AXIS_LABEL, minExtent=ROOM)
    first, last = round(math.log10(domain[0])), round(math.log10(domain[1]))
    stride = -(-(last - first + 1) // most)
    return alt.Axis(
        values=[10.0**power for power in range(first, last + 1, stride)], labelExpr=AXIS_LABEL, minExtent=ROOM
    )


# ---- Moving with the clock ----
# Every chart that moves has one parameter, the index `t` of the moment shown, bound to a range input that the page's
# clock writes. Its rows have a column `moment`: the first moment at which they are there.

CLOCK = "t"
NOW = f"datum.moment == {CLOCK}"
_MOMENTS = 100_000  # more than any run records: a constant, so that a longer run is no other specification


def so_far(chart: alt.Chart) -> alt.Chart:
    """Return the chart of what has happened up to the moment shown."""
    return chart.transform_filter("datum.moment <= t")


def now(chart: alt.Chart) -> alt.Chart:
    """Return the chart of the moment shown alone."""
    return chart.transform_filter(NOW)


def moved_by_clock(chart: Any, at: int = 0) -> Any:
    """Give the chart the clock's parameter, which stands at moment `at` until the clock moves it, and return the chart.

    The chart itself is changed: Altair's `add_params` copies every layer, which takes longer than building them.
    """
    bound = alt.binding_range(min=0, max=_MOMENTS, step=1, name=CLOCK)
    others = [] if chart.params is alt.Undefined else [one for one in chart.params if one.name != CLOCK]
    chart.params = [*others, alt.param(name=CLOCK, value=at, bind=bound).param]
    return chart


# ---- Axes and marks that many pictures share ----


def step_axis(last: float, *, field: str = "step", title: str | None = "step", log: bool = False) -> alt.X:
    """Return the axis of steps (or epochs) from 0 to `last`; `log=True` spreads the first ones, where most happens."""
    if not log:
        scale = alt.Scale(domain=[0, max(last, 1)], nice=False)
        return alt.X(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickMinStep=1, grid=False))
    ticks = [0.0] + [m * 10.0**power for power in range(7) for m in (1, 3) if m * 10.0**power <= last]
    scale = alt.Scale(type="symlog", constant=1, domain=[0, max(last, 1)], nice=False)
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(values=ticks, labelExpr=AXIS_LABEL, grid=False))


def value_scale(domain: tuple[float, float], log: bool = False) -> alt.Scale:
    """Return the locked scale of a value."""
    return alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")


def kept_in_view(chart: alt.Chart, field: str, domain: tuple[float, float]) -> alt.Chart:
    """Return the chart with `shown`, the value moved to the window's edge where it lies outside, and `edge`, an arrow there."""
    low, high = domain
    return chart.transform_calculate(
        shown=f"min({high!r}, max({low!r}, datum.{field}))",
        edge=f"datum.{field} > {high!r} ? '↑' : datum.{field} < {low!r} ? '↓' : ''",
    )


def inside(chart: alt.Chart) -> alt.Chart:
    """Return the chart of what lies within the window."""
    return chart.transform_filter("datum.edge == ''")


def edge_arrows(chart: alt.Chart, color: str | None = None, size: int = 15) -> alt.Chart:
    """Return the arrows of what lies outside of the window, at its edge; encode x, y, text and tooltip onto them."""
    mark: dict[str, Any] = {"color": color} if color else {}
    return chart.transform_filter("datum.edge != ''").mark_text(
        fontSize=size, fontWeight="bold", dy=alt.expr("datum.edge == '↑' ? 8 : -8"), aria=False, **mark
    )


def level_line(value: float, words: str, domain: tuple[float, float], log: bool = False) -> list[alt.Chart]:
    """Return a line across at `value` with its words at the right, below it where it lies close to the top."""
    scale, place = value_scale(domain, log), min(max(value, domain[0]), domain[1])
    share = (
        math.log(place / domain[0]) / math.log(domain[1] / domain[0])
        if log
        else (place - domain[0]) / (domain[1] - domain[0])
    )
    level = alt.Chart(alt.InlineData(values=[{"level": place, "words": words}]))
    rule = level.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5).encode(y=alt.Y("level:Q", scale=scale))
    name = level.mark_text(
        color=QUIET,
        align="right",
        baseline="top" if share > 0.85 else "bottom",
        dx=-4,
        dy=4 if share > 0.85 else -4,
        fontSize=12,
    ).encode(x=alt.XValue("width"), y=alt.Y("level:Q", scale=scale), text=alt.Text("words:N"))
    return [rule, name]
