"""Two smooth paths beside a bouncing descent: gradient flow, which never bounces, and the central flow, its average.

J. Cohen et al., Understanding optimization in deep learning with central flows (2025, arXiv 2410.24206). Descent with
learning rate lr oscillates along the sharpest direction u once the sharpness S passes 2 / lr. Averaged over the
oscillation, with variance sigma², the curvature itself acts like a loss: dw/dt = -(grad L + sigma² / 2 grad S), where
sigma² is whatever keeps S at 2 / lr, and the averaged loss is L + S sigma² / 2 = L + sigma² / lr.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.beyond.edge import EdgeSettings, eigenpairs_at
from sgd_core.beyond.tasks import Task
from sgd_core.descent.hessian import Eigenpairs

SUBSTEPS = (
    2  # of the central flow a step of descent: its sharpness stays at 2 / lr, half a step there goes straight down
)
STABLE = 2.0  # lr x sharpness of one Runge-Kutta step; the method is stable up to 2.78


@dataclass(frozen=True, eq=False)
class FlowMoment:
    """A flow at the time of `step` descent steps.

    `loss` is that at its own point, `predicted` the averaged loss of the descent (they differ by sigma² / lr: `variance`
    / lr), `eigenvalues` (k,) are the Hessian's largest. `unstable` counts those at the border: the central flow of one
    direction holds where it is at most 1, and is an approximation where more are at the edge. `weights` is (size,).
    """

    step: int
    loss: float
    predicted: float
    variance: float
    eigenvalues: NDArray[np.float64]
    unstable: int
    weights: NDArray[np.float64] | NDArray[np.float32]


def gradient_flow(task: Task, settings: EdgeSettings) -> Generator[FlowMoment, None, None]:
    """Follow dw/dt = -grad L from the same weights, lr of time a step: the path of infinitely small steps.

    The classical Runge-Kutta method of fourth order, as many steps a piece as the sharpness of its beginning asks for.
    """
    weights, pairs = task.initial(settings.seed), None
    for step in range(0, settings.steps + 1, settings.every):
        pairs = eigenpairs_at(task, weights, settings.eigenvalues, pairs)
        yield _moment(task, settings, step, weights, pairs, 0.0)
        time = settings.lr * settings.every
        count = max(1, math.ceil(time * float(pairs.values[0]) / STABLE))
        for _ in range(count):
            weights = _runge_kutta(task, weights, time / count)


def central_flow(task: Task, settings: EdgeSettings) -> Generator[FlowMoment, None, None]:
    """Follow the central flow of plain descent with one oscillating direction, from the same weights.

    Below the border it is gradient flow. Raises ValueError on momentum or warm-up, for which it is another one.
    """
    if settings.momentum or settings.warmup:
        raise ValueError("The central flow here is that of plain descent with a constant learning rate.")
    weights, border, time = task.initial(settings.seed), 2 / settings.lr, settings.lr / SUBSTEPS
    pairs, variances, direction = None, [0.0], torch.empty(0)
    for step in range(settings.steps + 1):
        if step % settings.every == 0:
            pairs = eigenpairs_at(task, weights, settings.eigenvalues, pairs)
            direction = torch.tensor(pairs.vectors[0], dtype=weights.dtype)
            yield _moment(task, settings, step, weights, pairs, float(np.mean(variances)))
            variances = []
        for _ in range(SUBSTEPS):
            slope, sharp, sharp_slope, direction = _slopes(task, weights, direction)
            # sigma² so that the sharpness, after this piece, is at the border and not above it
            above = (sharp - border) / time - (sharp_slope @ slope).item()
            steepness = (sharp_slope @ sharp_slope).item()
            variance = max(0.0, 2 * above / steepness) if steepness > 0 else 0.0
            weights = weights - time * (slope + variance / 2 * sharp_slope)
            variances.append(variance)


def _slopes(task: Task, weights: Tensor, direction: Tensor) -> tuple[Tensor, float, Tensor, Tensor]:
    """Return the gradients of loss and sharpness, the sharpness, and the sharpest direction, all at `weights`.

    `direction` is the sharpest one a small step ago. One round of power iteration lets it follow.
    """
    at = weights.detach().requires_grad_()
    slope = torch.autograd.grad(task.loss(at), at, create_graph=True)[0]
    bent = torch.autograd.grad(slope @ direction, at, create_graph=True)[0]
    sharp = bent @ direction
    # the derivative of an eigenvalue is that of u·Hu with u held still
    sharp_slope = torch.autograd.grad(sharp, at)[0]
    turned = bent.detach()
    return slope.detach(), sharp.item(), sharp_slope, turned / turned.norm()


def _runge_kutta(task: Task, weights: Tensor, time: float) -> Tensor:
    first = _slope(task, weights)
    second = _slope(task, weights - time / 2 * first)
    third = _slope(task, weights - time / 2 * second)
    fourth = _slope(task, weights - time * third)
    return weights - time / 6 * (first + 2 * second + 2 * third + fourth)


def _slope(task: Task, weights: Tensor) -> Tensor:
    at = weights.detach().requires_grad_()
    return torch.autograd.grad(task.loss(at), at)[0]


def _moment(
    task: Task, settings: EdgeSettings, step: int, weights: Tensor, pairs: Eigenpairs, variance: float
) -> FlowMoment:
    loss = task.loss(weights).item()
    flat = weights.numpy().copy()
    flat.setflags(write=False)
    values = pairs.values[: settings.eigenvalues]
    unstable = int((values >= 0.95 * 2 / settings.lr).sum())
    return FlowMoment(step, loss, loss + variance / settings.lr, variance, values, unstable, flat)
