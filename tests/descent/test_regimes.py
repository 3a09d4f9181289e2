"""The name of a learning rate against the closed form on quadratics, and on functions that are none."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sgd_core.calculus.catalogue import CATALOGUE, example
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regimes import classify, curvature, quadratic_regime, suggest_rates

STEPS = 30


def judge(f, start, lr, steps=STEPS, **options):
    f = parse_function(f) if isinstance(f, str) else f
    return classify(descend(f, start, lr, steps, **options))


def closed_form(factor, steps):
    """Name by arithmetic alone: the distance is multiplied by `factor` each step, the loss by its square."""
    if factor < 0:
        return "bouncing" if factor >= -1 else "diverging"
    return "too low" if factor ** (2 * steps) > 0.01 else "good"


def test_ten_thousand_quadratics_agree_with_the_closed_form():
    random = np.random.default_rng(0)
    count = 10_000
    a = 10 ** random.uniform(-3, 3, count)
    bottom = random.uniform(-5, 5, count) * (random.random(count) < 0.5)
    start = bottom + 10 ** random.uniform(-1, 2, count) * random.choice([-1, 1], count)
    factor = random.choice([random.uniform(-1, 1, count), 1 - 10 ** random.uniform(-4, 2, count)])
    factor = np.where(random.random(count) < 0.1, random.choice([0.0, -1.0], count), factor)  # the borders themselves
    clear = (np.abs(factor + 1) > 1e-6) & (np.abs(factor) > 1e-6) & (np.abs(factor - 0.1 ** (1 / STEPS)) > 1e-6)
    border = (factor == 0) | (factor == -1)
    lr, curved, middle = (1 - factor) / a, torch.tensor(a), torch.tensor(bottom)
    frame = descend(lambda x: curved / 2 * (x - middle) ** 2, start, lr, STEPS)
    assert border.sum() > 500
    for run, rows in frame.groupby("run"):
        if clear[run] or border[run]:
            regime, expected = classify(rows), closed_form(factor[run], STEPS)
            assert regime.name == expected, (a[run], bottom[run], start[run], factor[run], regime)
            assert quadratic_regime(lr[run], a[run], STEPS).name in (expected, "good", "bouncing")
            if border[run]:
                assert regime.endless == (factor[run] == -1), (factor[run], regime)
            elif abs(factor[run]) < 50:
                assert regime.factor == pytest.approx(factor[run], rel=1e-4, abs=1e-6)


@settings(max_examples=200, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-2, 3), st.sampled_from([1, 2, 5, 100]))
def test_rule_and_closed_form_name_the_same(a, factor, steps):
    lr = (1 - factor) / a
    near = any(abs(factor - border) < 1e-6 for border in (0, -1, 1, 0.1 ** (1 / steps)))
    if lr <= 0 or (near and factor not in (0, -1)):
        return
    ours = judge(lambda x: a / 2 * x**2, 1.5, lr, steps)
    exact = quadratic_regime(lr, a, steps)
    assert ours.name == exact.name == closed_form(factor, steps) and ours.endless == exact.endless
    if factor != 0:
        assert exact.factor == pytest.approx(factor, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("lr", "name", "endless"),
    [
        (0.01, "too low", False),
        (0.3, "good", False),
        (0.5, "good", False),
        (0.9, "bouncing", False),
        (1.0, "bouncing", True),
        (1.01, "diverging", False),
        (3.0, "diverging", False),
    ],
)
def test_the_square(lr, name, endless):
    regime = judge("x**2", -1.5, lr)
    assert (regime.name, regime.endless) == (name, endless)
    assert regime.reason.endswith(".")
    exact = quadratic_regime(lr, 2.0, STEPS)
    assert (exact.name, exact.endless) == (name, endless)


def test_what_too_low_means():
    # lr 0.05: the loss gap shrinks by 0.81 a step, so 1 % is reached between steps 21 and 22
    assert judge("x**2", -1.5, 0.05, 21).name == "too low"
    assert judge("x**2", -1.5, 0.05, 22).name == "good"
    assert "8.64 %" in judge("x**2", -1.5, 0.02).reason and f"{0.96**60:.4f}" == "0.0864"
    assert judge("x", 0.0, 0.1).name == "too low"  # a slope without end has no minimum in sight
    assert judge("x**2", 1e9, 1e-15).name == "too low"  # the steps are near the rounding of x
    assert "drown" in judge("x**2", 1e9, 1e-18).reason  # and here below it


def test_kink_hops_for_ever():
    regime = judge("abs(x)", -1.5, 0.4)
    assert regime.name == "bouncing" and regime.endless and regime.factor == pytest.approx(-1)
    assert judge("abs(x)", -1.5, 0.01).name == "too low"


def test_two_valleys():
    f = example("two_valleys").function
    assert judge(f, 2.0, 0.005).name == "too low"
    assert judge(f, 2.0, 0.1).name == "good" and judge(f, -2.0, 0.1).name == "good"
    right = float(descend(f, 2.0, 0.1, 200)["x"].iloc[-1])
    border = 2 / float(curvature(f, torch.tensor(right, dtype=torch.float64)))
    near = right + 1e-3
    assert judge(f, near, 0.97 * border, 400).name == "bouncing"
    over = judge(f, near, 1.1 * border, 1000)  # too high to settle, but the walls hold it: a cycle
    assert over.name == "bouncing" and over.endless
    assert judge(f, 2.0, 3.0).name == "diverging"


def test_plateau():
    f = example("plateau").function
    crawling = judge(f, -2.5, 0.01)
    assert crawling.name == "too low" and "no minimum is in sight" in crawling.reason
    assert judge(f, -2.5, 0.3, 300).name == "good"
    for start, lr in ((-1.5, 10.0), (-2.5, 10.0), (-1.5, 100.0)):
        assert judge(f, start, lr).name == "leapt away"


def test_overflow_falling_and_leaving_the_domain():
    blown = judge("x**2", -1.5, 3.0, 1000)
    assert blown.name == "diverging" and "overflow" in blown.reason
    assert judge("x**4", 2.0, 1.0).name == "diverging"
    assert judge("x**3", -1.0, 0.1, 200).name == "falling"
    assert judge("x - log(x)", 4.0, 10.0).name == "left the domain"
    assert judge("log(x)", -1.0, 0.1).name == "left the domain"
    assert judge("sqrt(x)", 1.0, 2.0).name == "left the domain"  # lands exactly on 0, where the slope is infinite


def test_flat_bottom_and_no_bottom_arrive_by_loss():
    assert judge("x**4/4", -2.0, 0.1, 300).name == "good"
    assert judge("log(1 + exp(-x))", -4.0, 1.0, 300).name == "good"


def test_at_rest_and_undecided():
    assert judge("x**2", 0.0, 0.1).name == "at rest" and judge("3", 1.0, 0.1).name == "at rest"
    assert judge("x**2", 1.0, 0.1, 0).name == "undecided"
    assert judge("x**2", 1.0, 0.9, 1).name == "bouncing"  # one step and the next one suffice on a parabola


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [(Optimizer("sgd", momentum=0.9), "bouncing"), (Optimizer("sgd", momentum=0.9, nesterov=True), "bouncing")],
)
def test_momentum_swings_across_the_minimum(optimizer, name):
    assert judge("x**2", -1.5, 0.05, 100, optimizer=optimizer).name == name
    assert judge("x**2", -1.5, 3.0, 100, optimizer=optimizer).name == "diverging"


def test_float32():
    assert judge("x**2", -1.5, 0.3, dtype=torch.float32).name == "good"
    assert judge("(x - 1)**2", -1.5, 0.9, 200, dtype=torch.float32).name == "bouncing"


def test_one_run_at_a_time():
    frame = descend(parse_function("x**2"), 1.0, [0.1, 0.2], 3)
    for wrong in (frame, frame[frame["run"] == 7]):
        with pytest.raises(ValueError, match="exactly one run"):
            classify(wrong)


@pytest.mark.parametrize(("lr", "a"), [(0, 1), (1, 0), (-1, 1), (math.nan, 1), (1, math.inf)])
def test_quadratic_regime_needs_numbers_above_0(lr, a):
    with pytest.raises(ValueError, match="above 0"):
        quadratic_regime(lr, a)


def test_curvature():
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)
    torch.testing.assert_close(curvature(lambda x: x**3, x), 6 * x)
    torch.testing.assert_close(curvature(parse_function("sin(3*x) + x**2/10"), x), 0.2 - 9 * torch.sin(3 * x))
    for flat in ("abs(x)", "3*x", "7"):
        assert not curvature(parse_function(flat), x).any()


@pytest.mark.parametrize("key", ["quadratic", "steep", "narrow"])
def test_four_fates_are_what_they_say(key):
    entry = example(key)
    rates = suggest_rates(entry.function, entry.start)
    names = [judge(entry.function, entry.start, rate).name for rate in rates]
    assert names == ["too low", "good", "bouncing", "diverging"]


def test_four_fates_of_the_square_lie_around_the_borders():
    assert suggest_rates(parse_function("x**2"), -1.5) == (0.02, 0.3, 0.95, 1.05)


@pytest.mark.parametrize("key", CATALOGUE)
def test_four_fates_are_usable_everywhere(key):
    rates = suggest_rates(CATALOGUE[key].function, CATALOGUE[key].start)
    assert len(rates) == 4 and all(math.isfinite(rate) and rate > 0 for rate in rates) and list(rates) == sorted(rates)
