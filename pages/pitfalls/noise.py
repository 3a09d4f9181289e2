"""Noise is not bounce: one learning rate, four batch sizes, and the clouds of their gradients."""

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from pages.pitfalls.runs import run_of
from pages.pitfalls.settings import choose_digits
from pages.ui.controls import Controls
from pages.ui.datasets import digits_of, offer_missing
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.transport import Player, Speed, Words, play
from sgd_core.charts.gradient_noise import batches_picture, gradient_noise_picture
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.gradient_noise import GradientNoise, gradient_noise
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.training import Snapshot, train
from sgd_core.export.learning_rates import gradient_noise_script
from sgd_core.playback import Playback

SIZES: tuple[int | None, ...] = (1, 16, 256, None)
EARLY = 30  # steps
BELOW, ABOVE = 100, 4  # how far the picture reaches below and above the first loss
SIDES = {"Noise alone, below 1/λ": 0.1, "Bounce and noise, just below 2/λ": 0.95, "Cliff, above 2/λ": 1.05}  # times 2/λ
NAMES = ("1", "16", "256", "all")


class Moment(NamedTuple):
    """The same step of every run: its loss over all images, whether it has diverged, whether it turned back on the step
    before (more than a right angle between the two); and the weights of the run that sees all images.
    """

    step: int
    losses: tuple[float, ...]
    diverged: tuple[bool, ...]
    turned: tuple[bool, ...]
    weights: tuple[NDArray[Any], ...]


@st.cache_data(max_entries=16, show_spinner="Measuring how sharply the loss bends …")
def border_of(config: TrainConfig) -> float:
    """Return 2 / sharpness at the initial weights."""
    return 2 / sharpness(config, digits_of(config.dataset, config.classes))


def show(controls: Controls) -> Callable[[], None]:
    """Draw the section; return what plays."""
    ground = choose_digits(controls)
    offer_missing(controls)
    st.markdown(
        "Four runs with the same learning rate differ in one thing: how many images a step looks at. What wobbles in the "
        "run that sees **all** images comes from the learning rate; what wobbles beyond that comes from the batch."
    )
    border = border_of(ground.config(loss="mean_squared_error", lr=1.0, epochs=1))
    left, right = st.columns([4, 1], gap="large", vertical_alignment="bottom")
    with left:
        lr = controls.learning_rate("lr_noise", 0.005, low=1e-4, high=1.0)

    def place_rate(times: float) -> None:
        st.session_state[controls.key("lr_noise")] = float(f"{times * border:.3g}")

    with right:
        steps = controls.whole("noise_steps", "Steps", 10, 1000, 150)
    config = ground.config(loss="mean_squared_error", lr=lr, epochs=steps)
    with st.container(horizontal=True, key="pitfalls_sides"):
        for name, times in SIDES.items():
            key = f"pitfalls_side_{name.split()[0].lower()}"
            st.button(f"{name}: {times * border:.3g}", key=key, on_click=place_rate, args=(times,))
    run = run_of(("noise", config), lambda: _start(config))
    place = st.container(key="pitfalls_stage")
    same_in_pytorch(gradient_noise_script(config, SIZES, steps), key="pitfalls_code")

    def last() -> None:
        with place:
            play(
                Player(
                    controls,
                    run,
                    lambda: _stage(config, border, run),
                    Speed(12, budget=0.04),
                    progress=lambda now: (now.step / steps, f"step {now.step:,} of {steps:,}"),
                    words=Words("Train", "Train again", "Step"),
                    restart=lambda: _start(config),
                )
            )

    return last


def _start(config: TrainConfig) -> Generator[Moment, None, None]:
    """Take every step with each batch size."""
    digits = digits_of(config.dataset, config.classes)
    runs = [train(replace(config, batch_size=size), digits, snapshot_every=1) for size in SIZES]
    snapshots = tuple(next(run) for run in runs)
    yield _moment(0, snapshots, snapshots)
    for step in range(1, config.epochs + 1):  # with all images a step is an epoch, with fewer it is less
        before = snapshots
        snapshots = tuple(next(run, last) for run, last in zip(runs, before, strict=True))
        yield _moment(step, snapshots, before)
        if all(snapshot.status == "diverged" for snapshot in snapshots):
            return


def _moment(step: int, snapshots: tuple[Snapshot, ...], before: tuple[Snapshot, ...]) -> Moment:
    """Keep of the snapshots only what is shown: a run of thousands of steps must stay small."""
    losses = tuple(snapshot.train_loss for snapshot in snapshots)
    diverged = tuple(snapshot.status == "diverged" for snapshot in snapshots)
    turned = tuple(bool((now.gradient * old.gradient).sum() < 0) for now, old in zip(snapshots, before, strict=True))
    return Moment(step, losses, diverged, turned, snapshots[-1].parameters)


def _losses(moments: list[Moment]) -> pd.DataFrame:
    rows = [
        (name, moment.step, loss)
        for moment in moments
        for name, loss, gone in zip(NAMES, moment.losses, moment.diverged, strict=True)
        if np.isfinite(loss) and not gone
    ]
    return pd.DataFrame(rows, columns=["batch", "step", "loss"])


def _stage(config: TrainConfig, border: float, run: Playback[Moment]) -> Callable[[Moment, bool], None]:
    curves = st.empty()
    title = st.empty()
    columns = [(column.empty(), column.empty()) for column in st.columns(4, gap="medium")]
    words = st.empty()

    def paint(now: Moment, live: bool) -> None:
        losses = _losses(run.history)
        first = float(losses["loss"].iloc[0])
        picture(
            batches_picture,
            losses,
            slot=curves,
            live=live,
            names=NAMES,
            steps=float(config.epochs),
            y_domain=(first / BELOW, first * ABOVE),
            alt="Training loss over all images: "
            + "; ".join(f"{name} images a step {loss:.3g}" for name, loss in zip(NAMES, now.losses, strict=True))
            + ".",
        )
        if live:
            return
        drawn: GradientNoise | None = None
        try:
            drawn = gradient_noise(config, digits_of(config.dataset, config.classes), now.weights, SIZES)
        except ValueError as error:
            title.warning(f"No clouds here: {error}", icon=":material/grain:")
        if drawn is not None:
            title.markdown(
                f"**The gradients of 150 mini-batches at the present weights of the run with all images** (step {now.step}). "
                "The green cross is the gradient of all images; orange dots would step uphill."
            )
            _paint_gradients(drawn, columns)
        with words.container():
            notice(*_sentences(config, border, run.history, drawn))

    return paint


def _paint_gradients(drawn: GradientNoise, columns: list[tuple[DeltaGenerator, DeltaGenerator]]) -> None:
    points = drawn.points
    reach = [points[name].abs().max() for name in ("along", "across")]
    x_domain = (float(min(points["along"].min(), -0.2)) * 1.05, float(max(points["along"].max(), 1.2)) * 1.05)
    y_domain = (-float(reach[1]) * 1.05 - 0.1, float(reach[1]) * 1.05 + 0.1)
    rounded = tuple(float(f"{end:.2g}") for end in (*x_domain, *y_domain))
    for (slot, number), name, row in zip(columns, NAMES, drawn.spreads.itertuples(), strict=True):
        cloud = points[points["batch_size"] == row.batch_size]
        picture(
            gradient_noise_picture,
            cloud[["along", "across"]],
            slot=slot,
            x_domain=rounded[:2],
            y_domain=rounded[2:],
            alt=f"{len(cloud)} gradients of {name} images each; their spread is {row.spread:.2f} times the whole gradient.",
        )
        number.metric(
            f"{name} images a step" if name != "1" else "1 image a step",
            f"spread {row.spread:.2f}",
            f"{row.uphill:.0%} would step uphill"
            if row.batch_size < drawn.spreads["batch_size"].max()
            else "no noise at all",
            delta_color="off",
            delta_arrow="off",
        )


def _sentences(config: TrainConfig, border: float, moments: list[Moment], drawn: GradientNoise | None) -> list[str]:
    now, losses = moments[-1], _losses(moments)
    step = now.step
    sentences = []
    if drawn is not None:
        spread = drawn.spreads["spread"].to_numpy()
        sentences.append(
            f"The spread shrinks with the root of the batch size: {spread[0]:.2f} with 1 image, {spread[1]:.2f} with 16 "
            f"(a quarter would be {spread[0] / 4:.2f}), {spread[2]:.2f} with 256. It is measured over all directions, in lengths of the "
            "whole gradient; the picture shows two of them."
        )
    if step == 0:
        return [*sentences, "Press **Train** to see what these clouds do to the loss."]
    half = losses[losses["step"] > step / 2]
    rises = {name: float((rows["loss"].diff().dropna() > 0).mean()) for name, rows in half.groupby("batch")}
    whole, single = rises.get("all", 0.0), rises.get("1", 0.0)
    sentences.append(
        f"In the second half of the run the loss rose in {whole:.0%} of the steps with all images and in {single:.0%} of those with "
        "one."
    )
    early = [moment.turned for moment in moments[2 : EARLY + 1]]  # a bounce dies out, so its beginning tells
    if early:
        back = {name: sum(turned) / len(early) for name, turned in zip(NAMES, zip(*early, strict=True), strict=True)}
        sentences.append(
            f"Of the first {len(early) + 1} steps {back['all']:.0%} turned back on the one before with all images, {back['16']:.0%} with 16, "
            f"{back['1']:.0%} with one. {_side(config.lr, border)}"
        )
    sentences.append(
        "SGD does not walk at random and skips no data: the middle of every cloud is the whole gradient, so on average each "
        "step goes where plain gradient descent would."
    )
    high = [
        f"{name} ({loss:.3g})"
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


def _side(lr: float, border: float) -> str:
    """Say what the learning rate alone does, by where it lies."""
    if lr > border:
        return f"The learning rate lies above 2/λ = {border:.3g}: it diverges even with all images, and no larger batch cures that."
    if lr > border / 2:
        return (
            f"The learning rate lies between 1/λ = {border / 2:.3g} and 2/λ = {border:.3g}: turning back with all images is its own bounce "
            "along the sharpest direction, and dies out; what the smaller batches add is noise, and stays."
        )
    return f"The learning rate lies below 1/λ = {border / 2:.3g}: alone it never turns back, so whatever does is noise of the batch."
