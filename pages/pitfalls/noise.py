"""Noise is not bounce: one learning rate, four batch sizes, and the clouds of their gradients."""

import contextlib
import math
from collections.abc import Generator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DigitSetup, card, choose_digits
from pages.ui.page import Page
from pages.ui.player import Moments, Picture, Shown, Words
from sgd_core.charts.gradient_noise import batches_picture, gradient_noise_picture
from sgd_core.descent.diagnosis import Diagnosis, diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.gradient_noise import GradientNoise, gradient_noise
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.training import Snapshot, train
from sgd_core.export.learning_rates import gradient_noise_script
from sgd_core.numbers import number, percent
from sgd_core.recording import Recording

SIZES: tuple[int | None, ...] = (1, 16, 256, None)
NAMES = ("1", "16", "256", "all")
EARLY = 30  # steps
BELOW, ABOVE = 100, 4  # how far the picture reaches below and above the first loss
SIDES = {"Noise alone, below 1/λ": 0.1, "Bounce and noise, just below 2/λ": 0.95, "Cliff, above 2/λ": 1.05}  # times 2/λ


class Moment(NamedTuple):
    """The same step of every run: its loss over all images, whether it has diverged, whether it turned back on the step
    before (more than a right angle between the two); the newest clouds, and what the run with all images is called.
    """

    step: int
    losses: tuple[float, ...]
    diverged: tuple[bool, ...]
    turned: tuple[bool, ...]
    clouds: GradientNoise | None
    clouds_at: int
    named: Diagnosis


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
                _numbers(moments),
                recording=run,
                last=steps,
                keep=False,
                cards=[card("With all images", moment.named) for moment in moments],
            ),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    page.notice(*_tell(config, border, moments[: at + 1]))
    page.table(_losses(moments[: at + 1]), "Losses, step by step", file="noise")
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
        yield _moment(step, snapshots, before, clouds, clouds_at, named)
        if all(snapshot.status == "diverged" for snapshot in snapshots):
            return
        before = snapshots


def _moment(
    step: int,
    snapshots: tuple[Snapshot, ...],
    before: tuple[Snapshot, ...],
    clouds: GradientNoise | None,
    clouds_at: int,
    named: Diagnosis,
) -> Moment:
    """Keep of the snapshots only what is shown: a run of thousands of steps must stay small."""
    losses = tuple(snapshot.train_loss for snapshot in snapshots)
    diverged = tuple(snapshot.status == "diverged" for snapshot in snapshots)
    turned = tuple(bool((now.gradient * old.gradient).sum() < 0) for now, old in zip(snapshots, before, strict=True))
    return Moment(step, losses, diverged, turned, clouds, clouds_at, named)


def _losses(moments: list[Moment]) -> pd.DataFrame:
    rows = [
        (moment.step, name, moment.step, loss)
        for moment in moments
        for name, loss, gone in zip(NAMES, moment.losses, moment.diverged, strict=True)
        if np.isfinite(loss) and not gone
    ]
    return pd.DataFrame(rows, columns=["moment", "batch", "step", "loss"])


def _curves(config: TrainConfig, moments: list[Moment], place: Any) -> Picture:
    frame = _losses(moments)
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


def _numbers(moments: list[Moment]) -> pd.DataFrame:
    rows = []
    for moment in moments:
        row = {"step": number(moment.step)}
        row |= {f"loss, {name}": number(loss, 3) for name, loss in zip(NAMES, moment.losses, strict=True)}
        if moment.clouds is not None:
            spread = moment.clouds.spreads["spread"]
            row |= {f"spread, {name}": number(spread.iloc[place], 3) for place, name in enumerate(NAMES[:3])}
        rows.append(row)
    return pd.DataFrame(rows)


def _tell(config: TrainConfig, border: float, moments: list[Moment]) -> list[str]:
    now, losses = moments[-1], _losses(moments)
    sentences = [*_about_clouds(now)]
    if now.step == 0:
        return [*sentences, "Press **Train** to see what these clouds do to the loss."]
    half = losses[losses["step"] > now.step / 2]
    rises = {
        name: float((rows["loss"].diff().dropna() > 0).mean()) for name, rows in half.groupby("batch") if len(rows) > 1
    }
    if "all" in rises and "1" in rises:
        sentences.append(
            f"In the second half of the run the loss rose in {percent(rises['all'], 2)} of the steps with all images and in "
            f"{percent(rises['1'], 2)} of those with one."
        )
    early = [moment.turned for moment in moments[2 : EARLY + 1]]  # a bounce dies out, so its beginning tells
    if early:
        back = {name: sum(turned) / len(early) for name, turned in zip(NAMES, zip(*early, strict=True), strict=True)}
        sentences.append(
            f"Of the first {len(early) + 1} steps {percent(back['all'], 2)} turned back on the one before with all images, "
            f"{percent(back['16'], 2)} with 16, {percent(back['1'], 2)} with one. {_side(config.lr, border)}"
        )
    sentences.append(
        "SGD does not walk at random and skips no data: the middle of every cloud is the whole gradient, so on average each "
        "step goes where plain gradient descent would."
    )
    high = [
        f"{name} ({number(loss, 3)})"
        for name, loss in zip(NAMES, now.losses, strict=True)
        if ABOVE * moments[0].losses[0] < loss < math.inf
    ]
    if high:
        sentences.append(f"Above the picture now, by images a step: {', '.join(high)}.")
    gone = [name for name, over in zip(NAMES, now.diverged, strict=True) if over]
    if gone:
        why = (
            "A single image can bend the loss far more sharply than all do on average, so small batches need smaller learning rates."
            if config.lr < border
            else ""
        )
        sentences.append(f"Diverged: {', '.join(gone)}. Their curves have left the picture. {why}")
    return sentences


def _about_clouds(now: Moment) -> list[str]:
    if now.clouds is None:
        return []
    points, spread = now.clouds.points, now.clouds.spreads["spread"].to_numpy()
    single = points[points["batch_size"] == 1]["along"]
    at = "before the first step" if now.clouds_at == 0 else f"at step {number(now.clouds_at)}"
    sentences = [
        f"The clouds are the gradients of 150 mini-batches {at}, at the weights of the run with all images. The green cross is the "
        "gradient of all images; orange dots would step uphill. One scale serves all four and the whole run: lengths of the "
        "gradient at the start."
    ]
    silent = float((single.abs() < 1e-9).mean())
    if silent > 0.1:
        sentences.append(
            f"{percent(silent, 2)} of the single images sit at 0 exactly: the model begins with weights of 0, so it scores every image 0, "
            "which is already right for a 7. A right answer has no gradient; only the 3s pull."
        )
    sentences.append(
        f"The spread shrinks with the root of the batch size: {number(spread[0], 3)} with 1 image, {number(spread[1], 3)} with 16 (a quarter "
        f"would be {number(spread[0] / 4, 3)}), {number(spread[2], 3)} with 256, in lengths of the present gradient and over all directions; the "
        "picture shows two of them."
    )
    return sentences


def _side(lr: float, border: float) -> str:
    """Say what the learning rate alone does, by where it lies."""
    two, one = f"2/λ = {number(border, 3)}", f"1/λ = {number(border / 2, 3)}"
    if lr > border:
        return f"The learning rate lies above {two}: it diverges even with all images, and no larger batch cures that."
    if lr > border / 2:
        return (
            f"The learning rate lies between {one} and {two}: turning back with all images is its own bounce along the sharpest "
            "direction, and dies out; what the smaller batches add is noise, and stays."
        )
    return f"The learning rate lies below {one}: alone it never turns back, so whatever does is noise of the batch."
