"""A race of batch sizes by three ways to scale the learning rate: its moments, numbers and words."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sgd_core.beyond.published import Check
from sgd_core.digits.batch_race import SCALINGS, BatchRaceMoment, batch_race
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.gradient_noise import gradient_noise_scale
from sgd_core.digits.training import StepRequest, train
from sgd_core.numbers import number

SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
EVERY = 6  # looks of the race between two moments
MOST_EPOCHS = 60
SAVED = ("About eight times fewer steps", "Fewer steps, but far from eight times", "No steps at all")


@dataclass(frozen=True, eq=False)
class RaceMoment:
    """A look at the race: the scaling of the learning rate, and how its present batch size stands."""

    scaling: str
    at: BatchRaceMoment


def racing(config: TrainConfig, digits: Digits, target: float, noise: float) -> Generator[RaceMoment, None, None]:
    """Race all batch sizes by one scaling after the other."""
    sizes = [size for size in SIZES if size <= len(digits.train_images)]
    most = MOST_EPOCHS * len(digits.train_images)
    for scaling in SCALINGS:
        looks = batch_race(config, digits, sizes, target=target, most_images=most, scaling=scaling, noise_scale=noise)
        for count, look in enumerate(looks):
            if look.outcome != "running" or count % EVERY == 0:
                yield RaceMoment(scaling, look)


def noise_half_way(config: TrainConfig, digits: Digits, target: float) -> float:
    """Return the noise scale about half way to the target loss (a geometric mean), for the scaling that theory calls best."""
    run = train(replace(config, epochs=MOST_EPOCHS, patience=None), digits)
    snapshot = next(run)
    goal = math.sqrt(snapshot.train_loss * target)
    while snapshot.status == "running" and snapshot.train_loss > goal:
        snapshot = run.send(StepRequest(steps=max(1, snapshot.step // 4)))
    return gradient_noise_scale(config, digits, snapshot.parameters)


def race_frame(moments: Sequence[RaceMoment]) -> pd.DataFrame:
    """Return a row a moment: `series, moment, batch_size, lr, steps, images, outcome`."""
    rows = [
        (one.scaling, at, one.at.batch_size, one.at.lr, max(one.at.step, 1), max(one.at.images, 1), one.at.outcome)
        for at, one in enumerate(moments)
    ]
    return pd.DataFrame(rows, columns=["series", "moment", "batch_size", "lr", "steps", "images", "outcome"])


def race_ends(moments: Sequence[RaceMoment]) -> pd.DataFrame:
    """Return a row for each batch size that has ended."""
    frame = race_frame(moments)
    return frame[frame["outcome"] != "running"].drop(columns="moment").reset_index(drop=True)


def race_numbers(moments: Sequence[RaceMoment]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    return pd.DataFrame(
        {
            "learning rate": [one.scaling for one in moments],
            "images a step": [number(one.at.batch_size) for one in moments],
            "rate": [number(one.at.lr, 3) for one in moments],
            "steps": [number(one.at.step) for one in moments],
            "images": [number(one.at.images) for one in moments],
            "loss": [number(one.at.train_loss, 3) for one in moments],
            "stands": [one.at.outcome for one in moments],
        }
    )


def steps_to_target(ends: pd.DataFrame, scaling: str) -> dict[int, int]:
    """Return the steps that each batch size took, of those that got there by one scaling."""
    rows = ends[(ends["series"] == scaling) & (ends["outcome"] == "there")]
    return {int(size): int(steps) for size, steps in zip(rows["batch_size"], rows["steps"], strict=True)}


def race_answer(ends: pd.DataFrame) -> tuple[str, str]:
    """Return what 512 images a step save against 64, as the bet has it, and why."""
    steps = steps_to_target(ends, "by noise scale")
    if 64 not in steps or 512 not in steps:
        return SAVED[2], "one of the two never gets there."
    saved = steps[64] / steps[512]
    answer = SAVED[0 if saved > 5.5 else 1 if saved > 1.15 else 2]
    return answer, f"{steps[64]:,} steps with 64 images, {steps[512]:,} with 512: a factor of {number(saved, 3)}."


def race_checks(ends: pd.DataFrame, noise: float) -> list[Check]:
    """Return what theory says that twice the images save, far below and far above the noise scale, beside what they did."""
    steps = steps_to_target(ends, "by noise scale")
    checks = [
        Check(
            f"Steps saved from {small} to {large} images (a factor)",
            f"{number((1 + noise / small) / (1 + noise / large), 3)} (1 + noise/B, before over after)",
            number(steps[small] / steps[large], 3),
        )
        for small, large in ((8, 16), (256, 512))
        if small in steps and large in steps
    ]
    return checks or [
        Check("Steps saved by twice the images", "a factor of 2 far below the noise scale, 1 far above", "race on")
    ]


def tell_race(moments: Sequence[RaceMoment], noise: float, target: float) -> list[str]:
    """Say how the race stands."""
    ends = race_ends(moments)
    sentences = [
        f"Every batch size trains to the loss {number(target, 3)}. The **critical batch size**, the noise scale half way there, is about "
        f"{number(round(noise))}. Three ways to choose the learning rate: the *same* for all; *linear*, twice the images twice the rate; "
        "and *by noise scale*, linear below the critical size and constant above it."
    ]
    if ends.empty:
        return [*sentences, "Press **Race**."]
    for scaling in SCALINGS:
        steps = steps_to_target(ends, scaling)
        lost = ends[(ends["series"] == scaling) & (ends["outcome"] != "there")]["batch_size"].tolist()
        if len(steps) > 1:
            small, large = min(steps), max(steps)
            said = (
                f"**{scaling}**: {small} images a step take {steps[small]:,} steps and {small * steps[small]:,} images; {large} take "
                f"{steps[large]:,} steps and {large * steps[large]:,} images."
            )
            if lost:
                said += f" Never there: {', '.join(str(size) for size in lost)}."
            sentences.append(said)
    return sentences
