"""Vectors and surfaces against closed forms."""

import numpy as np
import pytest
import torch

from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.weights import elementwise, read_vector, slices, slope_at, two_weights
from sgd_core.descent.surfaces import SURFACES as TABLE
from sgd_core.descent.surfaces import height_grid

SURFACES = {key: surface.in_variables("a", "b") for key, surface in TABLE.items()}


def test_the_vector_of_the_lesson():
    frame, total = elementwise(parse_function("x**2"), read_vector("3, 4, 10"))
    assert frame["value"].tolist() == [9, 16, 100] and total == 125
    assert frame["gradient"].tolist() == [6, 8, 20] and frame["element"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("text", ["3 4,10", "[3., 4., 10.]", "3;4;10", " 3,\n4, 10, "])
def test_ways_to_write_a_vector(text):
    assert read_vector(text) == [3, 4, 10]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        ("[ , ]", "empty"),
        ("3, four, 10", "Element 2, “four”, is not a number"),
        ("3, nan", "Element 2, “nan”, is not a finite"),
        ("1e999", "not a finite"),
        (", ".join(["1"] * 10_000), "10,000 elements"),
        ("x" * 5000, "xxx…”"),
    ],
)
def test_what_is_no_vector_gets_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        read_vector(text)
    assert len(str(error.value)) < 150


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize(("a", "b"), [(1.2, -0.7), (0.0, 0.0), (-2.0, 1.5)])
def test_partial_derivatives_agree_with_sympy_and_with_one_weight_nudges(name, a, b):
    f, at, h = SURFACES[name], slope_at(SURFACES[name], a, b), 1e-5
    pair = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
    assert at.by_a == pytest.approx(float(f.symbolic_derivative(*pair, variable="a")))
    assert at.by_b == pytest.approx(float(f.symbolic_derivative(*pair, variable="b")))
    assert at.by_a == pytest.approx(float(f(pair[0] + h, pair[1]) - f(pair[0] - h, pair[1])) / (2 * h), abs=1e-6)
    assert at.length == pytest.approx(np.hypot(at.by_a, at.by_b))


def test_a_small_step_along_the_gradient_goes_uphill():
    for f in SURFACES.values():
        at = slope_at(f, 1.1, 0.6)
        after = slope_at(f, 1.1 + 1e-7 * at.by_a, 0.6 + 1e-7 * at.by_b)
        assert after.value - at.value == pytest.approx(1e-7 * at.length**2, rel=0.01)


def test_heights_and_slices_show_the_same_surface():
    f = two_weights("a**2 + b**2 + 1.6*a*b")
    assert f == SURFACES["turned_valley"]
    grid = height_grid(f, (-3, 3), (-3, 3), 31)
    assert grid.shape == (31, 31) and grid[0, 30] == pytest.approx(
        9 + 9 - 1.6 * 9
    )  # first row: b = -3, last column: a = 3
    cut = slices(f, 3.0, -3.0, 31)
    np.testing.assert_allclose(cut["a"]["value"], grid[0])
    np.testing.assert_allclose(cut["b"]["value"], grid[:, 30])
