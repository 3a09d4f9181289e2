"""Sharpness along a run: the largest eigenvalue at every step, beside the border 2 / learning rate."""

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import pandas as pd

from pages.pitfalls.settings import card, steps_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.over_steps import over_steps
from sgd_core.descent.diagnosis import diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import SharpnessMoment, track_sharpness
from sgd_core.export.learning_rates import sharpness_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number, percent
from sgd_core.recording import Recording


def sharpening(page: Page, config: TrainConfig, digits: Digits) -> None:
    """Follow the sharpness on plain gradient descent, where a step is an epoch."""
    with page.controls:
        lr = page.learning_rate("lr_digits", 1.0, low=1e-3, high=100.0)
    config = replace(config, lr=lr)
    last = len(moment_steps(config.epochs)) - 1
    run = page.recording(("sharpness", config), lambda: Recording(_recorded(config, digits), last))
    moments = run.moments

    def shown() -> Shown:
        table = _table(moments)
        return Shown(
            _pictures(config, table),
            Moments(_numbers(table), recording=run, last=last, keep=False, cards=_cards(config, moments)),
        )

    at = page.live(shown, words=Words("Train", "Train again", "Step"))
    table = _table(moments[: at + 1])
    page.notice(*_tell(config, table, moments[at]))
    page.table(table.drop(columns="moment"), "Step by step", file="sharpness")
    page.code(sharpness_script(config), "Run as it is, this prints λ and 2/λ before the first step.")


def _table(moments: list[SharpnessMoment]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "moment": range(len(moments)),
            "step": [one.snapshot.step for one in moments],
            "sharpness": [one.sharpness for one in moments],
            "loss": [one.snapshot.train_loss for one in moments],
            "accuracy": [one.snapshot.valid_accuracy for one in moments],
        }
    )


def _recorded(config: TrainConfig, digits: Digits) -> Generator[SharpnessMoment, None, None]:
    recorded = set(moment_steps(config.epochs).tolist())
    for moment in track_sharpness(config, digits):
        if moment.snapshot.step in recorded or moment.snapshot.status == "diverged":
            yield moment


def _pictures(config: TrainConfig, table: pd.DataFrame) -> list[Picture]:
    border, start, first = 2 / config.lr, float(table["sharpness"].iloc[0]), float(table["loss"].iloc[0])
    rows = table[["moment", "step"]].assign(now=True)
    sharp = over_steps(
        rows.assign(value=table["sharpness"])[np.isfinite(table["sharpness"])],
        last=config.epochs,
        y_domain=_decades(min(start, border) / 30, max(start, border) * 3),
        title="largest eigenvalue λ",
        log=True,
        level=(border, f"2 / learning rate = {number(border)}"),
        height=210,
    )
    loss = over_steps(
        rows.assign(value=table["loss"].replace(np.inf, np.nan)).dropna(),
        last=config.epochs,
        y_domain=_decades(first / 300, first * 30),
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


def _decades(low: float, high: float) -> tuple[float, float]:
    return float(10.0 ** np.floor(np.log10(low))), float(10.0 ** np.ceil(np.log10(high)))


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in table["step"]],
            "λ": [number(value) for value in table["sharpness"]],
            "2/λ": [number(2 / value) for value in table["sharpness"]],
            "training loss": [number(loss) for loss in table["loss"]],
            "accuracy": [percent(share) for share in table["accuracy"]],
        }
    )


def _cards(config: TrainConfig, moments: list[SharpnessMoment]) -> list[tuple[str, str, str]]:
    cards = []
    border = 2 / moments[0].sharpness if moments[0].sharpness > 0 else None
    losses = [one.snapshot.train_loss for one in moments]
    for place, one in enumerate(moments):
        found = diagnose(
            losses[: place + 1],
            lr=config.lr,
            steps=[earlier.snapshot.step for earlier in moments[: place + 1]],
            border=border,
            quadratic=LOSSES[config.loss].is_quadratic,
            status=one.snapshot.status,
        )
        cards.append(card("So far", found))
    return cards


def _tell(config: TrainConfig, frame: pd.DataFrame, now: SharpnessMoment) -> list[str]:
    border, first, step = 2 / config.lr, float(frame["sharpness"].iloc[0]), now.snapshot.step
    factor = 1 - config.lr * first
    what = "and overshoots by more than it came" if first > border else "and comes closer"
    sentences = [
        f"At the start λ = {number(first)} lies {'above' if first > border else 'below'} 2 / learning rate = {number(border)}. If "
        f"the loss kept its shape, each step would multiply the error along the sharpest direction by 1 − {number(config.lr)} × "
        f"{number(first)} = {number(factor, 3)} {what}."
    ]
    if step == 0:
        return [*sentences, "Press **Train** and watch what happens to λ."]
    rises = int((frame["loss"].diff() > 0).sum())
    times = "once" if rises == 1 else f"{rises} times"
    sentences.append(
        f"In {steps_of(step)} the loss went from {number(frame['loss'].iloc[0], 3)} to {number(now.snapshot.train_loss, 3)} and rose {times}."
    )
    if now.snapshot.status == "diverged":
        return [*sentences, now.snapshot.reason]
    if LOSSES[config.loss].is_quadratic:
        return [
            *sentences,
            "λ does not move: with the mean squared error the loss is one and the same parabola everywhere.",
        ]
    crossed = frame[frame["sharpness"] < border]
    if first > border and not crossed.empty:
        sentences.append(
            f"At step {number(int(crossed['step'].iloc[0]))} λ has fallen below the border, to {number(crossed['sharpness'].iloc[0], 3)}: a learning "
            "rate that was too high at the start has become a good one. This is why cross-entropy forgives what the mean squared "
            "error does not."
        )
    else:
        sentences.append(
            f"λ went from {number(first)} to {number(now.sharpness)}: where the model is sure of itself, cross-entropy is flat."
        )
    return sentences
