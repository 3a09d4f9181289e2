"""Derivative, nudge, catalogue and session against closed forms, gradcheck and a real console."""

import code
import contextlib
import io
import math

import pytest
import torch

from sgd_core.calculus.catalogue import CATALOGUE, example
from sgd_core.calculus.derivative import derivative, secant
from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.session import run_session
from sgd_core.descent.descend import descend


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,)])
def test_derivative_of_the_square_is_twice_x(shape, dtype):
    x = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))
    slope = derivative(parse_function("x**2"), x)
    assert torch.equal(slope, 2 * x) and slope.dtype == dtype and not slope.requires_grad


def test_derivative_of_what_does_not_depend_on_x_is_zero():
    x = torch.tensor([1.0, 2.0])
    for f in (parse_function("3"), lambda x: torch.ones(2), lambda x: x.detach() ** 2, lambda x: 5.0):
        assert torch.equal(derivative(f, x), torch.zeros(2))


def test_derivative_leaves_its_argument_alone_and_works_without_grad():
    x = torch.tensor([3.0], requires_grad=True)
    with torch.no_grad():
        assert derivative(lambda x: x**3, x) == 27
    assert x.grad is None and x.requires_grad
    with pytest.raises(ValueError, match="floating-point"):
        derivative(lambda x: x, torch.tensor([3]))


def test_secants_of_the_square():
    x, f = torch.tensor([3.0, -1.0], dtype=torch.float64), parse_function("x**2")
    torch.testing.assert_close(secant(f, x, 0.5), 2 * x + 0.5)  # ((x + h)² - x²) / h = 2x + h
    torch.testing.assert_close(secant(f, x, 0.5, "central"), 2 * x)
    assert secant(f, x.float(), torch.tensor(0.5)).dtype == torch.float32
    for h in (0.0, float("nan"), float("inf"), 1e-60):
        with pytest.raises(ValueError, match="step h"):
            secant(f, x.float(), h)
    with pytest.raises(ValueError, match="central"):
        secant(f, x, 0.1, "backward")


@pytest.mark.parametrize("key", CATALOGUE)
def test_catalogue_entry_is_sound(key):
    entry = example(key)
    low, high = entry.domain
    assert entry.key == key and low <= entry.start <= high and entry.lesson.endswith(".") and entry.title
    x = torch.linspace(low, high, 30, dtype=torch.float64)  # an even number of points leaves out the kink at 0
    f = entry.function
    assert f.domain == entry.domain and f(x).isfinite().all()
    torch.testing.assert_close(derivative(f, x), f.symbolic_derivative(x), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(derivative(f, x), secant(f, x, 1e-6, "central"), rtol=1e-5, atol=1e-5)
    assert torch.autograd.gradcheck(f, x.clone().requires_grad_())


def test_catalogue_begins_with_the_quadratic_of_the_lesson():
    first = next(iter(CATALOGUE.values()))
    assert (first.key, first.formula, first.start) == ("quadratic", "x**2", -1.5)
    assert {"kink", "two_valleys", "ripples", "plateau", "cubic"} <= set(CATALOGUE)
    with pytest.raises(ValueError, match="quadratic, "):
        example("parabola")


def test_the_session_of_the_lesson():
    lines = run_session(parse_function("x**2"), 3.0)
    assert [tuple(line) for line in lines] == [
        ("import torch", ""),
        ("from torch import tensor", ""),
        ("def f(x): return x**2", ""),
        ("xt = tensor(3.).requires_grad_()", ""),
        ("yt = f(xt)", ""),
        ("yt", "tensor(9., grad_fn=<PowBackward0>)"),
        ("yt.backward()", ""),
        ("xt.grad", "tensor(6.)"),
    ]
    outputs = {line.code: line.output for line in run_session(parse_function("x**2"), [3, 4, 10])}
    assert "xt = tensor([3., 4., 10.]).requires_grad_()" in outputs and "yt = f(xt).sum()" in outputs
    assert outputs["yt"] == "tensor(125., grad_fn=<SumBackward0>)"
    assert outputs["xt.grad"] == "tensor([ 6.,  8., 20.])"


def console(lines):
    """What Python's own console prints for the same code."""
    terminal, printed = code.InteractiveConsole(), []
    for line in lines:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            if terminal.push(line.code):
                terminal.push("")
        printed.append(out.getvalue().strip())
    return printed


@pytest.mark.parametrize("values", [3.0, -0.1, 1e-7, [3, 4, 10], [0.1, -2.5e8], [2.0]])
@pytest.mark.parametrize("formula", ["x**2", "sin(3*x) + x**2/10", "3", "log(x)", "pi*abs(x) + sin(2)"])
def test_session_prints_what_a_console_prints(formula, values):
    lines = run_session(parse_function(formula), values)
    assert [line.output for line in lines] == console(lines)


def test_without_the_sum_pytorch_says_why_not():
    lines = run_session(parse_function("x**2"), [3, 4, 10], total=False)
    assert lines[-1].code == "yt.backward()"
    assert lines[-1].output == console(lines)[-1].splitlines()[-1]
    assert "scalar outputs" in lines[-1].output


@pytest.mark.parametrize("values", [[], [1.0] * 1001, float("nan"), [1, float("inf")], ["3"], [True]])
def test_values_no_session_can_use(values):
    with pytest.raises(ValueError, match="number"):
        run_session(parse_function("x**2"), values)


def test_session_of_two_variables_is_refused():
    with pytest.raises(ValueError, match="one variable"):
        run_session(parse_function("x*y", variables=("x", "y")), 1.0)


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_function_is_walked_as_torch_walks_it(key):
    entry = example(key)
    run = descend(entry.function, entry.start, 0.01, 60)
    w = torch.tensor(entry.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.01)
    for row in run.itertuples():
        optimizer.zero_grad()
        loss = eval(entry.function.torch_code, {"torch": torch, "math": math, "x": w})
        loss.backward()
        assert (row.x, row.loss, row.gradient) == (w.item(), loss.item(), w.grad.item())
        optimizer.step()
