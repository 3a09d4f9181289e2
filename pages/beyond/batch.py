"""How large a batch? The gradient noise scale while a model learns, and a race of batch sizes."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from pages.beyond.digits import choose_digits
from pages.beyond.paper import Check, paper_check
from pages.ui.page import Page
from pages.ui.player import Moments, Picture, Shown, Words
from sgd_core.charts.series import DASHED, SOLID, A, B, C, batch_costs, border_rows, decades, moment_rows, named_lines
from sgd_core.digits.batch_race import SCALINGS, BatchRaceMoment, batch_race
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.gradient_noise import gradient_noise_scale, noise_scale_from_batches
from sgd_core.digits.training import StepRequest, train
from sgd_core.export.beyond import batch_race_script, noise_scale_script
from sgd_core.moments import moment_steps, next_moment
from sgd_core.numbers import number, percent
from sgd_core.recording import Recording

SCALE, RACE = "noise scale", "race"
TEN, PAIR = "all ten digits", "3 and 7"
SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
BASE = 16  # the batch size that the learning rate of the race is meant for
EVERY = 6  # looks of the race between two moments
MOST_EPOCHS = 60
LINES = dict(zip(SCALINGS, ((A, SOLID), (B, SOLID), (C, SOLID)), strict=True))
GROWTH = ("It shrinks", "It stays about the same", "It grows")
SOURCE = (
    "McCandlish, Kaplan, Amodei and others 2018, *An empirical model of large-batch training*, "
    "[arXiv 1812.06162](https://arxiv.org/abs/1812.06162)"
)


def batch(page: Page) -> None:
    """Choose between the noise of one run and the race."""
    with page.controls:
        what = page.segments("batch_view", "Look at", [SCALE, RACE], SCALE)
        classes = None if page.segments("batch_digits", "Read", [TEN, PAIR], TEN) == TEN else (3, 7)
        dataset, digits = choose_digits(page, classes)
    config = TrainConfig(classes=classes, dataset=dataset, batch_size=64)
    if what == SCALE:
        _scale(page, config, digits)
    else:
        _race(page, config, digits)


# ---- The noise scale along a run ----


@dataclass(frozen=True, eq=False)
class NoiseMoment:
    """A run after `step` steps: its loss, accuracy and the noise scale (NaN where there is none)."""

    step: int
    loss: float
    accuracy: float
    noise: float
    weights: Sequence[np.ndarray]


def _noisy(config: TrainConfig, digits: Digits) -> Generator[NoiseMoment, None, None]:
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


def _scale(page: Page, config: TrainConfig, digits: Digits) -> None:
    with page.controls:
        lr = page.learning_rate("batch_lr", 0.2, low=1e-3)
        size = int(page.segments("batch_size", "Images a step", ["16", "64", "256"], "64"))
        epochs = page.whole("batch_epochs", "Epochs", 1, 100, 20 if len(digits.train_images) < 5000 else 2)
    config = replace(config, lr=lr, batch_size=size, epochs=epochs)
    per = math.ceil(len(digits.train_images) / size)
    steps = per * epochs
    last = len(moment_steps(steps, epoch=per)) - 1
    run = page.recording(("noise", config), lambda: Recording(_noisy(config, digits), last), ahead=4)
    moments = run.moments
    at = page.live(
        lambda: Shown(
            _scale_pictures(moments, steps, size),
            Moments(_scale_numbers(moments), recording=run, last=last, keep=False),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    now = moments[at]
    ratio = moments[-1].noise / moments[0].noise
    with page.below:
        page.bet(
            "noise",
            "The noise scale says how many images a step can use well. What does it do while the model learns?",
            GROWTH,
            GROWTH[2 if ratio > 1.5 else 0 if ratio < 0.67 else 1],
            f"it goes from {number(moments[0].noise, 3)} to {number(moments[-1].noise, 3)} while the loss goes from "
            f"{number(moments[0].loss, 3)} to {number(moments[-1].loss, 3)}.",
            about=("noise", config),
            known=run.ended,
        )
    paper_check(
        page,
        SOURCE,
        Check(
            "While the loss falls, the noise scale",
            "grows",
            f"is {number(now.noise / moments[0].noise, 3)} times the first one" if at else None,
        ),
        Check("Two ways to measure it agree", "the two-batch estimate is unbiased", _estimate(config, digits, now)),
    )
    page.notice(*tell(moments[: at + 1], size))
    page.table(_scale_table(moments[: at + 1]), "Noise scale, moment by moment", file="noise-scale")
    page.code(noise_scale_script(config, len(digits.train_images)))


def _estimate(config: TrainConfig, digits: Digits, now: NoiseMoment) -> str:
    try:
        estimate = noise_scale_from_batches(config, digits, now.weights, small=16, large=256, draws=60)
    except ValueError as error:
        return str(error)
    return f"{number(estimate, 3)} from batches of 16 and 256, {number(now.noise, 3)} from single images"


def _scale_pictures(moments: Sequence[NoiseMoment], steps: int, size: int) -> list[Picture]:
    at = [one.step for one in moments]
    noise = moment_rows(at, [one.noise for one in moments], "noise scale")
    first = moments[0].noise
    return [
        Picture(
            named_lines(
                pd.concat([noise, border_rows([0, steps], [size, size], "images a step")]),
                {"noise scale": (A, SOLID), "images a step": (B, DASHED)},
                last=steps,
                y_domain=decades(min(first, size) / 3, max(first, size) * 100),
                title="images",
                x_title=None,
                log=True,
                log_steps=True,
                height=215,
            ),
            f"Gradient noise scale against step, {number(first, 3)} at the start; a step sees {size} images.",
        ),
        Picture(
            named_lines(
                moment_rows(at, [one.loss for one in moments], "training loss"),
                {"training loss": (A, SOLID)},
                last=steps,
                y_domain=decades(moments[0].loss / 30, moments[0].loss * 1.01),
                title="loss",
                log=True,
                log_steps=True,
                legend=[],
                height=150,
            ),
            f"Training loss against step, {number(moments[0].loss, 3)} at the start.",
        ),
    ]


def _scale_numbers(moments: Sequence[NoiseMoment]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": [number(one.step) for one in moments],
            "loss": [number(one.loss, 3) for one in moments],
            "accuracy": [percent(one.accuracy) for one in moments],
            "noise scale": [number(one.noise, 4) for one in moments],
        }
    )


def _scale_table(moments: Sequence[NoiseMoment]) -> pd.DataFrame:
    rows = [(one.step, one.loss, one.accuracy, one.noise) for one in moments]
    return pd.DataFrame(rows, columns=["step", "train_loss", "valid_accuracy", "noise_scale"])


def tell(moments: Sequence[NoiseMoment], size: int) -> list[str]:
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


# ---- The race ----


@dataclass(frozen=True, eq=False)
class RaceMoment:
    """A look at the race: the scaling of the learning rate, and how its present batch size stands."""

    scaling: str
    at: BatchRaceMoment


def _racing(config: TrainConfig, digits: Digits, target: float, noise: float) -> Generator[RaceMoment, None, None]:
    """Race all batch sizes by one scaling after the other."""
    sizes = [size for size in SIZES if size <= len(digits.train_images)]
    most = MOST_EPOCHS * len(digits.train_images)
    for scaling in SCALINGS:
        looks = batch_race(config, digits, sizes, target=target, most_images=most, scaling=scaling, noise_scale=noise)
        for count, look in enumerate(looks):
            if look.outcome != "running" or count % EVERY == 0:
                yield RaceMoment(scaling, look)


@st.cache_data(max_entries=32, show_spinner=False)
def noise_near(config: TrainConfig, target: float, _digits: Digits) -> float:
    """Return the noise scale about half way to the target loss, for the scaling that theory calls best."""
    run = train(replace(config, epochs=MOST_EPOCHS, patience=None), _digits)
    snapshot = next(run)
    goal = math.sqrt(snapshot.train_loss * target)
    while snapshot.status == "running" and snapshot.train_loss > goal:
        snapshot = run.send(StepRequest(steps=max(1, snapshot.step // 4)))
    return gradient_noise_scale(config, _digits, snapshot.parameters)


def _race(page: Page, config: TrainConfig, digits: Digits) -> None:
    with page.controls:
        lr = page.learning_rate("race_lr", 0.1, low=1e-3, label=f"Learning rate for {BASE} images")
        target = page.slider("race_target", "Race to a training loss of", 0.1, 1.0, 0.4, 0.05)
    config = replace(config, lr=lr, batch_size=BASE)
    noise = noise_near(config, target, digits)
    sizes = [size for size in SIZES if size <= len(digits.train_images)]
    last = 15 * len(sizes) * len(SCALINGS)
    name = ("batches", config, target)
    run = page.recording(name, lambda: Recording(_racing(config, digits, target, noise), last), ahead=4)
    moments = run.moments
    at = page.live(
        lambda: Shown(
            _race_pictures(race_frame(moments), sizes, noise, len(digits.train_images)),
            Moments(_race_numbers(moments), recording=run, last=last, keep=False),
        ),
        words=Words("Race", "Race again", "Step"),
    )
    done = race_ends(moments[: at + 1])
    answer, why = _race_answer(done)
    with page.below:
        page.bet(
            "batches",
            f"The critical batch size is about {number(round(noise))} here. With a learning rate scaled as theory says, what does a batch "
            "of 512 images save against one of 64?",
            ("About eight times fewer steps", "Fewer steps, but far from eight times", "No steps at all"),
            answer,
            why,
            about=name,
            known=run.ended,
        )
    paper_check(page, SOURCE, *_race_checks(done, noise))
    page.notice(*tell_race(moments[: at + 1], noise, target))
    page.table(done, "Every batch size that has ended", file="batch-race")
    page.code(batch_race_script(config, sizes, target, MOST_EPOCHS * len(digits.train_images), noise))


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


def _race_pictures(frame: pd.DataFrame, sizes: Sequence[int], noise: float, count: int) -> list[Picture]:
    common = {"sizes": sizes, "critical": noise}
    return [
        Picture(
            batch_costs(frame, LINES, field, y_domain=domain, title=title, **common),  # type: ignore[arg-type]
            f"{title.capitalize()} against the batch size, for three ways to scale the learning rate.",
        )
        for field, domain, title in (
            ("steps", (1.0, 1e5), "steps to get there"),
            ("images", (100.0, 10.0 ** math.ceil(math.log10(MOST_EPOCHS * count))), "images to get there"),
        )
    ]


def _race_numbers(moments: Sequence[RaceMoment]) -> pd.DataFrame:
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


def _steps(ends: pd.DataFrame, scaling: str) -> dict[int, int]:
    rows = ends[(ends["series"] == scaling) & (ends["outcome"] == "there")]
    return {int(size): int(steps) for size, steps in zip(rows["batch_size"], rows["steps"], strict=True)}


def _race_answer(ends: pd.DataFrame) -> tuple[str, str]:
    steps = _steps(ends, "by noise scale")
    if 64 not in steps or 512 not in steps:
        return "No steps at all", "one of the two never gets there."
    saved = steps[64] / steps[512]
    answer = (
        "About eight times fewer steps"
        if saved > 5.5
        else "Fewer steps, but far from eight times"
        if saved > 1.15
        else "No steps at all"
    )
    return answer, f"{steps[64]:,} steps with 64 images, {steps[512]:,} with 512: a factor of {number(saved, 3)}."


def _race_checks(ends: pd.DataFrame, noise: float) -> list[Check]:
    steps = _steps(ends, "by noise scale")
    checks = []
    for small, large in ((8, 16), (256, 512)):
        if small in steps and large in steps:
            theory = (1 + noise / small) / (1 + noise / large)
            checks.append(
                Check(
                    f"Steps saved from {small} to {large} images (a factor)",
                    f"{number(theory, 3)} (1 + noise/B, before over after)",
                    number(steps[small] / steps[large], 3),
                )
            )
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
        steps = _steps(ends, scaling)
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
