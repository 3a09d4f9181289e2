"""The surfaces of two weights: choosing one, and what is known of it, each computed once."""

from functools import lru_cache

import streamlit as st

from pages.stepping.optimizer_choice import propose
from pages.ui.page import Page
from sgd_core.calculus.formula import FormulaError, Function, parse_function
from sgd_core.charts.palette import RACERS
from sgd_core.charts.surface import surface_url
from sgd_core.descent.bottom import heights_of
from sgd_core.descent.pairs import proposed_runs
from sgd_core.descent.surfaces import SURFACES, VARIABLES, Range, Surface

TYPED = "my own"
TITLES = {surface.title: surface for surface in SURFACES.values()}
OTHERS = list(RACERS)[1:]


def choose_surface(page: Page) -> Surface:
    """Draw the choice; another surface brings its own start, learning rates and momentum."""
    key = page.key("surface")

    def changed() -> None:
        surface = TITLES.get(st.session_state[key])
        if surface:
            page.set("x", surface.start[0])
            page.set("y", surface.start[1])
            (lr, momentum), others = proposed_runs(surface)
            page.set("two_a_lr", lr)
            page.set("two_a_momentum", momentum)
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


@lru_cache(maxsize=16)
def seen_from_above(function: Function, x_domain: Range, y_domain: Range) -> str:
    """Return the picture of the surface."""
    return surface_url(heights_of(function, x_domain, y_domain))
