"""What is said of four learning rates and of an axis of them, against closed forms and against steps taken by hand."""

import math

import numpy as np
import pytest

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.axis import six_decades, survey
from sgd_core.descent.descend import descend
from sgd_core.descent.objective import Objective
from sgd_core.descent.regime_cases import CASES, FOUR_RATES
from sgd_core.descent.regime_words import (
    NOBODY,
    SEVERAL,
    first_to_arrive,
    regime_counts,
    regime_numbers,
    tell_axis,
    tell_regimes,
)
from tests.numbers_in_words import numbers, written

PARABOLA = Objective(parse_function("3*(x - 1)**2"), -2.0, 25)  # a = 6, from a loss of 27
RATES = (0.01, 0.1, 0.3, 0.35)
LOGISTIC = Objective(CATALOGUE["logistic"].function, -4.0, 30)
A = 3 * max(np.roots([1, 0, -2, 0.2]).real) ** 2 - 2  # of x**4/4 - x**2 + x/5 at the minimum on the right


def four(objective, rates):
    return survey(objective.function, objective.start, rates, objective.steps, objective.minimum)


def arrival(lr, a=6.0):
    """The step at which 1 % of the gap is left on a parabola; None where that never is."""
    share = (1 - lr * a) ** 2
    return math.ceil(math.log(0.01) / math.log(share)) if share < 1 else None


def logistic_arrival(lr, start=-4.0):
    """The step from which on 1 % of the way down to 0 is left, by taking every step."""
    w, first = start, math.log1p(math.exp(-start))
    for step in range(2001):
        if math.log1p(math.exp(-w)) <= 0.01 * first:
            return step
        w += lr / (1 + math.exp(w))
    return None


def test_on_a_parabola_every_number_is_the_closed_form():
    borders, slow, bouncing, wild = tell_regimes(PARABOLA, four(PARABOLA, RATES))
    assert numbers(borders) == written(6, 1, 6, 1, 1 / 6, 2, 2 / 6) and "exact" in borders
    assert numbers(slow) == written(0.01, arrival(0.01), 1) and arrival(0.01) == 38
    assert numbers(bouncing) == written(0.3, 1, arrival(0.3))
    assert numbers(wild) == written(0.35, 25) + written(27 * (1 - 0.35 * 6) ** 50, digits=3)


def test_one_step_is_one_step():
    once = Objective(PARABOLA.function, -2.0, 1)
    *_, wild = tell_regimes(once, four(once, RATES))
    assert "after 1 step is" in wild and numbers(wild) == written(0.35, 1) + written(27 * 1.1**2, digits=3)
    assert "with 1 step." in tell_axis(once.minimum, four(once, [0.01, 1 / 6]))[0]


def test_four_of_one_name_are_told_so():
    *_, same = tell_regimes(PARABOLA, four(PARABOLA, (0.35, 0.4, 0.5, 1.0)))
    assert "All four are diverging" in same


def test_off_a_parabola_the_borders_are_those_of_the_second_derivative_at_the_minimum():
    valleys = Objective(CATALOGUE["two_valleys"].function, 2.0, 30)
    borders = tell_regimes(valleys, four(valleys, FOUR_RATES))[0]
    w = max(np.roots([1, 0, -2, 0.2]).real)
    assert numbers(borders) == written(A, 1, A, 1, 1 / A, 2, 2 / A, w) and "no parabola" in borders


def test_at_a_kink_there_is_no_border():
    kink = Objective(CATALOGUE["kink"].function, -1.5, 30)
    assert numbers(tell_regimes(kink, four(kink, (0.01, 0.2, 0.5, 1.2)))[0]) == ["0", "0"]
    assert numbers(tell_axis(kink.minimum, four(kink, [0.2, 0.7]))[-1]) == []


def test_where_the_loss_falls_without_end_nobody_arrives():
    slide = Objective(parse_function("-x"), 0.5, 10)
    table = four(slide, FOUR_RATES)
    assert numbers(tell_regimes(slide, table)[0]) == ["0.5"] and "no ball can arrive" in tell_regimes(slide, table)[0]
    assert first_to_arrive(slide, table)[0] == NOBODY
    assert "no lowest point" in tell_axis(None, table)[-1]


def test_where_the_loss_has_a_limit_balls_arrive_although_there_is_no_minimum():
    table = four(LOGISTIC, FOUR_RATES)
    first = tell_regimes(LOGISTIC, table)[0]
    assert "no ball can arrive" not in first and "limit" in first and numbers(first) == ["4", "1", "1"]
    answer, why = first_to_arrive(LOGISTIC, table)
    steps = [logistic_arrival(lr) for lr in FOUR_RATES]
    assert answer == "ABCD"[int(np.argmin(steps))]
    assert numbers(why) == written(*steps, 1) and "limit" in why


@pytest.mark.parametrize(
    ("rates", "answer"),
    [(RATES, "B"), ((0.1, 0.1, 0.3, 0.35), SEVERAL), ((0.4, 0.01, 0.5, 0.16), "D"), ((0.34, 0.4, 0.5, 0.6), NOBODY)],
)
def test_the_first_to_arrive_is_the_one_that_needs_the_fewest_steps(rates, answer):
    found, why = first_to_arrive(PARABOLA, four(PARABOLA, rates))
    assert found == answer
    assert numbers(why) == [*(str(arrival(lr)) for lr in rates if arrival(lr)), "1"]
    assert why.count("never") == sum(arrival(lr) is None for lr in rates)


def test_the_clock_shows_the_places_and_the_counts_are_counts():
    moments = np.array([0, 1, 25])
    shown = regime_numbers(descend(PARABOLA.function, PARABOLA.start, RATES, 25), moments)
    for letter, lr in zip("ABCD", RATES, strict=True):
        places = [1 - 3 * (1 - 6 * lr) ** step for step in moments]
        assert [text.removeprefix("−") for text in shown[f"w of {letter}"]] == written(*places)
    assert regime_counts(four(PARABOLA, (0.1, 0.35, 0.4, 0.15))) == "2 good, 2 diverging"


def test_of_an_axis_every_number_is_the_closed_form():
    rates = six_decades(PARABOLA.minimum)
    quickest, borders, _ = tell_axis(PARABOLA.minimum, four(PARABOLA, rates))
    needed = {lr: steps for lr in rates if (steps := arrival(lr)) and steps <= 2000}
    best = min(needed, key=needed.__getitem__)
    tenth = min(rates, key=lambda lr: abs(math.log(lr / best * 10)))
    told = [str(len(needed)), "64", "1", "2,000", *written(best, digits=3), *written(needed[best], needed[tenth])]
    assert numbers(quickest) == told and quickest.endswith("ten times as much is diverging.")
    assert numbers(borders) == [*written(6, digits=5), *written(1, 1, 1 / 6, 2, 2 / 6)]


def test_off_a_parabola_the_runs_above_the_border_are_counted():
    valleys = Objective(CATALOGUE["two_valleys"].function, 2.0, 30)
    rates = six_decades(valleys.minimum)
    _, borders, where = tell_axis(valleys.minimum, four(valleys, rates))
    assert numbers(borders)[:1] == written(A, digits=5)
    w = np.full(64, 2.0)
    with np.errstate(all="ignore"):
        for _ in range(3000):  # a run that stays finite comes to rest or bounces
            w = w - rates * (w**3 - 2 * w + 0.2)
    assert numbers(where) == ["2", str(int((np.isfinite(w) & (rates >= 2 / A)).sum()))]


def test_nothing_is_said_of_learning_rates_that_the_axis_does_not_have():
    far = Objective(parse_function("log(1 + exp(-x))", domain=(-60, 6)), -50.0, 30)
    rates = six_decades(None)
    (told, _) = tell_axis(None, four(far, rates))
    steps = {lr: logistic_arrival(lr, -50.0) for lr in rates}
    best = min((lr for lr in rates if steps[lr] is not None), key=lambda lr: steps[lr])
    assert best > rates[-1] / 10 and "imes as much" not in told
    tenth = min(rates, key=lambda lr: abs(math.log(lr / best * 10)))
    assert numbers(told)[-1] == str(steps[tenth])
    (told, *_) = tell_axis(PARABOLA.minimum, four(PARABOLA, [0.1, 0.16, 1.5, 1.7]))
    assert told.endswith(". Ten times as much is diverging.") and "tenth" not in told


@pytest.mark.parametrize("title", CASES)
def test_a_classical_case_is_four_rising_rates_from_a_place_of_its_function(title):
    case = CASES[title]
    function = CATALOGUE[case.function].function
    assert function.domain[0] <= case.start <= function.domain[1] and list(case.rates) == sorted(case.rates)
    a = {"quadratic": 2.0, "steep": 20.0}.get(case.function)
    if a:
        for lr, row in zip(
            case.rates, four(Objective(function, case.start, case.steps), case.rates).itertuples(), strict=True
        ):
            factor = 1 - lr * a
            wanted = (
                "diverging"
                if abs(factor) > 1
                else "bouncing"
                if factor < 0
                else "good"
                if factor**60 < 0.01
                else "too low"
            )
            assert row.regime == wanted


def test_a_kink_has_no_second_derivative() -> None:
    kink = Objective(CATALOGUE["kink"].function, CATALOGUE["kink"].start, 30)
    told = tell_regimes(kink, four(kink, FOUR_RATES))[0]
    assert "is a kink" in told and "second derivative" not in told and numbers(told) == ["0", "0"]
    assert "no second derivative" in tell_axis(kink.minimum, four(kink, FOUR_RATES))[-1]
    flat = Objective(CATALOGUE["flat_bottom"].function, CATALOGUE["flat_bottom"].start, 30)
    assert "the second derivative is 0" in tell_regimes(flat, four(flat, FOUR_RATES))[0]
