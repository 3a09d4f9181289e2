"""The frames behind the pictures of the page on derivatives."""

import math

import numpy as np
import pytest

from sgd_core.calculus.finite_difference import error_curve, finite_difference
from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.kinks import break_at_kinks
from sgd_core.calculus.sampling import sample
from sgd_core.calculus.weights import slope_at, two_weights
from sgd_core.charts.curve import within_reach
from sgd_core.charts.nudge import error_frame, error_window, nudge_frame
from sgd_core.charts.pair import LONGEST, pair_frame
from sgd_core.charts.slope import slope_frame, zero_crossings


def test_flat_places_are_found_on_and_between_samples_but_not_at_a_kink() -> None:
    assert zero_crossings(sample(parse_function("x**3/3 - x"))) == pytest.approx([-1, 1], abs=1e-3)
    assert zero_crossings(sample(parse_function("x**2"))) == pytest.approx([0])
    kinked = parse_function("abs(x) + 0*x")
    assert zero_crossings(break_at_kinks(kinked, sample(kinked))) == []


def test_a_pole_is_drawn_far_outside_and_not_beyond_what_a_browser_can_draw() -> None:
    drawn = within_reach([0.0, 1e300, -math.inf, math.nan, 5.0], (-1.0, 1.0))
    assert drawn[[0, 1, 4]].tolist() == [0, 21, 5] and np.isnan(drawn[[2, 3]]).all()
    frame = slope_frame(sample(parse_function("1/x")), 0.5, -4.0, (-200.0, 10.0))
    assert frame["y"].abs().max() <= 200 + 10 * 210


def test_a_slope_outside_of_the_window_is_said_at_its_edge() -> None:
    frame = slope_frame(sample(parse_function("x**2")), 50.0, 100.0, (-6.0, 6.0)).set_index("part")
    assert frame.loc["point", "edge"] == "↗" and frame.loc["point", "label"] == "x = 50, f(x) = 100"
    assert "guide" not in frame.index
    assert "point" not in set(slope_frame(sample(parse_function("log(x)")), -1.0, math.nan, (0.0, 1.0))["part"])


def test_the_secant_goes_through_both_points() -> None:
    f = parse_function("x**3")
    pair = finite_difference(f, 1.0, 0.5, "central")
    frame = nudge_frame(sample(f), (1.0, 1.0, 3.0), pair, (-3.0, 3.0), (-30.0, 30.0))
    line, ends = frame[frame["part"] == "secant"], frame[frame["part"] == "end"]
    assert np.interp(ends["x"], line["x"], line["y"]) == pytest.approx(ends["y"].to_numpy())
    assert ends["y"].tolist() == [0.125, 3.375]


def test_an_error_of_exactly_zero_is_shown_at_the_lower_edge_and_marked() -> None:
    errors = error_curve(parse_function("x**2"), 3.0, "central")
    low, high = error_window(errors)
    frame = error_frame(errors, 0.5, {"float32": 0.0}, {"float64": math.nan})
    assert low < 1e-12 and high >= 6  # in float32 the smallest h finds no slope at all
    now = frame[frame["part"] == "now"].iloc[0]
    assert now["zero"] and now["shown"] == low and now["error"] == 0
    assert frame["shown"].min() >= low and "best" not in set(frame["part"])


def test_the_arrow_points_along_the_gradient_and_its_parts_add_up() -> None:
    at = slope_at(two_weights("a**2 + b**2"), 1.5, -1.0)  # gradient (3, -2)
    frame = pair_frame(at, (-3.0, 3.0), steepest=at.length)
    tips = {name: frame[frame["part"] == name].iloc[1] for name in ("by a", "by b", "gradient")}
    arrow = tips["gradient"]["x"] - 1.5, tips["gradient"]["y"] + 1.0
    assert math.hypot(*arrow) == pytest.approx(LONGEST * 6) and arrow[0] / arrow[1] == pytest.approx(3 / -2)
    assert (tips["by a"]["x"], tips["by a"]["y"]) == (pytest.approx(tips["gradient"]["x"]), -1.0)
    assert (tips["by b"]["x"], tips["by b"]["y"]) == (1.5, pytest.approx(tips["gradient"]["y"]))
    head = frame[frame["part"] == "gradient head"].iloc[0]
    assert head["angle"] == pytest.approx(90 + math.degrees(math.atan2(2, 3)))  # clockwise from up
    flat = pair_frame(slope_at(two_weights("a**2 + b**2"), 0.0, 0.0), (-3.0, 3.0), steepest=1.0)
    assert set(flat["part"]) == {"hold a", "hold b", "point"}
