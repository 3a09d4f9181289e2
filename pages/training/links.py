"""The link of a branch: it holds the parent too, which is trained again on arrival, bit for bit."""

import json
from itertools import takewhile

import streamlit as st

from pages.training.fields import MOST_EPOCHS
from pages.training.session import branch, leave_branch
from pages.ui.datasets import digits_of
from pages.ui.page import Page
from sgd_core.digits.run import Origin, Run
from sgd_core.digits.segments import Segment, from_plain, replay, split_at, to_plain
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import available

NAME = "from"
MOST_BRANCHES = 10  # one off the other in a link


def follow_link(page: Page) -> None:
    """Make the branch that the link begins with, once a visit; a link that makes no sense is answered."""
    asked = st.query_params.get(page.key(NAME))
    if st.session_state.setdefault("training_followed", asked is None):
        return
    st.session_state["training_followed"] = True
    try:
        chain = [_ancestor(plain) for plain in _list(asked or "")]
        with st.spinner("Training the run that this one is a branch of …"):
            for segments, step in chain:
                _make_again(segments, step)
    except ValueError as error:
        leave_branch()
        page.say(f"The link names a branch that cannot be made again: {error} The settings begin from the start.")


def tell_link(page: Page, run: Run) -> None:
    """Put the branch, or that there is none, into the address, and say what the link does not hold."""
    chain = _chain(run)
    text = json.dumps([[to_plain(own), step] for own, step in chain], separators=(",", ":")) if chain else ""
    page.write_address(NAME, text)
    if text:
        page.hold(NAME, text)
    else:
        page.values.pop(NAME, None)
    page.not_in_link(left_out(run))


def left_out(run: Run) -> str | None:
    """Return what a link to this run does not hold, as a sentence; None if it holds everything."""
    home = "Script and notebook under “Take it home” tell all of it."
    if run.digits.name not in SOURCES:
        return "**The link does not hold your drawings.** Save them as a file, and load it where the link is opened."
    chain = _chain(run)
    if chain is None:
        return (
            "**The link re-runs these settings from the start, without the branch**, which has too long a story for a "
            f"link. {home}"
        )
    if run.steered:
        begin = "from the branch on" if chain else "from the start"
        return f"**The link does not hold what was changed in mid-run**: it runs the present settings {begin}. {home}"
    return None


def _chain(run: Run) -> list[tuple[tuple[Segment, ...], int]] | None:
    chain = run.origin.chain if run.origin else []
    return chain if len(chain) <= MOST_BRANCHES else None


def _ancestor(plain: object) -> tuple[list[Segment], int]:
    if not isinstance(plain, list) or len(plain) != 2:
        raise ValueError("it cannot be read.")
    segments = from_plain(plain[0])
    if not isinstance(plain[1], int) or isinstance(plain[1], bool) or segments[-1].steps is None:
        raise ValueError("it names no step of the parent.")
    return segments, plain[1]


def _list(text: str) -> list[object]:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        found = None
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_BRANCHES:
        raise ValueError("it cannot be read.")
    return found


def _make_again(segments: list[Segment], step: int) -> None:
    config = segments[-1].config
    origin: Origin | None = st.session_state.get("training_origin")
    if not available(config.dataset):
        raise ValueError(f"its images, {SOURCES[config.dataset].title}, are not on this computer yet.")
    begin = origin.moment.step if origin else 0
    if step < begin:
        raise ValueError(f"its parent begins after step {step:,}.")
    before, rest = split_at(segments, step - begin)  # so that the moment at which the branch leaves is recorded
    digits = digits_of(config.dataset, config.classes)
    again = replay([*before, *rest], digits, origin.moment if origin else None)
    moments = list(takewhile(lambda now: now.epoch <= MOST_EPOCHS, again))
    places = [place for place, now in enumerate(moments) if now.step == step]
    if not places:
        raise ValueError(f"its parent never makes step {step:,}.")
    run = Run(config, digits, origin, source=iter(moments))
    run.segments = (*(origin.segments if origin else ()), *segments[:-1])
    run.moments = moments
    branch(run, places[-1])
