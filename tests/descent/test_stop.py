"""Stop rules on runs whose end is known in closed form."""

import math

import numpy as np
import pandas as pd
import pytest

from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.stop import (
    Rules,
    divergence,
    no_improvement,
    number_of_steps,
    safer_rate,
    small_gradient,
    stops,
    time_budget,
    within,
)
from sgd_core.numbers import number

SQUARE = parse_function("x**2")
RUN = descend(SQUARE, -1.5, 0.1, 100)  # w shrinks to 0.8 of itself each step


@pytest.mark.parametrize("least", [1.0, 0.1, 1e-3, 1e-6])
def test_small_gradient_fires_at_the_closed_form_s_step(least):
    assert small_gradient(RUN, least).step == math.ceil(math.log(least / 3) / math.log(0.8))


def test_small_gradient_counts_both_signs_and_may_never_fire():
    bounce = descend(SQUARE, -1.5, 1.0, 50)
    assert small_gradient(bounce, 3.0).step == 0 and small_gradient(bounce, 2.9) is None


@pytest.mark.parametrize(
    ("losses", "patience", "improvement", "step"),
    [
        ([5, 4, 3, 3, 3, 2], 2, 0, 4),
        ([5, 4, 3, 3, 3, 2], 3, 0, None),
        ([5, 6, 7, 4, 4, 4], 2, 0, 2),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.5], 3, 0.25, 6),  # 4.7 beats 5 by 0.3, the rest is too little
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5], 2, 0.25, 2),
        ([1, math.nan, math.nan, math.nan], 2, 0, 2),
    ],
)
def test_patience_counts_steps_since_the_best_loss(losses, patience, improvement, step):
    run = pd.DataFrame({"step": range(len(losses)), "loss": losses})
    reached = no_improvement(run, patience, improvement)
    assert (reached.step if reached else None) == step


def test_steps_and_time():
    assert number_of_steps(RUN, 100).step == 100 and number_of_steps(RUN, 101) is None
    assert time_budget(RUN, 0.01, 0.0005).step == 20 and time_budget(RUN, 1.0, 0.0005) is None
    assert time_budget(RUN, 1.0, 0.0) is None


def test_the_earliest_rule_comes_first_and_all_are_told():
    reached = stops(RUN, Rules(100, gradient=0.001, patience=10, improvement=0.001, seconds=0.01), 0.0005)
    assert [stop.rule for stop in reached] == ["time budget", "no improvement", "small gradient", "number of steps"]
    assert [stop.step for stop in reached] == sorted(stop.step for stop in reached)


def test_divergence_tells_the_numbers_before():
    run = descend(SQUARE, -1.5, 3.0, 500)  # w is multiplied by −5
    stop = divergence(run)
    before = run.iloc[stop.step - 1]
    assert not np.isfinite(run["loss"].iloc[stop.step]) and np.isfinite(before["loss"])
    assert number(before["loss"]) in stop.reason and "too large" in stop.reason
    assert divergence(RUN) is None
    left = divergence(descend(parse_function("x - log(x)"), 4.0, 6.0, 5))
    assert left.step == 1 and "no value" in left.reason and "w = −0.5" in left.reason
    assert divergence(descend(parse_function("log(x)"), -1.0, 0.1, 5)).step == 0


def test_a_safer_rate_is_the_largest_half_that_works():
    rate, loss = safer_rate(SQUARE, -1.5, 3.0, 100, Optimizer("sgd"))
    assert rate == 0.75 and loss == pytest.approx((1.5 * 0.5**100) ** 2)
    assert safer_rate(parse_function("log(x)"), -1.0, 0.1, 10, Optimizer("sgd")) is None


def test_within_is_the_closed_form():
    for share in (0.5, 0.01, 1e-4):
        assert within(RUN, 0.0, share) == math.ceil(math.log(share) / math.log(0.64))
    assert within(descend(SQUARE, -1.5, 1.0, 50), 0.0) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 5, "gradient": -1.0}, "gradient"),
        ({"steps": 5, "gradient": math.nan}, "gradient"),
        ({"steps": 5, "patience": 0}, "patience"),
        ({"steps": 5, "seconds": math.inf}, "seconds"),
        ({"steps": 5, "improvement": -0.1}, "improvement"),
    ],
)
def test_senseless_rules_get_a_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        Rules(**arguments)
