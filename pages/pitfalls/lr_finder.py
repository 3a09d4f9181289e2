"""Find it: the learning-rate range test on the digit model, four ways to read it, and the way into training."""

import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DigitSetup, choose_digits
from pages.ui.controls import Controls
from pages.ui.datasets import digits_of, offer_missing
from pages.ui.parts import download_csv, notice, same_in_pytorch
from pages.ui.pictures import picture
from sgd_core.charts.lanes import range_frame, range_picture
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.lr_range import SUGGESTIONS, lr_range_test
from sgd_core.digits.sources import SOURCES
from sgd_core.export.learning_rates import range_script

ENDS = {"10": 10.0, "100": 100.0, "1000": 1000.0}
TITLES = {"valley": "Valley", "steep": "Steep", "minimum": "Minimum / 10", "slide": "Slide"}
START, BATCHES = 1e-7, 100


@st.cache_data(max_entries=64, show_spinner="Letting the learning rate grow …")
def range_of(config: TrainConfig, end: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the range test of these settings and its suggestions."""
    frame = lr_range_test(config, digits_of(config.dataset, config.classes), start=START, end=end, batches=BATCHES)
    return frame, frame.attrs["suggestions"]


def show(controls: Controls) -> None:
    """Draw the section."""
    setup = choose_digits(controls)
    offer_missing(controls)
    st.markdown(
        f"One short run answers what a hundred would: over {BATCHES} mini-batches the learning rate grows from "
        "1e-7, by the same factor each time. First nothing moves, then the loss falls, then it explodes."
    )
    columns = st.columns(3, gap="medium")
    titles = {loss.title: key for key, loss in LOSSES.items() if key != "mean_absolute_error"}
    with columns[0]:
        loss = titles[controls.segments("loss", "Loss", list(titles), "Mean squared error")]
    with columns[1]:
        size = int(controls.segments("find_batch", "Images a step", ["16", "64", "256"], "64"))
    with columns[2]:
        end = ENDS[controls.segments("until", "Up to a learning rate of", list(ENDS), "10")]
    config = setup.config(loss=loss, batch_size=size)
    test, suggestions = range_of(config, end)
    best = float(test["smoothed"].min())
    top = 4.4 * best
    picture(
        range_picture,
        range_frame(test, suggestions),
        x_domain=(START, end),
        y_domain=(0.0, max(top, float(test["smoothed"].iloc[0]) * 1.1)),
        alt=f"Smoothed loss against learning rate: from {test['smoothed'].iloc[0]:.3g} down to {best:.3g}; suggestions "
        + ", ".join(f"{TITLES[name]} {lr:.2g}" for name, lr in suggestions.items())
        + ".",
    )
    _suggest(setup, config, suggestions)
    _notice(test, suggestions)
    download_csv(test, "range-test", key="pitfalls_find_csv")
    same_in_pytorch(range_script(config, end), key="pitfalls_code")


def _suggest(setup: DigitSetup, config: TrainConfig, suggestions: dict[str, float]) -> None:
    for column, (name, about) in zip(st.columns(4, gap="medium"), SUGGESTIONS.items(), strict=True):
        with column.container(border=True, height="stretch"):
            lr = suggestions.get(name)
            st.metric(TITLES[name], "–" if lr is None else f"{lr:.2g}")
            st.caption(about if lr is not None else "The curve ended too early to read this one off.")
            if lr is not None:
                st.page_link(
                    "pages/4_Digit_training.py",
                    label=f"**Train with {lr:.2g}**",
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


def _notice(test: pd.DataFrame, suggestions: dict[str, float]) -> None:
    lowest = test.loc[test["smoothed"].idxmin()]
    last = test.iloc[-1]
    sentences = [
        f"The smoothed loss is {test['smoothed'].iloc[0]:.3g} at the start and lowest, {lowest['smoothed']:.3g}, at the learning "
        f"rate {lowest['lr']:.2g}. There it is already about to rise: do not take that one, take a tenth."
    ]
    if last["smoothed"] > 4 * lowest["smoothed"]:
        sentences.append(
            f"The test stopped by itself at {last['lr']:.2g}, after {len(test)} mini-batches: four times the best loss."
        )
    else:
        sentences.append(
            f"Even {last['lr']:.2g} has not brought the smoothed loss to four times its best, so the test went on to its end. "
            "Let it go further, or look at the single mini-batches (grey), which jump long before."
        )
    if len(suggestions) > 1:
        low, high = min(suggestions.values()), max(suggestions.values())
        sentences.append(
            f"The suggestions lie between {low:.2g} and {high:.2g}, a factor of {high / low:,.0f}. They are rules of thumb, no "
            "law: the smoothing lags behind, and none of them knows how long you will train."
        )
    notice(*sentences)
