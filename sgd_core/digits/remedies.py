"""The remedies of `descent.remedies` on digits: the same failing run, once with each of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import torch

from sgd_core.descent.remedies import LIMIT, LOWER, PLAIN, REMEDIES
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.snapshots import Array, Snapshot, StepRequest
from sgd_core.digits.training import train


@dataclass(frozen=True)
class RemedyMoment:
    """The same step of every run: loss and accuracy over the sets, and the status, in the order of `REMEDIES`."""

    step: int
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    statuses: tuple[str, ...]


def remedied(config: TrainConfig, digits: Digits, key: str) -> tuple[TrainConfig, Digits]:
    """Return the configuration and the images with a remedy; "clip" changes neither (see `train_clipped`).

    "scale" takes the mean training image away from all images, after which the loss bends far less sharply: most of the
    sharpest direction is what all images have in common. Raises KeyError on an unknown remedy.
    """
    remedy = REMEDIES[key]
    if key == "lower":
        return replace(config, lr=config.lr * LOWER), digits
    if key == "scale":
        mean = digits.train_images.mean(0)
        centred = replace(digits, train_images=digits.train_images - mean, valid_images=digits.valid_images - mean)
        return config, centred
    if remedy.optimizer == PLAIN:
        return replace(config, schedule=remedy.schedule), digits
    options = dict(remedy.optimizer.settings)
    return replace(config, optimizer=remedy.optimizer.name, optimizer_options=options), digits


def train_clipped(config: TrainConfig, digits: Digits, limit: float = LIMIT) -> Generator[Snapshot, None, None]:
    """Train by plain gradient descent on the whole set, the gradient shortened to at most `limit` before each step.

    A shorter gradient and a lower learning rate are the same step here, so each step is taken at the learning rate times
    limit / |gradient| where the gradient is longer; equal to `torch.nn.utils.clip_grad_norm_`. Raises ValueError on
    another optimizer and on mini-batches.
    """
    if config.batch_size is not None or config.optimizer != "sgd" or config.optimizer_options:
        raise ValueError("Clipping is shown for plain gradient descent on the whole training set only.")
    run = train(config, digits)
    snapshot = next(run)
    while True:
        yield snapshot
        length = _gradient_length(config, digits, snapshot.parameters)
        shorter = min(1.0, limit / length) if np.isfinite(length) and length > 0 else 1.0
        try:
            snapshot = run.send(StepRequest(lr=config.lr * shorter))
        except StopIteration:
            return


def train_with_remedies(config: TrainConfig, digits: Digits) -> Generator[RemedyMoment, None, None]:
    """Train with every remedy in lock-step; a step sees all images. Raises ValueError as `train_clipped` does."""
    runs = [
        train_clipped(config, digits) if key == "clip" else train(*remedied(config, digits, key)) for key in REMEDIES
    ]
    snapshots = [next(run) for run in runs]
    for step in range(config.epochs + 1):
        if step:
            snapshots = [next(run, last) for run, last in zip(runs, snapshots, strict=True)]
        yield RemedyMoment(
            step,
            tuple(one.train_loss for one in snapshots),
            tuple(one.valid_accuracy for one in snapshots),
            tuple(str(one.status) for one in snapshots),
        )


def _gradient_length(config: TrainConfig, digits: Digits, weights: tuple[Array, ...]) -> float:
    parameters = [torch.tensor(np.asarray(part), requires_grad=True) for part in weights]
    targets = targets_for(digits.train_labels, len(digits.classes))
    scores = config.network(digits.image_shape).scores(parameters, digits.train_images.flatten(1))
    loss = LOSSES[config.loss].values(scores, targets).mean()
    parts = torch.autograd.grad(loss, parameters)
    return float(torch.stack([part.square().sum() for part in parts]).sum().sqrt())
