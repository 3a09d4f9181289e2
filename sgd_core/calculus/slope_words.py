"""What a slope says at a point, in words."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pandas as pd

from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.calculus.sampling import Level, level_places, look_at
from sgd_core.calculus.tangents import tangents
from sgd_core.numbers import number, signed

STEP = 0.01  # the small step right that the words speak of
COUNTS = ("nowhere", "at 1 place", "at 2 places", "at 3 or more", "everywhere")


@lru_cache(maxsize=64)
def curve_of(function: Function) -> pd.DataFrame:
    """Return the curve with its tangents, each in words (`in_words`); treat it as read-only."""
    return pd.DataFrame([in_words(row) for row in tangents(function).to_dict("records")])


def in_words(at: Mapping[str, Any]) -> dict[str, Any]:
    """Return a place of `tangents` with what is said of it in the picture: `said`, and of its triangle `rise`."""
    value, slope, left, right = (at[name] for name in ("value", "slope", "left", "right"))
    said, rise = f"x = {number(at['x'])}", ""
    if not math.isfinite(value):
        said += ": no value here"
    elif math.isfinite(slope):
        said += f" · f(x) = {number(value)} · slope {signed(slope)}"
        rise = f"rise {signed(slope)}"
    elif math.isfinite(left):
        said += f": a kink, {signed(left)} to the left and {signed(right)} to the right"
    else:
        said += f" · f(x) = {number(value)} · no slope here"
    return {**at, "said": said, "rise": rise}


@lru_cache(maxsize=64)
def level_of(function: Function) -> Level:
    """Return where the function is level within its picture."""
    return level_places(function)


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


def tell_kink(function: Function, x: float) -> str | None:
    """Say that there is no derivative at a kink, and what PyTorch answers; None where there is none."""
    sides = kink(function, x)
    if not sides:
        return None
    return (
        f"There is a kink at x = {number(x)}. The slope is {signed(sides[0])} just left of it and {signed(sides[1])} "
        f"just right of it, so **there is no derivative here**. PyTorch must give some answer and says "
        f"{number(look_at(function, x).slope)}. Training hardly ever lands on such a point."
    )


def tell_slope(function: Function, x: float) -> list[str]:
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
