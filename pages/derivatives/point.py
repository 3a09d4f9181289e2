"""The point that the first three sections look at: choosing x, and what to say where there is no slope."""

import math

import streamlit as st

from pages.ui.controls import Controls, by_hand, lead
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.calculus.sampling import At

FARTHEST = 1e6


def choose_point(controls: Controls, function: Function, start: float) -> float:
    """Draw the choice of x above the pictures, as a slider and as an exact number, which is what counts.

    Another function begins at its own `start`; the same function, typed anew, keeps x.
    """
    key, picked = controls.key("x"), controls.values["function"]
    if st.session_state.setdefault(f"_{key}_of", picked) != picked:
        st.session_state[f"_{key}_of"] = picked
        st.session_state[key] = start
    slider_key = f"{key}_slider"

    def slid() -> None:
        if by_hand(slider_key):
            st.session_state[key] = round(float(st.session_state[slider_key]), 9)

    low, high = function.domain
    step = (high - low) / 600
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with right:
        x = controls.number(
            "x",
            "x, exact",
            -FARTHEST,
            FARTHEST,
            start,
            step=step,
            label_visibility="collapsed",
            help="Any number, outside of the picture too.",
        )
    nearest = low + round((min(max(x, low), high) - low) / step) * step
    lead(slider_key, min(max(nearest, low), high))
    left.slider("x, the point to look at", low, high, step=step, key=slider_key, on_change=slid)
    return x


def go_to(controls: Controls, x: float) -> None:
    """Move the point, as a click on a curve does."""
    st.session_state[controls.key("x")] = round(x, 9)


def signed(value: float) -> str:
    """Write a slope with four digits and its sign; zero has none."""
    return f"{value:+.4g}" if value else "0"


def explain_trouble(function: Function, at: At) -> bool:
    """Say why there is no slope at this point, if there is none; return whether value and slope can be used."""
    where = f"`{function.formula}` at x = {at.x:g}"
    if math.isnan(at.value):
        st.error(
            f"{where} has no value, so there is nothing to differentiate: PyTorch answers nan, “not a number”. "
            + (
                f"Asked for the slope, it still says {at.slope:.4g}, because that rule can be computed here; a slope "
                "without a curve means nothing. "
                if math.isfinite(at.slope)
                else ""
            )
            + "Move x to a place on the curve.",
            icon=":material/block:",
        )
        return False
    if math.isinf(at.value):
        st.error(
            f"{where} is beyond the largest number a computer holds in 64 bits (about 1.8e308): PyTorch answers "
            f"{at.value}. Move x to a place on the curve.",
            icon=":material/block:",
        )
        return False
    if math.isnan(at.slope):
        st.error(
            f"{where} has the value {at.value:.4g}, but no slope can be computed: on the way back the chain rule meets "
            "0 × infinity, and PyTorch answers nan. Move x a little.",
            icon=":material/block:",
        )
        return False
    if math.isinf(at.slope):
        st.error(
            f"{where} has a vertical tangent: its slope is not a number, and PyTorch answers {at.slope}. "
            "Move x a little.",
            icon=":material/block:",
        )
        return False
    sides = kink(function, at.x)
    if sides:
        st.warning(
            f"There is a kink at x = {at.x:g}: the slope is {sides[0]:+.4g} just left of it and {sides[1]:+.4g} just "
            f"right of it, so **there is no derivative here**. PyTorch must answer something and says {at.slope:g}: "
            "inside of it, abs and relu count as flat exactly at 0. Any slope between the two would be as right "
            "(a *subgradient*); training hardly ever lands on such a point.",
            icon=":material/change_history:",
        )
    return True
