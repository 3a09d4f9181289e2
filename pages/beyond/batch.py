"""How large a batch? The gradient noise scale while a model learns, and a race of batch sizes."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from pages.beyond.digits import choose_digits
from pages.beyond.paper import paper_check
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.beyond.batch_sizes import (
    MOST_EPOCHS,
    SAVED,
    SIZES,
    noise_half_way,
    race_answer,
    race_checks,
    race_ends,
    race_frame,
    race_numbers,
    racing,
    tell_race,
)
from sgd_core.beyond.noise_along import (
    GROWTH,
    NoiseMoment,
    noise_along,
    noise_answer,
    noise_checks,
    noise_scale_numbers,
    noise_scale_table,
    tell_noise_scale,
)
from sgd_core.charts.series import DASHED, SOLID, A, B, C, batch_costs, border_rows, decades, moment_rows, named_lines
from sgd_core.digits.batch_race import SCALINGS
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.export.beyond import batch_race_script, noise_scale_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number
from sgd_core.recording import Recording

SCALE, RACE = "noise scale", "race"
TEN, PAIR = "all ten digits", "3 and 7"
BASE = 16  # the batch size that the learning rate of the race is meant for
LINES = dict(zip(SCALINGS, ((A, SOLID), (B, SOLID), (C, SOLID)), strict=True))
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


def _scale(page: Page, config: TrainConfig, digits: Digits) -> None:
    with page.controls:
        lr = page.learning_rate("batch_lr", 0.2, low=1e-3)
        size = int(page.segments("batch_size", "Images a step", ["16", "64", "256"], "64"))
        epochs = page.whole("batch_epochs", "Epochs", 1, 100, 20 if len(digits.train_images) < 5000 else 2)
    config = replace(config, lr=lr, batch_size=size, epochs=epochs)
    per = math.ceil(len(digits.train_images) / size)
    steps = per * epochs
    last = len(moment_steps(steps, epoch=per)) - 1
    run = page.recording(("noise", config), lambda: Recording(noise_along(config, digits), last), ahead=4)
    moments = run.moments
    at = page.live(
        lambda: Shown(
            _scale_pictures(moments, steps, size),
            Moments(noise_scale_numbers(moments), recording=run, last=last, keep=False),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    answer, why = noise_answer(moments)
    with page.below:
        page.bet(
            "noise",
            "The noise scale says how many images a step can use well. What does it do while the model learns?",
            GROWTH,
            answer,
            why,
            about=("noise", config),
            known=run.ended,
        )
    paper_check(page, SOURCE, *noise_checks(config, digits, moments[: at + 1]))
    page.notice(*tell_noise_scale(moments[: at + 1], size))
    page.table(noise_scale_table(moments[: at + 1]), "Noise scale, moment by moment", file="noise-scale")
    page.code(noise_scale_script(config, len(digits.train_images)))


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


# ---- The race ----


@st.cache_data(max_entries=32, show_spinner=False)
def noise_near(config: TrainConfig, target: float, _digits: Digits) -> float:
    """Return the noise scale about half way to the target loss."""
    return noise_half_way(config, _digits, target)


def _race(page: Page, config: TrainConfig, digits: Digits) -> None:
    with page.controls:
        lr = page.learning_rate("race_lr", 0.1, low=1e-3, label=f"Learning rate for {BASE} images")
        target = page.slider("race_target", "Race to a training loss of", 0.1, 1.0, 0.4, 0.05)
    config = replace(config, lr=lr, batch_size=BASE)
    noise = noise_near(config, target, digits)
    sizes = [size for size in SIZES if size <= len(digits.train_images)]
    last = 15 * len(sizes) * len(SCALINGS)
    name = ("batches", config, target)
    run = page.recording(name, lambda: Recording(racing(config, digits, target, noise), last), ahead=4)
    moments = run.moments
    at = page.live(
        lambda: Shown(
            _race_pictures(race_frame(moments), sizes, noise, len(digits.train_images)),
            Moments(race_numbers(moments), recording=run, last=last, keep=False),
        ),
        words=Words("Race", "Race again", "Step"),
    )
    done = race_ends(moments[: at + 1])
    answer, why = race_answer(done)
    with page.below:
        page.bet(
            "batches",
            f"The critical batch size is about {number(round(noise))} here. With a learning rate scaled as theory says, what does a batch "
            "of 512 images save against one of 64?",
            SAVED,
            answer,
            why,
            about=name,
            known=run.ended,
        )
    paper_check(page, SOURCE, *race_checks(done, noise))
    page.notice(*tell_race(moments[: at + 1], noise, target))
    page.table(done, "Every batch size that has ended", file="batch-race")
    page.code(batch_race_script(config, sizes, target, MOST_EPOCHS * len(digits.train_images), noise))


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
