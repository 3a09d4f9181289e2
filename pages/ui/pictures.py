"""Putting a chart on the page so that, from frame to frame, only its data travels.

Building an Altair chart costs as much as painting it. So each picture's specification is built once per set of
parameters, with the rows taken out, and sent again with new rows; the browser then swaps the data in place.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

ChartFunction = Callable[..., alt.Chart | alt.LayerChart]


class _Blueprint:
    """A chart function with its parameters and a sample frame; equal by function and parameters only."""

    def __init__(self, chart: ChartFunction, parameters: tuple[tuple[str, Any], ...], sample: pd.DataFrame) -> None:
        self.chart, self.parameters, self.sample = chart, parameters, sample

    def __hash__(self) -> int:
        return hash((self.chart, self.parameters))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Blueprint) and (self.chart, self.parameters) == (other.chart, other.parameters)


@lru_cache(maxsize=256)
def _specification(blueprint: _Blueprint) -> dict[str, Any]:
    sample = blueprint.sample.head(1)
    spec = blueprint.chart(sample, **dict(blueprint.parameters)).to_dict()
    # Altair names data sets by their content, those written into the chart itself too.
    ours = set(alt.Chart(sample).mark_point().to_dict().get("datasets", {}))
    _settle_data(spec, {name: rows for name, rows in spec.pop("datasets", {}).items() if name not in ours})
    _quiet(spec)
    return spec


def _settle_data(spec: dict[str, Any], own: dict[str, Any]) -> None:
    """Take the sample's rows out, so that every layer reads the one frame sent; the chart's own values stay."""
    data = spec.get("data", {})
    if data.get("name") in own:
        spec["data"] = {"values": own[data["name"]]}
    elif not {"values", "sequence"} & set(data):
        spec.pop("data", None)
    for layer in spec.get("layer", []):
        _settle_data(layer, own)


def _quiet(spec: dict[str, Any]) -> None:
    """Keep marks that have nothing to tell from screen readers: the chart's sentence speaks for them.

    A layer that is empty at the moment, such as the arrow of a step of no length, would be read as a nameless image.
    """
    mark = spec.get("mark")
    if mark is not None and "tooltip" not in spec.get("encoding", {}):
        spec["mark"] = {**(mark if isinstance(mark, dict) else {"type": mark}), "aria": False}
    for layer in spec.get("layer", []):
        _quiet(layer)


def picture(
    chart: ChartFunction,
    frame: pd.DataFrame,
    *,
    alt: str,
    live: bool = False,
    slot: DeltaGenerator | None = None,
    width: Literal["stretch", "content"] = "stretch",
    key: str | None = None,
    **parameters: Any,
) -> None:
    """Draw `chart(frame, **parameters)` in `slot` (or here); `parameters` must be hashable and are the whole look.

    `alt` is the sentence that says what the picture shows to someone who cannot see it. In a `live` frame a constant
    one takes its place, because the browser builds the whole chart anew when the sentence changes.
    """
    if live:
        alt = "A picture in motion; pause to have its numbers read."
    spec = _specification(_Blueprint(chart, tuple(sorted(parameters.items())), frame))
    (slot or st).vega_lite_chart(frame, spec, width=width, alt=alt, key=key)


def clickable(
    chart: ChartFunction,
    frame: pd.DataFrame,
    *,
    key: str,
    on_pick: Callable[[dict[str, float]], None],
    alt: str,
    slot: DeltaGenerator | None = None,
    width: Literal["stretch", "content"] = "stretch",
    **parameters: Any,
) -> None:
    """Draw a chart that has a point selection named "pick"; `on_pick` gets the picked fields before the page reruns.

    As with any selection the browser remembers it, so `key` names one chart on one page.
    """
    spec = _specification(_Blueprint(chart, tuple(sorted(parameters.items())), frame))

    def picked() -> None:
        rows = st.session_state[key].selection.get("pick", [])
        if rows:
            on_pick(dict(rows[0]))

    (slot or st).vega_lite_chart(frame, spec, width=width, alt=alt, key=key, on_select=picked, selection_mode="pick")
