"""How sharply the training loss bends: the largest eigenvalue of its Hessian, and with it the border 2 / lambda_max.

The Hessian is never built; see `descent.hessian`. Power iteration stands beside it for the lesson: the shortest way to
the same number that one can watch (facts: R. A. Horn and C. R. Johnson, Matrix Analysis).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.descent.hessian import Array, Eigenpairs, top_eigenpairs
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import IMAGES_AT_ONCE, LARGEST_LAYER
from sgd_core.digits.inputs import seen_by_model
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.training import Snapshot, train
from sgd_core.moments import moment_steps

MOST_ROUNDS = 1000
ENOUGH = 3e-4  # |Hv - lambda v| / |lambda|; the eigenvalue itself is then right to about the square of it


@dataclass(frozen=True)
class Round:
    """One round of power iteration: the eigenvalue so far, and how far Hv is from a multiple of v, relative to it."""

    round: int
    value: float
    residual: float


@dataclass(frozen=True, eq=False)
class SharpnessMoment:
    """A snapshot of training with the sharpness at its weights, and in how many steps since the start the loss rose.

    That counts snapshots: steps, where each step is one.
    """

    snapshot: Snapshot
    sharpness: float
    rises: int


def sharpness(config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None) -> float:
    """Return the largest eigenvalue of the Hessian of the training loss, the mean over the whole training set.

    It is taken at `weights` (laid out as `Snapshot.parameters`), else at the initial weights of `config`. Plain gradient
    descent on the whole set overshoots ever more, along the direction of this eigenvalue, at learning rates above
    2 / sharpness; exactly so where the loss is quadratic. Raises ValueError on weights of other shapes, on digits of
    other classes, and where the loss or its curvature is not finite.
    """
    return float(sharpest_directions(config, digits, weights).values[0])


def sharpest_directions(
    config: TrainConfig,
    digits: Digits,
    weights: Sequence[NDArray[Any]] | None = None,
    count: int = 1,
    *,
    start: Array | None = None,
) -> Eigenpairs:
    """Return the `count` largest eigenvalues and their directions over all parameters in a row; raises as `sharpness`.

    `start` (size,) is a vector to begin with, see `Eigenpairs.start`.
    """
    curvature = LossCurvature(config, digits, weights)
    return top_eigenpairs(curvature.times, curvature.size, count, start=start, seed=config.seed)


def direction_maps(direction: Array, digits: Digits) -> Array:
    """Return what a direction does to the first layer's weights, as maps (maps, H, W): `Snapshot.weights` of it.

    Only for the linear model, whose weights come first and fill all but one entry a map.
    """
    height, width = digits.image_shape
    maps = len(direction) // (height * width + 1)
    return direction[: maps * height * width].reshape(maps, height, width)


def coefficient(direction: Array, parameters: Sequence[NDArray[Any]]) -> float:
    """Return how far parameters (as `Snapshot.parameters`) lie along a unit direction: the zigzag of one parabola."""
    return float(direction @ np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in parameters]))


def sharpness_rounds(
    config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None
) -> Generator[Round, None, None]:
    """Find the eigenvalue of largest size by power iteration, a round at a time; raises as `sharpness`.

    At the minimum, and wherever the loss bends upwards most, it is the sharpness.
    """
    curvature = LossCurvature(config, digits, weights)
    direction = torch.randn(curvature.size, generator=torch.Generator().manual_seed(config.seed))
    for number in range(1, MOST_ROUNDS + 1):
        direction = direction / direction.norm()
        turned = curvature.times(direction)
        value, size = float(direction @ turned), float(turned.norm())
        if not math.isfinite(size):
            raise ValueError("The loss bends too sharply at these weights for its curvature to be a number.")
        residual = float((turned - value * direction).norm()) / abs(value) if value else 0.0
        yield Round(number, value, residual)
        if residual < ENOUGH:
            return
        direction = turned


def track_sharpness(
    config: TrainConfig, digits: Digits, *, snapshot_every: int | None = None
) -> Generator[SharpnessMoment, None, None]:
    """Train, and measure the sharpness at every snapshot; each measurement begins where the last one ended.

    A snapshot that has diverged has the sharpness NaN.
    """
    start: Array | None = None
    rises, before = 0, math.inf
    for snapshot in train(config, digits, snapshot_every=snapshot_every):
        rises, before = rises + (snapshot.train_loss > before), snapshot.train_loss
        value = math.nan
        if snapshot.status != "diverged":
            found = sharpest_directions(config, digits, snapshot.parameters, start=start)
            value, start = float(found.values[0]), found.start
        yield SharpnessMoment(snapshot, value, rises)


def sharpness_moments(config: TrainConfig, digits: Digits) -> Generator[SharpnessMoment, None, None]:
    """Follow the sharpness along plain gradient descent, where a step is an epoch; yield the recorded moments only."""
    recorded = set(moment_steps(config.epochs).tolist())
    for moment in track_sharpness(config, digits):
        if moment.snapshot.step in recorded or moment.snapshot.status == "diverged":
            yield moment


class LossCurvature:
    """The training loss at fixed weights, as the one thing eigenvalues need: Hessian times vector."""

    def __init__(self, config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None) -> None:
        """Place the weights; ValueError if they do not fit the model, or the digits the config."""
        wanted = tuple(range(10)) if config.classes is None else config.classes
        if wanted != digits.classes:
            raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
        digits, _ = seen_by_model(config.inputs, digits)
        self._network = config.network(digits.image_shape)
        own = self._network.initial_parameters(config.init, torch.Generator().manual_seed(config.seed + 1))
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
        if not self._network.is_dense:
            piece = min(piece, IMAGES_AT_ONCE)
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
            loss = self._values(self._network.scores(self._parameters, pixels), targets).sum() / self._count
            slopes = torch.autograd.grad(loss, self._parameters, create_graph=True)
            along = torch.stack([slope.flatten() @ part for slope, part in zip(slopes, parts, strict=True)]).sum()
            bends = torch.autograd.grad(along, self._parameters, allow_unused=True, materialize_grads=True)
            total += torch.cat([bend.flatten() for bend in bends])
        return total


def run_coefficients(direction: Array, parameters: Sequence[NDArray[Any]]) -> Array:
    """Return the `coefficient` of each run of a sweep, (runs,), for `SweepMoment.parameters` (runs, *shape)."""
    runs = [[array[run] for array in parameters] for run in range(len(parameters[0]))]
    return np.array([coefficient(direction, one) for one in runs])
