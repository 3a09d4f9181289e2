"""The minimum downhill and the survey of learning rates, against closed forms."""

import math

import numpy as np
import pytest

from sgd_core.calculus.catalogue import CATALOGUE, example
from sgd_core.calculus.formula import parse_function
from sgd_core.descent.axis import arrival, six_decades, survey
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import find_minimum, limit_downhill


@pytest.mark.parametrize(
    ("name", "x", "curvature", "quadratic"),
    [
        ("quadratic", 0, 2, True),
        ("steep", 0, 20, True),
        ("two_valleys", 1.3612785528473368, 3 * 1.3612785528473368**2 - 2, False),
        ("cubic", 1, 2, False),
        ("plateau", 0, 2, False),
        ("edge", 1, 1, False),
        ("kink", 0, 0, False),
    ],
)
def test_the_minimum_downhill_and_its_curvature(name, x, curvature, quadratic):
    minimum = find_minimum(example(name).function, example(name).start)
    assert minimum.x == pytest.approx(x, abs=1e-8)
    assert minimum.curvature == pytest.approx(curvature, rel=1e-6, abs=1e-6)
    assert minimum.quadratic == quadratic
    assert minimum.borders == (pytest.approx((1 / curvature, 2 / curvature)) if curvature else None)


def test_where_nothing_stops_the_fall_there_is_no_minimum():
    assert find_minimum(example("logistic").function, -4.0) is None
    assert find_minimum(example("cubic").function, -2.0) is None
    assert find_minimum(parse_function("log(x)"), 1.0) is None
    assert find_minimum(parse_function("log(x)"), -1.0) is None
    assert find_minimum(parse_function("x**2"), 0.0).x == 0


def test_on_a_parabola_the_survey_is_the_closed_form():
    f, steps = parse_function("3*(x - 1)**2"), 25
    minimum = find_minimum(f, -2.0)
    lrs = six_decades(minimum)
    assert len(lrs) == 64 and lrs[-1] / lrs[0] == pytest.approx(1e6)
    assert lrs[0] < minimum.borders[0] < minimum.borders[1] < lrs[-1]
    table = survey(f, -2.0, lrs, steps, minimum)
    for row in table.itertuples():
        share = (1 - 6 * row.lr) ** 2  # what a step leaves of the loss
        if share < 1:
            assert row.left == pytest.approx(share**steps, rel=1e-6, abs=1e-12)
            exact = math.ceil(math.log(0.01) / math.log(share))
            assert (row.needed == exact) if exact <= 2000 else math.isnan(row.needed)
        else:
            assert row.regime == "diverging" and math.isnan(row.needed)


@pytest.mark.parametrize("formula", ["x**2", "10*x**2", "0.15*(x - 1)**2 + 4"])
def test_the_cliff_of_a_parabola_stands_where_its_curvature_says(formula):
    f = parse_function(formula)
    minimum = find_minimum(f, -1.5)
    border = minimum.borders[1]
    table = survey(f, -1.5, border * np.linspace(0.95, 1.05, 64), 60, minimum)
    diverging = table[table["regime"] == "diverging"]["lr"]
    assert minimum.quadratic and diverging.min() == pytest.approx(border, rel=0.002)
    assert (table[table["lr"] >= diverging.min()]["regime"] == "diverging").all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_function_of_the_catalogue_can_be_surveyed(name):
    entry = example(name)
    minimum = find_minimum(entry.function, entry.start)
    table = survey(entry.function, entry.start, six_decades(minimum)[::8], 20, minimum)
    assert len(table) == 8 and table["regime"].ne("").all()


def test_arrival_is_for_good():
    assert arrival(np.array([1, 0.5, 0.005, 0.5, 0.009, 0.001])) == 4
    assert math.isnan(arrival(np.array([1, 0.001, 0.5])))
    assert arrival(np.array([0.0, 0.0])) == 0
    assert math.isnan(arrival(np.array([1, 0.0, 0.0]), diverged=True))
    assert math.isnan(arrival(np.array([1, np.nan, np.nan])))


def test_where_there_is_no_minimum_the_loss_may_still_have_a_limit():
    assert limit_downhill(parse_function("log(1 + exp(-x))"), -4.0) == pytest.approx(0, abs=1e-12)
    assert limit_downhill(parse_function("1/x"), 1.0) == pytest.approx(0, abs=1e-6)
    for endless in ("x", "log(x)", "-sqrt(x)", "x**3", "-log(x)"):
        assert limit_downhill(parse_function(endless), 1.0) == -math.inf
    table = survey(example("logistic").function, -4.0, [80.1], 30, None)
    assert table["regime"].item() == "good" and table["needed"].item() == 1


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_within_one_percent_stays_there_in_a_run_three_times_as_long(name: str) -> None:
    """Endless bounces that passed by at the last step looked at were said to need 1,999 steps."""
    one = CATALOGUE[name]
    minimum = find_minimum(one.function, one.start)
    table = survey(one.function, one.start, six_decades(minimum), 30, minimum)
    runs = descend(one.function, one.start, table["lr"].to_numpy(), 6000)
    losses = runs["loss"].to_numpy().reshape(len(table), -1)
    lowest = minimum.loss if minimum else limit_downhill(one.function, one.start)
    shares = (losses - lowest) / (losses[0, 0] - lowest)
    for needed, share in zip(table["needed"], shares, strict=True):
        if math.isfinite(needed):
            assert (share[int(needed) :] <= 0.01 + 1e-9).all() and (needed == 0 or share[int(needed) - 1] > 0.01)


def test_a_kink_that_is_reached_late_is_reached() -> None:
    """abs(x) from 1 with steps of 0.00052: within 1 % from step 1,904 on, though it hops for ever."""
    f = parse_function("abs(x)")
    row = survey(f, 1.0, [0.00052], 30, find_minimum(f, 1.0)).iloc[0]
    assert row["needed"] == math.ceil(0.99 / 0.00052)


def test_a_parabola_downwards_only_falls_at_every_learning_rate() -> None:
    """Far out the way looked at drowned in rounding, and middling rates were called too low."""
    f = parse_function("-x**2", domain=(-3.0, 3.0))
    table = survey(f, -1.5, six_decades(None), 30, None)
    assert set(table["regime"]) == {"falling"}
    np.testing.assert_allclose(table["fallen"], 2.25 * ((1 + 2 * table["lr"]) ** 60 - 1), rtol=1e-9)
    assert limit_downhill(f, -1e33) == -math.inf
