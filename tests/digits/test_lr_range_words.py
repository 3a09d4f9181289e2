"""What is said of a range test, on made-up tests whose numbers one can see."""

import numpy as np
import pandas as pd

from sgd_core.digits.lr_range import SUGGESTIONS
from sgd_core.digits.lr_range_words import (
    TITLES,
    achieved_in_words,
    range_in_words,
    spread_in_words,
    tell_range,
)
from tests.numbers_in_words import numbers, written

RATES = np.geomspace(1e-7, 1.0, 8)
FOUND = {"valley": 0.003, "steep": 0.02, "minimum": 0.01, "slide": 0.05}
ENDS = pd.DataFrame({"suggestion": list(FOUND), "train_loss": [0.3, 0.1, 0.2, np.inf]})
SPREAD = pd.DataFrame(
    [
        {"seed": seed, "suggestion": name, "lr": lr * (1 + seed * (3 if name == "steep" else 1))}
        for seed in range(5)
        for name, lr in FOUND.items()
    ]
)


def a_test(smoothed):
    return pd.DataFrame({"lr": RATES[: len(smoothed)], "smoothed": smoothed})


def test_every_suggestion_has_a_title():
    assert list(TITLES) == list(SUGGESTIONS)


def test_a_test_that_stops_by_itself():
    begin, end, between, draw = tell_range(a_test([0.5, 0.45, 0.4, 0.3, 1.25]), FOUND, ENDS, SPREAD)
    assert numbers(begin) == ["5", "10⁻⁷", "0.5", "0.3", *written(RATES[3], digits=2)]
    assert numbers(end) == [*written(RATES[4], digits=2), "5"] and "stopped by itself" in end
    assert numbers(between) == ["0.003", "0.05", *written(0.05 / 0.003, digits=2)]
    assert "**Steep** gets the lowest loss" in between
    assert numbers(draw) == ["5", "13"] and "*Steep*" in draw  # 1 + 3 x 4 against 2 x 4 - 3 = 5


def test_a_test_that_goes_on_to_its_end():
    _, end, *_ = tell_range(a_test([0.5, 0.3, 0.4, 1.2]), FOUND, ENDS, SPREAD)
    assert numbers(end) == written(RATES[3], digits=2) and end.startswith("Even")


def test_a_test_without_numbers_at_its_end_has_stopped_by_itself():
    _, end, *_ = tell_range(a_test([0.5, 0.3, np.nan]), FOUND, ENDS, SPREAD)
    assert "stopped by itself" in end and numbers(end) == [*written(RATES[2], digits=2), "3"]


def test_a_smoothed_loss_that_never_falls_has_no_lowest_place_to_take_a_tenth_of():
    begin, *_ = tell_range(a_test([0.375, 0.4, 0.5, 1.6]), FOUND, ENDS, SPREAD)
    assert numbers(begin) == ["4", "10⁻⁷", "0.375"] and "tenth" not in begin


def test_where_all_suggestions_diverge_or_one_is_left():
    _, _, between, _ = tell_range(a_test([0.5, 0.3]), FOUND, ENDS.assign(train_loss=np.inf), SPREAD)
    assert "all of them diverge" in between
    assert len(tell_range(a_test([0.5, 0.3]), {"valley": 0.003}, ENDS[:1], SPREAD)) == 2


def test_the_pictures_in_words():
    told = range_in_words(a_test([0.5, 0.3, 1.3]), FOUND)
    assert numbers(told) == ["0.5", "0.3", "0.003", "0.02", "10", "0.01", "0.05"]
    told = spread_in_words(SPREAD)
    assert numbers(told) == ["5", "0.003", "0.015", "0.02", "0.26", "10", "0.01", "0.05", "0.05", "0.25"]


def test_what_a_suggestion_achieves():
    rates = pd.Series(np.geomspace(0.001, 0.1, 32))
    end = pd.Series({"train_loss": 0.1234, "valid_accuracy": 0.9765})
    quarters = np.percentile(rates, [25, 75])
    told = ["5", "0.123", "97.7", "32", "0.001", "0.1", *written(*quarters, digits=2)]
    assert numbers(achieved_in_words(end, rates, 5)) == told
