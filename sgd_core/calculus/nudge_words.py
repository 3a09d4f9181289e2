"""Rise over run with ever smaller steps: its errors, numbers and words."""

import math
from functools import lru_cache

import pandas as pd

from sgd_core.bet import Bet
from sgd_core.calculus.finite_difference import (
    LARGEST,
    FiniteDifference,
    best_h,
    error_curve,
    finite_difference,
    textbook_h,
)
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.numbers import number, signed

NOTHING = 1e-9  # relative to the slope: a difference that is only rounding
GUESSES = (0.1, 1e-3, 1e-5, 1e-8, 1e-11)  # what one may bet on as the best h


@lru_cache(maxsize=64)
def errors_of(function: Function, x: float, kind: str) -> pd.DataFrame:
    """Return the error curve; treat it as read-only."""
    return error_curve(function, x, kind)


def between(function: Function, x: float, h: float, kind: str) -> FiniteDifference:
    """Return the difference; at a kink there is no tangent to compare it with."""
    pair = finite_difference(function, x, h, kind)
    return pair._replace(exact=math.nan) if kink(function, x) else pair


def nudge_numbers(pairs: list[FiniteDifference]) -> pd.DataFrame:
    """Return what the clock shows of each h."""
    rows = [
        {
            "h": number(pair.h),
            "run": number(pair.right[0] - pair.left[0]),
            "rise": signed(pair.right[1] - pair.left[1]),
            "slope": signed(pair.slope, 6),
            "off by": number(pair.error, 3, scale=size_of(pair)),
        }
        for pair in pairs
    ]
    return pd.DataFrame(rows)


def size_of(pair: FiniteDifference) -> float:
    """Return the size of the numbers that a difference was made of, per step: far below it all is rounding."""
    return max(0.0 if math.isnan(pair.exact) else abs(pair.exact), abs(pair.left[1] / pair.h), 1.0)


def tell_nudge(pair: FiniteDifference, kind: str, function: Function) -> list[str]:
    """Say what the two points of one h show."""
    run, rise = pair.right[0] - pair.left[0], pair.right[1] - pair.left[1]
    if not math.isfinite(pair.slope):
        return [
            f"With h = {number(pair.h)} the second point lies where `{function.formula}` has no value. Go on to a smaller h."
        ]
    if math.isnan(pair.exact):
        return [
            f"With h = {number(pair.h)} rise over run is {signed(pair.slope, 6)}. There is a kink here, so there is no "
            "tangent to come close to: the other side of x has another slope.",
            "However far the microscope zooms in, the kink stays a kink.",
        ]
    off = pair.error
    said = (
        f"With h = {number(pair.h)} the run is {number(run)} and the rise is {signed(rise)}. Rise over run is "
        f"{signed(pair.slope, 6)}; the tangent's slope is {signed(pair.exact, 6)}."
    )
    if off <= NOTHING * size_of(pair):
        return [said, "Here both are the same: even a large h does no harm on this curve."]
    bend = "The curve bends between the two points, and the straight line cannot follow."
    much = "In the right picture the curve is still bent." if off > 0.05 * max(1, abs(pair.exact)) else ""
    line = "" if much else "In the right picture the curve can hardly be told from a straight line."
    why = "Left and right of x it bends the same way, so most of the error cancels." if kind == "central" else ""
    return [said, f"It is off by {number(off, 3)}. {bend} {why}".strip(), much or line]


def best_of(function: Function, x: float, kind: str, errors: pd.DataFrame, precision: str) -> float:
    """Return the best h; NaN where nothing truncates, so that simply the largest h is best."""
    book = textbook_h(function, x, kind, precision)
    return best_h(errors, precision) if book < LARGEST else math.nan


def by_precision(nudges: dict[str, FiniteDifference]) -> pd.DataFrame:
    """Return a row a precision: rise over run, the slope of the tangent, and their difference."""
    return pd.DataFrame(
        {
            "computed in": precision,
            "rise over run": signed(pair.slope, 10),
            "slope of the tangent": signed(pair.exact, 10),
            "difference": signed(pair.slope - pair.exact, 3),
        }
        for precision, pair in nudges.items()
    )


def tell_errors(
    function: Function, x: float, kind: str, nudges: dict[str, FiniteDifference], best: dict[str, float]
) -> list[str]:
    """Say how far off an h is in both precisions, and which h is best."""
    single, double = nudges["float32"], nudges["float64"]
    sentences = [
        f"With h = {number(double.h)} it is off by {number(double.error, 2)} in float64 and by {number(single.error, 2)} "
        "in float32."
    ]
    if single.right[0] == single.left[0]:
        sentences.append(f"In float32, x + h *is* x = {number(single.x, 7)}: h fell between two numbers.")
    for precision, at in best.items():
        if math.isfinite(at):
            book = textbook_h(function, x, kind, precision)
            sentences.append(
                f"{precision} does best near **h = {number(at, 2)}** (the textbook's rule says {number(book, 2)})."
            )
    if any(math.isfinite(at) for at in best.values()):
        sentences.append(
            "A larger h bends with the curve: that is *truncation*. A smaller one subtracts two numbers that agree in "
            "almost all their digits: that is *round-off*."
        )
    elif kink(function, x):
        sentences.append("Right on a kink no h is right: the two sides have different slopes.")
    else:
        sentences.append("This curve bends so little that a large h does no harm: only *round-off* is left.")
    sentences.append(
        "Each slope took two values of f for one weight, and even the best h is not exact. PyTorch's way, in the next "
        "section, is exact up to rounding. It takes one pass back for all weights together."
    )
    return sentences


def smaller_h_bet(function: Function, x: float, kind: str) -> Bet | None:
    """Ask how much a ten times smaller h helps; None where there is no error to begin with."""
    wide, close = (between(function, x, h, kind) for h in (0.1, 0.01))
    if not (math.isfinite(wide.error) and math.isfinite(close.error)) or wide.error <= NOTHING * size_of(wide):
        return None
    guesses = {"as much": wide.error, "10 times less": wide.error / 10, "100 times less": wide.error / 100}
    return Bet(
        f"With h = 0.1 the slope is off by {number(wide.error, 3)}. How far off is it with h = 0.01?",
        list(guesses),
        min(guesses, key=lambda name: abs(math.log(max(close.error, 1e-300) / guesses[name]))),
        f"it is off by {number(close.error, 3)} then.",
    )


def best_h_bet(errors: pd.DataFrame, best: float) -> Bet | None:
    """Ask which h does best in float32, by its error curve and `best_of`; None where simply the largest does."""
    if not math.isfinite(best):
        return None
    single = errors[errors["precision"] == "float32"]
    nearest = {h: float(single.loc[(single["h"] / h - 1).abs().idxmin(), "error"]) for h in GUESSES}
    winner, smallest = min(nearest, key=lambda h: nearest[h]), GUESSES[-1]
    return Bet(
        "Computed in float32, with about seven digits: which of these h comes closest to the derivative?",
        [number(h) for h in GUESSES],
        number(winner),
        f"it is off by {number(nearest[winner], 2)}, while {number(smallest)} is off by {number(nearest[smallest], 2)}.",
    )
