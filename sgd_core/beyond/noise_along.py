"""The gradient noise scale along a run of training: its moments, numbers and words."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sgd_core.beyond.published import Check
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.gradient_noise import gradient_noise_scale, noise_scale_from_batches
from sgd_core.digits.training import StepRequest, train
from sgd_core.moments import next_moment
from sgd_core.numbers import number, percent

GROWTH = ("It shrinks", "It stays about the same", "It grows")


@dataclass(frozen=True, eq=False)
class NoiseMoment:
    """A run after `step` steps: its loss, accuracy and the noise scale (NaN where there is none)."""

    step: int
    loss: float
    accuracy: float
    noise: float
    weights: Sequence[np.ndarray]


def noise_along(config: TrainConfig, digits: Digits) -> Generator[NoiseMoment, None, None]:
    """Train, and measure the gradient noise scale at the moments that a recording keeps."""
    run = train(replace(config, patience=None), digits)
    per = math.ceil(len(digits.train_images) / (config.batch_size or len(digits.train_images)))
    snapshot = next(run)
    while True:
        try:
            noise = gradient_noise_scale(config, digits, snapshot.parameters)
        except ValueError:  # a run that is lost has no gradient to speak of
            noise = math.nan
        yield NoiseMoment(snapshot.step, snapshot.train_loss, snapshot.valid_accuracy, noise, snapshot.parameters)
        if snapshot.status != "running":
            return
        snapshot = run.send(StepRequest(steps=next_moment(snapshot.step, epoch=per) - snapshot.step))


def two_estimates(config: TrainConfig, digits: Digits, now: NoiseMoment) -> str:
    """Say what the noise scale is by batches of two sizes, and by single images."""
    try:
        estimate = noise_scale_from_batches(config, digits, now.weights, small=16, large=256, draws=60)
    except ValueError as error:
        return str(error)
    return f"{number(estimate, 3)} from batches of 16 and 256, {number(now.noise, 3)} from single images"


def noise_answer(moments: Sequence[NoiseMoment]) -> tuple[str, str]:
    """Return which of `GROWTH` the noise scale does from the first to the last moment, and why."""
    first, last = moments[0], moments[-1]
    ratio = last.noise / first.noise
    return GROWTH[2 if ratio > 1.5 else 0 if ratio < 0.67 else 1], (
        f"it goes from {number(first.noise, 3)} to {number(last.noise, 3)} while the loss goes from "
        f"{number(first.loss, 3)} to {number(last.loss, 3)}."
    )


def noise_checks(config: TrainConfig, digits: Digits, moments: Sequence[NoiseMoment]) -> list[Check]:
    """Return what is published of the noise scale beside what the moments show."""
    first, now = moments[0], moments[-1]
    times = f"is {number(now.noise / first.noise, 3)} times the first one" if now is not first else None
    return [
        Check("While the loss falls, the noise scale", "grows", times),
        Check("Two ways to measure it agree", "the two-batch estimate is unbiased", two_estimates(config, digits, now)),
    ]


def noise_scale_numbers(moments: Sequence[NoiseMoment]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    return pd.DataFrame(
        {
            "step": [number(one.step) for one in moments],
            "loss": [number(one.loss, 3) for one in moments],
            "accuracy": [percent(one.accuracy) for one in moments],
            "noise scale": [number(one.noise, 4) for one in moments],
        }
    )


def noise_scale_table(moments: Sequence[NoiseMoment]) -> pd.DataFrame:
    """Return a row a moment, with every digit."""
    rows = [(one.step, one.loss, one.accuracy, one.noise) for one in moments]
    return pd.DataFrame(rows, columns=["step", "train_loss", "valid_accuracy", "noise_scale"])


def tell_noise_scale(moments: Sequence[NoiseMoment], size: int) -> list[str]:
    """Say what the noise scale is, and what it means for this batch size."""
    first, now = moments[0], moments[-1]
    sentences = [
        "Each image has a gradient of its own. The **noise scale** is the spread of these gradients over the square of their mean: "
        "tr(Σ) / |G|². A step over so many images has as much signal as noise, so it is called the **critical batch size**. "
        f"It is {number(now.noise, 3)} here."
    ]
    if now.noise > 0:
        share = 1 / (1 + now.noise / size)
        sentences.append(
            f"With {size} images a step you get {percent(share, 3)} of the progress that a step over all images would make. "
            + (
                "Twice the images would nearly halve the number of steps."
                if now.noise > 2 * size
                else "Far more images would hardly save any steps."
                if now.noise < size / 2
                else "You are near the critical size: more images help, but less and less."
            )
        )
    if now.step:
        sentences.append(
            f"At the start it was {number(first.noise, 3)}. All images then agree on where to go; later most are read well, and the rest "
            "pull in different ways. This is why large batches pay late in training rather than early."
        )
    else:
        sentences.append("Press **Train** and watch it change.")
    return sentences
