"""Putting layers together, with the types that Altair's own signatures lose on the way."""

import math
from typing import Any, cast

import altair as alt

ROOM = 36  # pixels that a y axis takes at least, so that the plots of pictures below each other are in line


def layers(*charts: Any, **properties: Any) -> alt.LayerChart:
    """Return the charts on top of each other, the first one lowest, with the properties of the whole picture."""
    return cast(alt.LayerChart, alt.layer(*charts).properties(**properties))


def bare(chart: alt.LayerChart) -> alt.LayerChart:
    """Return the chart without the frame around its plot."""
    return cast(alt.LayerChart, chart.configure_view(strokeWidth=0))


def value_axis(domain: tuple[float, float], log: bool) -> alt.Axis:
    """Return the axis of a value: plain numbers, or on a logarithmic scale whole decades, at most seven of them."""
    if not log:
        return alt.Axis(tickCount=5, format=".4~g", minExtent=ROOM)  # without its four digits 10 reads 1e+1
    first, last = round(math.log10(domain[0])), round(math.log10(domain[1]))
    stride = -(-(last - first + 1) // 7)
    return alt.Axis(values=[10.0**power for power in range(first, last + 1, stride)], format=".0e", minExtent=ROOM)
