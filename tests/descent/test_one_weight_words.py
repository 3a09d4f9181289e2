"""Each number told of one weight's run: closed forms of parabolas, kinks and exponentials, or a loop by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from sgd_core.calculus.formula import Function, parse_function
from sgd_core.calculus.sampling import random_place
from sgd_core.descent.one_weight import timed_walk, walk
from sgd_core.descent.one_weight_words import first_step_bet, landing, step_numbers, steps_needed_bet, tell_step
from tests.numbers_in_words import numbers, written

SQUARE = parse_function("x**2", domain=(-3.0, 3.0))


def told(formula: str, start: float, lr: float, steps: int, step: int) -> list[str]:
    function = parse_function(formula, domain=(-3.0, 3.0))
    return tell_step(function, walk(function, start, (lr,), steps)[0], step, lr)


@pytest.mark.parametrize("start", [-2.1, 1.3])
def test_before_the_first_step(start: float) -> None:
    slope = 2 * start
    expected = [*written(slope, 0.13, slope, 0.13), *written(start**2)]
    sentences = told("x**2", start, 0.13, 20, 0)
    assert numbers(sentences) == expected and f"**{'left' if start > 0 else 'right'}, against" in sentences[0]


@pytest.mark.parametrize(("lr", "turns"), [(0.13, False), (0.8, True), (1.1, True)])
def test_amid_a_run(lr: float, turns: bool) -> None:
    before, now = (1.3 * (1 - 2 * lr) ** step for step in (3, 4))
    expected = written(lr, 2 * before, lr * 2 * before, before**2, now**2)
    sentences = told("x**2", 1.3, lr, 20, 4)
    assert numbers(sentences[:2]) == expected + written(1 - 2 * lr, digits=3)
    assert ("back the other way" in sentences[1]) == turns
    assert ("fell" in sentences[0]) == (abs(now) < abs(before))


def test_one_step_that_lands_on_the_minimum() -> None:
    """1/λ of 2 (x − 1)², with λ = 4."""
    sentences = told("2*(x - 1)**2", 2.5, 0.25, 5, 1)
    assert numbers(sentences) == [*written(0.25, 6, 1.5, 4.5, 0), "1", "0.25", "1", "4", "0", "0"]
    assert "every further step is 0" in " ".join(sentences)


def test_a_kink_is_hopped_over_and_met() -> None:
    sentences = told("abs(x)", 1.0, 0.4, 9, 4)  # 1, 0.6, 0.2, −0.2, 0.2
    assert numbers(sentences) == [*written(0.4, 1, 0.4, 0.2), "1"] and "hops over the kink" in sentences[1]
    sentences = told("abs(x)", 1.0, 0.25, 9, 1)
    assert numbers(sentences) == [*written(0.25, 1, 0.25, 1, 0.75), "1"] and "slow down at the kink" in sentences[1]
    met = told("abs(x)", 1.0, 0.25, 9, 4)
    assert "the slope is −1 on the left and +1 on the right" in " ".join(met)


def test_a_start_on_level_ground() -> None:
    assert any("top of a hill" in one for one in told("1 - x**2", 0.0, 0.1, 5, 0))
    assert numbers(told("1 - x**2", 0.0, 0.1, 5, 0)) == ["0", "0"]


def test_a_place_outside_of_the_picture() -> None:
    x = 1.3 * 1.2**2 * 1.2**3  # lr 1.1 multiplies by −1.2
    sentence = told("x**2", 1.3, 1.1, 20, 5)[2]
    assert numbers(sentence) == written(x) and "left of the picture" in sentence


def test_a_run_that_ends_names_its_last_numbers_and_a_rate_that_works() -> None:
    w, step, slope = 1.3, 0, 0.0
    while True:  # x⁴ with too large a step: the cube overflows first
        slope = 4 * w**3
        after = w - 2.0 * slope
        try:
            after**4
        except OverflowError:
            break
        w, step = after, step + 1
    sentences = told("x**4", 1.3, 2.0, 40, 40)
    expected = [str(step + 1), str(step), *written(w, w**4, slope, 2 * slope, after)]
    assert numbers(sentences[0]) == expected
    lr, x = 2.0, 1.3
    while True:  # half of it, and again, until the run comes down
        lr, x = lr / 2, 1.3
        for _ in range(40):
            x = min(max(x - lr * 4 * x**3, -1e60), 1e60)
        if x**4 < 1.3**4:
            break
    assert numbers(sentences[-1]) == written(lr, digits=3) + written(x**4)


def test_a_run_that_falls_for_ever_gets_no_advice() -> None:
    sentences = told("-exp(x**2)", 1.0, 1.0, 60, 60)
    assert "no place to rest" in sentences[1] and len(sentences) == 2


def test_a_run_that_cannot_begin() -> None:
    sentences = told("log(x)", -1.0, 0.1, 5, 0)
    assert "cannot begin" in sentences[0]
    assert numbers(sentences[0]) == ["1"], "where there is no value there is no slope, whatever 1/x is"


def test_the_clocks_numbers() -> None:
    table = step_numbers(walk(SQUARE, -2.1, (0.13,), 20)[0], np.array([0, 1, 20]))
    for step, row in zip((0, 1, 20), table.to_numpy(), strict=True):
        w, before = (-2.1 * 0.74**at for at in (step, step - 1))
        expected = [str(step), *written(w, w**2, 2 * w), *(written(0.26 * before) if step else ["–"])]
        assert [text.lstrip("+−") for text in row] == expected


@pytest.mark.parametrize(("guess", "won"), [(0.25, True), (0.35, True), (0.36, False), (-3.0, False)])
def test_a_marker_wins_within_a_tenth_of_the_step(guess: float, won: bool) -> None:
    found = landing(-0.75, 0.25, guess)
    assert found is not None and found.won == won
    assert numbers(found.words) == written(0.25, abs(guess - 0.25)) + written(100 * abs(guess - 0.25), digits=3)
    still = landing(1.0, 1.0, 1.5)
    assert still is not None and not still.won and still.words.endswith("off by 0.5, and the step is 0.")
    assert landing(1.0, math.nan, 0.0) is None


@pytest.mark.parametrize(
    ("function", "start", "lr", "answer"),
    [
        (SQUARE, -2.1, 0.13, "lower"),
        (SQUARE, 1.0, 1.5, "higher"),
        (SQUARE, 1.0, 1.0, "the same"),
        (parse_function("log(x)"), 1.0, 2.0, "no number at all"),
    ],
)
def test_the_first_step_s_bet(function: Function, start: float, lr: float, answer: str) -> None:
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    loss = function(x)
    loss.backward()  # type: ignore[no-untyped-call]
    after = x.detach() - lr * x.grad
    bet, known = first_step_bet(walk(function, start, (lr,), 5)[0]), float(function(after))
    assert bet.answer == answer and numbers(bet.question) == written(start, lr)
    ends = [*written(loss.item()), *(written(known) if math.isfinite(known) else [])]
    assert numbers(bet.why) == ends + written(start, float(after))


@pytest.mark.parametrize("lr", [0.4, 0.13, 0.03, 0.01, 1e-5])
def test_how_many_steps_it_takes(lr: float) -> None:
    needed = math.ceil(math.log(0.01) / (2 * math.log(1 - 2 * lr)))
    bet = steps_needed_bet(SQUARE, -2.1, lr)
    assert isinstance(bet.answer, Callable)
    answer, why = bet.answer()
    if needed > 2000:
        assert answer == "not within 2,000" and numbers(why) == ["2,000", "0"]
        return
    assert numbers(why) == [str(needed), "1", "0"]
    ends = [int(end) for end in numbers(answer.replace("more than 100", "101 to 2000"))]
    assert (1 if len(ends) == 1 else ends[0]) <= needed <= ends[-1]


def test_a_timed_run_is_the_run_and_a_random_place_a_stop_of_the_slider() -> None:
    run, seconds = timed_walk(SQUARE, -2.1, 0.13, 7)
    np.testing.assert_allclose(run["x"], -2.1 * 0.74 ** np.arange(8))
    assert seconds > 0
    places = [random_place(SQUARE, seed) for seed in range(50)]
    stops = (np.array(places) + 3) / 0.01
    np.testing.assert_allclose(stops, stops.round(), atol=1e-6)
    assert min(places) < -2 and max(places) > 2 and places == [random_place(SQUARE, seed) for seed in range(50)]


def test_a_change_too_small_for_its_digits_is_no_fall_and_no_rise() -> None:
    """It read "the loss rose: −0.7223 → −0.7223", and "1 times as long as this one"."""
    still = told("x**2 - 1", 1.3, 0.3, 60, 25)[0]
    assert "is −1 as before" in still and "→" not in still
    slow = told("log(1 + exp(-x))", -2.9, 1e-5, 20, 20)
    assert "about as long as this one" in slow[1]
    assert "just as long as this one" in told("-x", -2.0, 0.1, 5, 3)[1]
    whole = told("abs(x) + x", 2.9, 0.01, 20, 20)[-1]
    assert "keeps its direction and is as long as the one before" in whole
