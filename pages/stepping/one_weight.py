"""One weight: every step on the curve, in numbers and in the loss; and a bet on where the next one lands."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.stepping.start import choose_loss_axis, choose_start, drawn_curve, random_start, start_there
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.formula import Function
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.loss_axis import loss_axis
from sgd_core.charts.over_steps import step_lengths
from sgd_core.descent.minimum import value_at
from sgd_core.descent.one_weight import MOST_STEPS, SGD, lowest_in_picture, walk
from sgd_core.descent.one_weight_words import first_step_bet, landing, step_numbers, steps_needed_bet, tell_step
from sgd_core.export.descent import walk_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number


def one_weight(page: Page) -> None:
    """Walk down a function of one weight."""
    with page.controls:
        function, start = choose_start(page)
        lr = page.learning_rate("lr", 0.1)
    with page.more("Steps, axes, random start", icon=":material/tune:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            steps = page.whole("steps", "Steps", 1, MOST_STEPS, 20)
        with middle:
            axes = choose_loss_axis(page, "")
        with right:
            random_start(page, function)
    run = walk(function, start, (lr,), steps)[0]
    moments, name = moment_steps(steps), (function.formula, start, lr, steps)
    with page.controls:
        bet, result = _marker(page, function, name, moments)
    (low, high), (curve, y_domain) = function.domain, drawn_curve(function)
    axis = loss_axis(axes, [run["loss"].to_numpy()], lowest_in_picture(function).loss, y_domain)
    rows = descent_rows(curve, run, moments, y_domain, taken=True, bet=bet)
    at = page.player(
        [
            Picture(
                descent_on_curve(rows, x_domain=function.domain, y_domain=y_domain, pick=True, height=360),
                f"The descent on the curve of {function.formula}. A click on the curve starts there.",
                on_pick=start_there(page),
            ),
            Picture(
                axis.picture({"": run["loss"].to_numpy()}, moments, height=160), "Loss against step.", where="beside"
            ),
            Picture(
                step_lengths(run["update"].to_numpy(), moments, lr=lr, longest=2 * (high - low)),
                "Length of each step, and the learning rate.",
                where="beneath",
            ),
        ],
        Moments(step_numbers(run, moments), run=name),
    )
    st.session_state["_stepping_rest"] = at
    if bet is not None:
        _reveal(page, run, moments, at, name, bet, result)
    page.notice(*tell_step(function, run, int(moments[at]), lr))
    _more_bets(page, function, start, lr, run)
    seen = run[run["step"] <= moments[at]][["step", "x", "loss", "gradient", "update"]]
    page.table(seen.rename(columns={"x": "w", "update": "step taken"}), "History, step by step", file="descent")
    code = walk_script(function.torch_code, start=start, runs=[("w", SGD.torch_code("[w]", repr(lr)))], steps=steps)
    page.code(code)


def _marker(
    page: Page, function: Function, name: Any, moments: np.ndarray
) -> tuple[tuple[int, float, float] | None, Any]:
    """Draw the slider of the bet; return the moment it was made at with the marker's place, and where to answer."""
    low, high = function.domain
    key = "_stepping_marker"

    def made() -> None:
        made_at = int(st.session_state.get("_stepping_rest", 0))
        st.session_state[key] = {"run": name, "at": made_at, "w": float(st.session_state[page.key("guess")])}

    st.slider(
        ":material/psychology: **Your bet**: where will the next step land?",
        low,
        high,
        (low + high) / 2,
        (high - low) / 600,
        key=page.key("guess"),
        on_change=made,
        help="Move the marker on the curve, then press Step.",
    )
    result = st.container(height=60, border=False, key=page.key("bet_result"))
    bet = st.session_state.get(key)
    if not bet or bet["run"] != name or bet["at"] + 1 >= len(moments):
        result.caption("Move the marker in the picture, then press **Step**.")
        return None, result
    return (bet["at"], bet["w"], value_at(function, bet["w"])), result


def _reveal(
    page: Page,
    run: pd.DataFrame,
    moments: np.ndarray,
    at: int,
    name: Any,
    bet: tuple[int, float, float],
    result: Any,
) -> None:
    made, guess, _ = bet
    if at <= made:
        result.caption(f"You say it lands at w = {number(guess)}. Now press **Step**.")
        return
    found = landing(float(run["x"].iloc[moments[made]]), float(run["x"].iloc[moments[made + 1]]), guess)
    if found is None:
        result.caption("The step left the function: there is no place where it landed.")
        return
    won, all_made = page.scored("marker", found.won, about=(name, made))
    verdict = ":green[**Right**]" if found.won else ":red[**Not quite**]"
    result.markdown(f"{verdict}: {found.words} :small[{won} of {all_made} bets won]")


def _more_bets(page: Page, function: Function, start: float, lr: float, run: pd.DataFrame) -> None:
    """Ask about the first step and about the whole way."""
    with page.more("Two more bets", icon=":material/psychology:"):
        left, right = st.columns(2, gap="medium")
        with left:
            page.bet("one", *first_step_bet(run), about=(function, start, lr))
        with right:
            page.bet("many", *steps_needed_bet(function, start, lr), about=(function, start, lr))
