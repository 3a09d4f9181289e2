"""How sharply the training loss bends: the largest eigenvalue of its Hessian, and with it the border 2 / lambda_max.

The Hessian is never built. A product with it takes two autograd calls, and power iteration needs nothing else
(facts: R. A. Horn and C. R. Johnson, Matrix Analysis; B. Pearlmutter, Fast exact multiplication by the Hessian, 1994).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import LARGEST_LAYER, Engine
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.models import scores
from sgd_core.digits.training import Snapshot, train

MOST_ROUNDS = 1000
ENOUGH = 3e-4  # |Hv - lambda v| / |lambda|; the eigenvalue itself is then right to about the square of it

Product = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Round:
    """One round of power iteration: the eigenvalue so far, and how far Hv is from a multiple of v, relative to it."""

    round: int
    value: float
    residual: float


@dataclass(frozen=True, eq=False)
class SharpnessMoment:
    """A snapshot of training with the sharpness at its weights."""

    snapshot: Snapshot
    sharpness: float


def sharpness(config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None) -> float:
    """Return the largest eigenvalue of the Hessian of the training loss, the mean over the whole training set.

    It is taken at `weights` (laid out as `Snapshot.parameters`), else at the initial weights of `config`. Plain gradient
    descent on the whole set overshoots ever more, along the direction of this eigenvalue, at learning rates above
    2 / sharpness; exactly so where the loss is quadratic. Raises ValueError on weights of other shapes, on digits of
    other classes, and where the loss or its curvature is not finite.
    """
    *_, last = sharpness_rounds(config, digits, weights)
    return last.value


def sharpness_rounds(
    config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None
) -> Generator[Round, None, None]:
    """The rounds of the power iteration one by one, so that it can be watched and stopped; raises as `sharpness`."""
    curvature = LossCurvature(config, digits, weights)
    for number, (value, residual) in enumerate(_Power(curvature, config.seed).top(), start=1):
        yield Round(number, value, residual)


def track_sharpness(
    config: TrainConfig, digits: Digits, *, snapshot_every: int | None = None
) -> Generator[SharpnessMoment, None, None]:
    """Train, and measure the sharpness at every snapshot; each measurement begins where the last one ended.

    A snapshot that has diverged has the sharpness NaN.
    """
    direction: Tensor | None = None
    for snapshot in train(config, digits, snapshot_every=snapshot_every):
        value = math.nan
        if snapshot.status != "diverged":
            curvature = LossCurvature(config, digits, snapshot.parameters)
            iteration = _Power(curvature, config.seed, direction)
            value = list(iteration.top())[-1][0]
            direction = iteration.direction
        yield SharpnessMoment(snapshot, value)


class LossCurvature:
    """The training loss at fixed weights, as the one thing power iteration wants: Hessian times vector."""

    def __init__(self, config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None) -> None:
        """Place the weights; ValueError if they do not fit the model, or the digits the config."""
        wanted = tuple(range(10)) if config.classes is None else config.classes
        if wanted != digits.classes:
            raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
        own = Engine(config, digits).parameters
        if weights is None:
            self._parameters = [parameter.detach().requires_grad_() for parameter in own]
        else:
            given = [torch.tensor(np.asarray(array), dtype=torch.float32) for array in weights]
            if [array.shape for array in given] != [parameter.shape for parameter in own]:
                shapes = [tuple(parameter.shape) for parameter in own]
                raise ValueError(f"The weights must have the shapes {shapes}, not {[tuple(a.shape) for a in given]}.")
            self._parameters = [array.requires_grad_() for array in given]
        self._values = LOSSES[config.loss].values
        self._count = len(digits.train_images)
        piece = max(1, LARGEST_LAYER // max(len(parameter) for parameter in own))
        pixels = torch.split(digits.train_images.flatten(1), piece)
        targets = torch.split(targets_for(digits.train_labels, len(digits.classes)), piece)
        self._pieces = list(zip(pixels, targets, strict=True))

    @property
    def size(self) -> int:
        """How many weights there are."""
        return sum(parameter.numel() for parameter in self._parameters)

    def times(self, direction: Tensor) -> Tensor:
        """Hessian times `direction`, (size,) float32 each: the gradient of (gradient · direction)."""
        sizes = [parameter.numel() for parameter in self._parameters]
        parts = torch.split(direction, sizes)
        total = torch.zeros_like(direction)
        for pixels, targets in self._pieces:
            loss = self._values(scores(self._parameters, pixels), targets).sum() / self._count
            slopes = torch.autograd.grad(loss, self._parameters, create_graph=True)
            along = torch.stack([slope.flatten() @ part for slope, part in zip(slopes, parts, strict=True)]).sum()
            bends = torch.autograd.grad(along, self._parameters, allow_unused=True, materialize_grads=True)
            total += torch.cat([bend.flatten() for bend in bends])
        return total


class _Power:
    """Power iteration: it finds the eigenvalue of largest size; shifted by a negative one, it finds the largest."""

    def __init__(self, curvature: LossCurvature, seed: int, direction: Tensor | None = None) -> None:
        self._curvature = curvature
        fresh = torch.randn(curvature.size, generator=torch.Generator().manual_seed(seed))
        # a little of everything, so that a direction taken over cannot be stuck in an eigenvector that is no longer first
        self.direction = fresh if direction is None else direction + 0.01 * fresh / fresh.norm()

    def top(self) -> Iterator[tuple[float, float]]:
        value = 0.0
        for value, residual in self._iterate(0.0):
            yield value, residual
        if value < 0:  # a saddle or a hill bends more downwards than upwards
            self.direction = self.direction.roll(1) + 1 / len(self.direction)
            for above, residual in self._iterate(value):
                yield above, residual

    def _iterate(self, shift: float) -> Iterator[tuple[float, float]]:
        for _ in range(MOST_ROUNDS):
            direction = self.direction / self.direction.norm()
            turned = self._curvature.times(direction) - shift * direction
            value = float(direction @ turned)
            size = float(turned.norm())
            if not math.isfinite(size):
                raise ValueError("The loss bends too sharply at these weights for its curvature to be a number.")
            if size == 0:  # flat in every direction
                yield shift, 0.0
                return
            residual = float((turned - value * direction).norm()) / max(abs(value), 1e-12 * size)
            self.direction = turned
            yield value + shift, residual
            if residual < ENOUGH:
                return
