"""Charts as Streamlit sends them: without checking them again, and larger on a projector."""

from typing import Any

import streamlit as st
from altair.utils.schemapi import disable_debug_mode

from sgd_core.charts.enlarged import enlarged
from sgd_core.charts.specification import specification

LARGER = 1.25  # times: charts on a projector

# Every chart has a test that checks it against Vega-Lite's schema. To do it here as well, for each piece of a chart when it is
# made and for the whole when it is sent, takes more time than the chart.
disable_debug_mode()


class Built:
    """A chart that Streamlit turns into a specification without checking it, or one that is a specification already.

    One that stands `in_place` of moving maps has their size, on a projector too.
    """

    def __init__(self, chart: Any, *, in_place: bool = False) -> None:
        """Hold the chart."""
        self._chart, self._in_place = chart, in_place

    def to_dict(self) -> dict[str, Any]:
        """Return the specification, as Streamlit asks for it."""
        made = dict(self._chart) if isinstance(self._chart, dict) else specification(self._chart)
        return enlarged(made, LARGER) if on_projector() and not self._in_place else made


def on_projector() -> bool:
    """Tell whether everything is shown larger: kept for the visit, since a page's own switch is forgotten with the page."""
    return bool(st.session_state.get("_projector"))
