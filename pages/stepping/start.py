"""What the sections with one weight share: the function, where to begin, and how the loss is drawn."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.page import Page
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import random_place, sample, start_inside
from sgd_core.charts.curve import window
from sgd_core.charts.loss_axis import AUTOMATIC, LINEAR, LOGARITHMIC, Range


def choose_start(page: Page, place: DeltaGenerator | None = None) -> tuple[Function, float]:
    """Draw the choice of function and of the first w (at a `place` of its own); another function brings its own start."""
    function, first = page.choose_function()
    low, high = function.domain
    first = round(start_inside(function, first), 9)
    if page.changed("start_of", function):
        page.set("start", first)
    with place or st.container():
        return function, page.slider("start", "Start, the first w", low, high, first, (high - low) / 600)


def random_start(page: Page, function: Function) -> None:
    """Draw the seed and the button that draws a start with it."""
    seed = page.whole("seed", "Seed of the random start", 0, 2**31 - 1, 0)

    def draw() -> None:
        page.set("start", random_place(function, seed))
        page.set("seed", (seed + 1) % 2**31)

    help = "Draws the first w with this seed, then puts the seed one further."
    st.button("Random start", key=page.key("random"), help=help, on_click=draw, width="stretch")


def start_there(page: Page) -> Callable[[dict[str, Any]], None]:
    """Return what a click on the curve does."""
    return lambda picked: page.set("start", round(picked["x"], 9))


@lru_cache(maxsize=32)
def drawn_curve(function: Function) -> tuple[pd.DataFrame, Range]:
    """Return the function's curve over its domain, and the range of y to draw."""
    curve = sample(function)
    return curve, window(curve["x"].tolist(), curve["value"].to_numpy())


def choose_loss_axis(page: Page, name: str, default: str = AUTOMATIC) -> tuple[str, bool]:
    """Draw how losses and steps are spread: the scale of the loss, and whether the steps are logarithmic, too."""
    scale = page.segments(f"{name}loss_axis", "Loss axis", [AUTOMATIC, LINEAR, LOGARITHMIC], default)
    return scale, page.toggle(f"{name}log_steps", "Logarithmic steps", False)
