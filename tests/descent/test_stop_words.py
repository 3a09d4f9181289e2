"""Each number told of stop rules, on parabolas, where step n multiplies w by (1 − lr λ)ⁿ, and at a kink."""

import math

import numpy as np
import pytest

from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.one_weight import SGD
from sgd_core.descent.stop import Rules, stops
from sgd_core.descent.stop_words import rule_bet, rules_table, stop_numbers, tell_stop, tell_waiting
from tests.numbers_in_words import numbers, written

EVERY = Rules(200, 0.001, 10, 0.1, seconds=0.05)


def told(formula: str, start: float, lr: float, rules: Rules, step: int | None = None) -> list[str]:
    """What is told at a step, or where the first rule fires."""
    function = parse_function(formula, domain=(-3.0, 3.0))
    run = descend(function, start, lr, rules.steps, SGD)
    ended = stops(run, rules)
    return tell_stop(function, run, ended, ended[0].step if step is None else step)


def test_while_it_goes_on() -> None:
    sentences = told("x**2", -1.5, 0.1, Rules(200), 2)
    assert numbers(sentences) == written(1.5**2 * 0.8**4, 3 * 0.8**2)
    assert numbers(tell_waiting(EVERY)) == ["200", "0.001", "10", "50"]
    assert numbers(tell_waiting(Rules(1000))) == ["1,000"]


def test_what_is_left_and_which_rule_would_be_next() -> None:
    sentences = told("x**2", -1.5, 0.1, Rules(20, 0.001, 3, 0.5))
    losses = 2.25 * 0.64 ** np.arange(30)
    best, since, step = losses[0], 0, 0
    while step - since < 3:  # patience by hand
        step += 1
        if losses[step] < best - 0.5:
            best, since = losses[step], step
    assert numbers(sentences[0]) == written(100 * 0.64**step, digits=3)
    assert numbers(sentences[-1]) == ["20", "20", *written(losses[20])] and "number of steps" in sentences[-1]
    assert "another valley" in sentences[1], "more than 1 % is left"


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_too_few_steps(steps: int) -> None:
    sentences = told("x**2", -1.5, 0.1, Rules(steps))
    share = 100 * 0.64**steps
    assert numbers(sentences[0]) == (written(share, digits=3) if share > 0.01 else ["0.01"])
    assert any("take more steps" in one for one in sentences) == (share > 1)


def test_a_small_gradient_that_is_no_minimum() -> None:
    """x³ − 3x² + 3x is flat at 1, the lowest loss in the picture lies at −3, where it is −63."""
    sentences = told("x**3 - 3*x**2 + 3*x", 2.0, 0.05, Rules(2000, 1e-3))
    w, step = 2.0, 0
    while 3 * (w - 1) ** 2 > 1e-3:
        w, step = w - 0.05 * 3 * (w - 1) ** 2, step + 1
    left = ((w - 1) ** 3 + 1 + 63) / (2 + 63)
    assert numbers(sentences[0]) == written(100 * left, digits=3) and "just flat here" in sentences[1]


def test_a_kink_is_never_flat() -> None:
    sentences = told("abs(x)", 1.0, 0.4, Rules(200, 1e-3, 5))
    assert numbers(sentences[0]) == ["20"] and "hops over the kink" in sentences[1]  # it ends between 0.2 and −0.2
    assert numbers(sentences[2])[0] == "200"


def test_what_went_up_is_not_praised() -> None:
    sentences = told("x**2", 1.0, 1.1, Rules(5))
    assert numbers(sentences[0]) == written(1, 1.2**10)
    assert numbers(sentences[1]) == written(0.55, digits=3) + written(0.1**10), "half the rate: each step leaves −0.1"
    sentences = told("x**2", 1.0, 3.0, Rules(2000))
    assert "nothing left to compute" in sentences[0]
    assert numbers(sentences[1]) == ["0.75", "0"], "a quarter of the rate"
    assert told("log(x)", -1.0, 0.1, Rules(5))[1] == "Choose a start where the function has a value."
    assert "nothing helps" in told("-exp(x**2)", 1.0, 1.0, Rules(60))[1]


def test_at_the_lowest_place_and_below_the_picture() -> None:
    assert "nothing of the way down is left" in told("x**2", -1.5, 0.5, Rules(3))[0]
    assert "lower than anything in the picture" in told("-x", 0.0, 1.0, Rules(9))[0]


@pytest.mark.parametrize("done", [False, True])
def test_the_table_says_when_each_rule_would_have_fired(done: bool) -> None:
    run = descend(parse_function("x**2"), -1.5, 0.1, 200, SGD)
    ended = stops(run, EVERY, seconds_a_step=0.0004)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in rules_table(EVERY, ended if done else []).splitlines()[2:]
    ]
    flat = math.ceil(math.log(0.001 / 3) / math.log(0.8))
    steps = {
        "small gradient": str(flat),
        "no improvement": str(_patience(2.25 * 0.64 ** np.arange(30), 10, 0.1)),
        "time budget": "125",
        "number of steps": "200",
        "divergence": "–",
    }
    assert {rule: step for _, rule, _, step in rows} == (steps if done else dict.fromkeys(steps, "?"))
    assert {rule: numbers(setting) for _, rule, setting, _ in rows} == {
        "small gradient": ["0.001"],
        "no improvement": ["10"],
        "time budget": ["50"],
        "number of steps": ["200"],
        "divergence": [],
    }
    if done:
        fired = [(int(step), int(place)) for place, _, _, step in rows if step != "–"]
        assert [place for _, place in sorted(fired)] == [1, 2, 3, 4]
    only = rules_table(Rules(7), [])
    assert only.count("| off |") == 3 and numbers(only) == ["7"]


def _patience(losses: np.ndarray, patience: int, improvement: float) -> int:
    best, since = losses[0], 0
    for step, loss in enumerate(losses):
        if loss < best - improvement:
            best, since = loss, step
        if step - since >= patience:
            return step
    raise AssertionError("it never fires")


def test_the_bet_offers_the_rules_that_are_on() -> None:
    run = descend(parse_function("x**2"), -1.5, 0.1, 200, SGD)
    bet = rule_bet(EVERY, stops(run, EVERY, 0.0004)[0])
    losses = 2.25 * 0.64 ** np.arange(30)
    fires = _patience(losses, 10, 0.1)
    assert bet.answer == "no improvement"
    assert numbers(bet.why) == [str(fires), *written(losses[fires - 10]), str(fires - 10), "0.1", "10"]
    assert list(bet.options) == ["divergence", "number of steps", "small gradient", "no improvement", "time budget"]
    assert list(rule_bet(Rules(5), stops(run[:6], Rules(5))[0]).options) == ["divergence", "number of steps"]


def test_the_clocks_numbers() -> None:
    run = descend(parse_function("x**2"), 1.0, 1.1, 6, SGD)  # w is (−1.2)ⁿ: the lowest loss is the first
    row = stop_numbers(run, np.array([0, 3])).iloc[1]
    assert [text.lstrip("+−") for text in row] == ["3", *written(1.2**3, 1.2**6, 2 * 1.2**3, 1)]


def test_a_local_minimum_is_one() -> None:
    """The page said "not a minimum: the curve is just flat here" in the higher one of two valleys."""
    sentences = " ".join(told("x**4/4 - x**2 + x/5", 2.0, 0.3, Rules(200, 0.001)))
    assert "It is a minimum, but not the lowest place" in sentences and "flat" not in sentences
    assert "just flat here" in " ".join(told("1 - exp(-x**2)", -2.9, 0.01, Rules(200, 0.01)))
