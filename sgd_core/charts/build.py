"""Putting layers together, with the types that Altair's own signatures lose on the way."""

from typing import Any, cast

import altair as alt


def layers(*charts: Any, **properties: Any) -> alt.LayerChart:
    """Return the charts on top of each other, the first one lowest, with the properties of the whole picture."""
    return cast(alt.LayerChart, alt.layer(*charts).properties(**properties))


def bare(chart: alt.LayerChart) -> alt.LayerChart:
    """Return the chart without the frame around its plot."""
    return cast(alt.LayerChart, chart.configure_view(strokeWidth=0))
