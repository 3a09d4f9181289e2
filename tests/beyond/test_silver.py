"""Silver steps against the papers: the recursive pattern, the proven bounds, the exponent, and plain descent in torch."""

import numpy as np
import pytest
import torch

import sgd_core
from sgd_core.beyond.silver import (
    RHO,
    least_squares,
    silver_bound,
    silver_race,
    silver_schedule,
    steps_needed,
    strongly_convex_schedule,
)
from sgd_core.digits.datasets import load_digits


def test_the_pattern_is_the_papers_recursion():
    pattern = [np.sqrt(2)]
    for k in range(1, 11):
        pattern = [*pattern, 1 + RHO ** (k - 1), *pattern]
    np.testing.assert_allclose(sgd_core.silver_schedule(2047), pattern, rtol=1e-12)
    assert silver_schedule(1023).max() == pytest.approx(1155, rel=1e-3)
    np.testing.assert_allclose(silver_schedule(7)[:4], [2**0.5, 2, 2**0.5, 2 + 2**0.5])


@pytest.mark.parametrize("doublings", range(1, 11))
def test_the_proven_bound_holds_and_is_less_than_twice_what_the_hardest_function_needs(doublings):
    schedule = silver_schedule(2**doublings - 1)
    bends = np.concatenate([np.geomspace(1e-6, 1, 2000), np.linspace(0, 1, 2000)])
    gaps = bends / 2 * np.prod(1 - np.outer(schedule, bends), axis=0) ** 2
    bound = silver_bound(doublings)
    assert gaps.max() <= bound * (1 + 1e-9)
    # a Huber function so narrow that no step reaches its parabola
    reach = 1 / (1 + 2 * schedule.sum())
    x = 1.0
    for h in schedule:
        x -= h * np.clip(x, -reach, reach)
    assert bound / 2 <= reach * x - reach**2 / 2 <= bound


def test_the_strongly_convex_factor_is_the_worst_one_over_all_quadratics():
    for kappa in (10, 100, 1000):
        for doublings in range(6):
            pattern, factor = strongly_convex_schedule(kappa, doublings)
            assert len(pattern) == 2**doublings
            bends = np.linspace(1 / kappa, 1, 100_001)
            assert np.abs(np.prod([1 - h * bends for h in pattern], axis=0)).max() == pytest.approx(factor, rel=1e-9)
    assert strongly_convex_schedule(100, 0)[0][0] == pytest.approx(2 / (1 + 1 / 100))


def test_steps_needed_grow_like_kappa_to_the_power_of_0_786():
    kappas = np.geomspace(10, 10_000, 25)
    silver, constant = np.array([steps_needed(kappa) for kappa in kappas]).T
    assert np.polyfit(np.log(kappas), np.log(silver), 1)[0] == pytest.approx(np.log(2) / np.log(RHO), rel=0.05)
    assert np.polyfit(np.log(kappas), np.log(constant), 1)[0] == pytest.approx(1, rel=0.01)
    assert (silver < constant).all()


def test_they_take_as_many_steps_as_they_say_on_a_quadratic():
    for kappa in (10.0, 300.0, 10_000.0):
        pattern, _ = strongly_convex_schedule(kappa, int(np.ceil(0.786 * np.log2(kappa))))
        bends, steps = np.geomspace(1 / kappa, 1, 500), 0
        distance = np.ones(500)
        while np.abs(distance).max() > 1e-6:
            for h in pattern:
                distance *= 1 - h * bends
            steps += len(pattern)
        assert steps_needed(kappa)[0] <= steps <= steps_needed(kappa)[0] + len(pattern)


def test_least_squares_is_plain_descent_in_torch():
    digits = load_digits("uci")
    task = least_squares(digits)
    x, y = digits.train_images.flatten(1).double(), 1 - 2 * digits.train_labels.double()
    steps = 63
    *_, last = silver_race(task, steps)
    lowest = torch.linalg.lstsq(torch.cat([x, torch.ones(len(x), 1)], 1), y[:, None], driver="gelsd").solution
    minimum = (torch.cat([x, torch.ones(len(x), 1)], 1) @ lowest - y[:, None]).square().mean().item() / 2
    for name, schedule in (("1/L", np.ones(steps)), ("silver", silver_schedule(steps))):
        w, b = (
            torch.zeros(64, dtype=torch.float64, requires_grad=True),
            torch.zeros((), dtype=torch.float64).requires_grad_(),
        )
        for h in schedule / task.largest:
            loss = (x @ w + b - y).square().mean() / 2
            slopes = torch.autograd.grad(loss, (w, b))
            with torch.no_grad():
                w -= h * slopes[0]
                b -= h * slopes[1]
        assert (x @ w + b - y).square().mean().item() / 2 - minimum == pytest.approx(last.gaps[name], rel=1e-6)


def test_on_mnist_silver_wins_with_a_step_of_a_thousand(mnist):
    moments = list(silver_race(least_squares(mnist), 1023))
    gaps = list(moments[-1].gaps.values())
    assert len(moments) == 1024 and max(m.taken["silver"] for m in moments[1:]) == pytest.approx(1155, rel=1e-3)
    assert 2 * gaps[3] < gaps[0] and 1.3 * gaps[3] < min(gaps[1:3])
    np.testing.assert_allclose([gaps[0], gaps[1], gaps[3]], [0.0044, 0.0031, 0.0019], atol=6e-5)


def test_senseless_values_get_a_sentence():
    for steps in (0, 1.5, True):
        with pytest.raises(ValueError, match="whole number"):
            silver_schedule(steps)
    with pytest.raises(ValueError, match="condition"):
        strongly_convex_schedule(1, 3)
    with pytest.raises(ValueError, match="two classes"):
        least_squares(load_digits("uci", None))
