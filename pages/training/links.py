"""The link of a branch: it holds the parent too, which is trained again on arrival, bit for bit."""

import streamlit as st

from pages.training.fields import MOST_EPOCHS
from pages.training.session import branch, leave_branch
from pages.ui.datasets import digits_of
from pages.ui.page import Page
from sgd_core.digits.branch_links import left_out, read_chain, run_again, write_chain
from sgd_core.digits.run import Origin, Run
from sgd_core.digits.segments import Segment
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import available

NAME = "from"


def follow_link(page: Page) -> None:
    """Make the branch that the link begins with, once a visit; a link that makes no sense is answered."""
    asked = st.query_params.get(page.key(NAME))
    if st.session_state.setdefault("training_followed", asked is None):
        return
    st.session_state["training_followed"] = True
    try:
        chain = read_chain(asked or "")
        with st.spinner("Training the run that this one is a branch of …"):
            for segments, step in chain:
                _make_again(segments, step)
    except ValueError as error:
        leave_branch()
        page.say(f"The link names a branch that cannot be made again: {error} The settings begin from the start.")


def tell_link(page: Page, run: Run) -> None:
    """Put the branch, or that there is none, into the address, and say what the link does not hold."""
    text = write_chain(run)
    page.write_address(NAME, text)
    if text:
        page.hold(NAME, text)
    else:
        page.values.pop(NAME, None)
    page.not_in_link(left_out(run))


def _make_again(segments: list[Segment], step: int) -> None:
    config = segments[-1].config
    origin: Origin | None = st.session_state.get("training_origin")
    if not available(config.dataset):
        raise ValueError(f"its images, {SOURCES[config.dataset].title}, are not on this computer yet.")
    branch(*run_again(segments, step, digits_of(config.dataset, config.classes), origin, MOST_EPOCHS))
