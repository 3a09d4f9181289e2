"""The surfaces of two weights: choosing one, and what is known of it, each computed once."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.stepping.optimizer_choice import Proposal, propose
from pages.ui.page import Page
from sgd_core.calculus.formula import FormulaError, Function, parse_function
from sgd_core.charts.palette import RACERS
from sgd_core.charts.surface import surface_url
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.pairs import good_pair
from sgd_core.descent.quadratic import Curvature, curvature_at, is_quadratic
from sgd_core.descent.surfaces import SURFACES, VARIABLES, Range, Surface, descend_surface, height_grid, of_points

TYPED = "my own"
TITLES = {surface.title: surface for surface in SURFACES.values()}
OTHERS = list(RACERS)[1:]
Point = tuple[float, float]


class Bottom(NamedTuple):
    """The minimum that a surface is judged by: where, how it curves there, and whether it curves so everywhere."""

    x: float
    y: float
    curvature: Curvature
    quadratic: bool


def choose_surface(page: Page) -> Surface:
    """Draw the choice; another surface brings its own start, learning rates and momentum."""
    key = page.key("surface")

    def changed() -> None:
        surface = TITLES.get(st.session_state[key])
        if surface:
            page.set("x", surface.start[0])
            page.set("y", surface.start[1])
            first, others = proposed(surface)
            page.set("two_a_lr", first[0])
            page.set("two_a_momentum", first[1])
            propose(page, "two", others, OTHERS)

    picked = page.choice("surface", "Surface", [*TITLES, TYPED], "Narrow valley", on_change=changed)
    if picked != TYPED:
        return TITLES[picked]
    text = page.text(
        "surface_formula",
        "f(x, y) =",
        "x**2 + 3*y**2 + sin(3*x)",
        help="Numbers, x, y, + − * / **, parentheses, pi, e, and sin cos tan exp log sqrt abs tanh sigmoid relu.",
    )
    reach = page.number("reach", "Picture from −r to r, r =", 0.1, 100.0, 3.0)
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


@lru_cache(maxsize=32)
def proposed(surface: Surface) -> tuple[Point, list[Proposal]]:
    """Return the learning rate and momentum to begin with, and the other runs.

    Where there is a bowl: momentum at its best pair, plain descent just below the border, and far below it.
    """
    bottom = bottom_of(surface, surface.start)
    slow, near = surface.lr / 10, surface.lr
    pair = (surface.lr, 0.9)
    if bottom and bottom.quadratic:
        border = bottom.curvature.border
        slow, near = float(f"{border / 20:.2g}"), float(f"{0.97 * border:.3g}")
        lr, momentum = bottom.curvature.best_momentum
        pair = (float(f"{lr:.4g}"), round(momentum, 3))
    elif bottom:
        lowest = float(surface.function(torch.tensor(bottom.x).double(), torch.tensor(bottom.y).double()))
        pair = good_pair(surface.function, surface.start, 1.5 * bottom.curvature.border, lowest)
    rest = [Proposal("rmsprop", 0.05), Proposal("adagrad", 0.5), Proposal("adam", 0.1)]
    return pair, [Proposal("sgd", near), Proposal("sgd", slow), *rest]


@lru_cache(maxsize=64)
def bottom_of(surface: Surface, start: Point) -> Bottom | None:
    """Return the minimum near `start`: the nearest known one, else where a patient descent ends; None if it is no bowl."""
    if surface.minima:
        x, y = min(surface.minima, key=lambda place: math.dist(place, start))
    else:
        size = surface.x_domain[1] - surface.x_domain[0]
        end = descend_surface(surface.function, start, [size / 200], 600, [Optimizer("adam")]).iloc[-1]
        x, y = float(end["x"]), float(end["y"])
        if end["status"] == "diverged" or math.hypot(end["gradient_x"], end["gradient_y"]) > 1e-3:
            return None
    curvature = curvature_at(of_points(surface.function), torch.tensor([x, y], dtype=torch.float64))
    if curvature is None or not curvature.least > 1e-9 * curvature.most:
        return None
    return Bottom(x, y, curvature, is_quadratic_everywhere(surface.function))


def curvature_here(surface: Surface, x: float, y: float) -> Curvature | None:
    """Return the curvature at a place; None where it has none."""
    return curvature_at(of_points(surface.function), torch.tensor([x, y], dtype=torch.float64))


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
