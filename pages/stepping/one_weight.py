"""One weight: every step on the curve, in numbers and in the loss; and a bet on where the next one lands."""

import math
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.stepping.start import choose_loss_axis, choose_start, drawn_curve, random_start, start_there
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.formula import Function
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.loss_axis import LossAxis, loss_axis
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.palette import SECOND, ceiling
from sgd_core.descent.minimum import value_at
from sgd_core.descent.one_weight import MOST_STEPS, SGD, lowest_in_picture, walk
from sgd_core.descent.one_weight_words import tell_step
from sgd_core.descent.stop import within
from sgd_core.export.descent import walk_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number, percent, signed

FAR = 2000  # steps looked ahead for the question how many it takes
CLOSE = 0.1  # of the step's length: a marker within it has won


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
    curve, y_domain = drawn_curve(function)
    axis = loss_axis(axes, [run["loss"].to_numpy()], lowest_in_picture(function).loss, y_domain)
    rows = descent_rows(curve, run, moments, y_domain, taken=True, bet=bet)
    at = page.player(
        [
            Picture(
                descent_on_curve(rows, x_domain=function.domain, y_domain=y_domain, pick=True, height=360),
                f"The descent on the curve of {function.formula}. A click on the curve starts there.",
                on_pick=start_there(page),
            ),
            Picture(_loss(run, moments, axis), "Loss against step.", where="beside"),
            Picture(
                _lengths(run, moments, function, lr), "Length of each step, and the learning rate.", where="beneath"
            ),
        ],
        Moments(_numbers(run, moments), run=name),
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
    before, after = run.iloc[moments[made]], run.iloc[moments[made + 1]]
    length, landed = abs(float(after["x"] - before["x"])), float(after["x"])
    error = abs(guess - landed)
    if not math.isfinite(error):
        result.caption("The step left the function: there is no place where it landed.")
        return
    right = error <= CLOSE * length
    won, all_made = page.scored("marker", right, about=(name, made))
    size = f"{percent(error / length)} of the step" if length else "and the step is 0"
    verdict = ":green[**Right**]" if right else ":red[**Not quite**]"
    result.markdown(
        f"{verdict}: it landed at w = {number(landed)}, you were off by {number(error)}, {size}. "
        f":small[{won} of {all_made} bets won]"
    )


def _numbers(run: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    here, before = run.iloc[moments], run.iloc[np.maximum(moments - 1, 0)]
    taken = np.where(moments > 0, before["update"].to_numpy(), np.nan)
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in moments],
            "w": [number(x) for x in here["x"]],
            "loss": [number(loss) for loss in here["loss"]],
            "slope": [signed(slope) for slope in here["gradient"]],
            "last step": ["–" if math.isnan(update) else signed(update) for update in taken],
        }
    )


def _loss(run: pd.DataFrame, moments: np.ndarray, axis: LossAxis) -> Any:
    frame = axis.rows({"": run["loss"].to_numpy()}, moments)
    last = int(run["step"].iloc[-1])
    return over_steps(
        frame, last=last, y_domain=axis.domain, title=axis.title, log=axis.log, log_steps=axis.log_steps, height=160
    )


def _lengths(run: pd.DataFrame, moments: np.ndarray, function: Function, lr: float) -> Any:
    """Draw how long each step was, and the learning rate as a line that does not move."""
    lengths = np.concatenate([[math.nan], run["update"].abs().to_numpy()[:-1]])
    width = function.domain[1] - function.domain[0]
    top = ceiling(min(float(np.nanmax(lengths, initial=0.0)), 2 * width), steps=(1, 2, 5))
    steps = np.arange(len(lengths))
    kept = np.unique(np.concatenate([steps[:41], moments, np.linspace(0, len(steps) - 1, 400).astype(int)]))
    frame = pd.DataFrame({"step": kept, "moment": np.searchsorted(moments, kept), "value": lengths[kept]})
    frame["now"] = frame["step"].isin(moments)
    return over_steps(
        frame[np.isfinite(frame["value"])],
        last=len(steps) - 1,
        y_domain=(0.0, top),
        title="step length",
        level=(lr, f"learning rate {number(lr)}"),
        color=SECOND,
        height=150,
    )


def _more_bets(page: Page, function: Function, start: float, lr: float, run: pd.DataFrame) -> None:
    """Ask about the first step and about the whole way."""
    with page.more("Two more bets", icon=":material/psychology:"):
        left, right = st.columns(2, gap="medium")
        with left:
            _after_one_step(page, function, start, lr, run)
        with right:
            _how_many(page, function, start, lr)


def _after_one_step(page: Page, function: Function, start: float, lr: float, run: pd.DataFrame) -> None:
    before, after = (float(loss) for loss in run["loss"].iloc[:2])
    options = ["lower", "higher", "the same", "no number at all"]
    if not (math.isfinite(after) and math.isfinite(before)):
        answer = options[3]
    else:
        answer = options[0] if after < before else options[1] if after > before else options[2]
    page.bet(
        "one",
        f"From w = {number(start)}, with the learning rate {number(lr)}: after one step, the loss is …",
        options,
        answer,
        f"it goes from {number(before)} to {number(after)}, since w goes from {number(start)} to "
        f"{number(run['x'].iloc[1])}.",
        about=(function, start, lr),
    )


def _how_many(page: Page, function: Function, start: float, lr: float) -> None:
    options = ["at most 5", "6 to 20", "21 to 100", "more than 100", f"not within {FAR:,}"]

    def answer() -> tuple[str, str]:
        lowest = lowest_in_picture(function).loss
        needed = within(walk(function, start, (lr,), FAR)[0], lowest)
        if needed is None:
            return options[4], f"{FAR:,} steps from here do not get that near to {number(lowest)}."
        right = options[0 if needed <= 5 else 1 if needed <= 20 else 2 if needed <= 100 else 3]
        return right, f"step {needed:,} is the first within 1 % of the way down to {number(lowest)}."

    page.bet(
        "many",
        "How many steps until only 1 % of the way down to the lowest loss in the picture is left?",
        options,
        answer,
        about=(function, start, lr),
    )
