"""What a digit classifier must beat: the nearest mean image, which learns no weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from sgd_core.digits.datasets import Digits


class Published(NamedTuple):
    """A result that somebody published, or that was measured here: its name, the share of right answers, its source."""

    name: str
    accuracy: float
    source: str


_BOOK = "Howard and Gugger, Deep Learning for Coders, chapter 4"
_CNN = (
    "measured here: this app's small convolutional network, Adam, learning rate 0.01 by one cycle, mini-batches of 64"
)
_PUBLISHED = {
    ("mnist", frozenset((3, 7))): (
        Published("book, linear", 0.9785, f"{_BOOK}: 20 epochs, learning rate 1, mini-batches of 256"),
        Published("book, two layers", 0.9828, f"{_BOOK}: 784-30-1, 40 epochs, learning rate 0.1"),
        Published("book, ResNet-18", 0.9971, f"{_BOOK}: an 18-layer convolutional network, one epoch"),
        Published("small convolutional network", 0.9971, f"{_CNN}, 5 epochs"),
    ),
    ("mnist", frozenset(range(10))): (Published("small convolutional network", 0.9868, f"{_CNN}, 3 epochs"),),
}


def published(dataset: str, classes: tuple[int, ...] | None) -> tuple[Published, ...]:
    """The published or measured validation accuracies for these images, lowest first; none for most."""
    return _PUBLISHED.get((dataset, frozenset(classes or range(10))), ())


_PIECE = 256  # images compared at a time: 10 classes of 28 x 28 pixels take 8 MB


def mean_images(digits: Digits) -> Tensor:
    """The average training image of each class, (classes, H, W) float32: the book's "ideal" digits."""
    labels = digits.train_labels
    sums = torch.zeros(len(digits.classes), *digits.image_shape).index_add_(0, labels, digits.train_images)
    counts = torch.bincount(labels, minlength=len(digits.classes))
    return sums / counts.view(-1, 1, 1)


def pixel_similarity(digits: Digits, distance: str = "l1") -> float:
    """The share (0 to 1) of validation images whose nearest mean image is of their own class.

    `distance` is "l1", the mean absolute difference of pixels, or "l2", the root mean squared one. The fastai book's
    chapter on MNIST reports 0.9511 for 3 against 7 with L1. Raises ValueError for another distance.
    """
    if distance not in _DISTANCES:
        raise ValueError(f"There is no distance {distance!r}; choose one of: {', '.join(_DISTANCES)}.")
    means = mean_images(digits).flatten(1)
    right = 0
    pieces = (torch.split(part, _PIECE) for part in (digits.valid_images, digits.valid_labels))
    for images, labels in zip(*pieces, strict=True):
        differences = images.flatten(1).unsqueeze(1) - means
        right += int((_DISTANCES[distance](differences).argmin(1) == labels).sum())
    return right / len(digits.valid_labels)


def _l1(differences: Tensor) -> Tensor:
    return differences.abs().mean(-1)


def _l2(differences: Tensor) -> Tensor:
    return differences.square().mean(-1)  # the root would not change which is nearest


_DISTANCES: dict[str, Callable[[Tensor], Tensor]] = {"l1": _l1, "l2": _l2}
