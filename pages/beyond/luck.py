"""Was it luck? Two settings with thirty-two seeds each, and what the LR finder says with each seed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.beyond.digits import PAIR, choose_digits
from pages.beyond.paper import paper_check
from pages.ui.datasets import digits_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.beyond.luck import (
    SEEDS,
    SIDES,
    Look,
    achieved_medians,
    comparing,
    finder_answer,
    finder_check,
    finder_numbers,
    found_so_far,
    look_numbers,
    looks_an_epoch,
    luck_answer,
    luck_check,
    tell_finder,
    tell_luck,
)
from sgd_core.charts.series import SOLID, A, B, decades, rate_strips, seed_bands
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.lr_range import SUGGESTIONS
from sgd_core.digits.seeds import achieved, finding_over_seeds, seed_band
from sgd_core.export.beyond import finder_seeds_script, seeds_script
from sgd_core.numbers import number
from sgd_core.recording import Recording

TWO, FINDER = "two settings", "the LR finder"
MEASURES = {"accuracy": "valid_accuracy", "loss": "valid_loss"}
LINES = {"A": (A, SOLID), "B": (B, SOLID)}
SOURCE = (
    "Picard 2021, *torch.manual_seed(3407) is all you need*, [arXiv 2109.08203](https://arxiv.org/abs/2109.08203) "
    "(10,000 seeds on CIFAR-10: the spread is small, but outliers are easy to find)"
)


def luck(page: Page) -> None:
    """Choose what to repeat, and repeat it."""
    with page.controls:
        what = page.segments("luck_of", "Repeat with 32 seeds", [TWO, FINDER], TWO)
        dataset, digits = choose_digits(page)
    if what == TWO:
        _two(page, dataset, digits)
    else:
        _finder(page, dataset, digits)


def _two(page: Page, dataset: str, digits: Digits) -> None:
    with page.controls:
        lrs = (
            page.learning_rate("lr_a", 0.5, label="A's learning rate"),
            page.learning_rate("lr_b", 0.8, label="B's learning rate"),
        )
        size = int(page.segments("luck_batch", "Images a step", ["8", "16", "64", "256"], "16"))
        epochs = page.whole("luck_epochs", "Epochs", 1, 50, 3)
        measure = page.segments("luck_measure", "Judge by", list(MEASURES), "accuracy")
    configs = [TrainConfig(classes=PAIR, dataset=dataset, lr=lr, batch_size=size, epochs=epochs) for lr in lrs]
    column = MEASURES[measure]
    name = ("luck", tuple(configs), column)
    looks = looks_an_epoch(digits, size)
    last = epochs * looks
    run = page.recording(name, lambda: Recording(comparing(configs, digits, column), last), ahead=3)
    if run.error or not run.moments:
        st.error(f"This cannot be repeated: {run.error}")
        return
    at = page.live(
        lambda: Shown(
            [_bands(run.moments, column, measure, epochs)],
            Moments(look_numbers(run.moments, column), recording=run, last=last, keep=False),
        ),
        words=Words("Train 2 × 32 runs", "Train again", "Step"),
    )
    now, end = run.moments[at], run.moments[-1]
    with page.below:
        page.bet(
            "luck",
            f"Learning rate {number(lrs[0])} (A) or {number(lrs[1])} (B): which one is really better, and not only by luck?",
            SIDES,
            *luck_answer(end.verdict, column),
            about=name,
            known=run.ended,
        )
    paper_check(page, SOURCE, luck_check(now, column))
    page.notice(*tell_luck(now, column))
    page.table(
        pd.concat([values.assign(setting=letter) for letter, values in zip("AB", now.values, strict=True)]),
        "Each seed at the moment shown",
        file="seeds",
    )
    page.code(seeds_script(configs[0], configs[1], range(SEEDS), len(digits.train_images)))


def _bands(moments: Sequence[Look], column: str, measure: str, epochs: int) -> Picture:
    bands, ends = [], []
    for at, look in enumerate(moments):
        for letter, values in zip("AB", look.values, strict=True):
            bands.append(seed_band(values, column).assign(series=letter, moment=at))
            one = values[["seed", column]].rename(columns={column: "value"})
            ends.append(one.assign(series=letter, moment=at))
    frame, dots = pd.concat(bands), pd.concat(ends)
    if column == "valid_accuracy":
        y_domain, log = (0.85, 1.0), False
    else:
        first = float(moments[0].values[0][column].iloc[0])
        y_domain, log = decades(first / 30, first * 1.01), True
    return Picture(
        seed_bands(
            frame, dots, LINES, last=epochs, y_domain=y_domain, title=f"validation {measure}", log=log, percent=not log
        ),
        f"Validation {measure} over the epochs: band and median of 32 seeds of A and of B, and each seed's value at the right.",
    )


# ---- The LR finder with 32 seeds ----


def _finder(page: Page, dataset: str, digits: Digits) -> None:
    with page.controls:
        size = int(page.segments("luck_batch", "Images a step", ["8", "16", "64", "256"], "16"))
        epochs = page.whole("luck_epochs", "Epochs", 1, 50, 3)
    config = TrainConfig(classes=PAIR, dataset=dataset, batch_size=size, epochs=epochs)
    name = ("finder", config)
    run = page.recording(name, lambda: Recording(finding_over_seeds(config, digits, range(SEEDS)), SEEDS - 1), ahead=2)
    names = list(SUGGESTIONS)

    def shown_by_now() -> Shown:
        found = found_so_far(run.moments)
        jitter = np.sin(12.9898 * (found["seed"] + 1)) * 0.6  # the same place for a seed in each row
        picture = Picture(
            rate_strips(found.assign(jitter=jitter), names, x_domain=(1e-4, 10.0)),
            "What the LR finder suggests, a dot for each seed and kind of suggestion; the thick tick is the median.",
        )
        numbers = finder_numbers(found, names, len(run.moments))
        return Shown([picture], Moments(numbers, recording=run, last=SEEDS - 1, keep=False))

    at = page.live(shown_by_now, words=Words("Find 32 times", "Play again", "One seed"))
    shown = found_so_far(run.moments[: at + 1])
    widest, why = finder_answer(shown)
    with page.below:
        page.bet(
            "finder",
            "Which suggestion depends most on the luck of one test?",
            names,
            widest,
            why,
            about=name,
            known=run.ended,
        )
    paper_check(
        page,
        "L. Smith 2017, *Cyclical learning rates for training neural networks*, [arXiv 1506.01186](https://arxiv.org/abs/1506.01186); "
        "the four ways to read it are fastai's",
        finder_check(shown),
    )
    page.notice(*tell_finder(shown))
    if run.ended:
        with page.opened("What each suggestion achieves", ":material/trophy:") as opened:
            if opened:
                words = f"Each suggested learning rate was trained for {epochs} epochs; medians over the seeds' suggestions."
                st.caption(words)
                rows = tuple(map(tuple, shown[["seed", "suggestion", "lr"]].itertuples(index=False)))
                st.dataframe(achieved_medians(achieved_of(config, rows), names))
    page.table(shown.drop(columns="moment"), "Every suggestion", file="lr-finder-seeds")
    page.code(finder_seeds_script(config, range(SEEDS), len(digits.train_images)))


@st.cache_data(max_entries=16, show_spinner="Training with every suggestion …")
def achieved_of(config: TrainConfig, rows: tuple[tuple[int, str, float], ...]) -> pd.DataFrame:
    """Return what training with each suggestion achieves."""
    suggested = pd.DataFrame(rows, columns=["seed", "suggestion", "lr"])
    return achieved(config, digits_of(config.dataset, config.classes), suggested)
