"""Nudges against closed forms and the textbook's best h."""

import math

import numpy as np
import pytest

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.finite_difference import best_h, error_curve, finite_difference, textbook_h
from sgd_core.calculus.formula import parse_function


def test_a_nudge_of_the_square():
    at = finite_difference(parse_function("x**2"), -1.5, 0.5)
    assert at.left == (-1.5, 2.25) and at.right == (-1.0, 1.0)
    assert (at.slope, at.exact, at.error) == (-2.5, -3.0, 0.5)  # 2x + h
    at = finite_difference(parse_function("x**2"), -1.5, 0.5, "central")
    assert at.left == (-2.0, 4.0) and at.right == (-1.0, 1.0) and at.error == 0


def test_truncation_falls_by_ten_a_decade_and_by_a_hundred_for_the_central_difference():
    f = parse_function("exp(x)")
    for kind, factor in (("forward", 10), ("central", 100)):
        errors = error_curve(f, 1.0, kind)
        rows = errors[errors["precision"] == "float64"].set_index(np.round(np.log10(errors["h"].iloc[:241]), 3))
        assert rows["error"].loc[-1.0] / rows["error"].loc[-2.0] == pytest.approx(factor, rel=0.2)


def test_round_off_grows_as_h_shrinks_and_below_the_spacing_of_numbers_nothing_moves():
    f = parse_function("x**2")
    errors = error_curve(f, -1.5)
    single = errors[errors["precision"] == "float32"]
    assert single[single["h"] < 1e-8]["slope"].eq(0).all()  # x + h is x again
    double = errors[errors["precision"] == "float64"]
    assert double[double["h"] < 2e-11]["error"].max() > 100 * double[double["h"].between(1e-9, 1e-7)]["error"].max()


@pytest.mark.parametrize("kind", ["forward", "central"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("key", ["two_valleys", "ripples", "plateau", "cubic", "flat_bottom", "edge", "logistic"])
def test_the_best_h_is_within_a_factor_ten_of_the_textbooks(key, precision, kind):
    entry = CATALOGUE[key]
    best = best_h(error_curve(entry.function, entry.start, kind), precision)
    assert 0.1 < best / textbook_h(entry.function, entry.start, kind, precision) < 10


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_textbooks_h_for_the_exponential(precision):
    unit = 2.0 ** (-24 if precision == "float32" else -53)
    f = parse_function("exp(x)")  # all derivatives equal the value
    assert textbook_h(f, 0.3, "forward", precision) == pytest.approx(2 * math.sqrt(unit))
    assert textbook_h(f, 0.3, "central", precision) == pytest.approx((3 * unit) ** (1 / 3))


def test_where_the_textbook_has_no_answer():
    assert math.isnan(textbook_h(parse_function("3*x"), 1.0, "forward", "float32"))  # no curvature
    assert math.isnan(textbook_h(parse_function("x**2"), 1.0, "central", "float32"))
    assert math.isnan(textbook_h(parse_function("log(x)"), -1.0, "forward", "float64"))


def test_undefined_points_give_no_best_h():
    errors = error_curve(parse_function("log(x)"), -1.0)
    assert errors["error"].isna().all() and math.isnan(best_h(errors, "float32"))
    with pytest.raises(ValueError, match="step h"):
        finite_difference(parse_function("x"), 1.0, 1e-60, precision="float32")
