"""Each number told of nudging, of autograd's graph and of kinks: by hand, by float32 in NumPy, by torch."""

import numpy as np
import pytest
import torch

from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.graph import arrivals
from sgd_core.calculus.graph_words import card_words, walk_of
from sgd_core.calculus.nudge_words import GUESSES, best_h_bet, best_of, errors_of, smaller_h_bet
from sgd_core.calculus.sampling import magnify
from sgd_core.calculus.slope_words import tell_kink
from sgd_core.calculus.tape_words import again_bet
from tests.numbers_in_words import numbers, written

SQUARE, CUBE = parse_function("x**2"), parse_function("x**3")


@pytest.mark.parametrize(
    ("kind", "off", "answer"),
    [("forward", [3 * 1.7 * h + h**2 for h in (0.1, 0.01)], "10"), ("central", [0.1**2, 0.01**2], "100")],
)
def test_a_smaller_h_is_off_by_as_much_as_the_next_term_says(kind: str, off: list[float], answer: str) -> None:
    bet = smaller_h_bet(CUBE, 1.7, kind)  # of x³ the terms are 3x h, and h²
    assert bet is not None and bet.answer == f"{answer} times less"
    assert numbers(bet.question) == [*written(0.1), *written(off[0], digits=3), *written(0.01)]
    assert numbers(bet.why) == written(off[1], digits=3)


def test_no_bet_where_nothing_is_off() -> None:
    assert smaller_h_bet(SQUARE, 1.7, "central") is None, "the central difference of a parabola is exact"
    assert smaller_h_bet(parse_function("abs(x)"), 0.0, "forward") is None
    line = parse_function("3*x + 1")
    assert (
        best_h_bet(
            errors_of(line, 1.7, "forward"), best_of(line, 1.7, "forward", errors_of(line, 1.7, "forward"), "float32")
        )
        is None
    )


def test_the_best_h_in_float32() -> None:
    errors = errors_of(SQUARE, 1.7, "forward")
    bet = best_h_bet(errors, best_of(SQUARE, 1.7, "forward", errors, "float32"))
    x = np.float32(1.7)
    off = [abs(float(((x + h) ** 2 - x**2) / h) - 3.4) for h in map(np.float32, GUESSES)]
    assert bet is not None and bet.options.index(str(bet.answer)) == int(np.argmin(off))
    assert numbers(bet.why) == [*written(min(off), digits=2), "10⁻¹¹", *written(off[-1], digits=2)]


@pytest.mark.parametrize("x", [3.0, -0.7])
def test_the_cards_of_the_walk_hold_the_chain_rule(x: float) -> None:
    """(3x + 1)²: v1 = 3x, v2 = v1 + 1, y = v2²."""
    run, moments = walk_of(parse_function("(3*x + 1)**2"), x)
    inner = 3 * x + 1
    said = [numbers(card_words(run, moment)[1]) for moment in moments]
    names = ["1", "2"]  # of v1 and v2
    assert said[1] == written(x) and said[4][-1:] == written(inner**2)
    assert said[2][-1:] == written(3 * x) and said[3][-1:] == written(inner)
    assert said[5] == ["1"]
    backward = said[6:]
    assert backward[0] == [*written(1, 2 * inner, 2 * inner), names[1]]
    assert backward[1] == [*written(2 * inner, 1, 2 * inner), names[0]]
    assert backward[2] == written(2 * inner, 3, 6 * inner)
    assert numbers(card_words(run, moments[0])) == []


def test_gradients_arrive_and_add_up() -> None:
    run, moments = walk_of(parse_function("x*x + x"), 2.0)
    x = torch.tensor(2.0, requires_grad=True)
    (x * x + x).backward()
    found = [one for one in arrivals(moments) if one.node == 0]
    assert found[-1].gradient == x.grad.item() == 5 and found[-1].end is None
    assert [one.end for one in found[:-1]] == [one.begin for one in found[1:]], "each until the next"
    result = [one for one in arrivals(moments) if one.node == len(run.nodes) - 1]
    assert [(one.gradient, one.begin, one.end) for one in result] == [(1.0, len(run.nodes) + 1, None)]


def test_the_bet_on_a_second_call() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    shown = []
    for _ in range(2):
        ((3 * x + 1) ** 2).backward()
        shown.append(x.grad.item())
    once, twice = written(*shown)
    adds, clears = again_bet(60.0, clear=False), again_bet(60.0, clear=True)
    assert adds is not None and clears is not None
    assert numbers(adds.question) == [once] and (adds.answer, clears.answer) == (twice, once)
    assert numbers(adds.why) == [once, once, twice] and numbers(clears.why) == []
    assert list(adds.options) == ["0", "60", "120", "3,600"]
    assert again_bet(0.0, clear=False) is None and again_bet(2.0, clear=False) is None


def test_a_kink_has_two_slopes_and_pytorchs_answer() -> None:
    sentence = tell_kink(parse_function("2*abs(x - 1) + x"), 1.0)
    assert sentence is not None and numbers(sentence) == ["1", "1", "3", "1"]
    assert "−1 just left of it and +3" in sentence
    assert tell_kink(SQUARE, 0.0) is None


def test_the_microscope_shows_the_function_itself() -> None:
    np.testing.assert_allclose(magnify(CUBE, 1.7, 0.5), (1.7 + np.linspace(-0.5, 0.5, 61)) ** 3)
