"""The slope of any torch function: exactly by autograd, roughly by a finite difference."""

from collections.abc import Callable
from contextlib import ContextDecorator, ExitStack

import torch
from torch import Tensor


class recording(ContextDecorator):  # noqa: N801  (used like torch.enable_grad, whose name is small, too)
    """Within it autograd records, whatever mode the caller is in: `torch.no_grad`, `torch.inference_mode`."""

    def __enter__(self) -> None:
        """Leave the caller's mode."""
        self._modes = ExitStack()
        self._modes.enter_context(torch.inference_mode(False))
        self._modes.enter_context(torch.enable_grad())

    def __exit__(self, *error: object) -> None:
        """Come back to the caller's mode."""
        self._modes.close()


def derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return df/dx by autograd at every element of `x`: same shape and dtype, detached.

    `f` works element by element, so the gradient of the sum of its values holds every single derivative. Where `f` does
    not depend on x the answer is zero; where it has no value (NaN) it has no slope either. Works in every mode of the
    caller, `torch.no_grad` and `torch.inference_mode` among them. Raises ValueError on a tensor that is not
    floating-point.
    """
    _check(x)
    with recording():
        leaf = x.detach().clone().requires_grad_()  # a copy, since a tensor of the inference mode records nothing
        value = torch.as_tensor(f(leaf))
        return _slope(value, leaf).detach()


def second_derivative(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return d²f/dx² of an elementwise `f` at every element of `x`, by autograd twice; conditions as `derivative`."""
    _check(x)
    with recording():
        leaf = x.detach().clone().requires_grad_()
        value = torch.as_tensor(f(leaf))
        return _slope(_slope(value, leaf, create_graph=True), leaf).detach()


def _slope(value: Tensor, leaf: Tensor, create_graph: bool = False) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (slope,) = torch.autograd.grad(
        value.sum(), leaf, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )
    nowhere = value.isnan()
    return slope.masked_fill(nowhere, torch.nan) if nowhere.shape == slope.shape else slope


def secant(f: Callable[[Tensor], Tensor], x: Tensor, h: float | Tensor, kind: str = "forward") -> Tensor:
    """Return the slope of the line through two points of the curve, at every element of `x`, in x's own precision.

    "forward" is (f(x + h) - f(x)) / h, "central" is (f(x + h) - f(x - h)) / 2h; `h` broadcasts against `x`.
    Raises ValueError on h = 0 or not finite, on another kind, and on a tensor that is not floating-point.
    """
    _check(x)
    step = torch.as_tensor(h, dtype=x.dtype)
    if not bool((step.isfinite() & (step != 0)).all()):
        raise ValueError(f"The step h must be a finite number other than 0 in {x.dtype}; it is {h}.")
    with torch.no_grad():
        if kind == "forward":
            return (f(x + step) - f(x)) / step
        if kind == "central":
            return (f(x + step) - f(x - step)) / (2 * step)
    raise ValueError(f"Choose the difference as 'forward' or 'central', not {kind!r}.")


def _check(x: Tensor) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise ValueError("Give x as a floating-point tensor, such as torch.tensor(3.0).")
