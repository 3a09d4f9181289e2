"""Two weights: hold one, change the other; the two slopes make an arrow that points uphill."""

import math
from functools import lru_cache, partial

import numpy as np
import pandas as pd
import streamlit as st

from pages.derivatives.point import signed
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import clickable
from sgd_core.calculus.formula import FormulaError, Function
from sgd_core.calculus.sampling import At
from sgd_core.calculus.weights import VARIABLES, Slope, slices, slope_at, two_weights
from sgd_core.charts.curve import curve_picture, curve_with_tangent, window
from sgd_core.charts.pair import pair_frame, pair_picture
from sgd_core.charts.palette import POINT
from sgd_core.charts.surface import surface_url
from sgd_core.descent.surfaces import SURFACES, height_grid
from sgd_core.export.derivatives import partial_derivatives_script

TYPED = "my own"
REACH = 3.0
_TITLES = {surface.title: surface for surface in SURFACES.values()}


@lru_cache(maxsize=16)
def surface_of(function: Function) -> tuple[str, float]:
    """Return the picture of a surface and the length of its steepest gradient in the window."""
    grid = height_grid(function, (-REACH, REACH), (-REACH, REACH), 121)
    step = 2 * REACH / 120
    slopes = np.hypot(*np.gradient(grid, step))
    finite = slopes[np.isfinite(slopes)]
    return surface_url(grid), float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def show_pair(controls: Controls) -> None:
    """Draw the part."""
    function = _choose(controls)
    first, second = st.columns(2, gap="large")
    with first:
        a = controls.slider("a", "weight a", -REACH, REACH, 1.5, 0.01)
    with second:
        b = controls.slider("b", "weight b", -REACH, REACH, -1.0, 0.01)
    at = slope_at(function, a, b)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _from_above(controls, function, at)
    with right:
        _cuts(controls, function, at)
    if math.isfinite(at.value) and math.isfinite(at.length):
        _words(function, at)
    else:
        st.error(
            f"`{function.formula}` has no finite value and slope at a = {a:g}, b = {b:g}: PyTorch answers {at.value} with "
            f"the gradient ({at.by_a}, {at.by_b}). Move the point.",
            icon=":material/block:",
        )
    same_in_pytorch(partial_derivatives_script(function.torch_code, a, b), key="derivatives_code_pair")


def _choose(controls: Controls) -> Function:
    left, right = st.columns(2, gap="large")
    with left:
        picked = controls.choice("surface", "Function of two weights", [*_TITLES, TYPED], next(iter(_TITLES)))
    if picked != TYPED:
        function = _TITLES[picked].in_variables(*VARIABLES)
        right.latex(f"f(a, b) = {function.latex}")
        return function
    remembered = "_derivatives_last_pair"
    with right:
        text = controls.text("pair", "f(a, b) =", "a**2 + sin(2*b)")
        try:
            function = two_weights(text)
        except FormulaError as error:
            st.error(str(error), icon=":material/function:")
            function = two_weights(st.session_state.get(remembered, "a**2 + b**2"))
            st.caption(f"The page goes on with `{function.formula}`.")
            return function
    st.session_state[remembered] = text
    return function


def _from_above(controls: Controls, function: Function, at: Slope) -> None:
    url, steepest = surface_of(function)

    def picked(place: dict[str, float]) -> None:
        st.session_state[controls.key("a")] = round(place["x"], 6)
        st.session_state[controls.key("b")] = round(place["y"], 6)

    clickable(
        pair_picture,
        pair_frame(at, (-REACH, REACH), steepest),
        key="derivatives_above",
        on_pick=picked,
        width="content",
        url=url,
        domain=(-REACH, REACH),
        names=("a", "b"),
        alt=f"{function.formula} from above, stronger in colour where higher, with the point a = {at.a:.4g}, b = {at.b:.4g} and its "
        f"gradient ({at.by_a:.4g}, {at.by_b:.4g}) as an arrow.",
    )
    st.caption("The stronger the blue, the higher. Click anywhere to move the point.")


def _cuts(controls: Controls, function: Function, at: Slope) -> None:
    cuts = slices(function, at.a, at.b)
    both = pd.concat(cuts.values())
    y_domain = window(both["x"].tolist(), both["value"].to_numpy())
    for name, place, slope, other, held in (
        ("a", at.a, at.by_a, "b", at.b),
        ("b", at.b, at.by_b, "a", at.a),
    ):
        st.markdown(
            rf"Hold **{other} = {held:.4g}**, change {name}: $\partial f/\partial {name}$ = **{signed(slope)}**"
        )
        clickable(
            curve_picture,
            curve_with_tangent(cuts[name], At(place, at.value, slope), y_domain),
            key=f"derivatives_cut_{name}",
            on_pick=partial(_move, controls, name),
            pick=True,
            height=170,
            axis_width=40,
            x_domain=(-REACH, REACH),
            y_domain=y_domain,
            x_title=name,
            y_title="f",
            color=POINT,
            alt=f"The slice of {function.formula} along {name} with {other} held at {held:.4g}; its slope at "
            f"{name} = {place:.4g} is {slope:.4g}.",
        )


def _move(controls: Controls, name: str, picked: dict[str, float]) -> None:
    st.session_state[controls.key(name)] = round(picked["x"], 6)


def _words(function: Function, at: Slope) -> None:
    if not at.length:
        notice("Both partial derivatives are 0: the surface is level here, and the gradient has no direction.")
        return
    small = 0.01 / at.length
    up = slope_at(function, at.a + small * at.by_a, at.b + small * at.by_b).value - at.value
    down = slope_at(function, at.a - small * at.by_a, at.b - small * at.by_b).value - at.value
    notice(
        f"Holding b still, f changes by {signed(at.by_a)} for each unit of a; holding a still, by {signed(at.by_b)} for "
        f"each unit of b. Together they are the **gradient ({at.by_a:.4g}, {at.by_b:.4g})**, the orange arrow.",
        f"The arrow points straight **uphill**, at a right angle to the lines of equal height. A step of 0.01 along it "
        f"changes f by {up:+.4g}, close to 0.01 × {at.length:.4g}, the arrow's true length; a step against it by {down:+.4g}.",
        "Gradient descent goes against the arrow: "
        f"{'smaller' if at.by_a > 0 else 'larger' if at.by_a < 0 else 'the same'} a and "
        f"{'smaller' if at.by_b > 0 else 'larger' if at.by_b < 0 else 'the same'} b, both at once.",
    )
