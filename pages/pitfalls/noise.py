"""Noise is not bounce: one learning rate, four batch sizes, and the clouds of their gradients."""

import contextlib
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DigitSetup, card, choose_digits
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.gradient_noise import batches_picture, gradient_noise_picture
from sgd_core.descent.diagnosis import diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.gradient_noise import gradient_noise
from sgd_core.digits.noise_words import ABOVE, BELOW, NAMES, Moment, losses_of, moment_of, noise_numbers, tell_noise
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.training import train
from sgd_core.export.learning_rates import gradient_noise_script
from sgd_core.numbers import number
from sgd_core.recording import Recording

SIZES: tuple[int | None, ...] = (1, 16, 256, None)
SIDES = {"Noise alone, below 1/λ": 0.1, "Bounce and noise, just below 2/λ": 0.95, "Cliff, above 2/λ": 1.05}  # times 2/λ


@st.cache_data(max_entries=16, show_spinner="Measuring how sharply the loss bends …")
def border_of(setup: DigitSetup) -> float:
    """Return 2 / sharpness at the initial weights."""
    return 2 / sharpness(setup.config(loss="mean_squared_error"), setup.digits)


def noise(page: Page) -> None:
    """Train with four batch sizes in lock-step."""
    with page.controls:
        setup = choose_digits(page)
        border = border_of(setup)
        lr = page.learning_rate("lr_noise", 0.005, low=1e-4, high=1.0)
        _sides(page, border)
        steps = page.whole("noise_steps", "Steps", 10, 1000, 150)
    config = setup.config(loss="mean_squared_error", lr=lr, epochs=steps)
    run = page.recording(("noise", config), lambda: Recording(_run(config, setup, border), steps))
    moments = run.moments
    with page.hero.container():
        losses = st.container()
    with page.hero.container(key=page.key("clouds_two_by_two")):
        columns = st.columns(4, gap="small")
    for column, name in zip(columns, NAMES, strict=True):
        column.markdown(f"**{name}** {'image' if name == '1' else 'images'} a step")
    at = page.live(
        lambda: Shown(
            [_curves(config, moments, losses), *_clouds(moments, list(columns))],
            Moments(
                noise_numbers(moments),
                recording=run,
                last=steps,
                keep=False,
                cards=[card("With all images", moment.named) for moment in moments],
            ),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    page.notice(*tell_noise(config, border, moments[: at + 1]))
    page.table(losses_of(moments[: at + 1]), "Losses, step by step", file="noise")
    page.code(gradient_noise_script(config, SIZES, steps))


def _sides(page: Page, border: float) -> None:
    for name, times in SIDES.items():
        st.button(
            f"{name}: {number(times * border, 3)}",
            key=page.key(f"side_{name.split()[0].lower()}"),
            on_click=lambda rate=float(f"{times * border:.3g}"): page.set("lr_noise", rate),
            width="stretch",
        )


def _run(config: TrainConfig, setup: DigitSetup, border: float) -> Generator[Moment, None, None]:
    """Take every step with each batch size; draw the clouds anew at the first steps and at each doubling."""
    digits = setup.digits
    runs = [train(replace(config, batch_size=size), digits, snapshot_every=1) for size in SIZES]
    before = snapshots = tuple(next(run) for run in runs)
    losses: list[float] = []
    clouds, clouds_at = None, 0
    for step in range(config.epochs + 1):  # with all images a step is an epoch, with fewer it is less
        if step:
            snapshots = tuple(next(run, last) for run, last in zip(runs, before, strict=True))
        losses.append(snapshots[-1].train_loss)
        if step & (step - 1) == 0 or step == config.epochs:
            with contextlib.suppress(ValueError):  # where the numbers are gone the last clouds stay
                clouds, clouds_at = gradient_noise(config, digits, snapshots[-1].parameters, SIZES), step
        named = diagnose(losses, lr=config.lr, border=border, quadratic=True, status=snapshots[-1].status)
        yield moment_of(step, snapshots, before, clouds, clouds_at, named)
        if all(snapshot.status == "diverged" for snapshot in snapshots):
            return
        before = snapshots


def _curves(config: TrainConfig, moments: list[Moment], place: Any) -> Picture:
    frame = losses_of(moments)
    first = moments[0].losses[0]
    chart = batches_picture(
        frame, names=NAMES, steps=config.epochs, y_domain=(first / BELOW, first * ABOVE), height=190
    )
    return Picture(chart, "Training loss over all images of four batch sizes against the step.", where=place)


def _clouds(moments: list[Moment], columns: list[Any]) -> list[Picture]:
    """Draw the clouds in lengths of the gradient at the start, so that one scale serves the whole run."""
    drawn = [(m.step, m.clouds) for m in moments if m.clouds is not None and m.clouds_at == m.step]
    first = drawn[0][1]
    low, high = (float(first.points["along"].agg(end)) for end in ("min", "max"))
    reach = float(first.points["across"].abs().max()) * 1.15 + 0.1
    x_domain = (float(f"{min(low, -0.2 * high) - 0.6:.2g}"), float(f"{high * 1.15:.2g}"))
    y_domain = (float(f"{-reach:.2g}"), float(f"{reach:.2g}"))
    pictures = []
    for column, name, size in zip(columns, NAMES, first.spreads["batch_size"], strict=True):
        rows = []
        for (step, clouds), following in zip(drawn, [*drawn[1:], None], strict=True):
            length = clouds.length / first.length
            points = clouds.points[clouds.points["batch_size"] == size][["along", "across"]] * length
            seen = {"moment": step, "until": following[0] if following else 10**6}
            rows += [
                points.assign(part="batch", **seen),
                pd.DataFrame([{"along": length, "across": 0.0, "part": "whole", **seen}]),
            ]
        frame = pd.concat(rows, ignore_index=True)
        chart = gradient_noise_picture(frame, x_domain=x_domain, y_domain=y_domain, height=150)
        words = (
            f"Gradients of mini-batches of {name} around the gradient of all images, in lengths of that at the start."
        )
        pictures.append(Picture(chart, words, where=column))
    return pictures
