"""The function and the point that the sections on one weight look at, and what to say where there is no slope."""

import streamlit as st

from pages.ui.page import Page
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import start_inside
from sgd_core.calculus.slope_words import tell_kink
from sgd_core.calculus.trouble import trouble

FARTHEST = 1e6


def choose_point(page: Page) -> tuple[Function, float]:
    """Draw the choice of a function and of x: a slider, and the exact number, which is what counts.

    Another function begins at its own start; the same one, typed anew, keeps x where it has a value there.
    """
    function, start = page.choose_function()
    start = start_inside(function, start)
    key, picked = page.key("x"), page.values["function"]
    chosen = (picked, function.formula)
    before = st.session_state.setdefault(f"_{key}_of", chosen)
    if before != chosen:
        st.session_state[f"_{key}_of"] = chosen
        kept = st.session_state.get(key, start)
        if before[0] != picked or trouble(function, kept):
            page.set("x", start)
    return function, exact_slider(page, "x", "x, the point to look at", function.domain, start)


def exact_slider(page: Page, name: str, label: str, domain: tuple[float, float], start: float) -> float:
    """A slider over the domain with the exact number beside it, which may lie outside of the domain too."""
    key = page.key(name)
    slider_key, synced = f"{key}_slider", f"_{key}_synced"
    low, high = domain
    step = (high - low) / 600

    def slid() -> None:
        st.session_state[key] = st.session_state[synced] = round(float(st.session_state[slider_key]), 9)

    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_row", gap="small"):
        slider = st.container()
        x = page.number(
            name,
            f"{name}, exact",
            -FARTHEST,
            FARTHEST,
            start,
            step=step,
            label_visibility="collapsed",
            width=110,
            help="Any number, outside of the picture too.",
        )
    # A click, a link or a typed number moves the slider once; written in every run it would lose key presses.
    if st.session_state.get(synced) != x or st.session_state.get(f"{synced}_domain") != domain:
        st.session_state[synced], st.session_state[f"{synced}_domain"] = x, domain
        page.write(slider_key, low + round((min(max(x, low), high) - low) / step) * step)
    page.write_again(slider_key)
    slider.slider(label, low, high, step=step, key=slider_key, on_change=slid)
    return x


def explain_trouble(function: Function, x: float) -> bool:
    """Say why there is no slope at this point, if there is none; return whether value and slope can be used."""
    told = trouble(function, x)
    if told:
        st.error(f"{told} Move x to a place on the curve.", icon=":material/block:")
        return False
    kinked = tell_kink(function, x)
    if kinked:
        st.warning(kinked, icon=":material/change_history:")
    return True
