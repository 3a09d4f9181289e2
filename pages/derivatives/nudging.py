"""Nudge it: the slope between two points while h shrinks, and why no h is exact."""

import math

import pandas as pd
import streamlit as st
import torch

from pages.derivatives.point import choose_point, explain_trouble
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Speed
from sgd_core.calculus.finite_difference import (
    LARGEST,
    MOST_H,
    PRECISIONS,
    FiniteDifference,
    finite_difference,
)
from sgd_core.calculus.formula import Function
from sgd_core.calculus.nudge_words import (
    NOTHING,
    best_of,
    between,
    by_precision,
    errors_of,
    nudge_numbers,
    size_of,
    tell_errors,
    tell_nudge,
)
from sgd_core.calculus.sampling import look_at
from sgd_core.calculus.slope_words import curve_of
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
from sgd_core.numbers import number

KINDS = ("forward", "central")
FORMULAS = {"forward": r"\dfrac{f(x + h) - f(x)}{h}", "central": r"\dfrac{f(x + h) - f(x - h)}{2h}"}
HS = (1.0, *(float(f"{digit}e-{power}") for power in range(1, 5) for digit in (5, 2, 1)))  # 1, 0.5, 0.2, 0.1 ... 0.0001
SPEEDS = [Speed("slow", 0.6, 0.6), Speed("normal", 1.4, 1.4), Speed("fast", 5, 5)]
GUESSES = (0.1, 1e-3, 1e-5, 1e-8, 1e-11)  # what one may bet on as the best h


def nudge(page: Page) -> None:
    """Let h shrink, and watch the secant become the tangent."""
    with page.controls:
        function, x = choose_point(page)
        kind = page.segments("kind", "Second point", KINDS, "forward")
        fine = explain_trouble(function, x)
    if not fine:
        page.code(finite_difference_script(function.torch_code, x, 0.1, kind))
        return
    pairs = [between(function, x, h, kind) for h in HS]
    at = _play(page, function, pairs, kind)
    with page.controls:
        st.latex(FORMULAS[kind])
        _first_bet(page, function, x, kind)
    page.notice(*tell_nudge(pairs[at], kind, function))
    with page.more("For the curious: which h is best?", icon=":material/biotech:"):
        h = _errors(page, function, x, kind)
    page.code(finite_difference_script(function.torch_code, x, h, kind))


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
        Moments(nudge_numbers(pairs), run=(function.formula, function.domain, pairs[0].x, kind)),
        speeds=SPEEDS,
    )


def _first_bet(page: Page, function: Function, x: float, kind: str) -> None:
    wide, close = (between(function, x, h, kind) for h in (0.1, 0.01))
    if not (math.isfinite(wide.error) and math.isfinite(close.error)) or wide.error <= NOTHING * size_of(wide):
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
    best = {precision: best_of(function, x, kind, errors, precision) for precision in PRECISIONS}
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
    st.table(by_precision(nudges).set_index("computed in"))
    st.markdown("\n".join(f"- {sentence}" for sentence in tell_errors(function, x, kind, nudges, best)))
    page.csv(errors, "nudge_errors")
    return h


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
