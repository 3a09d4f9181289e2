"""What is said of the remedies on one weight, against torch's own optimizers and schedulers."""

import math

import numpy as np
import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.objective import Objective
from sgd_core.descent.remedies import REMEDIES, descend_with_remedies
from sgd_core.descent.remedy_words import left_in_words, remedy_numbers, tell_remedies, way_down
from sgd_core.descent.schedules import SCHEDULES
from sgd_core.numbers import percent
from tests.numbers_in_words import numbers, written


def path(key, loss, start, lr, steps):
    """The places (steps + 1,) of a run with a remedy, by torch."""
    scale = 0.5 if key == "scale" else 1.0
    w = torch.tensor(start / scale, dtype=torch.float64, requires_grad=True)
    if key == "adam":
        optimizer = torch.optim.Adam([w], lr=lr)
    else:
        optimizer = torch.optim.SGD(
            [w], lr=lr / 4 if key == "lower" else lr, momentum=0.9 if key == "momentum" else 0.0
        )
    scheduler = None
    if key in SCHEDULES:
        row = SCHEDULES[key]
        scheduler = getattr(torch.optim.lr_scheduler, row.scheduler)(optimizer, **row.options(lr, steps))
    places = [w.item() * scale]
    for step in range(steps):
        optimizer.zero_grad()
        loss(w * scale).backward()
        if key == "clip":
            torch.nn.utils.clip_grad_norm_([w], 1.0)
        optimizer.step()
        if scheduler and step < steps - 1:
            scheduler.step()
        places.append(w.item() * scale)
    return np.array(places)


def shares_of(loss, start, lr, steps, lowest):
    """What each remedy leaves of the way down at each step."""
    found = {}
    for key in REMEDIES:
        values = loss(torch.tensor(path(key, loss, start, lr, steps))).numpy()
        found[key] = (values - lowest) / (values[0] - lowest)
    return found


def told_of(objective, lr):
    runs = descend_with_remedies(objective.function, objective.start, lr, objective.steps)
    return tell_remedies(objective, runs, way_down(objective, runs))


@pytest.mark.parametrize(("lr", "name"), [(1.0, "bouncing"), (0.8, "bouncing"), (1.2, "diverging"), (0.3, "good")])
def test_on_a_parabola_the_sentences_are_what_torch_does(lr, name):
    objective = Objective(parse_function("x**2"), -1.5, 12)
    constant, best, arrived, *why = told_of(objective, lr)
    shares = shares_of(lambda w: w**2, -1.5, lr, 12, 0.0)
    flips = 11 if 1 - 2 * lr < 0 else 0
    left = (1 - 2 * lr) ** 24
    assert f"is {name}: it flips its direction {flips} times in 12 steps" in constant
    assert numbers(constant) == [*written(lr, flips, 12), *numbers(left_in_words(left))]
    ends = {key: share[-1] for key, share in shares.items()}
    assert f"**{REMEDIES[min(ends, key=ends.get)].title}**" in best
    steps = {key: int(np.flatnonzero(share > 0.01)[-1]) + 1 for key, share in shares.items() if share[-1] <= 0.01}
    assert (
        arrived
        == "Within 1 % for good: " + ", ".join(f"{REMEDIES[k].title} at step {n}" for k, n in steps.items()) + "."
    )
    warned = any("cannot cure a bounce" in one for one in why)
    assert warned == (name != "good" and min(ends, key=ends.get) != "warm_up" and ends["warm_up"] > 0.01)


def test_eleven_is_the_number_of_remedies():
    assert len(REMEDIES) == 11


def test_one_step_and_one_flip_are_told_as_one():
    (constant, *_) = told_of(Objective(parse_function("x**2"), -1.5, 1), 30.0)
    assert "0 times in 1 step;" in constant and numbers(constant) == [*written(30, 0, 1), *written(59**2, digits=3)]
    assert "flips its direction 1 time in 2 steps" in told_of(Objective(parse_function("x**2"), -1.5, 2), 0.8)[0]


def test_flips_are_counted_down_to_the_smallest_steps():
    (constant, *_) = told_of(Objective(parse_function("x**2"), -1.5, 900), 0.8)
    assert "899 times in 900 steps" in constant, "squares of such steps are smaller than the smallest float"


def test_where_there_is_no_minimum_the_way_ends_at_the_lowest_loss_of_all():
    objective = Objective(CATALOGUE["logistic"].function, -4.0, 30)
    constant, where, best, arrived, *_ = told_of(objective, 1.0)
    shares = shares_of(lambda w: torch.log1p(torch.exp(-w)), -4.0, 1.0, 30, 0.0)
    first = math.log1p(math.exp(4.0))
    lowest = min(float(share.min()) for share in shares.values()) * first
    shares = {key: (share * first - lowest) / (first - lowest) for key, share in shares.items()}
    assert percent(shares["none"][-1]) in constant and "eleven" in where
    assert f"**{REMEDIES[min(shares, key=lambda key: shares[key][-1])].title}**" in best
    steps = [int(np.flatnonzero(share > 0.01)[-1]) + 1 for share in shares.values() if share[-1] <= 0.01]
    assert numbers(arrived) == written(1, *steps)


def test_all_may_diverge():
    (*_, last) = told_of(Objective(parse_function("x**6"), 30.0, 20), 1e60)
    assert last.startswith("All eleven diverge")


@pytest.mark.parametrize(
    ("formula", "start", "why"),
    [
        ("x**2", 0.0, "as low as it gets"),
        ("x**3/3 - x", -2.0, "beyond all numbers"),
        ("log(x)", -1.0, "no value at the start"),
    ],
)
def test_where_there_is_no_way_down_a_sentence_says_why(formula, start, why):
    objective = Objective(parse_function(formula), start, 30)
    with pytest.raises(ValueError, match=why):
        way_down(objective, descend_with_remedies(objective.function, start, 1.0, 30))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (math.inf, "diverged"),
        (5e-7, "nothing of the way down is left"),
        (-1e-3, "lower than the nearest minimum"),
        (0.25, "25 % of the way down is left"),
        (3.0, "300 % of the way down is left"),
        (3481.0, "3,481 times the way down is left"),
    ],
)
def test_a_share_is_told_in_words(share, words):
    assert left_in_words(share) == words


def test_the_clock_shows_the_places():
    runs = descend_with_remedies(parse_function("x**2"), -1.5, 1.05, 12)
    moments = np.array([0, 1, 7, 12])
    shown = remedy_numbers(runs, moments)
    assert shown["step"].tolist() == ["0", "1", "7", "12"]
    for key in ("none", "lower", "clip", "momentum", "adam", "step"):
        places = path(key, lambda w: w**2, -1.5, 1.05, 12)[moments]
        assert [text.removeprefix("−") for text in shown[f"w, {REMEDIES[key].title}"]] == written(*places)
