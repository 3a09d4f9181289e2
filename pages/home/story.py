"""The Home page's only section: the loop, its seven steps, and the way into the lessons."""

import streamlit as st

from pages.home.walk import Walk
from pages.ui.datasets import fetch_button, shelf
from pages.ui.page import PAGES, Page
from pages.ui.shown import Picture
from sgd_core.charts.loop import STEPS, loop_frame, loop_picture
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import available

LAST = len(STEPS) - 1


def story(page: Page) -> None:
    """Walk through the seven steps."""
    with page.more("Other random weights", icon=":material/casino:"):
        seed = page.whole("seed", "Seed of the random weights", 0, 9999, 0)
    at = page.position("at", LAST)
    page.show(
        Picture(
            loop_picture(loop_frame(at)),
            "The loop of seven steps: initialize, predict, loss, gradient, step, repeat, stop. Press a box to go there.",
            on_pick=lambda picked: page.set("at", int(picked["step"])),
            where=page.notes,
        ),
        "loop",
    )
    with page.controls, st.container(horizontal=True):
        page.turn("at", "Back", -1, at > 0, icon=":material/arrow_back:")
        last = at == LAST
        page.turn("at", "Start over" if last else "Next", -at if last else 1, True, type="primary")
    Walk(page, seed).show(at)
    with page.below:
        _invite()
        _lessons()
    with page.more("Data sets", icon=":material/database:"):
        shelf()


def _invite() -> None:
    """Tell who has only the small digits that the real ones are one press away."""
    source = SOURCES["mnist"]
    if available(source.key):
        return
    with st.container(border=True, key="home_invite"):
        left, right = st.columns([5, 2], vertical_alignment="center")
        left.markdown(
            f"These digits are small, 8 × 8 pixels. **{source.title}** has larger ones, and all pages use it once it is "
            "here: one press and some seconds."
        )
        with right:
            fetch_button(source, "home_fetch_mnist")


def _lessons() -> None:
    st.subheader("The lessons", anchor=False)
    lessons = [row for name, row in PAGES.items() if name != "home"]
    for column, row in zip(st.columns(len(lessons), gap="small"), lessons, strict=True):
        with column.container(border=True, height="stretch"):
            st.page_link(row.path, label=f"**{row.title}**", icon=row.icon)
            st.caption(row.promise)
