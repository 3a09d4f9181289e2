"""Was it luck? The same settings with 32 seeds, trained as one computation, and this run among them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from pages.training.runs import MEASURES
from pages.training.session import curves_of
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.runs import seed_fan, seed_window
from sgd_core.digits.run import Run
from sgd_core.digits.seed_words import tell_seeds
from sgd_core.digits.seeds import growing_seeds, seed_band
from sgd_core.digits.sweep import sweep_frame

SEEDS = 32
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
            lambda: growing_seeds(config, range(SEEDS), run.digits),
            lambda seen: seen[-1].epoch / config.epochs,
            f"Training {SEEDS} runs …",
        )
    except ValueError as error:
        st.error(str(error))
        return []
    frame = sweep_frame(range(SEEDS), moments, config.epochs, name="seed")
    with here:
        _picture(page, run, frame, MEASURES[measure], measure)
    return tell_seeds(frame, MEASURES[measure], run, at)


def _picture(page: Page, run: Run, frame: pd.DataFrame, column: str, measure: str) -> None:
    own = curves_of(run)[["epoch", column]].rename(columns={column: "value"})
    own, frame = own[own["epoch"] > 0], frame[frame["epoch"] > 0]
    begun = BEGUN * run.config.epochs
    values = np.concatenate([frame.loc[frame["epoch"] >= begun, column], own.loc[own["epoch"] >= begun, "value"]])
    chart = seed_fan(
        seed_band(frame, column).replace([np.inf, -np.inf], np.nan),
        own.replace([np.inf, -np.inf], np.nan),
        title=measure,
        epochs=float(run.config.epochs),
        domain=seed_window(values, accuracy=column == "valid_accuracy"),
        percent=column == "valid_accuracy",
    )
    words = f"{measure.capitalize()} over the epochs: the band and the median of {SEEDS} seeds, and this run as a line."
    page.show(Picture(chart, words, where=st.container()), "seeds")
    st.caption(
        f"Grey: the median of {SEEDS} seeds, and the band that leaves a tenth of them outside at each side. Blue: this run."
    )
