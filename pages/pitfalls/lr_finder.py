"""Find it: the learning-rate range test, four ways to read it, what each achieves when trained, and how sure it is."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DigitSetup, choose_digits, choose_loss
from pages.ui.datasets import digits_of
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.lanes import range_frame, range_picture, spread_picture
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.lr_range import SUGGESTIONS, lr_range_test
from sgd_core.digits.lr_range_words import TITLES, achieved_in_words, range_in_words, spread_in_words, tell_range
from sgd_core.digits.seeds import achieved, finding_over_seeds
from sgd_core.digits.sources import SOURCES
from sgd_core.export.learning_rates import range_script
from sgd_core.numbers import number

ENDS = {"10": 10.0, "100": 100.0, "1000": 1000.0}
START, BATCHES, SEEDS, EPOCHS = 1e-7, 100, 32, 5


@st.cache_data(max_entries=64, show_spinner="Letting the learning rate grow …")
def range_of(config: TrainConfig, end: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the range test of these settings and its suggestions."""
    frame = lr_range_test(config, digits_of(config.dataset, config.classes), start=START, end=end, batches=BATCHES)
    return frame, frame.attrs["suggestions"]


@st.cache_data(max_entries=32, show_spinner=f"Repeating it with {SEEDS} seeds …")
def spread_of(config: TrainConfig, end: float) -> pd.DataFrame:
    """Return what the test suggests with each of 32 seeds: `seed, suggestion, lr`."""
    digits = digits_of(config.dataset, config.classes)
    tests = finding_over_seeds(config, digits, range(SEEDS), start=START, end=end, batches=BATCHES)
    return pd.concat(tests, ignore_index=True)


@st.cache_data(max_entries=64, show_spinner="Training with each suggestion …")
def trained_with(config: TrainConfig, suggestions: dict[str, float]) -> pd.DataFrame:
    """Return what each suggestion achieves: `suggestion, lr, train_loss, valid_loss, valid_accuracy, status`."""
    suggested = pd.DataFrame({"suggestion": list(suggestions), "lr": list(suggestions.values())})
    return achieved(config, digits_of(config.dataset, config.classes), suggested)


def lr_finder(page: Page) -> None:
    """Let the learning rate grow, and read a good one off."""
    with page.controls:
        setup = choose_digits(page)
        loss = choose_loss(page)
        size = int(page.segments("find_batch", "Images a step", ["16", "64", "256"], "64"))
        end = ENDS[page.segments("until", "Up to a learning rate of", list(ENDS), "10")]
    config = setup.config(loss=loss, batch_size=size, epochs=EPOCHS)
    test, suggestions = range_of(replace(config, epochs=1), end)
    spread = spread_of(replace(config, epochs=1), end)
    best = float(test["smoothed"].min())
    x_domain = (START, end)
    chart = range_picture(
        range_frame(test, suggestions),
        x_domain=x_domain,
        y_domain=(0.0, max(4.4 * best, float(test["smoothed"].iloc[0]) * 1.1)),
        height=270,
    )
    page.show(Picture(chart, range_in_words(test, suggestions)), "range")
    named = spread.assign(suggestion=spread["suggestion"].map(TITLES)).rename(columns={"suggestion": "name"})
    picture = spread_picture(named, names=list(TITLES.values()), x_domain=x_domain)
    page.show(Picture(picture, spread_in_words(spread)), "spread")
    ends = trained_with(config, suggestions) if suggestions else pd.DataFrame()
    with page.below:
        _suggest(setup, config, suggestions, ends, spread)
    page.notice(*tell_range(test, suggestions, ends, spread))
    page.table(test, "The test, mini-batch by mini-batch", file="range-test")
    page.code(range_script(config, end))


def _suggest(
    setup: DigitSetup, config: TrainConfig, suggestions: dict[str, float], ends: pd.DataFrame, spread: pd.DataFrame
) -> None:
    for column, (name, about) in zip(st.columns(4, gap="medium"), SUGGESTIONS.items(), strict=True):
        with column.container(border=True, height="stretch"):
            lr = suggestions.get(name)
            st.metric(TITLES[name], "–" if lr is None else number(lr, 2))
            if lr is None:
                st.caption("The curve ended too early to read this one off.")
                continue
            end = ends.iloc[list(suggestions).index(name)]
            rates = spread[spread["suggestion"] == name]["lr"]
            st.markdown(achieved_in_words(end, rates, config.epochs))
            st.caption(about)
            st.page_link(
                "pages/4_Digit_training.py",
                label=f"**Train with {number(float(f'{lr:.2g}'))}**",
                icon=":material/model_training:",
                query_params=_link(setup, config, float(f"{lr:.2g}")),
            )


def _link(setup: DigitSetup, config: TrainConfig, lr: float) -> dict[str, str]:
    """Return what Digit training's address says for this learning rate on the same data."""
    values = {
        "lr": repr(lr),
        "dataset": SOURCES[setup.dataset].title,
        "loss": LOSSES[config.loss].title,
        "batch": str(config.batch_size),
        "seed": str(setup.seed),
    }
    return {f"training_{name}": value for name, value in values.items()}
