"""The ranges that curves of several runs, of many seeds and of a run's steps are drawn in hold all that is to be seen."""

import numpy as np
import pytest

from sgd_core.charts.over_steps import step_lengths
from sgd_core.charts.runs import overlay_window, seed_window
from sgd_core.charts.stop import slope_sizes


def test_runs_over_each_other() -> None:
    assert overlay_window(np.array([0.5, 0.97, np.nan]), accuracy=True) == ((pytest.approx(0.4), 1.0), False)
    (low, high), log = overlay_window(np.array([0.3, 0.7, np.inf]), accuracy=False)
    assert low == 0 and 0.7 < high < 1 and not log
    (low, high), log = overlay_window(np.array([0.01, 7.0, 0.0]), accuracy=False)
    assert log and low == pytest.approx(0.009) and high == pytest.approx(7.7)


def test_many_seeds() -> None:
    low, high = seed_window(np.array([0.923, 0.981, np.nan]), accuracy=True)
    assert (low, high) == (pytest.approx(0.91), pytest.approx(0.99))
    assert seed_window(np.array([0.99, 1.0]), accuracy=True)[1] == 1.0
    low, high = seed_window(np.array([0.2, 0.7, np.inf]), accuracy=False)
    assert 0 <= low < 0.2 and 0.7 < high < 0.9


def test_lengths_of_steps_and_sizes_of_slopes() -> None:
    moments = np.arange(4)
    spec = step_lengths(np.array([3.0, -1.5, 0.75, np.nan]), moments, lr=0.1, longest=2.0).to_dict()
    rows = [row for data in spec["datasets"].values() for row in data]
    assert [row["value"] for row in rows if "value" in row] == [3.0, 1.5, 0.75], "the step that led there"
    assert '"domain": [0.0, 2.0]' in str(spec).replace("'", '"'), "not longer than what is to be seen"
    slopes = slope_sizes(np.array([3.0, 0.3, 0.03]), moments[:3], 1e-5, last=2).to_dict()
    assert "[1e-05, 10.0]" in str(slopes) and "small gradient" in str(slopes)
