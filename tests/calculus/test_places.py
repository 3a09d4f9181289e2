"""Places that need care: no value, level ones, starts; any mode of the caller; sizes with a limit."""

import math

import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.derivative import derivative, second_derivative
from sgd_core.calculus.finite_difference import finite_difference, textbook_h
from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.graph import trace
from sgd_core.calculus.sampling import level_places, sample, start_inside
from sgd_core.calculus.session import run_again, run_session
from sgd_core.calculus.trouble import trouble
from sgd_core.calculus.weights import slices, slope_at, two_weights

SQUARE = parse_function("x**2")


@pytest.mark.parametrize(("formula", "x"), [("log(x)", -1.0), ("x/x", 0.0), ("sqrt(x)", -2.0), ("x*log(x)", 0.0)])
def test_where_there_is_no_value_there_is_no_slope(formula, x):
    f, point = parse_function(formula), torch.tensor(x, dtype=torch.float64)
    assert f(point).isnan() and derivative(f, point).isnan() and second_derivative(f, point).isnan()
    assert math.isnan(slope_at(two_weights("log(a) + b"), -1.0, 2.0).by_a)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_every_mode_of_the_caller_gives_the_same_slopes(mode):
    truth = derivative(SQUARE, torch.tensor([3.0, -1.0]))
    with mode():
        inside = torch.tensor([3.0, -1.0])
        assert derivative(SQUARE, inside).tolist() == truth.tolist() == [6.0, -2.0]
        assert second_derivative(SQUARE, inside).tolist() == [2.0, 2.0]
        assert slope_at(two_weights("a**2*b"), 2.0, 3.0)[3:] == (12.0, 4.0)
        assert trace(SQUARE, 3.0).nodes[0].gradient == 6
        assert run_session(SQUARE, 3.0)[-1].output == "tensor(6.)"
        assert run_again(SQUARE, 3.0, 2, clear=False)[-1].output == "tensor(12.)"
        assert textbook_h(parse_function("exp(x)"), 0.3, "forward", "float64") > 0
        assert not torch.is_inference_mode_enabled() or mode is torch.inference_mode


@pytest.mark.parametrize("points", [10**9, 1, 0, -5, 2.5, True])
def test_sizes_have_a_limit(points):
    for ask in (lambda: sample(SQUARE, points=points), lambda: slices(two_weights("a*b"), 1.0, 1.0, points)):
        with pytest.raises(ValueError, match="number of points must be a whole number from 2 to 100,000"):
            ask()
    for calls in (10**9, -1, 2.5):
        with pytest.raises(ValueError, match="number of calls"):
            run_again(SQUARE, 3.0, calls, clear=False)
    for h in (1e15, 0.0, math.nan, -math.inf):
        with pytest.raises(ValueError, match="step h"):
            finite_difference(SQUARE, 1.0, h)


@pytest.mark.parametrize(
    ("formula", "x", "words"),
    [
        ("1/x", 0.0, "divides by zero"),
        ("x**-2", 0.0, "divides by zero"),
        ("log(x)", 0.0, "divides by zero"),
        ("exp(x)", 1000.0, "beyond the largest number"),
        ("log(x)", -1.0, "has no value"),
        ("sqrt(x)", 0.0, "vertical tangent"),
    ],
)
def test_trouble_is_said_as_what_it_is(formula, x, words):
    sentence = trouble(parse_function(formula), x)
    assert words in sentence and sentence.endswith(".")
    assert trouble(SQUARE, x) is None


def test_what_sympy_cannot_name_is_undefined_in_latex():
    for formula in ("1/(x - x)", "log(x - x)*0", "sin(1/(x - x))"):
        f = parse_function(formula)
        for text in (f.latex, f.derivative_latex):
            assert "infty" not in text and "nan" not in text
    assert parse_function("1/(x - x)").latex == r"\text{undefined}"


def test_level_places():
    assert level_places(parse_function("7")) == (True, ())
    assert level_places(SQUARE) == (False, (0.0,))
    assert level_places(parse_function("x**3/3 - x")).places == pytest.approx((-1.0, 1.0), abs=1e-11)
    waves = level_places(parse_function("sin(3*x)"))
    assert waves.places == pytest.approx([(k + 0.5) * math.pi / 3 for k in range(-3, 3)], abs=1e-9)
    assert level_places(parse_function("(x - 0.3)**2")).places == pytest.approx((0.3,), abs=1e-9)
    for none in ("3*x", "abs(x)", "1/x", "relu(x) - relu(-x)"):
        assert not level_places(parse_function(none)).everywhere
    assert level_places(parse_function("3*x")).places == () and level_places(parse_function("1/x")).places == ()


def test_a_start_is_inside_wherever_the_function_has_an_inside():
    assert start_inside(SQUARE, -1.5) == -1.5
    assert start_inside(SQUARE, 0.0) != 0.0  # level: nothing would happen
    for formula in ("log(x)", "sqrt(x)", "x*log(x)", "log(x + 2) - x", "1/x", "sqrt(-x)"):
        f = parse_function(formula)
        start = start_inside(f, 0.0)
        point = torch.tensor(start, dtype=torch.float64)
        assert f(point).isfinite() and derivative(f, point).isfinite() and f.domain[0] <= start <= f.domain[1]
    for entry in CATALOGUE.values():
        assert start_inside(entry.function, entry.start) == entry.start
    assert start_inside(parse_function("log(-1 - x**2)"), 0.5) == 0.5  # nowhere
