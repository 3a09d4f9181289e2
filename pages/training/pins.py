"""Pinned runs: the runs of a visit that are kept to compare, by name."""

import streamlit as st

from sgd_core.digits.comparison import CURVE, SavedRun, name_by_difference
from sgd_core.digits.history import history_frame, thinned
from sgd_core.digits.run import Run

MOST_PINS = 30


def pins() -> dict[str, SavedRun]:
    """Return the visit's pinned runs by name, oldest first."""
    if "training_pins" not in st.session_state:
        st.session_state["training_pins"] = {}
    kept: dict[str, SavedRun] = st.session_state["training_pins"]
    return kept


def pin(run: Run) -> None:
    """Keep the run as it stands, named by what sets it apart from those that are kept."""
    if run.latest.step == 0:
        st.toast("Train at least one step, then pin the run.", icon=":material/push_pin:")
        return
    if len(pins()) >= MOST_PINS:
        st.toast(f"{MOST_PINS} runs are pinned, and more are not kept: remove one first.", icon=":material/push_pin:")
        return
    curves = history_frame(thinned(run.moments, 200))[CURVE]
    saved = SavedRun(run.config, curves, run.latest, run.origin.moment.step if run.origin else None)
    name = name_by_difference(saved, pins())
    pins()[name] = saved
    st.toast(f"Pinned as “{name}”.", icon=":material/push_pin:")
