"""Two weights: hold one, change the other; the two slopes make an arrow that points uphill."""

import math
from functools import lru_cache, partial

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.calculus.formula import FormulaError, Function
from sgd_core.calculus.sampling import At
from sgd_core.calculus.weights import VARIABLES, Slope, slices, slope_at, two_weights
from sgd_core.calculus.weights_words import (
    INKS,
    ONE_PREDICTION,
    against_bet,
    ink_words,
    tell_prediction,
    tell_two_slopes,
)
from sgd_core.charts.curve import curve_picture, curve_with_tangent, window
from sgd_core.charts.digit_images import digit_strip
from sgd_core.charts.pair import pair_frame, pair_picture
from sgd_core.charts.palette import POINT
from sgd_core.charts.surface import surface_url
from sgd_core.descent.surfaces import SURFACES, height_grid, steepest_on
from sgd_core.export.derivatives import partial_derivatives_script
from sgd_core.numbers import number, signed

TYPED = "my own"
REACH = 3.0
ONE = "One prediction"
_TITLES = {surface.title: surface for surface in SURFACES.values()}


@lru_cache(maxsize=16)
def surface_of(function: Function) -> tuple[str, float]:
    """Return the picture of a surface and the length of its steepest gradient in the window."""
    grid = height_grid(function, (-REACH, REACH), (-REACH, REACH), 121)
    return surface_url(grid), steepest_on(grid, 2 * REACH)


def two_weights_of(page: Page) -> None:
    """Look at a function of two weights from above, and along each of them."""
    with page.controls:
        function = _choose(page)
        a = page.slider("a", "weight a", -REACH, REACH, 1.5, 0.01)
        b = page.slider("b", "weight b", -REACH, REACH, -1.0, 0.01)
        at = slope_at(function, a, b)
        if function.formula == ONE_PREDICTION:
            _prediction(at)
    with page.hero:
        left, right = st.columns([5, 4])
    url, steepest = surface_of(function)

    def picked(place: dict[str, float]) -> None:
        page.set("a", round(place["x"], 6))
        page.set("b", round(place["y"], 6))

    page.show(
        Picture(
            pair_picture(
                pair_frame(at, (-REACH, REACH), steepest), url=url, domain=(-REACH, REACH), names=VARIABLES, size=288
            ),
            f"{function.formula} from above, stronger in colour where higher, with the point and its gradient as an arrow.",
            on_pick=picked,
            where=left,
            width="content",
        ),
        "above",
    )
    left.caption("The stronger the blue, the higher. Click anywhere to move the point.")
    _cuts(page, function, at, right)
    if math.isfinite(at.value) and math.isfinite(at.length):
        with page.below:
            bet = against_bet(function, at)
            right_bet = page.bet("against", *bet, about=(function.formula, a, b)) if bet else False
        page.notice(*tell_two_slopes(function, at, answered=right_bet))
    else:
        page.below.error(
            f"`{function.formula}` has no finite value and slope at a = {number(a)}, b = {number(b)}. Move the point.",
            icon=":material/block:",
        )
    page.code(partial_derivatives_script(function.torch_code, a, b))


def _choose(page: Page) -> Function:
    picked = page.choice("surface", "Loss of two weights", [ONE, *_TITLES, TYPED], ONE)
    if picked == ONE:
        return two_weights(ONE_PREDICTION)
    if picked != TYPED:
        function = _TITLES[picked].in_variables(*VARIABLES)
        st.latex(f"f(a, b) = {function.latex}")
        return function
    remembered = "_derivatives_last_pair"
    text = page.text("pair", "f(a, b) =", "a**2 + sin(2*b)")
    try:
        function = two_weights(text)
    except FormulaError as error:
        st.error(str(error), icon=":material/function:")
        function = two_weights(st.session_state.get(remembered, "a**2 + b**2"))
        st.caption(f"The page goes on with `{function.formula}`.")
        return function
    st.session_state[remembered] = text
    return function


def _prediction(at: Slope) -> None:
    """Show the two pixels, their weights, the prediction and its loss."""
    captions = ink_words(at)
    st.html(
        digit_strip(
            np.array(INKS).reshape(2, 1, 1),
            captions,
            columns=2,
            tile=104,
            ratio=0.3,
            alt=f"Two pixels with their ink and their weights: {captions[0]}, {captions[1]}.",
        )
    )
    st.markdown(tell_prediction(at))


def _cuts(page: Page, function: Function, at: Slope, where: st.delta_generator.DeltaGenerator) -> None:
    cuts = slices(function, at.a, at.b)
    both = pd.concat(cuts.values())
    y_domain = window(both["x"].tolist(), both["value"].to_numpy())
    for name, place, slope, other, held in (("a", at.a, at.by_a, "b", at.b), ("b", at.b, at.by_b, "a", at.a)):
        where.markdown(f"Hold **{other} = {number(held)}**, change {name}: slope **{signed(slope)}**")
        page.show(
            Picture(
                curve_picture(
                    curve_with_tangent(cuts[name], At(place, at.value, slope), y_domain),
                    pick=True,
                    height=132,
                    axis_width=40,
                    x_domain=(-REACH, REACH),
                    y_domain=y_domain,
                    x_title=name,
                    y_title="f",
                    color=POINT,
                ),
                f"The slice of {function.formula} along {name}, with its tangent at the point.",
                on_pick=partial(_move, page, name),
                where=where,
            ),
            f"cut_{name}",
        )


def _move(page: Page, name: str, picked: dict[str, float]) -> None:
    page.set(name, round(picked["x"], 6))
