"""The frames behind the pictures of the page on derivatives."""

import math

import numpy as np
import pandas as pd
import pytest

from sgd_core.calculus.finite_difference import error_curve, finite_difference
from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.sampling import sample
from sgd_core.calculus.slope_words import curve_of, in_words
from sgd_core.calculus.tangents import tangent_at, tangents
from sgd_core.calculus.weights import slope_at, two_weights
from sgd_core.charts.curve import within_reach
from sgd_core.charts.nudge import REACH, error_frame, error_window, microscope_rows, secant_rows
from sgd_core.charts.pair import LONGEST, pair_frame
from sgd_core.charts.slope import slope_rows


def rows_of(formula: str, x: float, y_domain: tuple[float, float], slopes: tuple[float, float]) -> pd.DataFrame:
    """The rows of the picture of a formula's slope at x."""
    function = parse_function(formula)
    return slope_rows(curve_of(function), in_words(tangent_at(function, x)), y_domain, slopes)


def test_both_sides_of_a_kink_have_their_tangent_and_no_slope_between() -> None:
    curve = tangents(parse_function("abs(x - 1)"))
    at = curve[np.isclose(curve["x"], 1)].iloc[0]
    assert math.isnan(at["slope"]) and (at["left"], at["right"]) == (-1, 1)
    rest = curve[~np.isclose(curve["x"], 1)]
    assert (rest["slope"] == np.sign(rest["x"] - 1)).all() and (rest["left"] == rest["right"]).all()


def test_a_place_without_a_value_has_no_tangent_and_says_so() -> None:
    curve = tangents(parse_function("log(x)"))
    assert curve.loc[curve["x"] <= 0, ["slope", "left", "right"]].isna().all().all()
    rows = rows_of("log(x)", 1.0, (-3.0, 2.0), (-1.0, 9.0))
    assert rows.loc[rows["x"] == -3, "said"].tolist() == ["x = −3: no value here"]
    here = rows[rows["rest"]].iloc[0]
    assert here["said"] == "x = 1 · f(x) = 0 · slope +1" and here["rise"] == "rise +1"


def test_a_pole_is_drawn_far_outside_and_not_beyond_what_a_browser_can_draw() -> None:
    drawn = within_reach([0.0, 1e300, -math.inf, math.nan, 5.0], (-1.0, 1.0))
    assert drawn[[0, 1, 4]].tolist() == [0, 21, 5] and np.isnan(drawn[[2, 3]]).all()
    rows = rows_of("1/x", 0.5, (-5.0, 5.0), (-20.0, 1.0))
    assert rows["y"].abs().max() <= 5 and rows["slope_y"].min() >= -20, "the curve ends where its picture ends"


def test_a_point_outside_of_the_window_is_said_at_its_edge() -> None:
    here = rows_of("x**2", 50.0, (0.0, 9.0), (-6.0, 6.0)).query("rest").iloc[0]
    assert here["edge"] == "↗" and here["label"] == "x = 50, f(x) = 2,500"


def test_the_secant_goes_through_both_points() -> None:
    f = parse_function("x**3")
    pair = finite_difference(f, 1.0, 0.5, "central")
    frame = secant_rows(sample(f), (1.0, 1.0, 3.0), [pair], (-3.0, 3.0), (-30.0, 30.0))
    line, ends = frame[frame["part"] == "secant"], frame[frame["part"] == "end"]
    assert np.interp(ends["x"], line["x"], line["y"]) == pytest.approx(ends["y"].to_numpy())
    assert ends["y"].tolist() == [0.125, 3.375]
    rise, run = frame[frame["part"] == "rise"], frame[frame["part"] == "run"]
    assert np.ptp(rise["y"]) / np.ptp(run["x"]) == pytest.approx(pair.slope)


def test_under_the_microscope_the_curve_becomes_its_tangent() -> None:
    f = parse_function("x**3")
    hs = (1.0, 0.1, 0.001)
    pairs = [finite_difference(f, 1.0, h) for h in hs]
    u = np.linspace(-REACH, REACH, 11)
    rows = microscope_rows(pairs, [(1 + u * h) ** 3 for h in hs], 1.0)
    off = [np.abs(now[now["part"] == "curve"]["y"].to_numpy() - 3 * u).max() for _, now in rows.groupby("moment")]
    assert off == pytest.approx([3 * h * REACH**2 + h**2 * REACH**3 for h in hs], rel=1e-6)  # (1 + uh)³ written out
    ends = rows[(rows["part"] == "end") & (rows["moment"] == 2)]
    assert ends["x"].tolist() == pytest.approx([0, 1]) and ends["y"].tolist() == pytest.approx([0, pairs[2].slope])


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
