"""The slope: a point that is dragged along the curve, with its tangent, rise and run."""

import math
from functools import lru_cache

import pandas as pd
import streamlit as st

from pages.derivatives.point import choose_point, explain_trouble
from pages.ui.page import Page
from pages.ui.player import Picture
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.calculus.sampling import Level, level_places, look_at
from sgd_core.calculus.tangents import tangent_at, tangents
from sgd_core.charts.curve import window
from sgd_core.charts.slope import slope_picture, slope_rows
from sgd_core.export.derivatives import derivative_script
from sgd_core.numbers import number, signed

STEP = 0.01  # the small step right that the words speak of
COUNTS = ("nowhere", "at 1 place", "at 2 places", "at 3 or more", "everywhere")


@lru_cache(maxsize=64)
def curve_of(function: Function) -> pd.DataFrame:
    """Return the curve with its tangents; treat it as read-only."""
    return tangents(function)


@lru_cache(maxsize=64)
def level_of(function: Function) -> Level:
    """Return where the function is level within its picture."""
    return level_places(function)


def slope(page: Page) -> None:
    """Drag a point along a curve."""
    with page.controls:
        function, x = choose_point(page)
        whole = page.toggle("whole", "Show the whole derivative", False)
    curve, here = curve_of(function), tangent_at(function, x)
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
        page.notice(*tell(function, x), *([tell_level(level, x)] if right is not None else []))
    page.code(derivative_script(function.torch_code, [x]))


def count_in_words(level: Level) -> str:
    """Name how often a curve is level, as the bet's options do."""
    return COUNTS[4] if level.everywhere else COUNTS[min(len(level.places), 3)]


def tell_level(level: Level, x: float) -> str:
    """Say where the slope is 0."""
    if level.everywhere:
        return "The slope is 0 everywhere: this function never changes."
    if not level.places:
        return "The slope is 0 nowhere in this picture, so the curve is never flat."
    if len(level.places) == 1:
        return f"The slope is 0 at x = {number(level.places[0])} alone, where the tangent lies flat."
    if len(level.places) <= 4:
        *first, last = (number(place) for place in level.places)
        return f"The slope is 0 at x = {', '.join(first)} and {last}, where the tangent lies flat."
    near = min(level.places, key=lambda place: abs(place - x))
    return f"The slope is 0 at {len(level.places)} places. The one nearest to the point is x = {number(near)}."


def tell(function: Function, x: float) -> list[str]:
    """Say what the slope at x means, in its own numbers."""
    at = look_at(function, x)
    sides = kink(function, x)
    if sides:
        return [
            f"Two tangents meet here, one for each side: {signed(sides[0])} on the left, {signed(sides[1])} on the right. "
            "No single line touches the curve."
        ]
    if at.slope == 0:
        return [
            "The slope is 0: the tangent lies flat, and a very small step changes almost nothing.",
            "A flat place may be the bottom of a valley, the top of a hill, or neither. The slope alone does not say.",
        ]
    way, against = ("up", "left") if at.slope > 0 else ("down", "right")
    really = look_at(function, x + STEP).value - at.value
    said = f"Really it changes by {signed(really)}." if math.isfinite(really) else "But there the curve has ended."
    sign = "positive" if at.slope > 0 else "negative"
    return [
        f"**Rise over run:** go 1 to the right along the tangent, and you go {way} by {number(abs(at.slope))}. That "
        f"number, with its sign, is the slope: {signed(at.slope)}.",
        f"The slope is {sign}, so a step of {STEP} to the right takes f **{way}**, by about {STEP} × "
        f"{number(abs(at.slope))} = {number(STEP * abs(at.slope))}. {said}",
        f"To make f smaller from here, go **{against}**: against the slope.",
        "The slope is local. It says nothing about how far the lowest place is.",
    ]
