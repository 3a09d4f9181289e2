"""Find it: the learning-rate range test, four ways to read it, what each achieves when trained, and how sure it is."""

from dataclasses import replace

import numpy as np
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
from sgd_core.digits.seeds import achieved
from sgd_core.digits.sources import SOURCES
from sgd_core.export.learning_rates import range_script
from sgd_core.numbers import number, percent

ENDS = {"10": 10.0, "100": 100.0, "1000": 1000.0}
TITLES = {"valley": "Valley", "steep": "Steep", "minimum": "Minimum / 10", "slide": "Slide"}
START, BATCHES, SEEDS, EPOCHS = 1e-7, 100, 32, 5


@st.cache_data(max_entries=64, show_spinner="Letting the learning rate grow …")
def range_of(config: TrainConfig, end: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the range test of these settings and its suggestions."""
    frame = lr_range_test(config, digits_of(config.dataset, config.classes), start=START, end=end, batches=BATCHES)
    return frame, frame.attrs["suggestions"]


@st.cache_data(max_entries=32, show_spinner=f"Repeating it with {SEEDS} seeds …")
def spread_of(config: TrainConfig, end: float) -> pd.DataFrame:
    """Return what the test suggests with each of 32 seeds: `seed, name, lr`."""
    rows = []
    for seed in range(SEEDS):
        _, found = range_of(replace(config, seed=seed), end)
        rows += [{"seed": seed, "name": name, "lr": lr} for name, lr in found.items()]
    return pd.DataFrame(rows)


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
    page.show(
        Picture(
            chart,
            f"Smoothed loss against learning rate: from {number(test['smoothed'].iloc[0], 3)} down to {number(best, 3)}; suggestions "
            + ", ".join(f"{TITLES[name]} {number(lr, 2)}" for name, lr in suggestions.items())
            + ".",
        ),
        "range",
    )
    named = spread.assign(name=spread["name"].map(TITLES))
    words = "; ".join(_told(name, rows["lr"]) for name, rows in named.groupby("name", sort=False))
    page.show(
        Picture(
            spread_picture(named, names=list(TITLES.values()), x_domain=x_domain),
            f"Suggestions of {SEEDS} seeds: {words}.",
        ),
        "spread",
    )
    ends = trained_with(config, suggestions) if suggestions else pd.DataFrame()
    with page.below:
        _suggest(setup, config, suggestions, ends, spread)
    page.notice(*_tell(test, suggestions, ends, spread))
    page.table(test, "The test, mini-batch by mini-batch", file="range-test")
    page.code(range_script(config, end))


def _told(name: str, rates: pd.Series) -> str:
    return f"{name} from {number(rates.min(), 2)} to {number(rates.max(), 2)}"


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
            rates = spread[spread["name"] == name]["lr"]
            st.markdown(
                f"Trained for {config.epochs} epochs: loss **{number(end['train_loss'], 3)}**, accuracy "
                f"**{percent(end['valid_accuracy'])}**.  \n:small[{SEEDS} seeds: {number(rates.min(), 2)} to {number(rates.max(), 2)}, "
                f"half of them from {number(rates.quantile(0.25), 2)} to {number(rates.quantile(0.75), 2)}.]"
            )
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


def _tell(test: pd.DataFrame, suggestions: dict[str, float], ends: pd.DataFrame, spread: pd.DataFrame) -> list[str]:
    lowest = test.loc[test["smoothed"].idxmin()]
    last = test.iloc[-1]
    sentences = [
        f"Over {len(test)} mini-batches the learning rate grows from 10⁻⁷, by the same factor each time. The smoothed loss is "
        f"{number(test['smoothed'].iloc[0], 3)} at the start and lowest, {number(lowest['smoothed'], 3)}, at the learning rate "
        f"{number(lowest['lr'], 2)}. There it is already about to rise: do not take that one, take a tenth."
    ]
    if last["smoothed"] > 4 * lowest["smoothed"] or not np.isfinite(last["smoothed"]):
        sentences.append(
            f"The test stopped by itself at {number(last['lr'], 2)}, after {len(test)} mini-batches: four times the best loss."
        )
    else:
        sentences.append(
            f"Even {number(last['lr'], 2)} has not brought the smoothed loss to four times its best, so the test went on to its "
            "end. Let it go further, or look at the single mini-batches (grey), which jump long before."
        )
    if len(suggestions) > 1:
        low, high = min(suggestions.values()), max(suggestions.values())
        ranked = ends["train_loss"].replace(np.inf, np.nan)
        winner = list(suggestions)[int(ranked.idxmin())] if ranked.notna().any() else ""
        won = f" Trained, **{TITLES[winner]}** gets the lowest loss." if winner else " Trained, all of them diverge."
        sentences.append(
            f"The suggestions lie between {number(low, 2)} and {number(high, 2)}, a factor of {number(high / low, 2)}.{won} They are rules "
            "of thumb: the smoothing lags behind, and none of them knows how long you will train."
        )
        widths = {name: float(rows["lr"].max() / rows["lr"].min()) for name, rows in spread.groupby("name")}
        shaky = max(widths, key=widths.__getitem__)
        sentences.append(
            f"One test is one draw: over {SEEDS} orders of the images *{TITLES[shaky]}* differs by a factor of {number(widths[shaky], 2)}."
        )
    return sentences
