"""Curvature in several weights, and the learning rates that follow from it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from sgd_core.calculus.derivative import recording
from sgd_core.numbers import number

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

    def border_with(self, momentum: float, nesterov: bool = False) -> float:
        """Return the learning rate above which descent with this momentum diverges: 2 (1 + momentum)/λ_max.

        With Nesterov's momentum it is that divided by 1 + 2 momentum. Infinite where nothing curves upwards.
        """
        return self.border * (1 + momentum) / (1 + 2 * momentum if nesterov else 1)

    @property
    def shape(self) -> str:
        """What the eigenvalues make of the place: "bowl", "valley", "saddle", "ridge", "dome" or "flat"."""
        size = max(abs(self.least), abs(self.most))
        low, high = (0 if abs(value) <= 1e-9 * size else 1 if value > 0 else -1 for value in (self.least, self.most))
        return {(1, 1): "bowl", (0, 1): "valley", (-1, 1): "saddle", (-1, 0): "ridge", (-1, -1): "dome"}.get(
            (low, high), "flat"
        )

    @property
    def words(self) -> str:
        """One sentence about the curvature here."""
        low, high = number(self.least, scale=self.most), number(self.most, scale=self.least)
        return {
            "bowl": f"It curves upwards in every direction, with λ from {low} to {high}.",
            "valley": f"It curves upwards in one direction, with λ = {high}, and not at all in another.",
            "saddle": f"It curves upwards in one direction, with λ = {high}, and downwards in another, with λ = {low}.",
            "ridge": f"It curves downwards in one direction, with λ = {low}, and not at all in another.",
            "dome": f"It curves downwards in every direction, with λ from {low} to {high}.",
            "flat": "It does not curve at all here.",
        }[self.shape]

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


def convergence_rates(
    lrs: ArrayLike, momenta: ArrayLike, eigenvalues: ArrayLike, *, nesterov: bool = False
) -> NDArray[np.float64]:
    """Return by which factor a step shrinks the distance in the long run, (momenta, lrs): below 1 it converges.

    On a quadratic with these Hessian eigenvalues, for each learning rate and momentum of `torch.optim.SGD`. Along an
    eigenvector two steps are tied by z² - t z + d = 0, with h = lr λ and momentum b: t = 1 + b - h and d = b, or with
    Nesterov's t = (1 + b)(1 - h) and d = b (1 - h); the larger root counts, and the slowest eigenvalue.
    Raises ValueError on learning rates or eigenvalues that are not finite, and on a momentum outside of 0 to 1.
    """
    rates, betas = np.asarray(lrs, dtype=np.float64).ravel(), np.asarray(momenta, dtype=np.float64).ravel()
    curves = np.asarray(eigenvalues, dtype=np.float64).ravel()
    if not (rates.size and curves.size and np.isfinite(rates).all() and np.isfinite(curves).all()):
        raise ValueError("Give at least one learning rate and one eigenvalue, all of them finite numbers.")
    if not (betas.size and ((betas >= 0) & (betas <= 1)).all()):
        raise ValueError("Every momentum must lie between 0 and 1.")
    h, b = rates[None, :, None] * curves, betas[:, None, None]
    trace, product = ((1 + b) * (1 - h), b * (1 - h)) if nesterov else (1 + b - h, b + 0 * h)
    root = trace**2 - 4 * product
    radius = np.where(root < 0, np.sqrt(np.abs(product)), (np.abs(trace) + np.sqrt(np.abs(root))) / 2)
    return radius.max(axis=2)


def hessian(loss: Loss, point: Tensor) -> Tensor:
    """Return the second derivatives (n, n) of `loss` at one `point` (n,) by autograd; `loss` takes (..., n)."""
    with recording():
        second: Tensor = torch.autograd.functional.hessian(loss, point.detach().clone())  # type: ignore[no-untyped-call]
    return second


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
