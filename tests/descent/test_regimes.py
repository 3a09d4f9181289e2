"""The name of a learning rate against the closed form on quadratics, and on functions that are none."""

import math

import numpy as np
import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE, example
from sgd_core.calculus.derivative import second_derivative
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.axis import suggest_rates
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regime_names import RegimeName
from sgd_core.descent.regimes import classify, classify_runs

STEPS = 30


def judge(f, start, lr, steps=STEPS, optimizer="sgd", **options):
    f = parse_function(f) if isinstance(f, str) else f
    return classify(descend(f, start, lr, steps, optimizer, **options), f, optimizer)


def closed_form(factor, steps):
    """Name by arithmetic alone: the distance is multiplied by `factor` each step, the loss by its square."""
    if factor < 0:
        return "bouncing" if factor >= -1 else "diverging"
    return "too low" if factor ** (2 * steps) > 0.01 else "good"


@pytest.mark.parametrize("seed", range(12))
def test_quadratics_agree_with_the_closed_form(seed):
    random = np.random.default_rng(seed)
    a, middle = 10 ** random.uniform(-3, 3), random.uniform(-5, 5) * (seed % 2)
    start = middle + 10 ** random.uniform(-1, 2)
    factor = np.concatenate([random.uniform(-1, 1, 12), 1 - 10 ** random.uniform(-4, 2, 12), [0.0, -1.0]])
    clear = (np.abs(factor + 1) > 1e-6) & (np.abs(factor - 0.1 ** (1 / STEPS)) > 1e-6)
    f = parse_function(f"{a / 2!r}*(x - {middle!r})**2", domain=(middle - 3, middle + 3))
    regimes = classify_runs(descend(f, start, (1 - factor) / a, STEPS), f)
    for share, regime, counts in zip(factor[:-2], regimes[:-2], clear[:-2], strict=True):
        if counts:
            assert regime.name == closed_form(share, STEPS) and not regime.endless, (a, middle, start, share, regime)
            assert regime.factor == pytest.approx(share, rel=1e-4, abs=1e-6)
    assert regimes[-2].name == "good"


def test_borders_in_numbers_that_are_exact():
    for a in (0.25, 1, 2, 64):
        f = parse_function(f"{a / 2}*x**2")
        once, forever = classify_runs(descend(f, -1.5, [1 / a, 2 / a], STEPS), f)
        assert once.name == "good" and "first step" in once.reason
        assert forever.name == "bouncing" and forever.endless and forever.factor == -1


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


def test_what_too_low_means():
    # lr 0.05: the loss gap shrinks by 0.81 a step, so 1 % is reached between steps 21 and 22
    assert judge("x**2", -1.5, 0.05, 21).name == "too low"
    assert judge("x**2", -1.5, 0.05, 22).name == "good"
    assert "8.64 %" in judge("x**2", -1.5, 0.02).reason and f"{0.96**60:.4f}" == "0.0864"
    assert judge("x", 0.0, 0.1).name == "falling"  # a slope without end
    assert judge("x**2", 1e9, 1e-15).name == "too low"  # the steps are near the rounding of x
    assert "drown" in judge("x**2", 1e9, 1e-18).reason  # and here below it


def test_kink_hops_for_ever():
    regime = judge("abs(x)", -1.5, 0.4)
    assert regime.name == "bouncing" and regime.endless and "kink" in regime.reason
    slow = judge("abs(x)", -1.5, 0.01)  # it arrives after 150 steps, and then hops within 1 %
    assert slow.name == "too low" and slow.endless and "hops for ever" in slow.reason


def test_two_valleys():
    f = example("two_valleys").function
    assert judge(f, 2.0, 0.005).name == "too low"
    assert judge(f, 2.0, 0.1).name == "good" and judge(f, -2.0, 0.1).name == "good"
    right = float(descend(f, 2.0, 0.1, 200)["x"].iloc[-1])
    border = 2 / float(second_derivative(f, torch.tensor(right, dtype=torch.float64)))
    near = right + 1e-3
    assert judge(f, near, 0.97 * border, 400).name == "bouncing"
    over = judge(f, near, 1.1 * border, 1000)  # too high to settle, but the walls hold it: a cycle
    assert over.name == "bouncing" and over.endless
    assert judge(f, 2.0, 3.0).name == "diverging"


def test_plateau():
    f = example("plateau").function
    crawling = judge(f, -2.5, 0.01)
    assert crawling.name == "too low" and "is left" in crawling.reason
    assert judge(f, -2.5, 0.3, 300).name == "good"
    for start, lr in ((-1.5, 10.0), (-2.5, 10.0), (-1.5, 100.0)):
        assert judge(f, start, lr).name == "thrown out"


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
            classify(wrong, parse_function("x**2"))
    momentum = descend(parse_function("x**2"), 1.0, 0.1, 5, Optimizer("sgd", momentum=0.9))
    with pytest.raises(ValueError, match="which optimizer"):
        classify(momentum, parse_function("x**2"))


def test_second_derivative():
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)
    torch.testing.assert_close(second_derivative(lambda x: x**3, x), 6 * x)
    torch.testing.assert_close(second_derivative(parse_function("sin(3*x) + x**2/10"), x), 0.2 - 9 * torch.sin(3 * x))
    for flat in ("abs(x)", "3*x", "7"):
        assert not second_derivative(parse_function(flat), x).any()


@pytest.mark.parametrize("key", ["quadratic", "steep", "narrow"])
def test_suggested_rates_are_what_they_say(key):
    entry = example(key)
    rates = suggest_rates(entry.function, entry.start)
    names = [judge(entry.function, entry.start, rate).name for rate in rates]
    assert names == ["too low", "good", "bouncing", "diverging"]


def test_suggested_rates_of_the_square_lie_around_the_borders():
    assert suggest_rates(parse_function("x**2"), -1.5) == (0.02, 0.3, 0.95, 1.05)


@pytest.mark.parametrize("key", CATALOGUE)
def test_suggested_rates_are_usable_everywhere(key):
    rates = suggest_rates(CATALOGUE[key].function, CATALOGUE[key].start)
    assert len(rates) == 4 and all(math.isfinite(rate) and rate > 0 for rate in rates) and list(rates) == sorted(rates)


# What the first version named against the mathematics: function, start, learning rate, steps; the true name; words.
MISNAMED = [
    ("x - log(x)", 4.0, 2.52, "bouncing", True, "cannot rest there"),  # "comes to rest"; the factor is -1.52
    ("sin(3*x) + x**2/10", 5.0, 2.89, "bouncing", True, "cannot rest there"),
    ("x**4/4 - x**2 + x/5", 2.0, 0.78, "bouncing", True, "cannot rest there"),
    ("x**2/4 - exp(-20*(x - 1)**2)", -2.0, 3.8, "bouncing", True, "bounces"),
    ("1 - exp(-x**2)", -2.0, 6.767, "thrown out", False, "instead of 0.9817"),  # "diverging", on a plateau below 1
    ("1 - exp(-x**2)", -2.0, 7.0, "thrown out", False, "instead of 0.9817"),
    ("1 - exp(-x**2)", -2.0, 7.08, "thrown out", False, "instead of 0.9817"),
    ("1 - exp(-x**2)", -2.0, 4.28, "bouncing", True, "cannot rest there"),
    ("x - log(x)", 4.0, 4.8, "left the domain", False, "Step 38, not yet seen"),  # "hardly moves", with steps of 4.7
    ("abs(x)", -1.5, 0.0517, "bouncing", True, "kink"),  # "no minimum in sight" after crossing it
    ("sin(x)", -1.5, 6.767, "bouncing", True, "5.767 times"),  # "too low" beyond the border 2
    ("tanh(x)**2", -1.5, 10.7, "thrown out", False, "thrown"),
    ("log(1 + exp(-x))", -4.0, 80.1, "good", False, "first step"),  # "one step is enough" above "not in 2,000"
    ("x**4/4", -2.0, 0.458, "good", False, "After 2 leaps across"),  # "keeps its direction" while it leaps
    ("log((exp(x) + exp(-x))/2)", 3.3, 2.5, "bouncing", True, "1.5 times"),  # "diverging", while it fell
]


@pytest.mark.parametrize(("formula", "start", "lr", "name", "endless", "words"), MISNAMED)
def test_what_was_named_against_the_mathematics(formula, start, lr, name, endless, words):
    domain = next((entry.domain for entry in CATALOGUE.values() if entry.formula == formula), None)
    regime = judge(parse_function(formula, domain=domain), start, lr, 5 if "(x) + exp(-x))/2" in formula else STEPS)
    assert (regime.name, regime.endless) == (name, endless) and words in regime.reason, regime


def test_names_are_an_enumeration_that_compares_as_text():
    assert judge("x**2", -1.5, 0.3).name is RegimeName.GOOD and f"{RegimeName.TOO_LOW}" == "too low"
    assert {name.value for name in RegimeName} >= {"too low", "good", "bouncing", "diverging"}
