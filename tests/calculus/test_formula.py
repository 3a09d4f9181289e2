"""Formulas as functions: numbers, source text, exact derivatives; hypothesis writes the formulas."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sgd_core.calculus.formula import FormulaError, Function, parse_function

FORMULAS = [
    "x**2",
    "sin(3*x) + x**2/10",
    "-x**-2",
    "2**x",
    "x - (1 - x)",
    "x/(2/x)*3",
    "(x**2)**3 - x**2**3",
    "-(x + 1)*-x",
    "exp(-x**2)*cos(pi*x) + tan(x/5)",
    "log(1 + exp(-x))",
    "sqrt(x**2 + 1) + e",
    "abs(x)*tanh(x)",
    "sigmoid(4*x)*relu(x - 0.3)",
    "sigmoid(-1000)*x + relu(-2) + sin(2)*sqrt(2)/abs(-3)",
    "3",
    "x**x",
    "1e-5*x + .5",
]


def numbers(low=-3.0, high=3.0, dtype=torch.float64):
    return torch.linspace(low, high, 41, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("formula", FORMULAS)
def test_source_text_gives_exactly_the_same_numbers(formula, dtype):
    f, x = parse_function(formula), numbers(dtype=dtype)
    theirs = eval(f.torch_code, {"torch": torch, "math": math, "x": x})
    torch.testing.assert_close(f(x), theirs, rtol=0, atol=0, equal_nan=True)
    assert f(x).dtype == dtype and f(x).shape == x.shape


def test_source_text_as_a_person_would_write_it():
    assert parse_function("x ** 2").torch_code == "x**2"
    assert parse_function("sin(3*x)+x**2/10").torch_code == "torch.sin(3*x) + x**2/10"
    assert parse_function("(x) - ((1 - x))").torch_code == "x - (1 - x)"
    assert parse_function("(-x)**2 - -x**2").torch_code == "(-x)**2 - -x**2"
    assert parse_function("pi*x").torch_code == "math.pi*x"


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (0,)])
def test_any_shape(shape):
    x = torch.full(shape, 3.0)
    assert torch.equal(parse_function("x**2")(x), torch.full(shape, 9.0))
    assert torch.equal(parse_function("7")(x), torch.full(shape, 7.0))


def test_the_square_is_one_power_node():
    y = parse_function("x**2")(torch.tensor(3.0, requires_grad=True))
    assert repr(y) == "tensor(9., grad_fn=<PowBackward0>)"


def test_a_constant_is_differentiable_with_gradient_zero():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    parse_function("3 + pi")(x).sum().backward()
    assert torch.equal(x.grad, torch.zeros(2))


def test_two_variables():
    f = parse_function("(1 - x)**2 + 100*(y - x**2)**2", variables=("x", "y"))
    x, y = torch.tensor(2.0, dtype=torch.float64), torch.tensor(3.0, dtype=torch.float64)
    assert f(x, y) == 101
    assert f.symbolic_derivative(x, y) == 2 * (2 - 1) - 400 * 2 * (3 - 4)
    assert f.symbolic_derivative(x, y, variable="y") == 200 * (3 - 4)
    assert "pmatrix" in f.derivative_latex
    flat = parse_function("x", variables=("x", "y"))
    assert flat(torch.zeros(3, 1), torch.zeros(1, 4)).shape == (3, 4)
    with pytest.raises(TypeError, match="x, y"):
        f(x)


def test_latex():
    f = parse_function("x**2")
    assert (f.latex, f.derivative_latex) == ("x^{2}", "2 x")
    assert parse_function("sigmoid(x)").derivative_latex.count(r"\sigma") == 2
    assert "cases" in parse_function("relu(x)").derivative_latex
    assert parse_function("relu(x - 1)**2").latex == r"\max^{2}\left(0, x - 1\right)"
    assert parse_function("abs(log(x))").derivative_latex.count("sign") == 1


def test_constants_stay_exact_where_that_is_quick():
    assert parse_function("abs(-1/3)*x + relu(-2)").derivative_latex == r"\frac{1}{3}"
    assert parse_function("sin(pi/6)*x").derivative_latex == r"\frac{1}{2}"
    assert float(parse_function("sin(sqrt(2))*x").derivative_latex) == pytest.approx(math.sin(math.sqrt(2)), rel=1e-14)


def test_where_the_derivative_jumps_sympy_follows_torch():
    for formula in ("abs(x)", "relu(x)", "relu(-x) + abs(x)*3"):
        x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        parse_function(formula)(x).sum().backward()
        assert x.grad == parse_function(formula).symbolic_derivative(x)


def test_no_real_number_is_nan():
    x = torch.tensor([-1.0, 4.0])
    assert parse_function("log(x)")(x).isnan().tolist() == [True, False]
    assert parse_function("sqrt(x)").symbolic_derivative(x).isnan().tolist() == [True, False]
    assert parse_function("sqrt(x)").symbolic_derivative(x)[1] == 0.25


def test_frozen_equal_hashable_picklable():
    f = parse_function("  x**2 ")
    assert f.formula == "x**2" and f.domain == (-3.0, 3.0) and f.variables == ("x",)
    same = Function("x**2")
    assert f == same and hash(f) == hash(same)
    assert f != parse_function("x**2", domain=(0, 1)) and f != parse_function("x*x")
    f.latex, f(torch.zeros(1))  # fill what is cached
    again = pickle.loads(pickle.dumps(f))
    assert again == f and again(torch.tensor(3.0)) == 9
    with pytest.raises(AttributeError):
        f.formula = "x"


def test_tree_tells_operations_and_columns():
    tree = parse_function(" x**2 + sin(x)*x").tree
    assert tree.op == "add" and [child.op for child in tree.children] == ["power", "multiply"]
    sine = tree.children[1].children[0]
    assert (sine.op, sine.column, sine.children[0].name, sine.children[0].column) == ("sin", 7, "x", 11)
    assert tree.children[0].children[1].value == 2 and sine.value is None


@pytest.mark.parametrize("domain", [(1, 1), (2, 1), (0, math.inf), (math.nan, 1), (1,), "ab", (0, "x", 2)])
def test_senseless_domain(domain):
    with pytest.raises(ValueError, match="domain"):
        parse_function("x", domain=domain)


@pytest.mark.parametrize("variables", [(), ("x", "x"), ("e",), ("sin",), ("2x",), ("π",), (1,)])
def test_senseless_variables(variables):
    with pytest.raises(ValueError, match=r"variable|Name"):
        parse_function("1", variables=variables)


def test_reading_and_computing_need_no_sympy():
    code = (
        "import sys, torch; from sgd_core.calculus.formula import parse_function; f = parse_function('x**2');"
        "f(torch.ones(2)); f.torch_code; hash(f); assert 'sympy' not in sys.modules"
    )
    # torch itself may import SymPy one day; then this test says so and can go
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


leaves = st.sampled_from(["x", "x", "x", "1", "2", "3", "0.5", "1.25", "pi", "e"])


def grow(inner):
    call = st.sampled_from(["sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "sigmoid", "relu"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{}({})".format, call, inner),
        st.builds("({})**{}".format, inner, st.sampled_from(["2", "3", "-1", "0.5", "(1/3)", "x"])),
        st.builds("-{}".format, inner),
    )


formulas = st.recursive(leaves, grow, max_leaves=8)


PLACES = torch.tensor([-2.37, -1.13, -0.41, 0.0, 0.29, 0.83, 1.0, 1.61, 2.71, 1e3, -1e200], dtype=torch.float64)


def assert_slopes_are_autograds(f, *point):
    """Values and slopes by the written-out chain rule, to the last bit those of autograd; also where they are no numbers."""
    leaves = [part.clone().requires_grad_() for part in point]
    theirs = f(*leaves)
    gradients = torch.autograd.grad(theirs, leaves, torch.ones_like(theirs))
    value, slopes = f.with_slopes(*point)
    assert not value.requires_grad
    for ours, truth in zip([value, *slopes], [theirs.detach(), *gradients], strict=True):
        np.testing.assert_array_equal(ours.numpy(), truth.numpy())


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(formulas)
def test_slopes_are_those_of_autograd_to_the_last_bit(text):
    try:
        f = parse_function(text)
    except FormulaError:
        assume(False)
    assert_slopes_are_autograds(f, PLACES)
    assert_slopes_are_autograds(f, PLACES.float())


@pytest.mark.parametrize(
    "text", ["x**y", "x*y - y/x", "x/(x + y)", "2**y", "0**y", "(-2)**y", "x**0", "y", "(1 - x)**2 + 100*(y - x**2)**2"]
)
def test_slopes_by_several_variables_are_those_of_autograd(text):
    f = parse_function(text, variables=("x", "y"))
    assert_slopes_are_autograds(f, PLACES, PLACES.flip(0))
    assert_slopes_are_autograds(f, PLACES, torch.tensor([0.0, 2.0, -1.0] * 4, dtype=torch.float64)[: len(PLACES)])
    with pytest.raises(TypeError, match="one tensor for each"):
        f.with_slopes(PLACES)


def settled(estimates, tolerance):
    """Points at which all estimates agree with the first, relative to its size."""
    return torch.stack(
        [(other - estimates[0]).abs() <= tolerance * (1 + estimates[0].abs()) for other in estimates]
    ).all(0)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(formulas)
def test_autograd_sympy_and_central_difference_agree(text):
    try:
        f = parse_function(text)
    except FormulaError:
        assume(False)
    x = torch.tensor([-2.37, -1.13, -0.41, 0.29, 0.83, 1.61, 2.71], dtype=torch.float64)

    def autograd(at):
        leaf = at.clone().requires_grad_()
        y = f(leaf)
        return torch.autograd.grad(y.sum(), leaf)[0] + 0 * y.detach()  # NaN where the value is

    ours, exact = autograd(x), f.symbolic_derivative(x)
    # Where rounding alone moves the slope, no two ways of computing it can agree: leave those points out.
    steady = settled([ours, *(autograd(x * (1 + nudge)) for nudge in (-1e-10, 1e-10))], 1e-6)
    both = ours.isfinite() & exact.isfinite() & steady
    torch.testing.assert_close(ours[both], exact[both], rtol=1e-6, atol=1e-6)

    secants = [(f(x + h) - f(x - h)) / (2 * h) for h in (1e-5, 2e-5, 4e-6)]
    smooth = both & settled(secants, 1e-5) & (f(x).abs() < 1e4)
    torch.testing.assert_close(ours[smooth], secants[0][smooth], rtol=1e-4, atol=1e-4)
