"""Small tasks for full-batch descent: a tanh network, mean squared error, all weights in one flat tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import linear

from sgd_core.digits.datasets import Digits

# So many hidden units for so many pixels: wide enough that a catapult lands, small enough to follow live.
HIDDEN_FOR_LARGE, HIDDEN_FOR_SMALL, LARGE = 30, 300, 200


@dataclass(frozen=True, eq=False)
class Task:
    """Inputs (N, sizes[0]) and targets (N, sizes[-1]) for a tanh network with layers of these sizes.

    Weights are one flat tensor (size,): weight and bias of each layer in turn, as `torch.nn.Linear` lays them out.
    """

    title: str
    inputs: Tensor
    targets: Tensor
    sizes: tuple[int, ...]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each layer's weight and bias."""
        pairs = zip(self.sizes[:-1], self.sizes[1:], strict=True)
        return [shape for inputs, outputs in pairs for shape in ((outputs, inputs), (outputs,))]

    @property
    def size(self) -> int:
        """How many weights there are."""
        return sum(math.prod(shape) for shape in self.shapes)

    def initial(self, seed: int = 0) -> Tensor:
        """Weights as torch.nn.Linear draws them: uniform within 1 / sqrt(inputs)."""
        generator = torch.Generator().manual_seed(seed)
        drawn = []
        for place, shape in enumerate(self.shapes):
            bound = self.sizes[place // 2] ** -0.5
            drawn.append(torch.empty(math.prod(shape)).uniform_(-bound, bound, generator=generator))
        return torch.cat(drawn).to(self.inputs.dtype)

    def split(self, weights: Tensor) -> list[Tensor]:
        """The weight and bias of each layer, views of the flat tensor."""
        parts = torch.split(weights, [math.prod(shape) for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def outputs(self, weights: Tensor) -> Tensor:
        """What the network answers for all inputs, (N, sizes[-1])."""
        first, bias, *rest = self.split(weights)
        layer = linear(self.inputs, first, bias)
        for weight, bias in zip(rest[::2], rest[1::2], strict=True):
            layer = linear(layer.tanh(), weight, bias)
        return layer

    def loss(self, weights: Tensor) -> Tensor:
        """The mean squared error over all inputs."""
        return (self.outputs(weights) - self.targets).square().mean()


def chebyshev_task(degree: int = 4, points: int = 20, hidden: Sequence[int] = (30, 30)) -> Task:
    """Fit the Chebyshev polynomial of this degree at evenly spaced points of [-1, 1]; in double precision.

    After the toy task of J. Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability
    (2021, arXiv 2103.00065). Raises ValueError on a degree below 1 or fewer than two points.
    """
    if degree < 1 or points < 2:
        raise ValueError("A Chebyshev task needs a degree of at least 1 and at least two points.")
    x = torch.linspace(-1, 1, points, dtype=torch.float64)
    target = torch.cos(degree * torch.acos(x))
    return Task(f"Chebyshev polynomial of degree {degree}", x[:, None], target[:, None], (1, *hidden, 1))


def digit_task(digits: Digits, images: int = 500, hidden: int | None = None) -> Task:
    """Tell two classes apart by targets +1 (the first class) and -1, from at most so many training images.

    The images are taken at equal distances from the training set, where class lies after class. After the setting of
    A. Lewkowycz et al., The large learning rate phase of deep learning (2020, arXiv 2003.02218). Raises ValueError on
    digits of more than two classes.
    """
    if len(digits.classes) != 2:
        raise ValueError("This task is for two classes, such as 3 and 7.")
    rows = np.linspace(0, len(digits.train_images) - 1, min(images, len(digits.train_images))).round().astype(int)
    pixels = digits.train_images[rows].flatten(1)
    targets = 1 - 2 * digits.train_labels[rows].float()[:, None]
    width = hidden or (HIDDEN_FOR_LARGE if pixels.shape[1] >= LARGE else HIDDEN_FOR_SMALL)
    first, second = digits.class_names
    return Task(f"{first} or {second}, {len(rows)} images", pixels, targets, (pixels.shape[1], width, 1))
