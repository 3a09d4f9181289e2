"""The slope: a point that is dragged along the curve, with its tangent, rise and run."""

import streamlit as st

from pages.derivatives.point import choose_point, explain_trouble
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.calculus.sampling import look_at
from sgd_core.calculus.slope_words import (
    COUNTS,
    count_in_words,
    curve_of,
    in_words,
    level_of,
    tell_level,
    tell_slope,
)
from sgd_core.calculus.tangents import tangent_at
from sgd_core.charts.curve import window
from sgd_core.charts.slope import slope_picture, slope_rows
from sgd_core.export.derivatives import derivative_script
from sgd_core.numbers import number, signed


def slope(page: Page) -> None:
    """Drag a point along a curve."""
    with page.controls:
        function, x = choose_point(page)
        whole = page.toggle("whole", "Show the whole derivative", False)
    curve, here = curve_of(function), in_words(tangent_at(function, x))
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    slopes = window(curve["x"].tolist(), curve["slope"].to_numpy())
    slopes = min(slopes[0], 0.0), max(slopes[1], 0.0)
    page.show(
        Picture(
            slope_picture(
                slope_rows(curve, here, y_domain, slopes),
                x_domain=function.domain,
                y_domain=y_domain,
                slopes=slopes,
                whole=whole,
            ),
            f"The curve of {function.formula} with a point, its tangent, and the rise for a run of 1; below it the "
            "derivative as a curve of its own.",
            on_pick=lambda picked: page.set("x", round(picked["x"], 9)),
        ),
        "slope",
    )
    page.hero.caption("Move the pointer along the curve: the point follows. A click sets it there.")
    with page.controls:
        fine = explain_trouble(function, x)
        if fine:
            value, steep = st.columns(2)
            value.metric("value f(x)", number(here["value"]))
            steep.metric("slope f′(x)", signed(look_at(function, x).slope))
        st.latex(
            rf"\begin{{aligned}} f(x) &= {function.latex} \\[4pt] f'(x) &= {function.derivative_latex} \end{{aligned}}"
        )
        level = level_of(function)
        answer = count_in_words(level)
        right = page.bet(
            "level",
            "Where in this picture is the slope 0? Try it with the pointer first.",
            COUNTS,
            answer,
            tell_level(level, x),
            about=function.formula,
        )
    if fine:
        page.notice(*tell_slope(function, x), *([tell_level(level, x)] if right is not None else []))
    page.code(derivative_script(function.torch_code, [x]))
