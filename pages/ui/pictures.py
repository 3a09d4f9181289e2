"""Putting a chart on the page so that, from frame to frame, only its data travels."""

from collections.abc import Callable
from typing import Any, Literal

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.specs import Blueprint, ChartFunction, specification


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
    data, spec = specification(Blueprint(chart, parameters, frame, live=live)).filled(frame)
    (slot or st).vega_lite_chart(data, spec, width=width, alt=alt, key=key)


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
    data, spec = specification(Blueprint(chart, parameters, frame, live=False)).filled(frame)

    def picked() -> None:
        rows = st.session_state[key].selection.get("pick", [])
        if rows:
            on_pick(dict(rows[0]))

    (slot or st).vega_lite_chart(data, spec, width=width, alt=alt, key=key, on_select=picked, selection_mode="pick")
