"""What a model has learned and how its answers come about: landmarks of its weights, contributions, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.evaluation import Predictions, predict
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.snapshots import Snapshot

Floats = NDArray[np.float32]


class Contributions(NamedTuple):
    """How the scores of one image come about: `maps` (scores, H, W), what each pixel adds to each score, and `bias`.

    `score` (scores,) is the model's own; it equals the sum of a map plus its bias, up to rounding.
    """

    maps: Floats
    bias: Floats
    score: Floats


def contributions(parameters: Sequence[Floats], image: Floats) -> Contributions:
    """What each pixel of `image` (H, W) adds to each score of the model with these parameters.

    For the linear model a pixel adds its value times its weight. For the two-layer model the units that ReLU lets through for
    this image make it linear too: a pixel adds its value times the sum over those units of both weights, and the bias
    collects theirs.
    """
    weight: NDArray[np.float64] = parameters[0].astype(np.float64)
    bias: NDArray[np.float64] = parameters[1].astype(np.float64)
    pixels: NDArray[np.float64] = image.reshape(-1).astype(np.float64)
    score: NDArray[np.float64] = weight @ pixels + bias
    for layer, layer_bias in zip(parameters[2::2], parameters[3::2], strict=True):
        outer, outer_bias = layer.astype(np.float64), layer_bias.astype(np.float64)
        through = outer * (score > 0)  # (out, hidden): weights of the units that are on
        score = outer @ np.maximum(score, 0) + outer_bias
        weight, bias = through @ weight, through @ bias + outer_bias
    maps = (weight * pixels).reshape(-1, *image.shape)
    return Contributions(maps.astype(np.float32), bias.astype(np.float32), score.astype(np.float32))


class Evaluated(NamedTuple):
    """All validation images evaluated: what the model answers, each one's loss (N,), and how clear the answer is (N,).

    `margin` is the distance from deciding otherwise: of the score from its threshold, or from the runner-up's score.
    `confidence` is the probability of the answer, or None for a loss whose outputs are no probabilities.
    """

    predictions: Predictions
    losses: Floats
    margin: Floats
    confidence: Floats | None


def evaluate_images(now: Snapshot, config: TrainConfig, digits: Digits) -> Evaluated:
    """Evaluate the model of a snapshot on each validation image."""
    answers, loss = predict(now, config, digits.valid_images), LOSSES[config.loss]
    with torch.inference_mode():
        targets = targets_for(digits.valid_labels, len(digits.classes))
        losses = loss.values(torch.tensor(answers.scores), targets)[:, 0].numpy()
    if answers.scores.shape[1] == 1:
        margin = np.abs(answers.scores[:, 0] - loss.threshold)
        confidence = np.where(answers.decided == 0, answers.outputs[:, 0], 1 - answers.outputs[:, 0])
    else:
        two = np.partition(answers.scores, -2, axis=1)[:, -2:]
        margin, confidence = two[:, 1] - two[:, 0], answers.outputs.max(1)
    return Evaluated(answers, losses, margin, None if config.loss == "mean_squared_error" else confidence)


def confusion(evaluated: Evaluated, digits: Digits) -> NDArray[np.int64]:
    """How often each class (row) got each answer (column), (classes, classes)."""
    count = len(digits.classes)
    pairs = digits.valid_labels.numpy() * count + evaluated.predictions.decided
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def dead_pixels(digits: Digits) -> NDArray[np.bool_]:
    """The pixels (H, W) that are 0 in every training image: no gradient ever reaches their weights."""
    dead: NDArray[np.bool_] = (digits.train_images == 0).all(0).numpy()
    return dead


class Landmark(NamedTuple):
    """A pixel that stands out: row and column from 0, the weight there, and in words where it lies."""

    row: int
    column: int
    weight: float
    place: str


def landmarks(weights: Floats) -> tuple[Landmark, Landmark]:
    """The pixels of the largest and of the smallest weight in a map (H, W)."""
    return _landmark(weights, int(weights.argmax())), _landmark(weights, int(weights.argmin()))


def _landmark(weights: Floats, index: int) -> Landmark:
    row, column = divmod(index, weights.shape[1])
    rows = ("upper", "middle", "lower")[min(2, 3 * row // weights.shape[0])]
    columns = ("left", "centre", "right")[min(2, 3 * column // weights.shape[1])]
    place = "the very middle" if (rows, columns) == ("middle", "centre") else f"the {rows} {columns}"
    return Landmark(row, column, float(weights[row, column]), place)
