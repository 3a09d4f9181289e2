"""What a model has learned and how its answers come about: landmarks of its weights, contributions, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.evaluation import Predictions, predict
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.models import network_with
from sgd_core.digits.snapshots import Snapshot

Floats = NDArray[np.float32]


class Contributions(NamedTuple):
    """How the scores of one image come about: `maps` (scores, H, W), what each pixel adds to each score, and `bias`.

    `score` (scores,) is the model's own; it equals the sum of a map plus its bias, up to rounding.
    """

    maps: Floats
    bias: Floats
    score: Floats


def contributions(model: Snapshot | Sequence[Floats], image: Floats) -> Contributions:
    """What each pixel of `image` (H, W) adds to each score of a snapshot's model, or of one with these parameters.

    For the linear model a pixel adds its value times its weight. The units that ReLU lets through for this image make
    the other models linear too: a pixel adds its value times the slope of the score by it, and the bias collects the
    rest. So it does with what the model takes away from each image (`Snapshot.origin`): paper adds nothing. Raises
    ValueError on parameters that fit no model.
    """
    parameters = model.parameters if isinstance(model, Snapshot) else model
    with torch.inference_mode(False), torch.enable_grad():
        tensors = [torch.tensor(array, dtype=torch.float64) for array in parameters]
        pixels = torch.tensor(image, dtype=torch.float64).reshape(1, -1).requires_grad_()
        seen = pixels - _origin(model).double()
        score = network_with(tensors, (image.shape[0], image.shape[1])).scores(tensors, seen)[0]
        slopes = [torch.autograd.grad(one, pixels, retain_graph=True)[0] for one in score]
    maps = (torch.cat(slopes) * pixels).detach()
    bias, score = score.detach() - maps.sum(1), score.detach()
    shown = maps.reshape(-1, *image.shape).float().numpy()
    return Contributions(shown, bias.float().numpy(), score.float().numpy())


def _origin(model: Snapshot | Sequence[Floats]) -> Tensor:
    """What a model takes away from each image, as a row; one 0 where that is nothing."""
    origin = model.origin if isinstance(model, Snapshot) else None
    return torch.zeros(1) if origin is None else torch.tensor(origin).reshape(1, -1)


STRONGEST = 8  # pixels that are told one by one


def score_parts(found: Contributions, of: int, strongest: int = STRONGEST) -> list[tuple[str, float, float, str]]:
    """What adds up to score number `of`, from first to last: (name, begin, end, kind), each beginning where one ends.

    The strongest pixels one by one, all others together, the bias, and the whole from 0. `kind` is "for", "against" or
    "sum".
    """
    pixels = found.maps[of].astype(np.float64)
    order = np.argsort(-np.abs(pixels), axis=None)[:strongest]
    chosen = [int(index) for index in order if pixels.flat[index] != 0]
    amounts = [
        (f"row {index // pixels.shape[1]}, column {index % pixels.shape[1]}", float(pixels.flat[index]))
        for index in chosen
    ]
    amounts.append(("all other pixels", float(pixels.sum() - sum(amount for _, amount in amounts))))
    amounts.append(("bias", float(found.bias[of])))
    parts, total = [], 0.0
    for name, amount in amounts:
        parts.append((name, total, total + amount, "for" if amount >= 0 else "against"))
        total += amount
    return [*parts, ("score", 0.0, total, "sum")]


def filter_responses(model: Snapshot | Sequence[Floats], image: Floats) -> Floats:
    """What the first filters of a convolutional model answer to `image` (H, W), before ReLU: (maps, h, w).

    Raises ValueError where the model's first layer has no filters.
    """
    parameters = model.parameters if isinstance(model, Snapshot) else model
    tensors = [torch.tensor(array, dtype=torch.float32) for array in parameters]
    network = network_with(tensors, (image.shape[0], image.shape[1]))
    if network.is_dense:
        raise ValueError("Only a convolutional model has filters; this one has a weight for each pixel.")
    with torch.inference_mode():
        seen = torch.tensor(image, dtype=torch.float32).reshape(1, -1) - _origin(model)
        responses: Floats = network.responses(tensors, seen)[0].numpy()
    return responses


class Evaluated(NamedTuple):
    """All validation images evaluated: what the model answers, each one's loss (N,), and how clear the answer is (N,).

    `margin` is the distance from deciding otherwise: of the score from its threshold, or from the runner-up's score.
    `confidence` is the probability of the answer, or None for a loss whose outputs are no probabilities. `labels` (N,)
    are the true classes.
    """

    predictions: Predictions
    losses: Floats
    margin: Floats
    confidence: Floats | None
    labels: NDArray[np.int64]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which images got another answer than the truth, (N,)."""
        return self.predictions.decided != self.labels

    @property
    def worst_first(self) -> NDArray[np.int64]:
        """All images, the one that costs the most loss first, (N,)."""
        return np.argsort(-self.losses, kind="stable")

    @property
    def least_sure_first(self) -> NDArray[np.int64]:
        """All images, the one that is nearest to another answer first, (N,)."""
        return np.argsort(self.margin, kind="stable")

    def cell(self, truth: int, answer: int) -> NDArray[np.int64]:
        """The images of a class that got this answer, the clearest first."""
        order = np.argsort(-self.margin, kind="stable")
        fits = (self.labels == truth) & (self.predictions.decided == answer)
        return order[fits[order]]


def evaluate_images(now: Snapshot, config: TrainConfig, digits: Digits) -> Evaluated:
    """Evaluate the model of a snapshot on each validation image."""
    answers, loss = predict(now, config, digits.valid_images), LOSSES[config.loss]
    with torch.inference_mode():
        targets = targets_for(digits.valid_labels, len(digits.classes))
        losses = loss.values(torch.tensor(answers.scores), targets).numpy()
    if answers.scores.shape[1] == 1:
        margin = np.abs(answers.scores[:, 0] - loss.threshold)
        confidence = np.where(answers.decided == 0, answers.outputs[:, 0], 1 - answers.outputs[:, 0])
    else:
        two = np.partition(answers.scores, -2, axis=1)[:, -2:]
        margin, confidence = two[:, 1] - two[:, 0], answers.outputs.max(1)
    labels = digits.valid_labels.numpy()
    return Evaluated(answers, losses, margin, confidence if loss.gives_probabilities else None, labels)


def confusion(evaluated: Evaluated, digits: Digits) -> NDArray[np.int64]:
    """How often each class (row) got each answer (column), (classes, classes)."""
    count = len(digits.classes)
    pairs = evaluated.labels * count + evaluated.predictions.decided
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def common_mistake(counts: NDArray[np.int64]) -> tuple[int, int]:
    """The class that is mistaken most often, and for which; (0, 0) where there is no mistake."""
    mistakes = counts - np.diag(counts.diagonal())
    truth, answer = np.unravel_index(int(mistakes.argmax()), counts.shape)
    return int(truth), int(answer)


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
    place = "in the middle third" if (rows, columns) == ("middle", "centre") else f"in the {rows} {columns}"
    return Landmark(row, column, float(weights[row, column]), place)
