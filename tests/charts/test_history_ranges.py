"""The ranges of a run's curves, by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from sgd_core.charts.history_ranges import epoch_range, error_range, loss_range, seen_from


def history(begin: int, end: int, per_epoch: int = 5) -> pd.DataFrame:
    steps = np.arange(begin, end + 1)
    return pd.DataFrame({"step": steps, "epoch": steps / per_epoch})


def test_the_whole_run_is_as_long_as_it_is_planned_or_longer() -> None:
    assert epoch_range(history(0, 10), 50, 5, log_steps=False, stretch=False) == (0, 10)
    assert epoch_range(history(25, 80), 50, 5, log_steps=False, stretch=False) == (5, 16)
    assert epoch_range(history(0, 10), 50, 5, log_steps=True, stretch=True) == (0, 50)


@pytest.mark.parametrize(("at", "begin", "end"), [(1, 0.2, 0.8), (40, 3.2, 12.8), (63, 3.2, 12.8), (64, 6.4, 20.0)])
def test_the_last_stretch_moves_at_powers_of_two(at: int, begin: float, end: float) -> None:
    """At step 40 of 100 it begins at step 16, half of 32, and ends at step 64."""
    assert epoch_range(history(0, at), 100, 5, log_steps=False, stretch=True) == pytest.approx((begin, end))


def test_losses_before_the_range_have_no_say_and_numbers_that_are_none_neither() -> None:
    frame = pd.DataFrame(
        {
            "part": ["parent", "run", "run", "run", "mark"],
            "epoch": [0.0, 1.0, 2.0, 3.0, 0.0],
            "loss": [5.4, 0.03, 0.011, math.inf, math.nan],
        }
    )
    assert loss_range(frame, log=False) == (0.0, 6.0)
    seen = seen_from(frame, 1.0)
    assert list(seen["part"]) == ["run", "run", "run", "mark"]
    low, high = loss_range(seen, log=False)
    assert low == 0 and 0.03 < high <= 0.04
    assert loss_range(seen, log=True) == pytest.approx((0.01, 0.1))
    assert loss_range(seen[seen["loss"] > 1], log=True)[0] < loss_range(seen[seen["loss"] > 1], log=True)[1]


def test_errors_reach_to_whole_decades_but_not_below_half_an_image() -> None:
    assert error_range([0.5, 0.02, 0.0], 73) == (0.01, 1.0)
    assert error_range([0.5, 0.0013], 2000) == (0.001, 1.0)
    assert error_range([0.0002], 100) == (0.005, 1.0)
    assert error_range([0.0], 1000) == (0.01, 1.0)
