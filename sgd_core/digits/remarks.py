"""What settings lead to on certain images that one may not expect."""

from collections.abc import Iterator
from dataclasses import replace

from sgd_core.descent.schedules import MAX_STEPS
from sgd_core.digits.batches import Batches
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.numbers import number


def runnable(config: TrainConfig, digits: Digits) -> TrainConfig:
    """Return the configuration without what cannot be run: a schedule of too many steps."""
    too_many = config.schedule != "constant" and _steps(config, digits) > MAX_STEPS
    return replace(config, schedule="constant") if too_many else config


def _steps(config: TrainConfig, digits: Digits) -> int:
    """Return the steps of the whole run."""
    return config.epochs * Batches(config, len(digits.train_images)).per_epoch


def remarks(config: TrainConfig, digits: Digits) -> Iterator[str]:
    """Say what the settings lead to that one may not expect."""
    count, names = len(digits.train_images), digits.class_names
    yield from config.remarks
    if config.batch_size is None or config.batch_size > count:
        yield f"There are {count:,} training images, so every step takes all of them: one step an epoch."
    if not config.shuffle and config.batch_size is not None and config.batch_size < count:
        yield (
            f"Without shuffling an epoch shows every {names[0]} first and every {names[-1]} last, so within it the model "
            "unlearns what it has just learned: the first epochs look stuck."
        )
    if config.lr < 1e-6:
        yield f"At {number(config.lr)} a step hardly moves a weight: expect flat curves."
    elif config.lr >= 1000:
        yield f"At {number(config.lr)} a step overshoots by far: expect leaps, or a loss too large to be a number."
    if runnable(config, digits) != config:
        yield (
            f"A schedule has at most {MAX_STEPS:,} steps and this run {_steps(config, digits):,}: choose fewer epochs or "
            "larger mini-batches. Until then the learning rate stays constant."
        )
