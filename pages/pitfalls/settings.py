"""What the sections choose alike: a function with a start, four learning rates, or digits."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from pages.ui.datasets import choose_dataset, digits_of, offer_missing
from pages.ui.page import Page
from sgd_core.calculus.formula import Function
from sgd_core.charts.palette import look
from sgd_core.descent.axis import six_decades, survey
from sgd_core.descent.diagnosis import Diagnosis
from sgd_core.descent.objective import Objective
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regime_cases import FOUR_RATES, LETTERS
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.remedies import remedied
from sgd_core.digits.sharpness import sharpness
from sgd_core.export.descent import descent_script

NAMES = [letter.lower() for letter in LETTERS]
SQUARES = "Mean squared error"


def choose_objective(page: Page) -> Objective:
    """Draw the choice of a function, a start and a number of steps, and return what they describe."""
    left, right = st.columns([3, 2], gap="small")
    with left:
        function, first = page.choose_function()
    with right:
        steps = page.whole("steps", "Steps", 1, 1000, 30)
    low, high = function.domain
    start = page.slider("start", "Start, the first w", low, high, first, (high - low) / 600)
    return Objective(function, start, steps)


def four_rates(page: Page) -> list[float]:
    """Return the four learning rates, also of those whose widgets are not drawn here: as last set, or as the link has
    them; and give them their place in the link.
    """
    rates = []
    for name, default in zip(NAMES, FOUR_RATES, strict=True):
        key = page.key(f"lr_{name}")
        rate = st.session_state.get(key, page.values.get(f"lr_{name}", st.query_params.get(key, default)))
        try:
            rate = check_lr(float(rate))
        except ValueError:  # the link is answered where the widget is drawn
            rate = default
        page.hold(f"lr_{name}", rate)
        rates.append(rate)
    return rates


@st.cache_data(max_entries=64, show_spinner="Trying learning rates …")
def survey_of(objective: Objective, lrs: tuple[float, ...] | None = None) -> pd.DataFrame:
    """Return the regime of these learning rates, or of 64 over six decades."""
    minimum = objective.minimum
    rates = six_decades(minimum) if lrs is None else lrs
    return survey(objective.function, objective.start, rates, objective.steps, minimum)


def script_of(function: Function, start: float, lrs: list[float], steps: int) -> str:
    """Return the script that takes these steps of plain descent."""
    optimizer = Optimizer("sgd").torch_code("[w]", "lr")
    return descent_script(function.torch_code, start=start, lrs=lrs, steps=steps, optimizer=optimizer)


@dataclass(frozen=True)
class DigitSetup:
    """The digits a section trains on: their data set and the seed."""

    dataset: str
    seed: int

    @property
    def digits(self) -> Digits:
        """The images of 3 and 7."""
        return digits_of(self.dataset, (3, 7))

    def config(self, **settings: object) -> TrainConfig:
        """Return the configuration of a linear model for 3 against 7 with these settings."""
        return TrainConfig(classes=(3, 7), dataset=self.dataset, seed=self.seed, **settings)  # type: ignore[arg-type]


@st.cache_data(max_entries=16, show_spinner="Measuring how sharply the loss bends …")
def border_of(setup: DigitSetup, loss: str, remedy: str = "none") -> float:
    """Return 2 / sharpness at the initial weights, with the inputs as the remedy has them."""
    return 2 / sharpness(remedied(setup.config(loss=loss), remedy), setup.digits)


def choose_digits(page: Page) -> DigitSetup:
    """Draw the choice of a data set and a seed."""
    left, right = st.columns([3, 2], gap="small")
    with left:
        dataset = choose_dataset(page, help="A linear model tells 3 from 7.")
        offer_missing(page)
    with right:
        seed = page.whole("seed", "Seed", 0, 2**31 - 1, 0, help="Settles the order of the images.")
    return DigitSetup(dataset, seed)


def card(whose: str, named: Diagnosis) -> tuple[str, str, str]:
    """Return a diagnosis as the clock shows it, colour, name and reason; before the first steps it says to train on."""
    return look(named.name).color, f"{whose}: {named.name}", named.reason


def choose_loss(page: Page) -> str:
    """Draw the choice of a loss whose curvature tells something, and return its key."""
    titles = {loss.title: key for key, loss in LOSSES.items() if key != "mean_absolute_error"}
    return titles[page.choice("loss", "Loss", list(titles), SQUARES)]
