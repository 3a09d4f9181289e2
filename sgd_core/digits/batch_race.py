"""How large a batch? The same model by several batch sizes to the same loss, counted in steps and in images.

S. McCandlish et al., An empirical model of large-batch training (2018, arXiv 1812.06162): below the noise scale twice
the batch takes half of the steps and the same images, above it about the same steps and twice the images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.training import StepRequest, train

LOOK = 1.05  # how much farther each look is than the one before: what is counted is right to 5 %
Scale = Callable[[float, int, int, float], float]  # learning rate, its batch size, the new one, noise scale -> new rate

SCALINGS: dict[str, Scale] = {
    "same": lambda lr, _base, _size, _noise: lr,
    "linear": lambda lr, base, size, _noise: lr * size / base,
    # what the theory calls best: linear far below the noise scale, constant far above it
    "by noise scale": lambda lr, base, size, noise: lr * (1 + noise / base) / (1 + noise / size),
}
"""How the learning rate goes with the batch size, by name."""


@dataclass(frozen=True)
class BatchRaceMoment:
    """One batch size at one look: steps and images so far, the training loss, and how it stands.

    `outcome` is "running", "there" (the loss is at the target or below), "diverged", or "out of images".
    """

    batch_size: int
    lr: float
    step: int
    images: int
    train_loss: float
    outcome: str


def batch_race(
    config: TrainConfig,
    digits: Digits,
    batch_sizes: Sequence[int],
    *,
    target: float,
    most_images: int,
    scaling: str = "same",
    noise_scale: float = math.inf,
) -> Generator[BatchRaceMoment, None, None]:
    """Train with one batch size after the other until the training loss is at most `target`; yield each look.

    `config.lr` is meant for `config.batch_size`; `scaling` (of `SCALINGS`) makes the others' from it, "by noise scale"
    with `noise_scale`. A run ends after `most_images`. Looks are 5 % of the steps apart. Raises ValueError on an unknown
    scaling, a config without a batch size and batch sizes below 1.
    """
    if scaling not in SCALINGS:
        raise ValueError(f"There is no scaling {scaling!r}; choose one of: {', '.join(SCALINGS)}.")
    if config.batch_size is None or not batch_sizes or min(batch_sizes) < 1:
        raise ValueError("Give the batch size that the learning rate is meant for, and batch sizes of at least 1.")
    for size in batch_sizes:
        lr = SCALINGS[scaling](config.lr, config.batch_size, size, noise_scale)
        yield from _racing(replace(config, lr=lr, batch_size=size, schedule="constant"), digits, target, most_images)


def _racing(
    config: TrainConfig, digits: Digits, target: float, most_images: int
) -> Generator[BatchRaceMoment, None, None]:
    count = len(digits.train_images)
    epochs = math.ceil(most_images / count)
    run = train(replace(config, epochs=epochs, patience=None, seconds=None), digits)
    snapshot = next(run)
    while True:
        images = round(snapshot.epoch * count)
        if snapshot.status == "diverged":
            outcome = "diverged"
        elif snapshot.train_loss <= target:
            outcome = "there"
        elif snapshot.status != "running" or images >= most_images:
            outcome = "out of images"
        else:
            outcome = "running"
        size = min(config.batch_size or count, count)
        yield BatchRaceMoment(size, config.lr, snapshot.step, images, snapshot.train_loss, outcome)
        if outcome != "running":
            return
        snapshot = run.send(StepRequest(steps=max(1, math.ceil(snapshot.step * (LOOK - 1)))))
