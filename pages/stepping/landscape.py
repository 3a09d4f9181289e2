"""The landscapes of two weights: choosing one, and what is known of it, each computed once."""

import math
from functools import lru_cache

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.stepping.racers import propose
from pages.ui.controls import Controls
from sgd_core.calculus.formula import FormulaError, Function, parse_function
from sgd_core.charts.surface import surface_url
from sgd_core.descent.quadratic import is_quadratic
from sgd_core.descent.surfaces import SURFACES, VARIABLES, Range, Surface, height_grid, of_points

TYPED = "my own"
TITLES = {surface.title: surface for surface in SURFACES.values()}


def proposed(surface: Surface) -> list[tuple[str, float]]:
    """Return six runs: those that multiply by the slope with the surface's rate, those that divide it out with theirs."""
    own = [(kind, surface.lr) for kind in ("SGD", "momentum", "Nesterov")]
    return [*own, ("RMSprop", 0.05), ("Adagrad", 0.5), ("Adam", 0.1)]


def choose_surface(controls: Controls) -> Surface:
    """Draw the choice; another surface brings its own start and learning rates."""
    key = controls.key("surface")

    def changed() -> None:
        surface = TITLES.get(st.session_state[key])
        if surface:
            st.session_state[controls.key("x")], st.session_state[controls.key("y")] = surface.start
            propose(controls, "two", proposed(surface))

    picked = controls.choice("surface", "Surface", [*TITLES, TYPED], "Narrow valley", on_change=changed)
    if picked != TYPED:
        st.caption(TITLES[picked].lesson)
        return TITLES[picked]
    text = controls.text(
        "surface_formula",
        "f(x, y) =",
        "x**2 + 3*y**2 + sin(3*x)",
        help="Numbers, x, y, + − * / **, parentheses, pi, e, and sin cos tan exp log sqrt abs tanh sigmoid relu.",
    )
    reach = controls.number("reach", "Picture from −r to r, r =", 0.1, 100.0, 3.0)
    remembered = "_stepping_last_surface"
    try:
        parse_function(text, variables=VARIABLES)
        st.session_state[remembered] = text
    except FormulaError as error:
        st.error(str(error), icon=":material/function:")
        text = st.session_state.get(remembered, "x**2 + y**2")
        st.caption(f"The page goes on with `{text}`.")
    window = (-reach, reach)
    return Surface("typed", TYPED, text, window, window, (-reach / 2, reach / 2), 0.1, "")


@lru_cache(maxsize=16)
def heights_of(function: Function, x_domain: Range, y_domain: Range) -> np.ndarray:
    """Return the surface's heights over its window."""
    return height_grid(function, x_domain, y_domain)


@lru_cache(maxsize=16)
def seen_from_above(function: Function, x_domain: Range, y_domain: Range) -> str:
    """Return the picture of the surface."""
    return surface_url(heights_of(function, x_domain, y_domain))


@lru_cache(maxsize=16)
def is_quadratic_everywhere(function: Function) -> bool:
    """Tell whether the surface curves the same everywhere."""
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(5, 2, generator=generator, dtype=torch.float64) * 2 - 1
    return is_quadratic(of_points(function), points)


def range_of(heights: np.ndarray) -> Range:
    """Return the lowest and the highest of some heights."""
    finite = heights[np.isfinite(heights)]
    return (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)


def lowest_known(surface: Surface, heights: np.ndarray, runs: list[pd.DataFrame]) -> float:
    """Return the lowest loss anybody knows of: at the known minima, in the picture, or on a path."""
    known = [range_of(heights)[0], *(float(run["loss"].min()) for run in runs)]
    for x, y in surface.minima:
        known.append(float(surface.function(torch.tensor(x).double(), torch.tensor(y).double())))
    return min((value for value in known if math.isfinite(value)), default=0.0)
