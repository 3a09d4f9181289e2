"""The remedies of `descent.remedies` on digits: the same failing run, once with each of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from sgd_core.descent.remedies import LIMIT, LOWER, PLAIN, REMEDIES
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.training import train


@dataclass(frozen=True)
class RemedyMoment:
    """The same step of every run: loss and accuracy over the sets, and the status, in the order of `REMEDIES`."""

    step: int
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    statuses: tuple[str, ...]


def remedied(config: TrainConfig, key: str) -> TrainConfig:
    """Return the configuration with a remedy; KeyError on an unknown one.

    "scale" takes the mean training image away from all images, after which the loss bends far less sharply: most of the
    sharpest direction is what all images have in common. (Dividing by a standard deviation below 1 would undo that.)
    """
    remedy = REMEDIES[key]
    if key == "lower":
        return replace(config, lr=config.lr * LOWER)
    if key == "clip":
        return replace(config, clip=LIMIT)
    if key == "scale":
        return replace(config, inputs="centred")
    if remedy.optimizer == PLAIN:
        return replace(config, schedule=remedy.schedule)
    return replace(config, optimizer=remedy.optimizer.name, optimizer_options=dict(remedy.optimizer.settings))


def train_with_remedies(config: TrainConfig, digits: Digits) -> Generator[RemedyMoment, None, None]:
    """Train with every remedy in lock-step; a step sees all images. ValueError on mini-batches."""
    if config.batch_size is not None:
        raise ValueError("Remedies are compared on the whole training set, so that only they differ.")
    runs = [train(remedied(config, key), digits) for key in REMEDIES]
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
