"""The PyTorch session of the lesson, really executed: value, `backward()`, `.grad`, printed as a console prints them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from sgd_core.calculus.derivative import recording
from sgd_core.calculus.formula import Function

MAX_VALUES = 1000
MAX_CALLS = 100


class Line(NamedTuple):
    """One line of code and what the console prints after it ("" for a statement that prints nothing)."""

    code: str
    output: str


@recording()
def run_session(function: Function, values: float | Sequence[float], *, total: bool = True) -> list[Line]:
    """Execute the session for a formula of one variable in float32 and return its lines.

    A number gives the session of a rank-0 tensor, a sequence that of a vector, whose values are summed before
    `backward()`; with `total=False` they are not, and the last line holds PyTorch's own error message.
    Raises ValueError on no values, more than 1,000, values that are not finite, and several variables.
    """
    if len(function.variables) != 1:
        raise ValueError("The session needs a formula of one variable; choose one such as x**2.")
    single = isinstance(values, int | float)
    numbers = [_number(values)] if isinstance(values, int | float) else [_number(value) for value in values]
    if not 1 <= len(numbers) <= MAX_VALUES:
        raise ValueError(f"Give between 1 and {MAX_VALUES:,} numbers; there are {len(numbers):,}.")
    shown = ", ".join(_literal(number) for number in numbers)
    summed = ".sum()" if total and not single else ""
    code = function.torch_code
    lines = [Line("import math" if "math." in code else "", ""), Line("import torch", "")]
    lines += [Line("from torch import tensor", ""), Line(f"def f({function.variables[0]}): return {code}", "")]
    things: dict[str, Any] = {}

    def make() -> None:
        things["xt"] = torch.tensor(numbers[0] if single else numbers, dtype=torch.float32).requires_grad_()

    def call() -> None:
        value = function(things["xt"])
        things["yt"] = value.sum() if summed else value

    steps: list[tuple[str, Callable[[], Any]]] = [
        (f"xt = tensor({shown if single else f'[{shown}]'}).requires_grad_()", make),
        (f"yt = f(xt){summed}", call),
        ("yt", lambda: things["yt"]),
        ("yt.backward()", lambda: things["yt"].backward()),
        ("xt.grad", lambda: things["xt"].grad),
    ]
    for text, action in steps:
        try:
            result = action()
        except Exception as error:  # a console shows any error and so do we
            return [line for line in [*lines, Line(text, f"{type(error).__name__}: {error}")] if line.code]
        lines.append(Line(text, "" if result is None else repr(result)))
    return [line for line in lines if line.code]


@recording()
def run_again(function: Function, value: float, calls: int, *, clear: bool) -> list[Line]:
    """Call `backward()` so many times on one float32 tensor, really, and return the lines with `.grad` after each call.

    PyTorch adds each new gradient to what `.grad` holds; with `clear=True` it is emptied before every call, as
    `optimizer.zero_grad()` does. Raises ValueError on a value that is not finite, on several variables, and on more than
    100 calls.
    """
    if len(function.variables) != 1:
        raise ValueError("The session needs a formula of one variable; choose one such as x**2.")
    if isinstance(calls, bool) or not isinstance(calls, int) or not 0 <= calls <= MAX_CALLS:
        raise ValueError(f"The number of calls must be a whole number from 0 to {MAX_CALLS}, not {calls!r}.")
    number = _number(value)
    xt = torch.tensor(number, dtype=torch.float32).requires_grad_()
    lines = [Line(f"xt = tensor({_literal(number)}).requires_grad_()", "")]
    for _ in range(calls):
        if clear:
            xt.grad = None
            lines.append(Line("xt.grad = None", ""))
        function(xt).backward()  # type: ignore[no-untyped-call]
        lines += [Line("f(xt).backward()", ""), Line("xt.grad", repr(xt.grad))]
    return lines


def _number(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number; replace it by one, such as 3.")
    return float(value)


def _literal(number: float) -> str:
    """Write 3.0 as `3.`, as one does by hand."""
    text = repr(number)
    return text[:-1] if text.endswith(".0") else text
