"""What a curve's picture shows: nothing is clipped silently, the arrow is the update."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sgd_core.charts import curve


class At(NamedTuple):
    x: float
    value: float
    slope: float


X = np.linspace(-3, 3, 61)
PARABOLA = pd.DataFrame({"x": X, "value": X**2})
WINDOW = curve.window(X.tolist(), X**2)


def test_the_tangent_goes_through_the_point_with_its_slope() -> None:
    rows = curve.tangent(At(-1.5, 2.25, -3.0), (-3.0, 3.0))
    (x1, x2), (y1, y2) = rows.x, rows.y
    assert (y2 - y1) / (x2 - x1) == -3 and np.isclose(y1 + (-1.5 - x1) * -3, 2.25)


def test_a_point_without_a_slope_has_no_tangent() -> None:
    assert not len(curve.tangent(At(0, 0, np.nan), (-1, 1)).x)


def test_positions_outside_stand_at_the_edge_with_an_arrow_and_their_value() -> None:
    rows = curve.in_view(curve.piece("path", [0, 9, -9, 0], [0, 0, 50, -50]), (-3, 3), (-1, 10))
    assert list(rows.edge) == ["", "→", "↖", "↓"]
    assert list(rows.x) == [0, 3, -3, 0] and list(rows.y) == [0, 0, 10, -1]
    assert rows.label[2] == "x = −9, f(x) = 50" and rows.label[0] == ""


def test_infinite_positions_are_shown_and_nan_has_no_place() -> None:
    rows = curve.in_view(curve.piece("path", [np.inf, np.nan], [np.inf, 1]), (-3, 3), (-1, 10))
    assert list(rows.edge) == ["↗"]


def test_a_pole_does_not_flatten_the_rest() -> None:
    x = np.linspace(-1, 1, 401)
    with np.errstate(divide="ignore"):
        low, high = curve.window(x.tolist(), 1 / x)
    assert high - low < 300
    assert curve.window([], np.array([])) == (-1, 1)
    assert curve.window([0, 1], np.array([np.nan, np.inf])) == (-1, 1)


def test_a_gap_stays_a_gap_and_a_pole_becomes_one() -> None:
    assert np.isnan(curve.within_reach([1.0, np.inf, 2.0], (0, 3))).tolist() == [False, True, False]
    x = np.linspace(-2, 2, 400)  # without 0 itself
    y = curve.within_reach(1 / x, (-5, 5))
    assert np.isnan(y).sum() == 1 and np.isnan(y[x > 0][0]) and np.nanmax(np.abs(y)) <= 105
    steep = np.tanh(1000 * x)  # as steep, but it stays in the window
    assert np.array_equal(curve.within_reach(steep, curve.window(x.tolist(), steep)), steep)
