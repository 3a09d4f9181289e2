"""Nudge it: the slope between two points, and why no size of the nudge is exact."""

import math
from functools import lru_cache

import pandas as pd
import streamlit as st

from pages.derivatives.point import choose_point, explain_trouble, signed
from pages.derivatives.slope import curve_of
from pages.ui.controls import Controls
from pages.ui.parts import download_csv, notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.quiz import predict_first
from sgd_core.calculus.finite_difference import (
    LARGEST,
    PRECISIONS,
    FiniteDifference,
    best_h,
    error_curve,
    finite_difference,
    textbook_h,
)
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import look_at, sample
from sgd_core.charts.curve import window
from sgd_core.charts.nudge import error_frame, error_picture, error_window, nudge_frame, nudge_picture
from sgd_core.export.derivatives import finite_difference_script

KINDS = ("forward", "central")
FORMULAS = {
    "forward": r"\dfrac{f(x + h) - f(x)}{h}",
    "central": r"\dfrac{f(x + h) - f(x - h)}{2h}",
}
GUESSES = (0.1, 1e-3, 1e-5, 1e-8, 1e-11)  # what one may bet on as the best h


@lru_cache(maxsize=64)
def errors_of(function: Function, x: float, kind: str) -> pd.DataFrame:
    """Return the error curve; treat it as read-only."""
    return error_curve(function, x, kind)


@st.fragment  # so that a move of x or h draws this section again and nothing else
def show_nudging(controls: Controls, function: Function, start: float, ask: bool) -> None:
    """Draw the section; `start` is the x to begin with."""
    x = choose_point(controls, function, start)
    left, middle, right = st.columns([4, 3, 2], gap="medium", vertical_alignment="bottom")
    with left:
        h = controls.learning_rate("h", 0.5, low=1e-8, high=1.0, label="FiniteDifference h")
    with middle:
        kind = controls.segments("kind", "Difference", KINDS, "forward")
    with right:
        zoom = controls.toggle("zoom", "Zoom in", False, help="A microscope: the picture is five nudges wide.")
    if not explain_trouble(function, look_at(function, x)):
        return
    nudges = {precision: finite_difference(function, x, h, kind, precision) for precision in PRECISIONS}
    errors = errors_of(function, x, kind)
    best = {precision: _best(function, x, kind, errors, precision) for precision in PRECISIONS}
    picture_side, error_side = st.columns(2, gap="large", vertical_alignment="bottom")
    with picture_side:
        st.markdown(f"**The line through two points:** slope ${FORMULAS[kind]}$")
        _secant(function, nudges["float64"], kind, zoom)
    with error_side:
        st.markdown("**How far off it is, for every h**")
        if not ask or _question(function, x, kind, errors, best) is not None:
            _errors(function, x, errors, h, nudges, best)
    _table(nudges)
    _words(function, x, kind, nudges, best)
    same_in_pytorch(finite_difference_script(function.torch_code, x, h, kind), key="derivatives_code_nudge")
    download_csv(errors, "nudge_errors", key="derivatives_csv_nudge")


def _best(function: Function, x: float, kind: str, errors: pd.DataFrame, precision: str) -> float:
    """Return the best h; NaN where nothing truncates, so that simply the largest h is best."""
    book = textbook_h(function, x, kind, precision)
    return best_h(errors, precision) if book < LARGEST else math.nan


def _secant(function: Function, pair: FiniteDifference, kind: str, zoom: bool) -> None:
    at = look_at(function, pair.x)
    domain, curve = function.domain, curve_of(function)
    if zoom:
        domain = (pair.x - 2.5 * pair.h, pair.x + 2.5 * pair.h)
        if not domain[0] < pair.x < domain[1]:
            st.info(f"h = {pair.h:g} is too small to tell neighbours of x = {pair.x:g} apart; choose a larger h.")
            return
        curve = sample(function, domain, points=201)
    y_domain = window(curve["x"].tolist(), curve["value"].to_numpy())
    picture(
        nudge_picture,
        nudge_frame(curve, (at.x, at.value, at.slope), pair, domain, y_domain),
        x_domain=domain,
        y_domain=y_domain,
        alt=f"The curve of {function.formula}, its tangent at x = {at.x:.4g} with slope {at.slope:.4g}, and the line "
        f"through the points at x = {pair.left[0]:.4g} and x = {pair.right[0]:.4g} with slope {pair.slope:.4g}.",
    )


def _errors(
    function: Function,
    x: float,
    errors: pd.DataFrame,
    h: float,
    nudges: dict[str, FiniteDifference],
    best: dict[str, float],
) -> None:
    here = {precision: pair.error for precision, pair in nudges.items()}
    shown = min(max(h, 1e-12), 1.0)
    told = ", ".join(f"{precision} is best near h = {at:.1e}" for precision, at in best.items() if math.isfinite(at))
    told = told or "the largest h is best"
    picture(
        error_picture,
        error_frame(errors, shown, here if shown == h else {}, best),
        y_domain=error_window(errors),
        alt=f"The error of the nudge for {function.formula} at x = {x:.4g} against h, both logarithmic: {told}.",
    )


def _table(nudges: dict[str, FiniteDifference]) -> None:
    rows = [
        {
            "computed in": precision,
            "slope by the nudge": f"{pair.slope:+.10g}" if pair.slope else "0",
            "slope of the tangent": f"{pair.exact:+.10g}" if pair.exact else "0",
            "difference": f"{pair.slope - pair.exact:+.3g}" if pair.slope != pair.exact else "0",
        }
        for precision, pair in nudges.items()
    ]
    st.table(pd.DataFrame(rows).set_index("computed in"))


def _words(
    function: Function, x: float, kind: str, nudges: dict[str, FiniteDifference], best: dict[str, float]
) -> None:
    single, double = nudges["float32"], nudges["float64"]
    stuck = single.right[0] == single.left[0]
    sentences = [
        f"With h = {double.h:g} the nudge says {signed(double.slope)}, the derivative is {signed(double.exact)}: "
        f"off by {double.error:.2g} in float64 and by {single.error:.2g} in float32."
        + (f" In float32, x + h *is* x = {single.x:.7g}: the nudge fell between two numbers." if stuck else "")
    ]
    for precision, at in best.items():
        if not math.isfinite(at):
            continue
        book = textbook_h(function, x, kind, precision)
        by_book = f" (the textbook's estimate: {book:.1e})"
        sentences.append(
            f"{precision} does best near **h = {at:.1e}**{by_book}. A larger h bends with the curve (*truncation*); a "
            "smaller one subtracts two numbers that agree in almost all their digits (*round-off*)."
            if precision == "float32"
            else f"{precision} does best near **h = {at:.1e}**{by_book}."
        )
    if not any(math.isfinite(at) for at in best.values()):
        sentences.append(
            "This curve bends so little, or so evenly, that a large h does no harm here: there is no *truncation*, only "
            "*round-off*, which grows as h shrinks."
        )
    sentences.append(
        "Each slope took two evaluations of f for one weight, and even the best h is not exact. PyTorch's way, in "
        "the next section, is exact up to rounding, and takes one pass back for all weights together."
    )
    notice(*sentences)


def _question(function: Function, x: float, kind: str, errors: pd.DataFrame, best: dict[str, float]) -> bool | None:
    single = errors[errors["precision"] == "float32"]
    if not math.isfinite(best["float32"]):
        return True  # the largest would win: nothing to ask
    nearest = {h: float(single.loc[(single["h"] / h - 1).abs().idxmin(), "error"]) for h in GUESSES}
    winner = min(nearest, key=lambda h: nearest[h])
    smallest = min(nearest, key=lambda h: h)
    return predict_first(
        "derivatives_quiz_nudge",
        "Computed in float32, which of these h comes closest to the derivative?",
        [f"{h:g}" for h in GUESSES],
        f"{winner:g}",
        f"it is off by {nearest[winner]:.2g}, while {smallest:g} is off by {nearest[smallest]:.2g}.",
        about=(function.formula, x, kind),
    )
