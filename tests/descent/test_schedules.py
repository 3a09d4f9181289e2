"""Schedules against their closed forms, written here once more by hand."""

import math

import numpy as np
import pytest
import torch

from sgd_core.descent.schedules import SCHEDULES, learning_rates, scheduler_code

LR, N = 0.8, 30


def one_cycle(step, n=N, lr=LR):
    top, first, last = 0.3 * n - 1, lr / 25, lr / 25 / 1e4
    if step <= top:
        start, end, share = first, lr, step / top
    else:
        start, end, share = lr, last, (step - top) / (n - 1 - top)
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


CLOSED = {
    "constant": lambda t: LR,
    "step": lambda t: LR * 0.1 ** (t // 10),
    "exponential": lambda t: LR * 0.01 ** (t / (N - 1)),
    "cosine": lambda t: LR * (1 + math.cos(math.pi * t / N)) / 2,
    "warm_up": lambda t: LR * min(1.0, 0.1 + 0.9 * t / 3),
    "one_cycle": one_cycle,
}


@pytest.mark.parametrize("key", SCHEDULES)
def test_the_rates_are_those_of_the_closed_form(key):
    rates = learning_rates(key, LR, N)
    assert rates.shape == (N,) and rates.dtype == np.float64
    np.testing.assert_allclose(rates, [CLOSED[key](t) for t in range(N)], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 500])
@pytest.mark.parametrize("key", SCHEDULES)
def test_every_length_gives_rates_above_zero_and_none_above_lr(key, steps):
    rates = learning_rates(key, LR, steps)
    assert len(rates) == steps and (rates > 0).all() and rates.max() <= LR * (1 + 1e-12)


@pytest.mark.parametrize("key", [key for key in SCHEDULES if key != "constant"])
def test_the_source_makes_the_scheduler_that_gave_the_numbers(key):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = eval(scheduler_code(key, LR, N), {"torch": torch, "optimizer": optimizer})
    seen = []
    for _ in range(N - 1):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert seen == learning_rates(key, LR, N)[:-1].tolist()
    assert scheduler_code("constant", LR, N) == ""


def test_each_has_a_title_and_a_line_and_the_numbers_cannot_be_changed():
    for key, schedule in SCHEDULES.items():
        assert schedule.key == key and schedule.title and schedule.about.endswith(".")
    with pytest.raises(ValueError):
        learning_rates("step", LR, N)[0] = 3.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("linear", 0.1, 10), "There is no schedule 'linear'; choose one of: constant, step"),
        ((["step"], 0.1, 10), "There is no schedule"),
        (("step", 0.0, 10), "learning rate must be a finite number above 0"),
        (("step", math.nan, 10), "learning rate must be a finite number above 0"),
        (("step", True, 10), "learning rate must be a finite number above 0"),
        (("step", 10**400, 10), "learning rate must be a finite number above 0"),
        (("step", 0.1, 0), "number of steps must be a whole number from 1 to 1,000,000, not 0"),
        (("step", 0.1, 2.5), "number of steps must be a whole number"),
        (("step", 0.1, True), "number of steps must be a whole number"),
    ],
)
def test_senseless_values_get_a_sentence(arguments, sentence):
    for ask in (learning_rates, scheduler_code):
        with pytest.raises(ValueError, match=sentence):
            ask(*arguments)
