"""Home: the seven steps of learning, run live, and the way into the lessons."""

import streamlit as st

from pages.home.walk import Walk
from pages.ui.datasets import shelf
from pages.ui.frame import PAGES, open_page
from pages.ui.pictures import picture
from sgd_core.charts.loop import STEPS, loop_frame, loop_picture


def show() -> None:
    """Draw Home."""
    controls = open_page(
        "home",
        "How does a machine learn? It guesses, measures how wrong it was, and moves every number a little in the direction "
        "that is less wrong. Seven steps; walk through them on real handwriting.",
    )
    with st.sidebar:
        seed = controls.whole("seed", "Seed of the random weights", 0, 9999, 0)

    at = controls.position("at", len(STEPS) - 1)
    picture(loop_picture, loop_frame(at), alt=f"The loop of seven steps; now at step {at + 1}, {STEPS[at]}.")
    with st.container(horizontal=True):
        controls.turn("at", "Back", -1, at > 0, icon=":material/arrow_back:")
        last = at == len(STEPS) - 1
        controls.turn("at", "Start over" if last else "Next", -at if last else 1, True, type="primary")
    Walk(seed).show(at)

    st.divider()
    st.subheader("The lessons", anchor=False)
    for column, name in zip(st.columns(4), ("derivatives", "stepping", "pitfalls", "training"), strict=True):
        with column.container(border=True, height="stretch"):
            page = PAGES[name]
            st.page_link(page.path, label=f"**{page.title}**", icon=page.icon)
            st.caption(page.promise)

    with st.expander("Data sets", icon=":material/database:", expanded=True):
        shelf()
    controls.close()
