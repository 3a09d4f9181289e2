"""On digits: sixty-four learning rates at once, the cliff predicted and found, sharpness along a run."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.pitfalls.runs import run_of
from pages.pitfalls.settings import choose_digits
from pages.pitfalls.sharpening import show_sharpness
from pages.ui.controls import Controls
from pages.ui.datasets import digits_of, offer_missing
from pages.ui.parts import download_csv, notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.transport import Player, Speed, Words, play
from sgd_core.charts.lanes import lanes_frame, lanes_picture
from sgd_core.charts.rates import axis_frame, axis_picture, legend
from sgd_core.descent.regime_names import DIVERGING
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import Round, sharpness_rounds
from sgd_core.digits.sweep import SweepMoment, run_regimes, sweep_frame, sweeping
from sgd_core.export.learning_rates import sharpness_script, sweep_script
from sgd_core.playback import Playback

RATES = 64
MOST_DRAWN = 60
WIDE, CLIFF, SHARP = "all learning rates", "close to the cliff", "sharpness along a run"
ALL = "all"
FINE = 1.01  # an accuracy this close below the best looks fine
TERRIBLE = 2.0  # a loss so many times the best is terrible


class Sweep(NamedTuple):
    """One sweep: what is trained, the learning rates, the border from theory, and whether it looks at the cliff."""

    config: TrainConfig
    rates: tuple[float, ...]
    border: float
    zoomed: bool


@st.cache_data(max_entries=32, show_spinner="Measuring how sharply the loss bends …")
def rounds_of(config: TrainConfig) -> list[Round]:
    """Return the rounds of power iteration at the initial weights; only data, loss and seed matter."""
    return list(sharpness_rounds(config, digits_of(config.dataset, config.classes)))


def show(controls: Controls) -> Callable[[], None]:
    """Draw the section; return what plays."""
    setup = choose_digits(controls)
    offer_missing(controls)
    left, middle, right = st.columns([3, 2, 1], gap="medium", vertical_alignment="bottom")
    with left:
        what = controls.segments("experiment", "Look at", [WIDE, CLIFF, SHARP], WIDE)
    titles = {loss.title: key for key, loss in LOSSES.items() if key != "mean_absolute_error"}
    with middle:
        loss = titles[controls.segments("loss", "Loss", list(titles), "Mean squared error")]
    with right:
        epochs = controls.whole("epochs", "Epochs", 1, 500, 40)
    config = setup.config(loss=loss, batch_size=None, epochs=epochs)
    rounds = rounds_of(replace(config, epochs=1))
    top = rounds[-1]
    _say_border(config, rounds)
    if what == SHARP:
        return show_sharpness(controls, config, top.value)
    return _show_sweep(controls, config, 2 / top.value, zoomed=what == CLIFF)


def _say_border(config: TrainConfig, rounds: list[Round]) -> None:
    count, top = len(rounds), rounds[-1].value
    found = f"Before the first step, {count} rounds of power iteration find the largest eigenvalue of the Hessian: **λ = {top:.5g}**."
    if config.loss == "mean_squared_error":
        st.markdown(
            f"{found} For steps that see all images the cliff must stand at **2/λ = {2 / top:.4g}**: with the mean squared error a "
            "linear model's loss is a parabola, with this λ everywhere."
        )
    else:
        st.markdown(
            f"{found} If the loss kept this shape, the cliff would stand at **2/λ = {2 / top:.4g}**. But cross-entropy is no "
            "parabola: λ falls while the model learns."
        )


def _show_sweep(controls: Controls, config: TrainConfig, border: float, *, zoomed: bool) -> Callable[[], None]:
    if zoomed:
        rates = tuple(border * np.linspace(0.86, 1.14, RATES))
        st.caption(
            "Every step sees all images (plain gradient descent), so nothing but the learning rate can go wrong."
        )
    else:
        size = controls.segments("batch", "Images a step", [ALL, "256", "64", "16"], ALL)
        config = replace(config, batch_size=None if size == ALL else int(size))
        middle = round(np.log10(border))
        low = middle - (4 if config.loss == "mean_squared_error" else 3)  # cross-entropy endures far more
        rates = tuple(np.geomspace(10.0**low, 10.0 ** (low + 6), RATES))
    sweep = Sweep(config, rates, border, zoomed)
    run = run_of(("sweep", sweep), lambda: _start(sweep))
    place = st.container(key="pitfalls_stage")
    same_in_pytorch(sharpness_script(config) if zoomed else sweep_script(config, rates), key="pitfalls_code")

    def last() -> None:
        with place:
            play(
                Player(
                    controls,
                    run,
                    lambda: _stage(sweep, run),
                    Speed(8, budget=0.06),
                    progress=lambda now: (
                        now.epoch / config.epochs,
                        f"epoch {now.epoch:.4g} of {config.epochs:,}, {RATES} learning rates",
                    ),
                    words=Words("Sweep", "Sweep again", "One epoch"),
                    restart=lambda: _start(sweep),
                )
            )

    return last


def _start(sweep: Sweep) -> Generator[SweepMoment, None, None]:
    digits = digits_of(sweep.config.dataset, sweep.config.classes)
    return sweeping(sweep.config, sweep.rates, digits)


def _stage(sweep: Sweep, run: Playback[SweepMoment]) -> Callable[[SweepMoment, bool], None]:
    """Lay out the curves on the left, loss and accuracy against learning rate on the right."""
    left, right = st.columns([1, 1], gap="large")
    curves, loss, accuracy = left.empty(), right.empty(), right.empty()
    names, words, file = left.empty(), st.empty(), st.empty()

    def paint(now: SweepMoment, live: bool) -> None:
        frame = sweep_frame(sweep.rates, run.history, sweep.config.epochs)
        regimes = run_regimes(frame)
        _paint(sweep, frame, regimes, (curves, loss, accuracy), live)
        names.markdown(legend(list(regimes["regime"])) + "  \n:small[↑ ↓: beyond the picture]")
        if live:
            return
        with words.container():
            notice(*_sentences(sweep, frame, regimes))
        with file.container():
            download_csv(frame, "sweep", key="pitfalls_sweep_csv")

    return paint


def _paint(
    sweep: Sweep, frame: pd.DataFrame, regimes: pd.DataFrame, slots: tuple[DeltaGenerator, ...], live: bool
) -> None:
    curves, loss, accuracy = slots
    config, ends = sweep.config, frame.groupby("lr", sort=True).last().reset_index()
    ends["regime"] = regimes["regime"].to_numpy()
    first = float(frame["train_loss"].iloc[0])
    window = (first / (30 if config.loss == "mean_squared_error" else 1000), first * 100)
    counts = ", ".join(f"{count} {name}" for name, count in regimes["regime"].value_counts().items())
    picture(
        lanes_picture,
        lanes_frame(_thinned(frame, config.epochs), regimes, window),
        slot=curves,
        live=live,
        epochs=float(config.epochs),
        y_domain=window,
        height=470,
        alt=f"Training loss of {len(regimes)} learning rates over {int(frame['epoch'].max())} epochs: {counts}.",
    )
    x_domain = (sweep.rates[0], sweep.rates[-1])
    borders = [("2/λ", sweep.border)]
    picture(
        axis_picture,
        axis_frame(ends, "valid_loss", y_domain=window, borders=borders),
        slot=loss,
        live=live,
        x_domain=x_domain,
        y_domain=window,
        y_title="validation loss",
        height=195,
        alt=f"Validation loss against learning rate; 2/λ stands at {sweep.border:.4g}.",
    )
    picture(
        axis_picture,
        axis_frame(ends, "valid_accuracy", y_domain=(0.4, 1.0), borders=borders),
        slot=accuracy,
        live=live,
        x_domain=x_domain,
        y_domain=(0.4, 1.0),
        y_title="validation accuracy",
        log=False,
        percent=True,
        height=195,
        alt=f"Validation accuracy against learning rate; the best is {ends['valid_accuracy'].max():.1%}.",
    )


def _thinned(frame: pd.DataFrame, epochs: int) -> pd.DataFrame:
    """Return at most about 60 epochs of every lane, the newest included: more cannot be told apart in the picture."""
    every = -(-epochs // MOST_DRAWN)
    return frame[(frame["epoch"] % every == 0) | (frame["epoch"] == frame["epoch"].max())]


def _sentences(sweep: Sweep, frame: pd.DataFrame, regimes: pd.DataFrame) -> list[str]:
    epoch, config = int(frame["epoch"].max()), sweep.config
    if epoch == 0:
        return [
            f"Nothing is trained yet: all {len(regimes)} begin at the loss {frame['train_loss'].iloc[0]:.4f}. Press **Sweep**."
        ]
    sentences = []
    diverging = regimes[regimes["regime"] == DIVERGING]["lr"]
    exact = config.loss == "mean_squared_error" and config.batch_size is None
    if not diverging.empty:
        smallest = float(diverging.min())
        below = regimes[regimes["lr"] < smallest]["lr"]
        between = f"between {below.max():.4g} and {smallest:.4g}" if len(below) else f"below {smallest:.4g}"
        ratio = f" The two differ by {abs(smallest / sweep.border - 1):.1%}." if sweep.zoomed else ""
        why = "" if exact else " Theory is exact for full batches and the mean squared error only."
        sentences.append(f"The cliff stands {between}; 2/λ = {sweep.border:.4g} was predicted.{ratio}{why}")
    else:
        above = int((regimes["lr"] > sweep.border).sum())
        sentences.append(
            f"{above} of the learning rates lie above 2/λ = {sweep.border:.4g}, and none diverges: the loss bends less and less as "
            "the model learns, so the border moves away. See *sharpness along a run*."
        )
    if exact and epoch < 20:
        sentences.append(f"After {epoch} steps a slow explosion is still small; more epochs sharpen the border.")
    sentences.append(_split(frame))
    good = frame[frame["epoch"] == epoch]
    best = good.loc[good["train_loss"].idxmin()]
    sentences.append(
        f"The lowest training loss so far, {best['train_loss']:.4g}, belongs to the learning rate {best['lr']:.3g}."
    )
    return sentences


def _split(frame: pd.DataFrame) -> str:
    """Say where accuracy still looks fine although the loss is terrible."""
    ends = frame[(frame["epoch"] == frame["epoch"].max()) & np.isfinite(frame["valid_loss"])]
    if ends.empty:
        return ""
    best_accuracy, best_loss = ends["valid_accuracy"].max(), ends["valid_loss"].min()
    hidden = ends[(ends["valid_accuracy"] >= best_accuracy / FINE) & (ends["valid_loss"] >= TERRIBLE * best_loss)]
    hidden = hidden[hidden["lr"] > ends.loc[ends["valid_loss"].idxmin(), "lr"]]
    if hidden.empty:
        return ""
    worst = hidden.loc[hidden["valid_loss"].idxmax()]
    return (
        f"Accuracy hides it: at {worst['lr']:.3g} it is {worst['valid_accuracy']:.1%}, as good as any, while the validation loss is "
        f"{worst['valid_loss']:.3g}, {worst['valid_loss'] / best_loss:.1f} times the best. Look at both."
    )
