"""One weight: every step in numbers, on the curve, and in the loss."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.stepping.common import (
    DRAWN,
    MOST_STEPS,
    SGD,
    STAGE,
    Section,
    choose_speed,
    choose_start,
    draw_all_if_moved,
    drawn_curve,
    loss_window,
    lowest_drawn,
    picked_start,
    section_of,
    signed,
    walk,
)
from pages.stepping.words import tell_step
from pages.ui.controls import Controls
from pages.ui.parts import download_csv, same_in_pytorch
from pages.ui.pictures import clickable, picture
from pages.ui.quiz import predict_first
from pages.ui.transport import Reading
from sgd_core.calculus.formula import Function
from sgd_core.charts.curve import curve_picture, descent_frame
from sgd_core.charts.downsample import downsample as thin
from sgd_core.charts.history import loss_by_step
from sgd_core.charts.palette import ceiling
from sgd_core.charts.steps import step_lengths
from sgd_core.descent.stop import within
from sgd_core.export.descent import walk_script

FAR = 2000  # steps looked ahead for the question how many it takes


def show(controls: Controls) -> Section:
    """Lay out the section."""
    with st.sidebar:
        function, w0 = choose_start(controls)
        lr = controls.learning_rate("lr", 0.1)
        steps = controls.whole("steps", "Steps", 1, MOST_STEPS, 20)
        speed = choose_speed(controls, steps)
    run = walk(function, w0, (lr,), steps, (SGD,))[0]
    ground = st.container(key=STAGE)
    _questions(function, w0, lr, run)
    code = walk_script(function.torch_code, start=w0, runs=[("w", SGD.torch_code("[w]", repr(lr)))], steps=steps)
    same_in_pytorch(code, key="stepping_code")
    return section_of(controls, ground, steps, speed, lambda: _stage(controls, function, run, lr))


def _stage(controls: Controls, function: Function, run: pd.DataFrame, lr: float) -> Callable[[int, bool], None]:
    """Lay out the picture, the arithmetic and the loss; return what paints them for one step."""
    draw_all_if_moved()
    curve, y_domain = drawn_curve(function)
    steps = int(run["step"].iloc[-1])
    loss_domain = loss_window(run["loss"].to_numpy(), y_domain)
    thinned = thin([run["x"].to_numpy(), run["loss"].to_numpy()], DRAWN)
    lengths = run["update"].abs().to_numpy()
    top = ceiling(min(float(np.nanmax(lengths)), 2 * (function.domain[1] - function.domain[0])))
    arithmetic, direction, reading = st.empty(), st.empty(), Reading()
    left, right = st.columns([3, 2], gap="large")
    path, loss = left.empty(), left.empty()
    words, length = right.empty(), right.empty()
    table = st.empty()

    def paint(step: int, live: bool) -> None:
        now = run.iloc[step]
        w, gradient, update = float(now["x"]), float(now["gradient"]), float(now["update"])
        drawn = run.iloc[thinned.until(step)]
        frame = descent_frame(curve, drawn, step, y_domain)
        look: dict[str, Any] = {
            "x_domain": function.domain,
            "y_domain": y_domain,
            "x_title": "w",
            "y_title": "loss",
            "height": 330,
        }
        marked = drawn[["step", "loss"]].assign(length=lengths[drawn.index], now=drawn["step"] == step)
        finite = marked[np.isfinite(marked["loss"])]
        if reading.due(live):
            arithmetic.latex(
                rf"w \leftarrow \underbrace{{{w:.4g}}}_{{w}} - \underbrace{{{lr:g}}}_{{\text{{learning rate}}}} \times "
                rf"\underbrace{{({gradient:.4g})}}_{{\text{{gradient}}}} = {w + update:.4g}"
            )
            direction.markdown(_direction(gradient, update), text_alignment="center")
        if live:
            picture(curve_picture, frame, slot=path, live=True, alt="", **look)
        else:
            clickable(
                curve_picture,
                frame,
                key=controls.key("curve"),
                on_pick=picked_start(controls, function),
                slot=path,
                pick=True,
                alt=f"The descent after {step} steps: w = {w:.4g}, loss {now['loss']:.4g}, the next step goes by "
                f"{update:.4g}. A click on the curve starts there.",
                **look,
            )
        picture(
            loss_by_step,
            finite,
            slot=loss,
            live=live,
            steps=steps,
            y_domain=loss_domain,
            height=200,
            alt=f"Loss against step, {float(run['loss'].iloc[0]):.4g} at the start and {now['loss']:.4g} now.",
        )
        picture(
            step_lengths,
            marked[["step", "length", "now"]],
            slot=length,
            live=live,
            steps=steps,
            top=top,
            lr=lr,
            alt=f"The length of each step against the step: {abs(update):.4g} now, with the learning rate {lr:g} as a line.",
        )
        if live:
            return
        with words.container():
            tell_step(function, run, step, lr)
        with table.expander("History, step by step", icon=":material/table_rows:"):
            _history(run, step)

    return paint


def _direction(gradient: float, update: float) -> str:
    if not math.isfinite(gradient) or (update == 0 and gradient != 0):
        return "The run has ended here."
    if gradient == 0:
        return "The slope is 0, so w stays where it is."
    return (
        f"The slope is {'negative: downhill is to the right' if gradient < 0 else 'positive: downhill is to the left'}, "
        f"so w goes **{'right' if gradient < 0 else 'left'}, against the slope**."
    )


def _history(run: pd.DataFrame, step: int) -> None:
    seen = run[run["step"] <= step][["step", "x", "loss", "gradient", "update"]]
    seen = seen.rename(columns={"x": "w", "update": "step taken"})
    st.dataframe(seen, hide_index=True, width="stretch", height=300 if len(seen) > 8 else "auto")
    download_csv(seen, "descent", key="stepping_csv")


def _questions(function: Function, w0: float, lr: float, run: pd.DataFrame) -> None:
    """Ask about the step to come and about the whole way, before the picture tells."""
    with st.expander("Predict first", icon=":material/psychology:", key="stepping_predict"):
        left, right = st.columns(2, gap="medium")
        with left:
            _after_one_step(function, w0, lr, run)
        with right:
            _how_many(function, w0, lr)


def _after_one_step(function: Function, w0: float, lr: float, run: pd.DataFrame) -> None:
    before, after = float(run["loss"].iloc[0]), float(run["loss"].iloc[1])
    answers = ["lower", "higher", "the same", "no number at all"]
    if not math.isfinite(after) or not math.isfinite(before):
        answer = answers[3]
    else:
        answer = answers[0] if after < before else answers[1] if after > before else answers[2]
    predict_first(
        "stepping_quiz_one",
        f"From w = {w0:.4g}, with the learning rate {lr:g}: after one step, the loss is …",
        answers,
        answer,
        f"it goes from {signed(before)} to {signed(after)}, since w goes from {signed(w0)} to {signed(float(run['x'].iloc[1]))}.",
        about=(function, w0, lr),
    )


def _how_many(function: Function, w0: float, lr: float) -> None:
    lowest = lowest_drawn(function)
    needed = within(walk(function, w0, (lr,), FAR, (SGD,))[0], lowest)
    answers = ["at most 5", "6 to 20", "21 to 100", "more than 100", f"not within {FAR:,}"]
    if needed is None:
        answer, why = answers[4], f"{FAR:,} steps from here do not get that near to {signed(lowest)}."
    else:
        place = 0 if needed <= 5 else 1 if needed <= 20 else 2 if needed <= 100 else 3
        answer, why = answers[place], f"step {needed:,} is the first within 1 % of the way down to {signed(lowest)}."
    predict_first(
        "stepping_quiz_many",
        "How many steps until all but 1 % of the way down to the lowest loss in the picture is done?",
        answers,
        answer,
        why,
        about=(function, w0, lr),
    )
