"""Curvature in several weights, and the learning rates that follow from it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Loss = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Curvature:
    """The smallest and the largest eigenvalue of a Hessian, and what they mean for gradient descent.

    On a quadratic these are exact: a step multiplies the distance along each eigenvector by 1 - lr λ. Elsewhere they
    hold near the point only. Formulas: B. Polyak, "Some methods of speeding up the convergence of iteration methods"
    (1964); the derivation is also in G. Goh, "Why Momentum Really Works", Distill (2017).
    """

    least: float
    most: float

    @property
    def border(self) -> float:
        """The learning rate above which plain descent diverges, 2/λ_max; infinite where nothing curves upwards."""
        return 2 / self.most if self.most > 0 else math.inf

    @property
    def bowl(self) -> bool:
        """Whether it curves upwards in every direction."""
        return self.least > 0

    @property
    def condition(self) -> float:
        """How many times as steep the steepest direction is as the flattest, λ_max / λ_min; NaN outside of a bowl."""
        return self.most / self.least if self.bowl else math.nan

    @property
    def best_lr(self) -> float:
        """The learning rate with the fastest guaranteed shrinking, 2 / (λ_min + λ_max); NaN outside of a bowl."""
        return 2 / (self.least + self.most) if self.bowl else math.nan

    def factor(self, lr: float) -> float:
        """The factor a step, at worst, has on the distance: the larger of |1 - lr λ| at both ends."""
        return max(abs(1 - lr * self.least), abs(1 - lr * self.most))

    @property
    def best_momentum(self) -> tuple[float, float]:
        """The learning rate and momentum that together shrink the distance fastest; NaN outside of a bowl."""
        if not self.bowl:
            return math.nan, math.nan
        low, high = math.sqrt(self.least), math.sqrt(self.most)
        return 4 / (low + high) ** 2, ((high - low) / (high + low)) ** 2


def hessian(loss: Loss, point: Tensor) -> Tensor:
    """Return the second derivatives (n, n) of `loss` at one `point` (n,) by autograd; `loss` takes (..., n)."""
    leaf = point.detach().requires_grad_()
    with torch.enable_grad():
        value = loss(leaf)
        if not value.requires_grad:
            return torch.zeros(len(point), len(point), dtype=point.dtype)
        (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
        if not slope.requires_grad:
            return torch.zeros(len(point), len(point), dtype=point.dtype)
        rows = [
            torch.autograd.grad(part, leaf, retain_graph=True, allow_unused=True, materialize_grads=True)[0]
            for part in slope
        ]
    return torch.stack(rows)


def curvature_at(loss: Loss, point: Tensor) -> Curvature | None:
    """Return the curvature of `loss` at a point (n,); None where the Hessian is not finite."""
    second = hessian(loss, point)
    if not bool(second.isfinite().all()):
        return None
    values = torch.linalg.eigvalsh(second)
    return Curvature(float(values[0]), float(values[-1]))


def is_quadratic(loss: Loss, points: Tensor) -> bool:
    """Tell whether the Hessian is the same, and finite, at all of `points` (k, n), up to rounding."""
    seconds = torch.stack([hessian(loss, point) for point in points])
    if not bool(seconds.isfinite().all()):
        return False
    scale = float(seconds.abs().max()) or 1.0
    return bool((seconds - seconds[0]).abs().max() <= 1e-9 * scale)
