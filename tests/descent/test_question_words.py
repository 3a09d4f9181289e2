"""What is said of a question, against autograd and steps taken by hand."""

import pytest
import torch

from sgd_core.descent.descend import descend
from sgd_core.descent.one_weight_words import descent_numbers
from sgd_core.descent.question_words import WORDS, ask, hint, tell_question, verdict
from sgd_core.descent.questions import STEPS, question
from sgd_core.numbers import number, signed
from tests.numbers_in_words import numbers, written

NUMBERS = range(24)


def slopes(function, w):
    """First and second derivative at w, by autograd."""
    point = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(function(point), point, create_graph=True)
    second = torch.autograd.grad(first, point)[0] if first.requires_grad else torch.tensor(0.0)
    return first.item(), second.item()


def curvature(function, start):
    """The second derivative where steps ever so short come to rest; None where it is 0 there."""
    w = start
    for _ in range(200_000):
        slope, bend = slopes(function, w)
        if abs(slope) < 1e-9:
            break
        w -= slope * min(0.5 / abs(bend), 1.0) if bend > 0.1 else 0.05 * slope
        if not abs(w) < 100:
            return None
    bend = slopes(function, w)[1]
    return bend if bend > 1e-2 else None


@pytest.mark.parametrize("place", NUMBERS)
def test_the_numbers_of_question_hint_and_verdict(place):
    asked = question(place)
    slope, _ = slopes(asked.function, asked.start)
    assert numbers(ask(asked)) == written(slope, STEPS, asked.lr)  # formulas left out
    assert f"start $w = {number(asked.start)}$, where the slope is {number(slope)}." in ask(asked)
    flat = asked.function.formula in ("abs(x)", "x**4/4")
    a = None if flat else curvature(asked.function, asked.start)
    assert flat or a is not None
    if a is None:
        assert tell_question(asked) == [] and "sets no border" in hint(asked)
        return
    assert numbers(hint(asked)) == written(a, 1, 1 / a, 2, 2 / a)
    (told,) = tell_question(asked)
    assert numbers(told) == written(asked.lr, a, asked.lr * a, 1, 1, 2, 2, 1 / a, 2 / a)
    parabola = abs(slopes(asked.function, asked.start)[1] - a) < 1e-9 * a
    assert ("no parabola" in told) != parabola and ("as long as it stays close" in hint(asked)) != parabola
    if parabola:
        names = {"too low": (0, 1), "good": (0, 1), "bouncing": (1, 2), "diverging": (2, float("inf"))}
        low, high = names[asked.answer.name]
        assert low <= asked.lr * a <= high


@pytest.mark.parametrize("place", NUMBERS[:6])
def test_a_verdict_says_what_was_said_and_what_is(place):
    asked = question(place)
    right = asked.answer.name
    assert verdict(asked, right, "NAME") == f"Right, {WORDS[right].does}: NAME. {asked.answer.reason}"
    for wrong in set(WORDS) - {right}:
        told = verdict(asked, wrong, "NAME")
        assert told.startswith(f"You said “{WORDS[wrong].button}”, but {WORDS[right].does}: NAME.")


def test_the_clock_shows_place_loss_and_slope():
    f = question(0).function
    run = descend(f, 0.7, 0.01, 4)
    shown = descent_numbers(run.iloc[[0, 3]])
    w = 0.7
    for step in range(4):
        slope = slopes(f, w)[0]
        if step in (0, 3):
            row = shown[shown["step"] == str(step)].iloc[0]
            value = float(f(torch.tensor(w, dtype=torch.float64)))
            assert (row["w"], row["loss"], row["slope"]) == (number(w), number(value), signed(slope))
        w -= 0.01 * slope
