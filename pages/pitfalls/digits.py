"""On digits: the direction that explodes, sixty-four learning rates at once, the cliff, sharpness along a run."""

import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DigitSetup, choose_digits, choose_loss
from pages.pitfalls.sharpening import sharpening
from pages.pitfalls.steepest import steepest
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.lanes import lanes_frame, lanes_picture
from sgd_core.charts.rates import axis_frame, axis_picture, legend
from sgd_core.charts.series import power_iteration
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import Round, sharpness_rounds
from sgd_core.digits.sharpness_words import border_in_words, tell_power_iteration
from sgd_core.digits.sweep_moments import RATES, Sweep, Swept, cliff_sweep, sweep_moments, wide_sweep
from sgd_core.digits.sweep_words import sweep_numbers, sweep_table, tell_sweep
from sgd_core.export.learning_rates import sharpness_script, sweep_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number
from sgd_core.recording import Recording

DIRECTION, WIDE, CLIFF, SHARP = (
    "the direction that explodes",
    "all learning rates",
    "close to the cliff",
    "sharpness along a run",
)
ALL = "all"


@st.cache_data(max_entries=32, show_spinner="Measuring how sharply the loss bends …")
def rounds_of(setup: DigitSetup, loss: str) -> list[Round]:
    """Return the rounds of power iteration at the initial weights."""
    return list(sharpness_rounds(setup.config(loss=loss, batch_size=None), setup.digits))


def digits(page: Page) -> None:
    """Choose what to look at, and show it."""
    with page.controls:
        what = page.choice("experiment", "Look at", [DIRECTION, WIDE, CLIFF, SHARP], DIRECTION)
        setup = choose_digits(page)
        loss = choose_loss(page)
        epochs = page.whole("epochs", "Epochs", 1, 500, 40, help="With all images in a step, an epoch is one step.")
    config = setup.config(loss=loss, batch_size=None, epochs=epochs)
    rounds = rounds_of(setup, loss)
    border = 2 / rounds[-1].value
    if what == DIRECTION:
        steepest(page, config, setup.digits)
    elif what == SHARP:
        sharpening(page, config, setup.digits)
    else:
        _sweep(page, config, setup, border, zoomed=what == CLIFF)
    _how(page, config, rounds)


def _how(page: Page, config: TrainConfig, rounds: list[Round]) -> None:
    """Say how the largest eigenvalue is found."""
    with page.opened("How it is found", ":material/functions:") as opened:
        if opened:
            st.markdown(tell_power_iteration(rounds))
            chart = power_iteration([one.round for one in rounds], [one.value for one in rounds])
            words = f"The largest eigenvalue by power iteration: after {len(rounds)} rounds it is {number(rounds[-1].value, 5)}."
            page.show(Picture(chart, words, where=st.container()), "power_iteration")
    page.hero.caption(border_in_words(config.loss, rounds[-1].value))


def _sweep(page: Page, config: TrainConfig, setup: DigitSetup, border: float, *, zoomed: bool) -> None:
    if zoomed:
        sweep = cliff_sweep(config, border)
    else:
        with page.controls:
            size = page.segments("batch", "Images a step", [ALL, "256", "64", "16"], ALL)
        config = setup.config(loss=config.loss, epochs=config.epochs, batch_size=None if size == ALL else int(size))
        sweep = wide_sweep(config, border)
    last = len(moment_steps(config.epochs)) - 1
    run = page.recording(("sweep", sweep), lambda: Recording(sweep_moments(sweep, setup.digits), last))
    at = page.live(
        lambda: Shown(
            _pictures(page, sweep, sweep_table(sweep, run.moments), run.moments[-1]),
            Moments(sweep_numbers(run.moments), recording=run, last=last, keep=False),
        ),
        words=Words("Sweep", "Sweep again", "One epoch"),
    )
    now = run.moments[at]
    page.beneath.markdown(legend([str(name) for name in now.regimes["regime"]]) + "  \n:small[↑ ↓: beyond the picture]")
    frame = sweep_table(sweep, run.moments[: at + 1])
    page.notice(*tell_sweep(sweep, frame, now.regimes))
    page.table(frame.drop(columns="moment"), "Every learning rate, epoch by epoch", file="sweep")
    page.code(sharpness_script(config) if zoomed else sweep_script(config, sweep.rates))


def _pictures(page: Page, sweep: Sweep, table: pd.DataFrame, newest: Swept) -> list[Picture]:
    config = sweep.config
    first = float(table["train_loss"].iloc[0])
    window = (first / (30 if LOSSES[config.loss].is_quadratic else 1000), first * 100)
    x_domain, borders = (sweep.rates[0], sweep.rates[-1]), [("2/λ", sweep.border)]
    loss = axis_picture(
        axis_frame(table, "valid_loss", y_domain=window, borders=borders),
        x_domain=x_domain,
        y_domain=window,
        y_title="validation loss",
        height=190,
        moving=True,
    )
    accuracy = axis_picture(
        axis_frame(table, "valid_accuracy", y_domain=(0.4, 1.0), borders=borders),
        x_domain=x_domain,
        y_domain=(0.4, 1.0),
        y_title="validation accuracy",
        log=False,
        percent=True,
        height=150,
        moving=True,
    )
    lanes = lanes_picture(
        lanes_frame(table, newest.regimes, window), epochs=float(config.epochs), y_domain=window, height=300
    )
    return [
        Picture(loss, f"Validation loss against the learning rate; 2/λ stands at {number(sweep.border)}."),
        Picture(accuracy, "Validation accuracy against the learning rate."),
        Picture(lanes, f"Training loss of {RATES} learning rates over the epochs.", where=page.below),
    ]
