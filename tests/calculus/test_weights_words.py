"""Each number told of two weights and of a vector: the slopes by hand."""

import math

import numpy as np
import pytest
import torch

from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.weights import curve_around, elementwise, slope_at, two_weights
from sgd_core.calculus.weights_words import (
    ONE_PREDICTION,
    against_bet,
    ink_words,
    other_entries_bet,
    tell_prediction,
    tell_two_slopes,
    tell_vector,
)
from sgd_core.descent.surfaces import height_grid, steepest_on
from tests.numbers_in_words import numbers, written

PREDICTION = two_weights(ONE_PREDICTION)
PLACES = [(0.6, 2.0), (-1.5, 0.25), (2.0, -1.0)]


@pytest.mark.parametrize(("a", "b"), PLACES)
def test_the_prediction_and_its_loss(a: float, b: float) -> None:
    at, score = slope_at(PREDICTION, a, b), a + b / 2
    assert numbers(tell_prediction(at)) == ["7", "0", *written(a, b / 2, score, score, score**2)]
    assert [numbers(words) for words in ink_words(at)] == [["1", *written(a)], ["0.5", *written(b / 2)]]


@pytest.mark.parametrize("answered", [None, True, False])
@pytest.mark.parametrize(("a", "b"), PLACES)
def test_both_slopes_and_a_step_along_them(a: float, b: float, answered: bool | None) -> None:
    score = a + b / 2
    by_a, by_b = 2 * score, score
    length = math.hypot(by_a, by_b)
    along = (score + 0.01 / length * (by_a + by_b / 2)) ** 2 - score**2
    expected = written(by_a, by_b, by_a, by_b) + (
        [] if answered is None else [*written(0.01), *written(along, digits=3)]
    )
    sentences = tell_two_slopes(PREDICTION, slope_at(PREDICTION, a, b), answered=answered)
    assert numbers(sentences) == expected and "twice the slope" in sentences[1]
    way = "smaller" if score > 0 else "larger"
    assert sentences[-1].endswith(f"arrow: {way} a and {way} b, both at once.")


def test_level_and_sideways_places() -> None:
    valley = two_weights("a**2")
    assert numbers(tell_two_slopes(valley, slope_at(valley, 0.0, 1.0))) == ["0"]
    assert against_bet(valley, slope_at(valley, 0.0, 1.0)) is None
    sideways = tell_two_slopes(valley, slope_at(valley, -1.0, 1.0))
    assert "larger a and the same b" in sideways[-1] and sideways[1] == ""


def test_the_bet_on_a_step_against_the_gradient() -> None:
    wave = two_weights("sin(300*a)")  # so short a wave that a step of 0.01 crosses it
    for function, place, slope, after in (
        (PREDICTION, (0.6, 2.0), math.hypot(3.2, 1.6), None),
        (wave, (0.0, 0.0), 300.0, math.sin(-3.0)),
    ):
        bet = against_bet(function, slope_at(function, *place))
        assert bet is not None
        if after is None:
            a, b = np.array([0.6, 2.0]) - 0.01 / slope * np.array([3.2, 1.6])
            after = (a + b / 2) ** 2 - 1.6**2
        assert numbers(bet.question) == [*written(0.01), *written(slope, digits=3)]
        assert numbers(bet.why) == written(after, digits=3) and bet.answer == bet.options[0 if after < 0 else 2]
        assert numbers(bet.options[0]) == written(0.01 * slope, digits=2)


def test_no_bet_on_a_step_out_of_the_function() -> None:
    """ "It stays" was the answer, since NaN is neither below nor above 0."""
    edge = two_weights("sqrt(a)")
    assert against_bet(edge, slope_at(edge, 0.005, 0.0)) is None


@pytest.mark.parametrize("values", [[3.0, -4.5, 10.0], [-7.0, 2.0], [1.5]])
def test_a_vector_s_sum_and_its_steepest_entry(values: list[float]) -> None:
    frame, total = elementwise(parse_function("x**2"), values)
    x = torch.tensor(values, requires_grad=True)
    (x**2).sum().backward()
    sizes = x.grad.abs()
    count, most = str(len(values)), int(sizes.argmax())
    expected = [count] if len(values) > 2 else []
    expected += [count, *written(sum(v * v for v in values), digits=6)] if len(values) > 1 else []
    expected += [str(most + 1), *written(2 * values[most], digits=6)] + ([count] if len(values) > 1 else [])
    assert numbers(tell_vector(frame, total)) == expected


def test_the_steepest_entry_is_not_called_the_largest_and_a_flat_one_not_steep() -> None:
    """Of −14 and 4 the first was called the largest; of all zeros one was said to move y the most."""
    square = tell_vector(*elementwise(parse_function("x**2"), [-7.0, 2.0]))
    assert "Element 1 has the steepest entry, −14" in square[3] and "largest" not in square[3]
    assert tell_vector(*elementwise(parse_function("relu(x)"), [-7.0, -2.0]))[3] == ""
    assert tell_vector(*elementwise(parse_function("log(x)"), [-7.0, -2.0]))[3] == ""


def test_the_bet_on_the_other_entries() -> None:
    bet = other_entries_bet(parse_function("x**2"), [3.0, 4.0, 10.0])
    assert bet is not None and numbers(bet.question) == ["10", "20"] and bet.answer == "they stay as they are"
    assert other_entries_bet(parse_function("x**2"), [3.0]) is None


def test_the_curve_around_a_vector_and_the_steepest_place_of_a_surface() -> None:
    curve = curve_around(parse_function("1/x"), [-1.0, 4.0])
    assert (curve["x"].min(), curve["x"].max()) == (-1.5, 4.5)
    held = curve.dropna()
    np.testing.assert_allclose(held["value"], 1 / held["x"])
    heights = height_grid(two_weights("2*a + b"), (-3.0, 3.0), (-3.0, 3.0), 61)
    assert steepest_on(heights, 6.0) == pytest.approx(math.sqrt(5))
    assert steepest_on(np.full((9, 9), 4.0), 6.0) == steepest_on(np.full((9, 9), np.nan), 6.0) == 1.0
