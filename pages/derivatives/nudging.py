"""Nudge it: the slope between two points while h shrinks, and why no h is exact."""

import math

import pandas as pd
import streamlit as st

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
    best_h_bet,
    best_of,
    between,
    by_precision,
    errors_of,
    nudge_numbers,
    smaller_h_bet,
    tell_errors,
    tell_nudge,
)
from sgd_core.calculus.sampling import look_at, magnify
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

KINDS = ("forward", "central")
FORMULAS = {"forward": r"\dfrac{f(x + h) - f(x)}{h}", "central": r"\dfrac{f(x + h) - f(x - h)}{2h}"}
HS = (1.0, *(float(f"{digit}e-{power}") for power in range(1, 5) for digit in (5, 2, 1)))  # 1, 0.5, 0.2, 0.1 ... 0.0001
SPEEDS = [Speed("slow", 0.6, 0.6), Speed("normal", 1.4, 1.4), Speed("fast", 5, 5)]


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
        bet = smaller_h_bet(function, x, kind)
        if bet:
            page.bet("smaller", *bet, about=(function.formula, x, kind))
    page.notice(*tell_nudge(pairs[at], kind, function))
    with page.more("For the curious: which h is best?", icon=":material/biotech:"):
        h = _errors(page, function, x, kind)
    page.code(finite_difference_script(function.torch_code, x, h, kind))


def _play(page: Page, function: Function, pairs: list[FiniteDifference], kind: str) -> int:
    point, curve = look_at(function, pairs[0].x)._replace(slope=pairs[0].exact), curve_of(function)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    magnified = [magnify(function, pair.x, REACH * pair.h) for pair in pairs]
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


def _errors(page: Page, function: Function, x: float, kind: str) -> float:
    """Draw the error for every h in both precisions, once the learner has bet; return the learner's own h."""
    errors = errors_of(function, x, kind)
    best = {precision: best_of(function, x, kind, errors, precision) for precision in PRECISIONS}
    h = page.learning_rate("h", 0.5, low=1e-8, high=1.0, label="Your own h")
    if h > MOST_H:
        st.error(f"This h is too large for a slope at one point. Take at most {MOST_H:,}.", icon=":material/block:")
        return MOST_H
    bet = best_h_bet(errors, best["float32"])
    if bet and page.bet("best_h", *bet, about=(function.formula, x, kind)) is None:
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
