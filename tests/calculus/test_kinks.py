"""Kinks are found where the slope jumps, and nowhere else."""

import pytest

from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.kinks import break_at_kinks, kink
from sgd_core.calculus.sampling import sample


@pytest.mark.parametrize(
    ("text", "x", "sides"),
    [
        ("abs(x)", 0.0, (-1, 1)),
        ("relu(2*x - 2)", 1.0, (0, 2)),
        ("abs(x) + relu(x)", 0.0, (-1, 2)),
        ("-abs(x)", 0, (1, -1)),
        ("abs(x)/100000", 0.0, (-1e-5, 1e-5)),
        ("1000*abs(x)", 0.0, (-1000, 1000)),
    ],
)
def test_a_kink_has_two_slopes(text, x, sides):
    assert kink(parse_function(text), x) == pytest.approx(sides)


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("abs(x)", 0.01),
        ("abs(x)**3", 0.0),
        ("x*abs(x)", 0.0),
        ("x**2", 0.0),
        ("1000*abs(x)**2", 0.0),
        ("abs(x)**1.5", 0.0),
    ],
)
def test_a_smooth_place_is_no_kink(text, x):
    assert kink(parse_function(text), x) is None


def test_the_drawn_slope_has_a_gap_at_a_kink_on_or_between_samples():
    for text, slope in (("abs(x)", 1.0), ("abs(x - 0.004)", 1.0), ("abs(x - 0.004)/100000", 1e-5)):
        curve = break_at_kinks(parse_function(text), sample(parse_function(text)))
        assert curve["slope"].isna().sum() == 1 and curve["slope"].abs().dropna().eq(slope).all()
        gap = curve["x"][curve["slope"].isna()].item()
        assert abs(gap) < 0.01 and curve["x"].is_monotonic_increasing
    for text in ("x*abs(x)", "1000*abs(x - 0.004)**2", "abs(x - 0.004)**1.5"):
        assert break_at_kinks(parse_function(text), sample(parse_function(text)))["slope"].notna().all(), text
