"""Was it luck? The same settings with 32 seeds, trained as one computation, and this run among them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from pages.training.runs import MEASURES
from pages.training.session import curves_of
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.palette import ceiling
from sgd_core.charts.runs import seed_fan
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.run import Run
from sgd_core.digits.seeds import BAND, seed_band
from sgd_core.digits.sweep import SweepMoment, sweep_frame, sweeping_seeds
from sgd_core.numbers import number, percent

SEEDS = 32
LOOKS = 40  # at the way of the seeds, beside each epoch's end
BEGUN = 0.1  # of the epochs: from there on the axis has room for all


def draw(page: Page, run: Run, at: int) -> list[str]:
    """Offer to train the settings with other seeds; show their band, with this run's line on it."""
    config = replace(run.config, patience=None, seconds=None)
    if config.batch_size is None and config.init == "zeros":
        st.info(
            "With all images in each step and weights that begin at zero there is no chance in a run: every seed gives the "
            "same one. Choose mini-batches, or other initial weights.",
            icon=":material/casino:",
        )
        return []
    asked = page.key("seeds_of")
    if st.session_state.get(asked) != config:
        st.markdown(
            "A **seed** settles the chance in a run: the order of the images and, where they are drawn, the first weights. "
            "How far would another seed have come?"
        )
        st.button(
            f"Train these settings with {SEEDS} seeds",
            icon=":material/casino:",
            key=page.key("seeds_train"),
            on_click=st.session_state.__setitem__,
            args=(asked, config),
        )
        return []
    measure = page.segments(
        "seeds_measure", "Measure", list(MEASURES), "validation accuracy", label_visibility="collapsed"
    )
    here = st.container()
    try:
        moments = page.work(
            "seeds",
            (config, run.digits.name, id(run.digits)),
            lambda: _growing(config, run.digits),
            lambda seen: seen[-1].epoch / config.epochs,
            f"Training {SEEDS} runs …",
        )
    except ValueError as error:
        st.error(str(error))
        return []
    frame = sweep_frame(range(SEEDS), moments, config.epochs, name="seed")
    with here:
        _picture(page, run, frame, MEASURES[measure], measure)
    return tell(frame, MEASURES[measure], run, at)


def _growing(config: TrainConfig, digits: Digits) -> Iterator[list[SweepMoment]]:
    moments: list[SweepMoment] = []
    steps = config.epochs * -(-len(digits.train_images) // (config.batch_size or len(digits.train_images)))
    for moment in sweeping_seeds(config, range(SEEDS), digits, snapshot_every=-(-steps // LOOKS)):
        if moment.losses is not None:
            moments.append(moment)
        yield moments or [moment]


def _picture(page: Page, run: Run, frame: pd.DataFrame, column: str, measure: str) -> None:
    own = curves_of(run)[["epoch", column]].rename(columns={column: "value"})
    own, frame = own[own["epoch"] > 0], frame[frame["epoch"] > 0]
    begun = BEGUN * run.config.epochs
    values = np.concatenate([frame.loc[frame["epoch"] >= begun, column], own.loc[own["epoch"] >= begun, "value"]])
    low, high = np.nanmin(values[np.isfinite(values)], initial=1), np.nanmax(values[np.isfinite(values)], initial=0)
    unit = 0.01 if column == "valid_accuracy" else ceiling((high - low) / 10, steps=(1, 2, 5))
    domain = (max(0.0, np.floor(low / unit - 0.5) * unit), np.ceil(high / unit + 0.5) * unit)
    if column == "valid_accuracy":
        domain = (domain[0], min(1.0, domain[1]))
    chart = seed_fan(
        seed_band(frame, column).replace([np.inf, -np.inf], np.nan),
        own.replace([np.inf, -np.inf], np.nan),
        title=measure,
        epochs=float(run.config.epochs),
        domain=(float(domain[0]), float(domain[1])),
        percent=column == "valid_accuracy",
    )
    words = f"{measure.capitalize()} over the epochs: the band and the median of {SEEDS} seeds, and this run as a line."
    page.show(Picture(chart, words, where=st.container()), "seeds")
    st.caption(
        f"Grey: the median of {SEEDS} seeds, and the band that leaves a tenth of them outside at each side. Blue: this run."
    )


def tell(frame: pd.DataFrame, column: str, run: Run, at: int) -> list[str]:
    """Say how far the seeds lie apart, and where this run is among them."""
    now = run.moments[at]
    epochs = frame["epoch"].unique()
    epoch = epochs[(epochs <= now.epoch) & (epochs == np.floor(epochs))].max()
    ends = frame[frame["epoch"] == epoch]
    values = ends[column].to_numpy(dtype=float)
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite) or epoch == 0:
        return [
            f"The {SEEDS} seeds are compared at the last whole epoch that the clock has reached: go on to the first one."
        ]
    own = next((one for one in run.moments if one.epoch == epoch), now)
    mine = float(getattr(own, column))
    better = int((values < mine).sum() if "accuracy" in column else (values > mine).sum())
    low, high = (finite[int(share * (len(finite) - 1))] for share in BAND)
    lost = len(values) - len(finite)
    return [
        f"After epoch {number(epoch)} the {SEEDS} seeds lie between {_written(finite[0], column)} and {_written(finite[-1], column)}; this run, with "
        f"seed {run.config.seed}, has {_written(mine, column)} and is ahead of {better} of them"
        + (f"; {lost} have diverged." if lost else "."),
        f"Four of five lie between {_written(low, column)} and {_written(high, column)}. A difference between two settings that is smaller than that "
        "may be luck: **Beyond the rule** puts a number to it.",
    ]


def _written(value: float, column: str) -> str:
    return percent(value, 4) if "accuracy" in column else number(value, 3)
