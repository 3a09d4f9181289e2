"""Full-batch descent and its sharpness on one clock: catapults and the edge of stability.

J. Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability (2021, arXiv 2103.00065);
A. Lewkowycz et al., The large learning rate phase of deep learning: the catapult mechanism (2020, arXiv 2003.02218).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sgd_core.beyond.tasks import Task
from sgd_core.descent.hessian import Eigenpairs, hessian_product, top_eigenpairs
from sgd_core.descent.optimizers import OPTIMIZERS, START, Optimizer
from sgd_core.digits.config import check_lr

Array = NDArray[np.float64]
Status = Literal["running", "finished", "diverged"]

LOST = 1e6  # a loss above this never comes back: the run has diverged
TOLERANCE = 1e-3  # of the eigenvalues; they are right to about the square of it


@dataclass(frozen=True)
class EdgeSettings:
    """One full-batch run: learning rate, steps, momentum, and how often to look at the curvature.

    `warmup` steps raise the learning rate linearly from lr / warmup to lr. `eigenvalues` are measured every `every`
    steps. Raises ValueError on values that make no sense.
    """

    lr: float
    steps: int = 1000
    momentum: float = 0.0
    nesterov: bool = False
    warmup: int = 0
    eigenvalues: int = 3
    every: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Check here, where the caller can still answer."""
        check_lr(self.lr)
        if not 0 <= self.momentum < 1:
            raise ValueError(f"Momentum must be a number from 0 to below 1, not {self.momentum!r}.")
        if self.steps < 1 or self.every < 1 or self.eigenvalues < 1 or self.warmup < 0:
            raise ValueError("Steps, the distance between two looks and the number of eigenvalues must be at least 1.")
        if self.nesterov and self.momentum == 0:
            raise ValueError("Nesterov's rule needs a momentum above 0.")

    def lr_at(self, step: int) -> float:
        """The learning rate of the step that follows `step` steps."""
        return self.lr * min(1.0, (step + 1) / self.warmup) if self.warmup else self.lr

    def border_at(self, step: int) -> float:
        """The largest sharpness at which that step is stable."""
        return stable_sharpness(self.lr_at(step), self.momentum, self.nesterov)


@dataclass(frozen=True, eq=False)
class EdgeMoment:
    """A run after `step` steps, in plain numbers and read-only arrays.

    `losses` are those at the weights before each step since the last moment, the present one last; `loss` is the
    present one. `eigenvalues` (k,) are the Hessian's largest, NaN once diverged; `border` is the sharpness above which
    the next step is unstable; `weights` (size,) is the flat parameter vector.
    """

    step: int
    lr: float
    loss: float
    losses: Array
    eigenvalues: Array
    border: float
    weights: NDArray[np.float32] | Array
    status: Status

    @property
    def sharpness(self) -> float:
        """The largest eigenvalue."""
        return float(self.eigenvalues[0])

    def unstable(self, tolerance: float = 0.05) -> int:
        """How many of the eigenvalues stand at the border, or above it, up to this share of it."""
        return int((self.eigenvalues >= (1 - tolerance) * self.border).sum())


def stable_sharpness(lr: float, momentum: float = 0.0, nesterov: bool = False) -> float:
    """Return the sharpness above which descent on a parabola diverges, with torch's form of momentum.

    2 / lr for plain descent, 2 (1 + momentum) / lr with momentum, (2 + 2 momentum) / ((1 + 2 momentum) lr) with
    Nesterov's (Cohen et al. 2021, equation 1).
    """
    if nesterov:
        return (2 + 2 * momentum) / ((1 + 2 * momentum) * lr)
    return 2 * (1 + momentum) / lr


def follow(task: Task, settings: EdgeSettings) -> Generator[EdgeMoment, None, None]:
    """Descend on the whole set; yield a moment before the first step and then every `settings.every` steps.

    The last moment's status is "finished" or "diverged" (a loss that is not finite, or above a million). The same task and settings give the same numbers on one machine with one number of threads.
    """
    momentum = {"momentum": settings.momentum, "nesterov": settings.nesterov} if settings.momentum else {}
    optimizer = Optimizer("sgd", **momentum)
    rule, state = OPTIMIZERS["sgd"].rule, START
    weights, pairs, losses = task.initial(settings.seed), None, []
    for step in range(settings.steps + 1):
        weights.requires_grad_()
        loss = task.loss(weights)
        gradient = torch.autograd.grad(loss, weights)[0]
        weights = weights.detach()
        losses.append(loss.item())
        lost = not losses[-1] <= LOST
        if lost or step % settings.every == 0 or step == settings.steps:
            if not lost:
                pairs = eigenpairs_at(task, weights, settings.eigenvalues, pairs)
            status: Status = "diverged" if lost else "finished" if step == settings.steps else "running"
            yield _moment(settings, step, losses, None if lost else pairs, weights, status)
            losses = []
            if lost:
                return
        direction, state = rule(weights, gradient, state, optimizer.options)
        weights = weights - settings.lr_at(step) * direction


def eigenpairs_at(task: Task, weights: torch.Tensor, count: int, near: Eigenpairs | None = None) -> Eigenpairs:
    """Return the largest eigenvalues of the task's Hessian; `near`, those of weights close by, saves most of the work."""
    product = hessian_product(task.loss, weights)
    return top_eigenpairs(
        product,
        task.size,
        count,
        start=None if near is None else near.start,
        tolerance=TOLERANCE,
        dtype=weights.dtype,
    )


def _moment(
    settings: EdgeSettings,
    step: int,
    losses: Sequence[float],
    pairs: Eigenpairs | None,
    weights: torch.Tensor,
    status: Status,
) -> EdgeMoment:
    flat = weights.numpy().copy()
    flat.setflags(write=False)
    values = np.full(settings.eigenvalues, math.nan) if pairs is None else pairs.values
    each = np.asarray(losses)
    lr = settings.lr_at(step)
    return EdgeMoment(step, lr, losses[-1], each, values, settings.border_at(step), flat, status)


def catapult_settings(
    task: Task, multiples: Sequence[float], steps: int, *, every: int = 5, seed: int = 0
) -> list[EdgeSettings]:
    """Return runs from the same weights at these multiples of the rule's border 2 / lambda, lambda measured at the start.

    Lewkowycz et al.: below 1 the loss falls at once; from 1 to about 2 it first rises and ends in a flatter place; above
    that it is lost.
    """
    first = float(eigenpairs_at(task, task.initial(seed), 1).values[0])
    if first <= 0:
        raise ValueError("The loss does not bend upwards at the initial weights, so the rule names no border.")
    base = EdgeSettings(lr=2 / first, steps=steps, eigenvalues=1, every=every, seed=seed)
    return [replace(base, lr=multiple * base.lr) for multiple in multiples]


def side_by_side(task: Task, runs: Sequence[EdgeSettings]) -> Generator[tuple[EdgeMoment, ...], None, None]:
    """Follow several runs by one clock; a run that has ended stands still at its last moment."""
    followed = [follow(task, settings) for settings in runs]
    now = [next(one) for one in followed]
    yield tuple(now)
    while any(moment.status == "running" for moment in now):
        now = [next(one) if moment.status == "running" else moment for one, moment in zip(followed, now, strict=True)]
        yield tuple(now)
