"""The runs of this page: one for each setting, kept while the learner looks elsewhere."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import streamlit as st

from sgd_core.playback import Playback

MOST_RUNS = 8


def run_of(name: Hashable, start: Callable[[], Iterable[Any]]) -> Playback[Any]:
    """Return the session's run of that name, begun or not; `start()` makes a new one's moments."""
    runs: OrderedDict[Hashable, Playback[Any]] = st.session_state.setdefault("pitfalls_runs", OrderedDict())
    run = runs.pop(name, None) or Playback(start())
    runs[name] = run
    while len(runs) > MOST_RUNS:
        runs.popitem(last=False)[1].close()
    return run
