"""Sharpness along a run: the largest eigenvalue at every step, beside the border 2 / learning rate."""

import math
from collections.abc import Callable, Generator
from dataclasses import replace

import pandas as pd
import streamlit as st

from pages.pitfalls.runs import run_of
from pages.ui.controls import Controls
from pages.ui.datasets import digits_of
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.transport import Player, Speed, Words, play
from sgd_core.charts.lanes import loss_picture, sharpness_picture
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.sharpness import SharpnessMoment, track_sharpness
from sgd_core.export.learning_rates import sharpness_script
from sgd_core.playback import Playback


def show_sharpness(controls: Controls, config: TrainConfig, start: float) -> Callable[[], None]:
    """Draw the experiment on plain gradient descent (a step is an epoch); `start` is the eigenvalue before it."""
    lr = controls.learning_rate("lr_digits", 1.0, low=1e-3, high=100.0)
    config = replace(config, lr=lr)
    run = run_of(("sharpness", config), lambda: _start(config))
    place = st.container(key="pitfalls_stage")
    same_in_pytorch(sharpness_script(config), key="pitfalls_code")

    def last() -> None:
        with place:
            play(
                Player(
                    controls,
                    run,
                    lambda: _stage(config, start, run),
                    Speed(10),
                    progress=lambda now: (
                        now.snapshot.step / config.epochs,
                        f"step {now.snapshot.step:,} of {config.epochs:,}",
                    ),
                    words=Words("Train", "Train again", "Step"),
                    restart=lambda: _start(config),
                )
            )

    return last


def _start(config: TrainConfig) -> Generator[SharpnessMoment, None, None]:
    return track_sharpness(config, digits_of(config.dataset, config.classes))


def _stage(
    config: TrainConfig, start: float, run: Playback[SharpnessMoment]
) -> Callable[[SharpnessMoment, bool], None]:
    sharp, loss, words = st.empty(), st.empty(), st.empty()
    border = 2 / config.lr
    y_domain = (min(start, border) / 30, max(start, border) * 3)

    def paint(now: SharpnessMoment, live: bool) -> None:
        moments = run.history
        frame = pd.DataFrame(
            [(m.snapshot.step, m.sharpness, m.snapshot.train_loss) for m in moments],
            columns=["step", "sharpness", "loss"],
        )
        frame = frame[frame["loss"].map(math.isfinite)]
        picture(
            sharpness_picture,
            frame[["step", "sharpness"]].dropna(),
            slot=sharp,
            live=live,
            steps=float(config.epochs),
            y_domain=y_domain,
            border=border,
            alt=f"Largest eigenvalue from {start:.4g} to {now.sharpness:.4g} after {now.snapshot.step} steps; 2 / learning rate is {border:.4g}.",
        )
        first = float(moments[0].snapshot.train_loss)
        picture(
            loss_picture,
            frame[["step", "loss"]],
            slot=loss,
            live=live,
            steps=float(config.epochs),
            y_domain=(first / 300, first * 30),
            alt=f"Training loss from {first:.4g} to {now.snapshot.train_loss:.4g}.",
        )
        if not live:
            with words.container():
                notice(*_sentences(config, frame, now, border))

    return paint


def _sentences(config: TrainConfig, frame: pd.DataFrame, now: SharpnessMoment, border: float) -> list[str]:
    first, step = float(frame["sharpness"].iloc[0]), now.snapshot.step
    factor = 1 - config.lr * first
    what = "and overshoots by more than it came" if first > border else "and comes closer"
    sentences = [
        f"At the start λ = {first:.4g} lies {'above' if first > border else 'below'} 2 / learning rate = {border:.4g}. If the loss "
        f"kept its shape, each step would multiply the error along the sharpest direction by 1 − {config.lr:g} × {first:.4g} = "
        f"{factor:.3g} {what}."
    ]
    if step == 0:
        return [*sentences, "Press **Train** and watch what happens to λ."]
    rises = int((frame["loss"].diff() > 0).sum())
    sentences.append(
        f"In {step} steps the loss went from {frame['loss'].iloc[0]:.3g} to {now.snapshot.train_loss:.3g} and rose {rises} times."
    )
    if now.snapshot.status == "diverged":
        return [*sentences, now.snapshot.reason]
    if config.loss == "mean_squared_error":
        return [
            *sentences,
            "λ does not move: with the mean squared error the loss is one and the same parabola everywhere.",
        ]
    crossed = frame[frame["sharpness"] < border]
    if first > border and not crossed.empty:
        at = int(crossed["step"].iloc[0])
        sentences.append(
            f"At step {at} λ has fallen below the border, to {crossed['sharpness'].iloc[0]:.3g}: a learning rate that was too high "
            "at the start has become a good one. This is why cross-entropy forgives what the mean squared error does not."
        )
    else:
        sentences.append(
            f"λ went from {first:.4g} to {now.sharpness:.4g}: where the model is sure of itself, cross-entropy is flat."
        )
    return sentences
