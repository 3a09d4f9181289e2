"""The sidebars of the page: a function with a start for the first sections, digits for the others."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.ui.controls import Controls
from pages.ui.datasets import choose_dataset, digits_of
from pages.ui.formula import choose_function
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import window
from sgd_core.descent.axis import six_decades, survey
from sgd_core.descent.minimum import Minimum, find_minimum
from sgd_core.digits.config import TrainConfig, check_lr

NAMES = ("a", "b", "c", "d")
DEFAULTS = (0.02, 0.3, 0.95, 1.05)


@dataclass(frozen=True, eq=False)
class Objective:
    """What is descended: the function, the start, the steps; its sampled curve, window, and the minimum downhill."""

    function: Function
    start: float
    steps: int
    curve: pd.DataFrame
    y_domain: tuple[float, float]
    minimum: Minimum | None


def choose_objective(controls: Controls) -> Objective:
    """Draw the sidebar of the sections about a function, and return what it describes."""
    with st.sidebar:
        function, first = choose_function(controls)
        low, high = function.domain
        start = controls.slider("start", "Start, the first w", low, high, first, (high - low) / 600)
        steps = controls.whole("steps", "Steps", 1, 1000, 30)
    curve = sample(function)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    return Objective(function, start, steps, curve, y_domain, minimum_of(function, start))


def four_rates(controls: Controls) -> list[float]:
    """Return the learning rates of the four panels, also of those whose widgets are not drawn here: as last set, or as
    the link has them; and give them their place in the link to copy.
    """
    rates = []
    for name, default in zip(NAMES, DEFAULTS, strict=True):
        key = controls.key(f"lr_{name}")
        rate = st.session_state.get(key, controls.values.get(f"lr_{name}", st.query_params.get(key, default)))
        try:
            rate = check_lr(float(rate))
        except ValueError:  # the link is answered where the widget is drawn
            rate = default
        controls.values[f"lr_{name}"] = rate
        rates.append(rate)
    return rates


@st.cache_data(max_entries=256, show_spinner=False)
def minimum_of(function: Function, start: float) -> Minimum | None:
    """Return the minimum downhill from the start."""
    return find_minimum(function, start)


@st.cache_data(max_entries=64, show_spinner="Trying learning rates …")
def survey_of(function: Function, start: float, steps: int, lrs: tuple[float, ...] | None = None) -> pd.DataFrame:
    """Return the regime of these learning rates, or of 64 over six decades."""
    minimum = minimum_of(function, start)
    return survey(function, start, six_decades(minimum) if lrs is None else lrs, steps, minimum)


@dataclass(frozen=True)
class DigitSetup:
    """The digits a section trains on: their data set and the seed."""

    dataset: str
    seed: int

    def config(self, **settings: object) -> TrainConfig:
        """Return the configuration of a linear model for 3 against 7 with these settings."""
        return TrainConfig(classes=(3, 7), dataset=self.dataset, seed=self.seed, **settings)  # type: ignore[arg-type]


def choose_digits(controls: Controls) -> DigitSetup:
    """Draw the sidebar of the sections about digits, and return what it describes."""
    with st.sidebar:
        dataset = choose_dataset(controls)
        st.caption(f"A linear model tells 3 from 7: {len(digits_of(dataset, (3, 7)).train_images):,} training images.")
        seed = controls.whole("seed", "Seed", 0, 2**31 - 1, 0, help="Settles the order of the images.")
    return DigitSetup(dataset, seed)
