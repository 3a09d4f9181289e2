"""Sharpness along a run: the largest eigenvalue at every step, beside the border 2 / learning rate."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pages.pitfalls.settings import card
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.series import decades
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.sharpness import sharpness_moments
from sgd_core.digits.sharpness_words import sharpness_diagnoses, sharpness_numbers, sharpness_table, tell_sharpness
from sgd_core.export.learning_rates import sharpness_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number
from sgd_core.recording import Recording


def sharpening(page: Page, config: TrainConfig, digits: Digits) -> None:
    """Follow the sharpness on plain gradient descent, where a step is an epoch."""
    with page.controls:
        lr = page.learning_rate("lr_digits", 1.0, low=1e-3, high=100.0)
    config = replace(config, lr=lr)
    last = len(moment_steps(config.epochs)) - 1
    run = page.recording(("sharpness", config), lambda: Recording(sharpness_moments(config, digits), last))
    moments = run.moments

    def shown() -> Shown:
        cards = [card("So far", named) for named in sharpness_diagnoses(config, moments)]
        return Shown(
            _pictures(config, sharpness_table(moments)),
            Moments(sharpness_numbers(moments), recording=run, last=last, keep=False, cards=cards),
        )

    at = page.live(shown, words=Words("Train", "Train again", "Step"))
    seen = moments[: at + 1]
    page.notice(*tell_sharpness(config, seen))
    page.table(sharpness_table(seen).drop(columns="moment"), "Step by step", file="sharpness")
    page.code(sharpness_script(config), "Run as it is, this prints λ and 2/λ before the first step.")


def _pictures(config: TrainConfig, table: pd.DataFrame) -> list[Picture]:
    border, start, first = 2 / config.lr, float(table["sharpness"].iloc[0]), float(table["loss"].iloc[0])
    rows = table[["moment", "step"]].assign(now=True)
    sharp = over_steps(
        rows.assign(value=table["sharpness"])[np.isfinite(table["sharpness"])],
        last=config.epochs,
        y_domain=decades(min(start, border) / 30, max(start, border) * 3),
        title="largest eigenvalue λ",
        log=True,
        level=(border, f"2 / learning rate = {number(border)}"),
        height=210,
    )
    loss = over_steps(
        rows.assign(value=table["loss"].replace(np.inf, np.nan)).dropna(),
        last=config.epochs,
        y_domain=decades(first / 300, first * 30),
        title="training loss",
        log=True,
        height=140,
    )
    return [
        Picture(
            sharp,
            f"Largest eigenvalue against the step, {number(start)} at first; 2 / learning rate is {number(border)}.",
        ),
        Picture(loss, f"Training loss against the step, {number(first)} at first."),
    ]
