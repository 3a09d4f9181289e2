"""Schedules against their closed forms, written here once more by hand."""

import math

import numpy as np
import pytest
import torch

from sgd_core.descent.schedules import SCHEDULES, descend_on_schedules, learning_rates, scheduler_code

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


def test_a_descent_on_schedules_takes_the_steps_of_torchs_own_optimizer_and_scheduler():
    frame = descend_on_schedules(lambda x: x**2 + torch.sin(3 * x), -1.5, 0.3, 12, list(SCHEDULES))
    assert list(frame["schedule"].unique()) == list(SCHEDULES) and len(frame) == 6 * 13
    for key, run in frame.groupby("schedule"):
        w = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.3)
        code = scheduler_code(key, 0.3, 12) or "None"
        scheduler = eval(code, {"torch": torch, "optimizer": optimizer})
        for row in run.itertuples():
            assert row.x == pytest.approx(w.item(), rel=1e-12)
            if row.step < 12:
                assert row.lr == optimizer.param_groups[0]["lr"]
            optimizer.zero_grad()
            loss = w**2 + torch.sin(3 * w)
            loss.backward()
            assert row.loss == pytest.approx(loss.item(), rel=1e-12)
            optimizer.step()
            if row.step < 12:
                assert row.update == pytest.approx(w.item() - row.x, rel=1e-9, abs=1e-15)
            if scheduler and row.step < 11:
                scheduler.step()
        assert run["status"].tolist() == ["running"] * 12 + ["finished"]


def test_a_descent_on_schedules_says_when_it_has_left_the_numbers():
    frame = descend_on_schedules(lambda x: x - torch.log(x), 4.0, 9.0, 5, ["constant", "warm_up"])
    constant = frame[frame["schedule"] == "constant"]
    assert constant["status"].tolist() == ["running"] + ["diverged"] * 5
    assert constant["x"].nunique() == 2 and (constant["update"].iloc[1:] == 0).all()
    with pytest.raises(ValueError, match="finite start"):
        descend_on_schedules(lambda x: x**2, math.inf, 0.1, 5, ["step"])
