"""The scripts of the lessons on derivatives and descents, run as they are, print the numbers on the screen."""

import numpy as np
import pytest
from executing import run

import sgd_core
from sgd_core.export.derivatives import (
    autograd_script,
    derivative_script,
    finite_difference_script,
    partial_derivatives_script,
)
from sgd_core.export.descent import descent_script, schedules_script


def test_the_derivative_script_prints_value_and_gradient() -> None:
    f = sgd_core.parse_function("x**2")
    assert run(derivative_script(f.torch_code, [3.0])) == ["tensor(9., grad_fn=<PowBackward0>)", "tensor(6.)"]
    vector = run(derivative_script(f.torch_code, [3.0, 4.0, 10.0]))
    assert vector == ["tensor(125., grad_fn=<SumBackward0>)", "tensor([ 6.,  8., 20.])"]


@pytest.mark.parametrize("formula", ["x**2", "sin(3*x) + x**2/10"])
def test_the_descent_script_prints_the_frame(formula: str) -> None:
    f = sgd_core.parse_function(formula)
    rates = [0.1, 0.9]
    code = sgd_core.Optimizer("sgd", momentum=0.5).torch_code("[w]", "lr")
    lines = run(descent_script(f.torch_code, start=-1.5, lrs=rates, steps=7, optimizer=code))
    numbers = np.array([[float(part) for part in line.split()] for line in lines if not line.startswith("learning")])
    frame = sgd_core.descend(f, start=-1.5, lr=rates, steps=7, optimizer="sgd", momentum=0.5)
    assert np.allclose(numbers, frame[["step", "x", "loss", "gradient", "update"]].to_numpy(), rtol=1e-9, atol=1e-12)


def numbers(lines: list[str]) -> list[list[float]]:
    """The plain numbers of each line."""
    found = []
    for line in lines:
        words = line.replace("tensor(", " ").replace(")", " ").replace(",", " ").split()
        found.append([float(word) for word in words if word.lstrip("-")[:1].isdigit()])
    return found


@pytest.mark.parametrize("kind", ["forward", "central"])
def test_the_finite_difference_script_prints_the_table(kind: str) -> None:
    from sgd_core.calculus.finite_difference import finite_difference

    f = sgd_core.parse_function("sin(pi*x) + x**2/10")
    printed = numbers(run(finite_difference_script(f.torch_code, 1.3, 1e-3, kind)))
    for line, precision in zip(printed, ("float32", "float64"), strict=True):
        pair = finite_difference(f, 1.3, 1e-3, kind, precision)
        assert line == pytest.approx([pair.slope, pair.exact, pair.slope - pair.exact], rel=1e-12)


def test_the_autograd_script_prints_the_gradient_twice_as_large_then_itself() -> None:

    lines = run(autograd_script(sgd_core.parse_function("x**2").torch_code, 3.0))
    assert lines == ["tensor(9., grad_fn=<PowBackward0>)", "tensor(6.)", "tensor(12.)", "tensor(6.)"]


def test_the_script_of_two_weights_prints_both_partial_derivatives() -> None:
    from sgd_core.calculus.weights import slope_at, two_weights

    f = two_weights("a**2*b + sin(pi*b)")
    at = slope_at(f, 1.5, -0.7)
    value, slopes, nudged = numbers(run(partial_derivatives_script(f.torch_code, 1.5, -0.7)))
    assert value == [at.value] and slopes == [at.by_a, at.by_b]
    assert nudged == pytest.approx(slopes, rel=1e-6)


@pytest.mark.parametrize("formula", ["x**2", "sin(pi*x) + x**2/10"])
def test_the_schedules_script_prints_every_schedules_descent(formula: str) -> None:
    from sgd_core.descent.schedules import SCHEDULES, descend_on_schedules

    f = sgd_core.parse_function(formula)
    frame = descend_on_schedules(f, 2.0, 0.2, 30, list(SCHEDULES))
    blocks: dict[str, list[list[float]]] = {}
    for line in run(schedules_script(f.torch_code, 2.0, 0.2, 30, list(SCHEDULES))):
        if line in SCHEDULES:
            rows = blocks[line] = []
        else:
            rows.append([float(part) for part in line.split()])
    assert list(blocks) == list(SCHEDULES)
    for name, rows in frame.groupby("schedule"):
        wanted = rows[["step", "lr", "x", "loss"]].to_numpy(dtype=float)
        np.testing.assert_allclose(np.array(blocks[name][:-1]), wanted[:-1], rtol=1e-9)
        np.testing.assert_allclose(blocks[name][-1], wanted[-1][[0, 2, 3]], rtol=1e-9)
