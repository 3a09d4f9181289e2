"""The gradient of a digit model's loss, computed twice: by a finite difference for every weight, and by one backward pass."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.inputs import seen_by_model
from sgd_core.digits.losses import LOSSES, targets_for

REPEATS = 5  # of the backward pass, for its time


@dataclass(frozen=True, eq=False)
class WeightGradient:
    """One way to the gradient: `gradient` (all parameters in a row, weights before biases), and what it cost.

    `forward` and `backward` count the passes over all training images that it takes; `seconds` is measured on this
    machine: of the differences once, of the short backward pass as the median of five.
    """

    gradient: NDArray[np.float32]
    forward: int
    backward: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both ways at the same weights; `loss` is the loss there, `image_shape` that of the weight map.

    `blank_pixels` counts the pixels that are 0 in every training image: their weights have no gradient, ever.
    """

    by_differences: WeightGradient
    exact: WeightGradient
    h: float
    loss: float
    images: int
    blank_pixels: int
    image_shape: tuple[int, int]

    @property
    def ratio(self) -> float:
        """How many times longer the finite differences took."""
        return self.by_differences.seconds / self.exact.seconds

    @property
    def largest_difference(self) -> float:
        """The largest distance between the two, over all parameters."""
        return float(np.abs(self.by_differences.gradient - self.exact.gradient).max())

    def maps(self, way: WeightGradient) -> NDArray[np.float32]:
        """Return a gradient's weights as maps (maps, H, W), biases left out."""
        height, width = self.image_shape
        count = len(way.gradient) // (height * width)
        return way.gradient[: count * height * width].reshape(count, height, width)


def compare(
    config: TrainConfig, digits: Digits, *, h: float = 1e-3, progress: Callable[[float], None] | None = None
) -> Comparison:
    """Compute the gradient of the mean loss over all training images, at the initial weights, both ways.

    Only for the linear model of `config`. Each parameter in turn grows by `h` (forward difference, float32, the
    model's own precision). `progress` gets the share done, from 0 to 1. Raises ValueError on another model and on an
    `h` that is not a number above 0.
    """
    if config.model != "linear":
        raise ValueError("Every weight is nudged one by one; choose the linear model, which has few.")
    if not 0 < h < float("inf"):
        raise ValueError(f"The nudge h must be a number above 0; it is {h}.")
    loss_of, parameters = _loss(config, digits)
    exact, loss = _by_backward(loss_of, parameters)
    by_differences = _by_differences(loss_of, parameters, h, progress or (lambda share: None))
    blank = int((digits.train_images == 0).all(0).sum())
    return Comparison(by_differences, exact, h, loss, len(digits.train_images), blank, digits.image_shape)


def _loss(config: TrainConfig, digits: Digits) -> tuple[Callable[[], Tensor], list[Tensor]]:
    classes = len(digits.classes)
    pixels = seen_by_model(config.inputs, digits)[0].train_images.flatten(1)
    targets = targets_for(digits.train_labels, classes)
    network = config.network(digits.image_shape)
    parameters = network.initial_parameters(config.init, torch.Generator().manual_seed(config.seed + 1))
    loss = LOSSES[config.loss]
    return lambda: loss.values(network.scores(parameters, pixels), targets).mean(), parameters


def _by_backward(loss_of: Callable[[], Tensor], parameters: list[Tensor]) -> tuple[WeightGradient, float]:
    for parameter in parameters:
        parameter.requires_grad_()
    # Several times, the middle one counts: a single pass is too short to time, and the first one sets up memory.
    times = []
    for _ in range(REPEATS):
        for parameter in parameters:
            parameter.grad = None
        began = time.perf_counter()
        loss = loss_of()
        loss.backward()  # type: ignore[no-untyped-call]
        times.append(time.perf_counter() - began)
    row = torch.cat([_gradient(parameter).flatten() for parameter in parameters])
    for parameter in parameters:
        parameter.requires_grad_(False)
    return WeightGradient(row.numpy(), 1, 1, statistics.median(times)), float(loss.detach())


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _by_differences(
    loss_of: Callable[[], Tensor], parameters: list[Tensor], h: float, progress: Callable[[float], None]
) -> WeightGradient:
    count = sum(parameter.numel() for parameter in parameters)
    row, place, seconds = torch.empty(count), 0, 0.0
    with torch.no_grad():
        began = time.perf_counter()
        here = loss_of()
        seconds += time.perf_counter() - began
        for parameter in parameters:
            flat = parameter.view(-1)
            for i in range(len(flat)):
                began = time.perf_counter()
                original = flat[i].clone()
                flat[i] += h
                row[place] = (loss_of() - here) / h
                flat[i] = original
                seconds += time.perf_counter() - began  # without the time that showing the progress takes
                place += 1
                progress(place / count)
    return WeightGradient(row.numpy(), count + 1, 0, seconds)
