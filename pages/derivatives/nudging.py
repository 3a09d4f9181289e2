"""Nudge it: the slope between two points while h shrinks, and why no h is exact."""

import math
from functools import lru_cache

import pandas as pd
import streamlit as st
import torch

from pages.derivatives.point import choose_point, explain_trouble
from pages.derivatives.slope import curve_of
from pages.ui.page import Page
from pages.ui.player import Moments, Picture, Speed
from sgd_core.calculus.finite_difference import (
    LARGEST,
    MOST_H,
    PRECISIONS,
    FiniteDifference,
    best_h,
    error_curve,
    finite_difference,
    textbook_h,
)
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.calculus.sampling import look_at
from sgd_core.charts.curve import window
from sgd_core.charts.nudge import (
    REACH,
    error_frame,
    error_picture,
    error_window,
    marching_picture,
    microscope_rows,
    secant_picture,
    secant_rows,
)
from sgd_core.export.derivatives import finite_difference_script
from sgd_core.numbers import number, signed

KINDS = ("forward", "central")
FORMULAS = {"forward": r"\dfrac{f(x + h) - f(x)}{h}", "central": r"\dfrac{f(x + h) - f(x - h)}{2h}"}
HS = (1.0, *(float(f"{digit}e-{power}") for power in range(1, 5) for digit in (5, 2, 1)))  # 1, 0.5, 0.2, 0.1 ... 0.0001
SPEEDS = [Speed("slow", 0.6, 0.6), Speed("normal", 1.4, 1.4), Speed("fast", 5, 5)]
GUESSES = (0.1, 1e-3, 1e-5, 1e-8, 1e-11)  # what one may bet on as the best h
NOTHING = 1e-9  # relative to the slope: a difference that is only rounding


@lru_cache(maxsize=64)
def errors_of(function: Function, x: float, kind: str) -> pd.DataFrame:
    """Return the error curve; treat it as read-only."""
    return error_curve(function, x, kind)


def nudge(page: Page) -> None:
    """Let h shrink, and watch the secant become the tangent."""
    with page.controls:
        function, x = choose_point(page)
        kind = page.segments("kind", "Second point", KINDS, "forward")
        fine = explain_trouble(function, x)
    if not fine:
        page.code(finite_difference_script(function.torch_code, x, 0.1, kind))
        return
    pairs = [_between(function, x, h, kind) for h in HS]
    at = _play(page, function, pairs, kind)
    with page.controls:
        st.latex(FORMULAS[kind])
        _first_bet(page, function, x, kind)
    page.notice(*tell(pairs[at], kind, function))
    with page.more("For the curious: which h is best?", icon=":material/biotech:"):
        h = _errors(page, function, x, kind)
    page.code(finite_difference_script(function.torch_code, x, h, kind))


def _between(function: Function, x: float, h: float, kind: str) -> FiniteDifference:
    """Return the difference; at a kink there is no tangent to compare it with."""
    pair = finite_difference(function, x, h, kind)
    return pair._replace(exact=math.nan) if kink(function, x) else pair


def _play(page: Page, function: Function, pairs: list[FiniteDifference], kind: str) -> int:
    point, curve = look_at(function, pairs[0].x)._replace(slope=pairs[0].exact), curve_of(function)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    u = torch.linspace(-REACH, REACH, 61, dtype=torch.float64)
    with torch.no_grad():
        magnified = [function(pair.x + u * pair.h).numpy() for pair in pairs]
    reach = REACH * (max(abs(point.slope), 1.0) if math.isfinite(point.slope) else max(abs(pairs[-1].slope), 1.0))
    slopes = pd.DataFrame({"moment": range(len(pairs)), "h": HS, "slope": [pair.slope for pair in pairs]})
    march = window([0.0], pd.concat([slopes["slope"], pd.Series([point.slope])]).to_numpy(), margin=0.15)
    with page.hero:
        left, right = st.columns(2)
    left.markdown("**The curve.** The two points move together.")
    right.markdown("**Under a microscope**, 5 h wide.")
    return page.player(
        [
            Picture(
                secant_picture(
                    secant_rows(curve, point, pairs, function.domain, y_domain),
                    x_domain=function.domain,
                    y_domain=y_domain,
                    magnified=False,
                ),
                f"The curve of {function.formula}, its tangent, and the line through two points that come closer.",
                where=left,
            ),
            Picture(
                secant_picture(
                    microscope_rows(pairs, magnified, point.value),
                    x_domain=(-REACH, REACH),
                    y_domain=(-reach, reach),
                    magnified=True,
                ),
                "The same around the point, magnified more at each step, until the curve is a straight line.",
                where=right,
            ),
            Picture(
                marching_picture(slopes, point.slope, march),
                "The slope of the line through the two points for each h, and the tangent's slope as a line across.",
                where="beside",
            ),
        ],
        Moments(_numbers(pairs), run=(function.formula, function.domain, pairs[0].x, kind)),
        speeds=SPEEDS,
    )


def _numbers(pairs: list[FiniteDifference]) -> pd.DataFrame:
    rows = [
        {
            "h": number(pair.h),
            "run": number(pair.right[0] - pair.left[0]),
            "rise": signed(pair.right[1] - pair.left[1]),
            "slope": signed(pair.slope, 6),
            "off by": number(pair.error, 3, scale=_size(pair)),
        }
        for pair in pairs
    ]
    return pd.DataFrame(rows)


def _size(pair: FiniteDifference) -> float:
    """Return the size of the numbers that a difference was made of, per step: far below it all is rounding."""
    return max(0.0 if math.isnan(pair.exact) else abs(pair.exact), abs(pair.left[1] / pair.h), 1.0)


def tell(pair: FiniteDifference, kind: str, function: Function) -> list[str]:
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
    if off <= NOTHING * _size(pair):
        return [said, "Here both are the same: even a large h does no harm on this curve."]
    bend = "The curve bends between the two points, and the straight line cannot follow."
    much = "In the right picture the curve is still bent." if off > 0.05 * max(1, abs(pair.exact)) else ""
    line = "" if much else "In the right picture the curve can hardly be told from a straight line."
    why = "Left and right of x it bends the same way, so most of the error cancels." if kind == "central" else ""
    return [said, f"It is off by {number(off, 3)}. {bend} {why}".strip(), much or line]


def _first_bet(page: Page, function: Function, x: float, kind: str) -> None:
    wide, close = (_between(function, x, h, kind) for h in (0.1, 0.01))
    if not (math.isfinite(wide.error) and math.isfinite(close.error)) or wide.error <= NOTHING * _size(wide):
        return
    guesses = {"as much": wide.error, "10 times less": wide.error / 10, "100 times less": wide.error / 100}
    answer = min(guesses, key=lambda name: abs(math.log(max(close.error, 1e-300) / guesses[name])))
    page.bet(
        "smaller",
        f"With h = 0.1 the slope is off by {number(wide.error, 3)}. How far off is it with h = 0.01?",
        list(guesses),
        answer,
        f"it is off by {number(close.error, 3)} then.",
        about=(function.formula, x, kind),
    )


def _errors(page: Page, function: Function, x: float, kind: str) -> float:
    """Draw the error for every h in both precisions, once the learner has bet; return the learner's own h."""
    errors = errors_of(function, x, kind)
    best = {precision: _best(function, x, kind, errors, precision) for precision in PRECISIONS}
    h = page.learning_rate("h", 0.5, low=1e-8, high=1.0, label="Your own h")
    if h > MOST_H:
        st.error(f"This h is too large for a slope at one point. Take at most {MOST_H:,}.", icon=":material/block:")
        return MOST_H
    if not _second_bet(page, function, x, kind, errors, best):
        return h
    nudges = {precision: finite_difference(function, x, h, kind, precision) for precision in PRECISIONS}
    shown = min(max(h, 1e-12), LARGEST)
    page.show(
        Picture(
            error_picture(
                error_frame(errors, shown, {p: pair.error for p, pair in nudges.items()} if shown == h else {}, best),
                y_domain=error_window(errors),
            ),
            f"The error of rise over run for {function.formula} against h, both logarithmic, in float32 and float64.",
            where=st.container(),
        ),
        "errors",
    )
    st.table(_by_precision(nudges).set_index("computed in"))
    st.markdown("\n".join(f"- {sentence}" for sentence in tell_errors(function, x, kind, nudges, best)))
    page.csv(errors, "nudge_errors")
    return h


def _best(function: Function, x: float, kind: str, errors: pd.DataFrame, precision: str) -> float:
    """Return the best h; NaN where nothing truncates, so that simply the largest h is best."""
    book = textbook_h(function, x, kind, precision)
    return best_h(errors, precision) if book < LARGEST else math.nan


def _by_precision(nudges: dict[str, FiniteDifference]) -> pd.DataFrame:
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


def _second_bet(
    page: Page, function: Function, x: float, kind: str, errors: pd.DataFrame, best: dict[str, float]
) -> bool:
    single = errors[errors["precision"] == "float32"]
    if not math.isfinite(best["float32"]):
        return True  # the largest would win: nothing to ask
    nearest = {h: float(single.loc[(single["h"] / h - 1).abs().idxmin(), "error"]) for h in GUESSES}
    winner = min(nearest, key=lambda h: nearest[h])
    right = page.bet(
        "best_h",
        "Computed in float32, with about seven digits: which of these h comes closest to the derivative?",
        [number(h) for h in GUESSES],
        number(winner),
        f"it is off by {number(nearest[winner], 2)}, while {number(GUESSES[-1])} is off by "
        f"{number(nearest[GUESSES[-1]], 2)}.",
        about=(function.formula, x, kind),
    )
    return right is not None
