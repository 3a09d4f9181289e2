"""The rows of the strip of answers say the same as the whole table of answers, with a row only where one changes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sgd_core.charts.answers import answer_rows

NAMES = ["three", "seven", "nine"]


@given(arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=st.integers(0, 2)))
def test_rows_hold_exactly_what_was_said_at_each_moment(decided: np.ndarray) -> None:
    truth = np.arange(decided.shape[1]) % 3
    rows = answer_rows(decided, truth, NAMES)
    for moment in range(len(decided)):
        now = rows[(rows["moment"] <= moment) & (moment < rows["until"])].sort_values("image")
        assert list(now["image"]) == list(range(decided.shape[1]))
        assert list(now["said"]) == [NAMES[said] for said in decided[moment]]
        assert list(now["right"]) == list(decided[moment] == truth)
    changes = int((decided[1:] != decided[:-1]).sum())
    assert len(rows) == decided.shape[1] + changes
