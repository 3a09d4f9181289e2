"""When to stop: rules that end a run, compared on the same run, each with its reason in numbers."""

import math
import time
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.stepping.start import choose_loss_axis, choose_start, drawn_curve, random_start, start_there
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.formula import Function
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.loss_axis import loss_axis
from sgd_core.charts.over_steps import drawn_steps, gap_window, over_steps
from sgd_core.charts.stop import with_stops
from sgd_core.descent.descend import descend
from sgd_core.descent.one_weight import MOST_STEPS, SGD, lowest_in_picture
from sgd_core.descent.one_weight_words import tell_stop
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, TIME, Rules, Stop, stops
from sgd_core.export.descent import stop_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import code, number, signed


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
    run, seconds = _timed_walk(function, start, lr, rules.steps)
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
    loss = over_steps(
        axis.rows({"": seen["loss"].to_numpy()}, moments),
        last=shown,
        y_domain=axis.domain,
        title=axis.title,
        log=axis.log,
        log_steps=axis.log_steps,
        height=170,
    )
    slope = _slopes(seen, moments, rules, shown, axis.log_steps)
    for chart, alt, where in ((loss, "Loss against step.", left), (slope, "Size of the slope against step.", right)):
        marked = with_stops(chart, marks, last=shown, moment=len(moments) - 1, log_steps=axis.log_steps)
        pictures.append(Picture(marked, alt, where=where))
    at = page.player(
        pictures, Moments(_numbers(seen, moments), run=(function.formula, start, lr, rules, last)), name="stop"
    )
    step, done = int(moments[at]), at == len(moments) - 1
    with verdict:
        _verdict(run, rules, ended, done)
    with page.controls:
        _bet(page, rules, ended, (function, start, lr))
    page.below.markdown(_table(rules, ended if done else []))
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


@lru_cache(maxsize=16)
def _timed_walk(function: Function, start: float, lr: float, steps: int) -> tuple[pd.DataFrame, float]:
    """Return the run, and the seconds that a step of it takes here, once everything is warm."""
    run = descend(function, start, lr, steps, SGD)
    begun = time.perf_counter()
    descend(function, start, lr, 500, SGD)
    return run, (time.perf_counter() - begun) / 500


def _slopes(seen: pd.DataFrame, moments: np.ndarray, rules: Rules, shown: int, log_steps: bool) -> Any:
    """Draw the size of the slope, logarithmically, with the level at which the rule of the small gradient fires."""
    slopes = seen["gradient"].abs().to_numpy()
    low, high = gap_window(slopes[None, :])
    if rules.gradient:
        low, high = min(low, 10.0 ** math.floor(math.log10(rules.gradient))), max(high, 10 * rules.gradient)
        high = 10.0 ** math.ceil(math.log10(high))
    kept = drawn_steps([slopes], moments)
    frame = kept.assign(value=slopes[kept["step"]], now=kept["step"].isin(moments))
    return over_steps(
        frame[np.isfinite(frame["value"])],
        last=shown,
        y_domain=(low, high),
        title="size of the slope",
        log=True,
        log_steps=log_steps,
        level=(rules.gradient, "small gradient") if rules.gradient else None,
        height=170,
    )


def _numbers(seen: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    here, lowest = seen.iloc[moments], seen["loss"].cummin().iloc[moments]
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in moments],
            "w": [number(x) for x in here["x"]],
            "loss": [number(loss) for loss in here["loss"]],
            "slope": [signed(slope) for slope in here["gradient"]],
            "lowest loss": [number(loss) for loss in lowest],
        }
    )


def _verdict(run: pd.DataFrame, rules: Rules, ended: list[Stop], done: bool) -> None:
    """Say what the run is waiting for, or which rule has ended it; in one place of one height."""
    if not done:
        st.info(f"Not stopped yet: {_open(rules)}.", icon=":material/directions_walk:")
        return
    first = ended[0]
    worse = run["loss"].iloc[first.step] > run["loss"].iloc[0]
    box = st.error if first.rule == DIVERGED else st.warning if worse else st.success
    box(f"**Stopped at step {first.step:,}: {first.rule}.** {first.reason}", icon=":material/front_hand:")


def _open(rules: Rules) -> str:
    """Say what the run is waiting for."""
    waits = [f"step {rules.steps:,}"]
    waits += [f"a gradient of at most {number(rules.gradient)}"] if rules.gradient else []
    waits += [f"{rules.patience:,} steps without a lower loss"] if rules.patience else []
    waits += [f"{number(1000 * rules.seconds)} ms to pass"] if rules.seconds else []
    return "waiting for " + ", or ".join(waits)


def _table(rules: Rules, ended: list[Stop]) -> str:
    """Return what each rule waits for and, once the run has ended, at which step each would have stopped it."""
    settings = {
        FLAT: f"at most {number(rules.gradient)}" if rules.gradient else "off",
        NO_BETTER: f"{rules.patience:,} steps" if rules.patience else "off",
        TIME: f"{number(1000 * rules.seconds)} ms" if rules.seconds else "off",
        ENOUGH: f"{rules.steps:,}",
        DIVERGED: "always on",
    }
    fired = {stop.rule: (str(i), f"{stop.step:,}") for i, stop in enumerate(ended, 1)}
    lines = ["| | rule | set to | would stop at step |", "|---|---|---|---|"]
    for rule in [stop.rule for stop in ended] + [rule for rule in settings if rule not in fired]:
        place, step = fired.get(rule, ("", "–" if ended else "?"))
        lines.append(f"| {place} | {rule} | {settings[rule]} | {step if settings[rule] != 'off' else ''} |")
    return "\n".join(lines)


def _bet(page: Page, rules: Rules, ended: list[Stop], about: tuple[Function, float, float]) -> None:
    active = [DIVERGED, ENOUGH]
    active += [FLAT] if rules.gradient else []
    active += [NO_BETTER] if rules.patience else []
    active += [TIME] if rules.seconds else []
    page.bet(
        "stop",
        "Which rule will end the run?",
        active,
        ended[0].rule,
        f"at step {ended[0].step:,}. {ended[0].reason}",
        about=(*about, rules),
    )
