"""When to stop: rules that end a run, compared on the same run, each with its reason in numbers."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.stepping.start import choose_loss_axis, choose_start, drawn_curve, random_start, start_there
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.loss_axis import loss_axis
from sgd_core.charts.stop import slope_sizes, with_stops
from sgd_core.descent.one_weight import MOST_STEPS, SGD, lowest_in_picture, timed_walk
from sgd_core.descent.stop import DIVERGED, Rules, Stop, stops
from sgd_core.descent.stop_words import rule_bet, rules_table, stop_numbers, tell_stop, tell_waiting
from sgd_core.export.descent import stop_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import code


def when_to_stop(page: Page) -> None:
    """Let rules end a run of one weight."""
    with page.more("More rules, axes, start", icon=":material/tune:"):
        one, two, three = st.columns(3, gap="medium")
    with page.controls:
        function, start = choose_start(page, three.container())
        lr = page.learning_rate("lr", 0.1)
        rules = _choose_rules(page, one)
    with two:
        axes = choose_loss_axis(page, "stop_")
    with three:
        random_start(page, function)
    run, seconds = timed_walk(function, start, lr, rules.steps)
    ended = stops(run, rules, seconds)
    last = ended[0].step
    seen, moments = run.iloc[: last + 1], moment_steps(last)
    curve, y_domain = drawn_curve(function)
    shown = max(2, min(len(run) - 1, round(1.15 * max(stop.step for stop in ended if stop.step <= 3 * last))))
    marks = [(stop.step, str(i)) for i, stop in enumerate(ended, 1) if stop.step <= shown]
    pictures = [
        Picture(
            descent_on_curve(
                descent_rows(curve, seen, moments, y_domain),
                x_domain=function.domain,
                y_domain=y_domain,
                pick=True,
                height=350,
            ),
            f"The descent on the curve of {function.formula}. A click on the curve starts there.",
            on_pick=start_there(page),
        )
    ]
    verdict = page.beneath.container(height=86, border=False, key=page.key("verdict"))
    left, right = page.beneath.columns(2, gap="medium")
    axis = loss_axis(axes, [run["loss"].to_numpy()[: shown + 1]], lowest_in_picture(function).loss, y_domain)
    loss = axis.picture({"": seen["loss"].to_numpy()}, moments, last=shown, height=170)
    slopes = seen["gradient"].abs().to_numpy()
    slope = slope_sizes(slopes, moments, rules.gradient, last=shown, log_steps=axis.log_steps)
    for chart, alt, where in ((loss, "Loss against step.", left), (slope, "Size of the slope against step.", right)):
        marked = with_stops(chart, marks, last=shown, moment=len(moments) - 1, log_steps=axis.log_steps)
        pictures.append(Picture(marked, alt, where=where))
    at = page.player(
        pictures, Moments(stop_numbers(seen, moments), run=(function.formula, start, lr, rules, last)), name="stop"
    )
    step, done = int(moments[at]), at == len(moments) - 1
    with verdict:
        _verdict(run, rules, ended, done)
    with page.controls:
        page.bet("stop", *rule_bet(rules, ended[0]), about=(function, start, lr, rules))
    page.below.markdown(rules_table(rules, ended if done else []))
    page.notice(*tell_stop(function, run, ended, step))
    history = run[run["step"] <= step][["step", "x", "loss", "gradient", "update"]]
    page.table(history.rename(columns={"x": "w", "update": "step taken"}), "History, step by step", file="stop")
    page.code(stop_script(function.torch_code, start=start, optimizer=SGD.torch_code("[w]", code(lr)), rules=rules))


def _choose_rules(page: Page, others: DeltaGenerator) -> Rules:
    """Draw the rules, the rarer ones at `others`; 0 switches one off, and the number of steps is always on."""
    steps = page.whole("stop_steps", "Stop after steps", 1, MOST_STEPS, 200)
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    with left:
        gradient = page.number(
            "stop_gradient",
            "Small gradient",
            0.0,
            1e6,
            0.001,
            help="Stops when the gradient is at most this, either way. 0 switches this rule off.",
            step=0.001,
        )
    with right:
        patience = page.whole(
            "stop_patience",
            "Patience, steps",
            0,
            MOST_STEPS,
            10,
            help="How many steps without a new lowest loss are endured. 0 switches this rule off.",
        )
    with others:
        improvement = page.number(
            "stop_improvement",
            "An improvement is more than",
            0.0,
            1e6,
            0.0,
            help="Only a loss lower by more than this counts as an improvement.",
            step=0.001,
        )
        budget = page.number(
            "stop_ms",
            "Time budget, ms",
            0.0,
            60_000.0,
            0.0,
            help="Measured on the machine that runs this app. 0 switches this rule off.",
            step=1.0,
        )
    return Rules(steps, gradient or None, patience or None, improvement, seconds=budget / 1000 or None)


def _verdict(run: pd.DataFrame, rules: Rules, ended: list[Stop], done: bool) -> None:
    """Say what the run is waiting for, or which rule has ended it; in one place of one height."""
    if not done:
        st.info(tell_waiting(rules), icon=":material/directions_walk:")
        return
    first = ended[0]
    worse = run["loss"].iloc[first.step] > run["loss"].iloc[0]
    box = st.error if first.rule == DIVERGED else st.warning if worse else st.success
    box(f"**Stopped at step {first.step:,}: {first.rule}.** {first.reason}", icon=":material/front_hand:")
