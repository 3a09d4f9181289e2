"""The runs of a visit: one for each configuration, kept while the learner looks elsewhere."""

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import replace

import streamlit as st

from pages.ui.datasets import digits_of
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.history import thinned
from sgd_core.digits.training import Control, Snapshot, train
from sgd_core.playback import Playback

MOST_RUNS = 6


def playback_of(config: TrainConfig) -> Playback[Snapshot]:
    """Return the session's run of these settings, begun or not.

    The learning rate is not part of what tells runs apart: changed in the middle of a run, it takes effect at the next
    step. A run that has not made a step yet simply starts again with it.
    """
    runs: OrderedDict[TrainConfig, Playback[Snapshot]] = st.session_state.setdefault("training_runs", OrderedDict())
    name = replace(config, lr=1.0)
    run = runs.pop(name, None) or Playback(start(config))
    runs[name] = run
    first = run.latest
    if first is not None and first.step == 0 and first.lr != config.lr:
        run.restart(start(config))
    while len(runs) > MOST_RUNS:
        runs.popitem(last=False)[1].close()
    return run


def start(config: TrainConfig) -> Generator[Snapshot, Control | None, None]:
    """Begin the training run of a configuration."""
    return train(config, digits_of(config.dataset, config.classes))


def bound(run: Playback[Snapshot]) -> None:
    """Keep the run's record within its bound; twice the bound is let grow before it is thinned."""
    if len(run.history) > 800:
        run.thin(thinned)
