"""Scripts in plain PyTorch for derivatives: each prints the numbers that its section shows, with nothing of this project.

A formula comes in as PyTorch source of a function of `x` (`Function.torch_code`).
"""

from collections.abc import Sequence

from sgd_core.digits.config import TrainConfig
from sgd_core.export.rendering import render
from sgd_core.export.training import script_context


def derivative_script(formula: str, values: Sequence[float]) -> str:
    """Return the script that computes value and gradient of `formula` at one point, or at a vector of points.

    With one value the function's result is a scalar; with several it is summed, so that it has one gradient.
    """
    return render("derivative", formula=formula, values=[float(value) for value in values])


def finite_difference_script(formula: str, x: float, h: float, kind: str) -> str:
    """Return the script that prints, for float32 and float64, the difference quotient, the derivative, and the error.

    `kind` is "forward" or "central".
    """
    return render("finite_difference", formula=formula, x=float(x), h=float(h), kind=kind)


def autograd_script(formula: str, x: float) -> str:
    """Return the script that prints value and gradient, calls `backward()` again, and empties `.grad`."""
    return render("autograd", formula=formula, x=float(x))


def partial_derivatives_script(formula: str, a: float, b: float) -> str:
    """Return the script that prints a function of `a` and `b`, both partial derivatives, and each by differences."""
    return render("partial_derivatives", formula=formula, a=float(a), b=float(b))


def weight_gradient_script(config: TrainConfig, h: float) -> str:
    """Return the script that finds a linear digit model's gradient by differences and by `backward()`, and compares."""
    return render("weight_gradient", **script_context(config, ["time"]), h=float(h))
