"""The slope at a point: curve and tangent, and below them the derivative as a curve of its own."""

import math
from functools import lru_cache

import pandas as pd
import streamlit as st

from pages.derivatives.point import choose_point, explain_trouble, go_to, signed
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import clickable
from pages.ui.quiz import predict_first
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import break_at_kinks, kink
from sgd_core.calculus.sampling import At, look_at, sample
from sgd_core.charts.curve import curve_picture, curve_with_tangent, window
from sgd_core.charts.palette import POINT
from sgd_core.charts.slope import slope_frame, slope_picture, zero_crossings
from sgd_core.export.derivatives import derivative_script

AXIS = 44  # pixels for the y axes of both pictures
STEP = 0.01  # the small step right that the words speak of


@lru_cache(maxsize=64)
def curve_of(function: Function) -> pd.DataFrame:
    """Return the sampled curve with its slope; treat it as read-only."""
    return break_at_kinks(function, sample(function, points=241))


@lru_cache(maxsize=64)
def latex_of(function: Function) -> tuple[str, str]:
    """Return the formula and its derivative as LaTeX."""
    return function.latex, function.derivative_latex


@st.fragment  # so that a move of x draws this section again and nothing else
def show_slope(controls: Controls, function: Function, start: float, ask: bool) -> None:
    """Draw the section; `start` is the x to begin with."""
    x = choose_point(controls, function, start)
    at, curve = look_at(function, x), curve_of(function)
    left, right = st.columns([3, 2], gap="large")
    with right:
        answered = not ask or _question(function, at) is not None
    with left:
        _pictures(controls, function, curve, at, answered)
    with right:
        if answered:
            value, slope = st.columns(2)
            value.metric("value f(x)", f"{at.value:.4f}")
            slope.metric("slope f′(x)", f"{at.slope:+.4f}" if at.slope else "0.0000")
            if explain_trouble(function, at):
                _formulas(function)
                _words(function, curve, at)
    same_in_pytorch(derivative_script(function.torch_code, [x]), key="derivatives_code_slope")


def _pictures(controls: Controls, function: Function, curve: pd.DataFrame, at: At, answered: bool) -> None:
    # The sentences for those who cannot see the pictures leave x out: a new sentence makes the browser build the whole
    # chart again, at each move of the slider.
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    frame = curve_with_tangent(curve, at, y_domain)
    clickable(
        curve_picture,
        frame if answered else frame[frame["part"] != "tangent"],
        key="derivatives_curve",
        on_pick=lambda picked: go_to(controls, picked["x"]),
        pick=True,
        axis_width=AXIS,
        height=300,
        x_domain=function.domain,
        y_domain=y_domain,
        y_title="f(x)",
        color=POINT,
        alt=f"The curve of {function.formula} with the point at x"
        + (" and its tangent; value and slope are the numbers beside it." if answered else "."),
    )
    if not answered:
        return
    slopes = window(curve["x"].tolist(), curve["slope"].to_numpy())
    slopes = (min(slopes[0], 0.0), max(slopes[1], 0.0))
    clickable(
        slope_picture,
        slope_frame(curve, at.x, at.slope if math.isfinite(at.value) else math.nan, slopes),
        key="derivatives_slopes",
        on_pick=lambda picked: go_to(controls, picked["x"]),
        axis_width=AXIS,
        x_domain=function.domain,
        y_domain=slopes,
        alt=f"The derivative of {function.formula} over the same x; the slope at x is among the numbers beside it.",
    )
    st.caption("Click on either curve to move the point.")


def _formulas(function: Function) -> None:
    formula, derivative = latex_of(function)
    st.latex(rf"\begin{{aligned}} f(x) &= {formula} \\[8pt] f'(x) &= {derivative} \end{{aligned}}")


def _words(function: Function, curve: pd.DataFrame, at: At) -> None:
    flat = zero_crossings(curve)
    nearest = min(flat, key=lambda place: abs(place - at.x), default=None)
    lower = f"The lower picture shows the slope at every x: {signed(at.slope)} at this one. " + (
        f"It is 0 at x ≈ {nearest:.3g}, where the tangent above lies flat."
        if nearest is not None
        else "In this range it is never 0, so the curve is nowhere flat."
    )
    if kink(function, at.x):
        notice(
            "Right on a kink the dashed line is only what PyTorch's answer would mean: it touches the curve, but does "
            "not follow it to either side.",
            lower,
        )
        return
    if at.slope == 0:
        notice(
            "The slope is 0: the tangent lies flat, and a very small step changes almost nothing.",
            "A flat place may be the bottom of a valley, the top of a hill, or neither; the slope alone does not say.",
            lower,
        )
        return
    way, against = ("up", "left") if at.slope > 0 else ("down", "right")
    really = look_at(function, at.x + STEP).value - at.value
    notice(
        f"The slope {signed(at.slope)} is {'positive' if at.slope > 0 else 'negative'}: a step of {STEP} to the right "
        f"takes f **{way}**, by about {STEP} × {abs(at.slope):.4g} = {STEP * abs(at.slope):.4g}. "
        f"Really it changes by {really:+.4g}.",
        f"To make f smaller from here, go **{against}**: against the slope.",
        lower,
        "The slope is local. It says nothing about how far the lowest place is.",
    )


def _question(function: Function, at: At) -> bool | None:
    sign = "negative" if at.slope < 0 else "positive" if at.slope > 0 else "zero"
    return predict_first(
        "derivatives_quiz_slope",
        f"Which sign has the slope of the curve at x = {at.x:g}?",
        ["negative", "zero", "positive"],
        sign,
        f"the slope is {signed(at.slope)}; to the right the curve "
        + {"negative": "falls.", "positive": "rises.", "zero": "neither rises nor falls."}[sign],
        about=(function.formula, at.x),
    )
