"""Noise is not bounce: one learning rate, four batch sizes, and the clouds of their gradients."""

from typing import Any

import streamlit as st

from pages.pitfalls.settings import border_of, card, choose_digits
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.gradient_noise import batches_picture, gradient_noise_picture
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.noise_moments import NAMES, SIZES, BatchMoment, clouds_of, noise_moments
from sgd_core.digits.noise_words import ABOVE, BELOW, losses_of, noise_numbers, tell_noise
from sgd_core.export.learning_rates import gradient_noise_script
from sgd_core.numbers import number
from sgd_core.recording import Recording

SIDES = {"Noise alone, below 1/λ": 0.1, "Bounce and noise, just below 2/λ": 0.95, "Cliff, above 2/λ": 1.05}  # times 2/λ


def noise(page: Page) -> None:
    """Train with four batch sizes in lock-step."""
    with page.controls:
        setup = choose_digits(page)
        border = border_of(setup, "mean_squared_error")
        lr = page.learning_rate("lr_noise", 0.005, low=1e-4, high=1.0)
        _sides(page, border)
        steps = page.whole("noise_steps", "Steps", 10, 1000, 150)
    config = setup.config(loss="mean_squared_error", lr=lr, epochs=steps)
    run = page.recording(("noise", config), lambda: Recording(noise_moments(config, setup.digits, border), steps))
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


def _curves(config: TrainConfig, moments: list[BatchMoment], place: Any) -> Picture:
    frame = losses_of(moments)
    first = moments[0].losses[0]
    chart = batches_picture(
        frame, names=NAMES, steps=config.epochs, y_domain=(first / BELOW, first * ABOVE), height=190
    )
    return Picture(chart, "Training loss over all images of four batch sizes against the step.", where=place)


def _clouds(moments: list[BatchMoment], columns: list[Any]) -> list[Picture]:
    """Draw the clouds of each batch size."""
    clouds = clouds_of(moments)
    return [
        Picture(
            gradient_noise_picture(
                rows.drop(columns="batch_size"), x_domain=clouds.x_domain, y_domain=clouds.y_domain, height=150
            ),
            f"Gradients of mini-batches of {name} around the gradient of all images, in lengths of that at the start.",
            where=column,
        )
        for column, name, (_, rows) in zip(columns, NAMES, clouds.rows.groupby("batch_size"), strict=True)
    ]
