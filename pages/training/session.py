"""The runs of a visit: one for each configuration and beginning, kept while the learner looks elsewhere."""

from collections import OrderedDict
from dataclasses import replace
from typing import cast

import pandas as pd
import streamlit as st

from pages.ui.page import Page
from sgd_core.charts.history import HISTORY
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.history import history_frame, thinned
from sgd_core.digits.run import Origin, Run
from sgd_core.digits.sources import SOURCES

MOST_RUNS = 6


def run_of(page: Page, config: TrainConfig, digits: Digits) -> Run:
    """Return the visit's run of these settings, as far on as its clock asks.

    Learning rate, epochs and the other limits are not part of what tells runs apart: changed in the middle of a run,
    they take effect at the next step that is computed, and more epochs let a finished run go on. A learning rate that
    is changed before the first step, or when the run is over, begins another run.
    """
    runs: OrderedDict[object, Run] = st.session_state.setdefault("training_runs", OrderedDict())
    origin = _origin_for(config)
    own_images = None if digits.name in SOURCES else id(digits)
    name = (origin, own_images, replace(config, lr=1.0, epochs=1, patience=None, seconds=None))
    run, grey = runs.get(name), None
    again = st.session_state.pop("training_again", False)
    if run is not None and (again or (run.config.lr != config.lr and (run.over or len(run.moments) == 1))):
        grey, run = curves_of(run) if len(run.moments) > 1 else run.grey, None
    if run is None:
        run = Run(config, digits, origin, grey)
    run.follow(config)
    keep(name, run)
    at_rest = run
    return cast(Run, page.recording(("training", run.id.split("-")[0]), lambda: at_rest, ahead=1))


def keep(name: object, run: Run) -> None:
    """Keep a run for the visit, as the latest one; the oldest ones go."""
    runs: OrderedDict[object, Run] = st.session_state.setdefault("training_runs", OrderedDict())
    runs[name] = run
    runs.move_to_end(name)
    while len(runs) > MOST_RUNS:
        runs.popitem(last=False)[1].close()


def begin_again(run: Run) -> None:
    """Let the same settings make a run anew, if this one did not keep to them."""
    if run.steered or run.every is not None:
        st.session_state["training_again"] = True


def fresh_run() -> None:
    """Let the next run begin from the start, whatever there is."""
    st.session_state["training_again"] = True


def _origin_for(config: TrainConfig) -> Origin | None:
    """Return where the present branch begins; None on no branch, which is also left for a model of other weights."""
    origin: Origin | None = st.session_state.get("training_origin")
    if origin is None or _shape(origin.config) == _shape(config):
        return origin
    st.toast(
        "The branch is left: its weights do not fit this model, these classes or these inputs.",
        icon=":material/call_split:",
    )
    leave_branch()
    return None


def _shape(config: TrainConfig) -> tuple[object, ...]:
    hidden = config.hidden if config.model == "two_layer" else None
    return config.dataset, config.classes, config.model, hidden, config.inputs


def leave_branch(to: Origin | None = None) -> None:
    """Leave the branch, for no branch or for the one that it branched from."""
    st.session_state["training_origin"] = to


def branch(run: Run, at: int) -> None:
    """Begin a branch at a moment of a run."""
    leave_branch(run.origin_at(at, curves_of(run)))


def curves_of(run: Run) -> pd.DataFrame:
    """Return a run's curves (`HISTORY`) at 200 moments at most, to compare others with."""
    return history_frame(thinned(run.moments, 200))[HISTORY]
