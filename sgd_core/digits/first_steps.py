"""What the first step of a linear model does, seen image by image: for the walk on the Home page."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.evaluation import predict
from sgd_core.digits.snapshots import Snapshot
from sgd_core.digits.training import train


class Ink(NamedTuple):
    """One image times the weights: `signed` (H, W), what speaks for the first class and for the second, and the bias."""

    signed: NDArray[np.float32]
    for_first: float
    for_second: float
    bias: float

    @property
    def score(self) -> float:
        """What the model decides by: above 0 it says the first class."""
        return self.for_first - self.for_second + self.bias


def signed_ink(snapshot: Snapshot, image: NDArray[np.float32]) -> Ink:
    """Return an image (H, W) times the weights of a linear model of two classes."""
    signed = snapshot.weights[0] * image
    bias = float(np.asarray(snapshot.parameters[1]).ravel()[0])
    return Ink(signed, float(signed.clip(min=0).sum()), float(-signed.clip(max=0).sum()), bias)


class Mistaken(NamedTuple):
    """The share of each class that the model takes for the other one, and how it pulls at the gradient.

    `first_pull` and `second_pull` are the mean errors of the probability over each class's images, as parts of the mean
    over all: the gradient is the second class's images times theirs, minus the first class's times theirs.
    """

    first_share: float
    second_share: float
    first_pull: float
    second_pull: float


def mistaken(snapshot: Snapshot, config: TrainConfig, digits: Digits) -> Mistaken:
    """Return how the training images of two classes are mistaken for each other."""
    answer = predict(snapshot, config, digits.train_images)
    first = digits.train_labels.numpy() == 0
    output = answer.outputs[:, 0].astype(float)
    return Mistaken(
        float((answer.decided[first] != 0).mean()),
        float((answer.decided[~first] != 1).mean()),
        float((1 - output[first]).sum() / len(first)),
        float(output[~first].sum() / len(first)),
    )


class OnCurve(NamedTuple):
    """Training images along the curve of their loss: `rows` into the training set, their margins and losses.

    The margin is the score, counted positive where it speaks for the right class.
    """

    rows: NDArray[np.int64]
    margins: NDArray[np.float64]
    losses: NDArray[np.float64]


def on_loss_curve(snapshot: Snapshot, config: TrainConfig, digits: Digits, count: int = 11) -> OnCurve:
    """Choose images evenly along the margins, from the worst to the best, under the cross-entropy of two classes."""
    score = predict(snapshot, config, digits.train_images).scores[:, 0].astype(float)
    margins = np.where(digits.train_labels.numpy() == 0, score, -score)
    wanted = np.linspace(margins.min(), margins.max(), count)
    rows = np.unique(np.abs(margins[None, :] - wanted[:, None]).argmin(1))
    rows = rows[margins[rows].argsort()]
    return OnCurve(rows, margins[rows], np.logaddexp(0.0, -margins[rows]))


def one_step_from_zero(config: TrainConfig, digits: Digits) -> Snapshot:
    """Return the model after one step over all images from weights of zero."""
    *_, after = train(replace(config, init="zeros", batch_size=None, epochs=1), digits)
    return after
