"""What to notice about the gradient of two weights, and of a vector of them."""

import math

import pandas as pd

from sgd_core.bet import Bet
from sgd_core.calculus.formula import Function
from sgd_core.calculus.weights import VARIABLES, Slope, change_along, elementwise
from sgd_core.numbers import number, signed

ONE_PREDICTION = "(a + b/2)**2"
INKS = (1.0, 0.5)  # of the two pixels of the prediction; the image is a 7, so the right answer is 0
STEP = 0.01  # the length of the step that the words speak of


def ink_words(at: Slope) -> list[str]:
    """Return what each pixel of the prediction adds to it: "ink 0.5 × b = 1"."""
    return [
        f"ink {number(ink)} × {name} = {number(ink * weight)}"
        for ink, name, weight in zip(INKS, VARIABLES, (at.a, at.b), strict=True)
    ]


def tell_prediction(at: Slope) -> str:
    """Say what the two pixels predict, and what that costs."""
    first, second = (ink * weight for ink, weight in zip(INKS, (at.a, at.b), strict=True))
    score = number(first + second)
    return (
        f"Two pixels of a 7, so the right answer is 0. The **prediction** is {number(first)} + ({number(second)}) = {score}. "
        f"Its **loss** is {score}² = {number(at.value)}."
    )


def tell_two_slopes(function: Function, at: Slope, *, answered: bool | None = True) -> list[str]:
    """Say what both slopes and the arrow mean; what the bet asks for only once it is `answered` (not None)."""
    if not at.length:
        return ["Both slopes are 0: the surface is level here, and the gradient has no direction."]
    a, b = ("smaller" if slope > 0 else "larger" if slope < 0 else "the same" for slope in (at.by_a, at.by_b))
    pixel = (
        "The darker pixel has twice the ink, so its weight has twice the slope: each weight's slope is its own ink times "
        "how wrong the prediction is."
    )
    along = f" A step of {STEP} along it changes f by {signed(change_along(function, at, STEP), 3)}."
    return [
        f"Hold b still: f changes by {signed(at.by_a)} for each unit of a. Hold a still: by {signed(at.by_b)} for each unit "
        f"of b. Together they are the **gradient ({number(at.by_a)}, {number(at.by_b)})**, the orange arrow.",
        pixel if function.formula == ONE_PREDICTION else "",
        "The arrow points straight **uphill**, at a right angle to the lines of equal height."
        + (along if answered is not None else ""),
        f"Gradient descent goes against the arrow: {a} a and {b} b, both at once.",
    ]


def against_bet(function: Function, at: Slope) -> Bet | None:
    """Ask what a small step against the gradient does; None where that has no answer."""
    down = change_along(function, at, -STEP) if at.length else math.nan
    if math.isnan(down):
        return None
    change = number(STEP * at.length, 2)
    options = [f"it falls by about {change}", "it stays", f"it grows by about {change}"]
    return Bet(
        f"Both weights take a step of {STEP} in all, **against** the arrow. The slope along it is {number(at.length, 3)}. "
        "What does the loss do?",
        options,
        options[0] if down < 0 else options[2] if down > 0 else options[1],
        f"it changes by {signed(down, 3)}.",
    )


def tell_vector(frame: pd.DataFrame, total: float) -> list[str]:
    """Say why the values of `elementwise` are added up, and what the gradient holds."""
    count, sizes = len(frame), frame["gradient"].abs()
    steepest = frame.loc[sizes.idxmax()] if sizes.max() > 0 else None  # NaN is no size
    return [
        f"Two weights had two slopes. Here are {count:,} numbers, and each has a slope of its own."
        if count > 2
        else "Each number has a slope of its own.",
        f"A gradient says how *one* number changes. The function gives {count:,} numbers, so PyTorch refuses: which of them "
        f"shall it go back from? Adding them up makes one, y = {number(total, 6)}."
        if count > 1
        else "With a single element the sum changes nothing.",
        "Adding up mixes nothing. An element changes only its own term of the sum, so each entry of the gradient is the "
        "slope at that element alone.",
        ""
        if steepest is None
        else f"Element {int(steepest['element'])} has the steepest entry, {number(steepest['gradient'], 6)}: there a small "
        "change moves y the most.",
        f"One `backward()` found all {count:,} entries at once." if count > 1 else "",
    ]


def other_entries_bet(function: Function, values: list[float]) -> Bet | None:
    """Ask what another last element does to the gradient of the others; None where there are no others."""
    if len(values) < 2:
        return None
    before = elementwise(function, values).frame["gradient"][:-1]
    after = elementwise(function, [*values[:-1], 2 * values[-1]]).frame["gradient"][:-1]
    options = ["they grow", "they stay as they are", "they shrink"]
    return Bet(
        f"The last element, {number(values[-1])}, becomes {number(2 * values[-1])}. What happens to the other entries of the "
        "gradient?",
        options,
        options[1] if before.equals(after) else options[0],
        "each element has its own term in the sum, and no other element is in it.",
    )
