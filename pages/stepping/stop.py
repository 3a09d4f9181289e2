"""When to stop: rules that end a run, compared on the same run, each with its reason in numbers."""

import math
import time
from collections.abc import Callable
from functools import lru_cache
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
    picked_start,
    section_of,
)
from pages.stepping.words import tell_stop
from pages.ui.controls import Controls
from pages.ui.parts import same_in_pytorch
from pages.ui.pictures import clickable, picture
from pages.ui.quiz import predict_first
from pages.ui.transport import Reading
from sgd_core.calculus.formula import Function
from sgd_core.charts.curve import curve_picture, descent_frame
from sgd_core.charts.downsample import downsample as thin
from sgd_core.charts.race import gap_window
from sgd_core.charts.stop import stop_lines
from sgd_core.descent.descend import descend
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, TIME, Rules, Stop, stops
from sgd_core.export.descent import stop_script


def show(controls: Controls) -> Section:
    """Lay out the section."""
    with st.sidebar:
        function, w0 = choose_start(controls)
        lr = controls.learning_rate("lr", 0.1)
    rules = _choose_rules(controls)
    run, seconds = _timed_walk(function, w0, lr, rules.steps)
    ended = stops(run, rules, seconds)
    last = ended[0].step
    with st.sidebar:
        speed = choose_speed(controls, last)
    ground = st.container(key=STAGE)
    _question(rules, ended, (function, w0, lr))
    script = stop_script(function.torch_code, start=w0, optimizer=SGD.torch_code("[w]", repr(lr)), rules=rules)
    same_in_pytorch(script, key="stepping_stop_code")
    return section_of(
        controls,
        ground,
        last,
        speed,
        lambda: _stage(controls, function, run, rules, ended),
        name="stop",
        said=lambda step: f"step {step:,}" + (", stopped" if step == last else ""),
    )


def _choose_rules(controls: Controls) -> Rules:
    """Draw the rules beside each other; 0 switches one off, and the number of steps is always on."""
    columns = st.columns(5, gap="small", vertical_alignment="bottom")
    with columns[0]:
        steps = controls.whole("stop_steps", "Number of steps", 1, MOST_STEPS, 200)
    with columns[1]:
        gradient = controls.number(
            "stop_gradient",
            "Small gradient",
            0.0,
            1e6,
            0.001,
            help="Stops when the gradient is at most this, either way. 0 switches this rule off.",
            step=0.001,
        )
    with columns[2]:
        patience = controls.whole(
            "stop_patience",
            "No improvement, steps",
            0,
            MOST_STEPS,
            10,
            help="The patience: how many steps without a new lowest loss are endured. 0 switches this rule off.",
        )
    with columns[3]:
        improvement = controls.number(
            "stop_improvement",
            "… lower by more than",
            0.0,
            1e6,
            0.0,
            help="Only a loss lower by more than this counts as an improvement.",
            step=0.001,
        )
    with columns[4]:
        budget = controls.number(
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


def _stage(
    controls: Controls, function: Function, run: pd.DataFrame, rules: Rules, ended: list[Stop]
) -> Callable[[int, bool], None]:
    draw_all_if_moved()
    curve, y_domain = drawn_curve(function)
    last = ended[0].step
    losses, slopes = run["loss"].to_numpy(), run["gradient"].abs().to_numpy()
    thinned = thin([run["x"].to_numpy(), losses], DRAWN)
    near = [stop.step for stop in ended if stop.step <= 3 * last]
    shown = max(2, min(len(run) - 1, round(1.15 * max(near))))
    loss_domain = loss_window(losses[: shown + 1], y_domain)
    flat = rules.gradient or math.nan
    low, high = gap_window(np.array([[*slopes[: last + 1], flat]]))
    slope_domain = (min(low, 10.0 ** math.floor(math.log10(flat))) if math.isfinite(flat) else low, high)

    verdict, reading = st.empty(), Reading()
    left, right = st.columns([3, 2], gap="large")
    over, loss = left.empty(), left.empty()
    table, slope = right.empty(), right.empty()
    words = st.empty()

    def paint(step: int, live: bool) -> None:
        done = step == last
        if done:
            worse = losses[last] > losses[0]
            box = verdict.error if ended[0].rule == DIVERGED else verdict.warning if worse else verdict.success
            box(f"**Stopped at step {last:,}: {ended[0].rule}.** {ended[0].reason}", icon=":material/front_hand:")
        elif reading.due(live):
            begun = "Going on" if live else "Not stopped yet"
            verdict.info(f"{begun}: {_open(rules)}.", icon=":material/directions_walk:")
        rows = thinned.until(step)
        look: dict[str, Any] = {
            "x_domain": function.domain,
            "y_domain": y_domain,
            "x_title": "w",
            "y_title": "loss",
            "height": 320,
        }
        frame = descent_frame(curve, run.iloc[rows], step, y_domain)
        if live:
            picture(curve_picture, frame, slot=over, live=True, alt="", **look)
        else:
            clickable(
                curve_picture,
                frame,
                key=controls.key("stop_curve"),
                on_pick=picked_start(controls, function),
                slot=over,
                pick=True,
                alt=f"The descent after {step} steps, at w = {run['x'].iloc[step]:.4g}. A click starts there.",
                **look,
            )
        marks = tuple((stop.step, str(i)) for i, stop in enumerate(ended, 1) if stop.step <= shown) if done else ()
        for values, slot, window, title, log, level in (
            (losses, loss, loss_domain, "loss", False, None),
            (slopes, slope, slope_domain, "|gradient|", True, rules.gradient),
        ):
            drawn = pd.DataFrame({"step": rows, "value": values[rows], "now": rows == step})
            picture(
                stop_lines,
                drawn[np.isfinite(drawn["value"])],
                slot=slot,
                live=live,
                steps=shown,
                y_domain=window,
                marks=marks,
                title=title,
                log=log,
                level=level,
                height=210,
                alt=f"{title} against step: {values[0]:.4g} at the start, {values[step]:.4g} at step {step}.",
            )
        if live:
            return
        table.markdown(_table(rules, ended if done else []))
        with words.container():
            tell_stop(function, run, ended, step)

    return paint


def _open(rules: Rules) -> str:
    """Say what the run is waiting for."""
    waits = [f"step {rules.steps:,}"]
    waits += [f"a gradient of at most {rules.gradient:g}"] if rules.gradient else []
    waits += [f"{rules.patience:,} steps without a lower loss"] if rules.patience else []
    waits += [f"{1000 * rules.seconds:g} ms to pass"] if rules.seconds else []
    return "waiting for " + ", or ".join(waits)


def _table(rules: Rules, ended: list[Stop]) -> str:
    """Return what each rule waits for and, once the run has ended, at which step each would have stopped it."""
    settings = {
        FLAT: f"at most {rules.gradient:g}" if rules.gradient else "off",
        NO_BETTER: f"{rules.patience:,} steps" if rules.patience else "off",
        TIME: f"{1000 * rules.seconds:g} ms" if rules.seconds else "off",
        ENOUGH: f"{rules.steps:,}",
        DIVERGED: "always on",
    }
    fired = {stop.rule: (str(i), f"{stop.step:,}") for i, stop in enumerate(ended, 1)}
    lines = ["| | rule | set to | would stop at step |", "|---|---|---|---|"]
    order = [stop.rule for stop in ended] + [rule for rule in settings if rule not in fired]
    for rule in order:
        number, step = fired.get(rule, ("", "–" if ended else "?"))
        lines.append(f"| {number} | {rule} | {settings[rule]} | {step if settings[rule] != 'off' else ''} |")
    return "\n".join(lines)


def _question(rules: Rules, ended: list[Stop], about: tuple[Function, float, float]) -> None:
    with st.expander("Predict first", icon=":material/psychology:", key="stepping_stop_predict"):
        active = [DIVERGED, ENOUGH]
        active += [FLAT] if rules.gradient else []
        active += [NO_BETTER] if rules.patience else []
        active += [TIME] if rules.seconds else []
        predict_first(
            "stepping_quiz_stop",
            "Which rule will end the run?",
            active,
            ended[0].rule,
            f"at step {ended[0].step:,}. {ended[0].reason}",
            about=(*about, rules),
        )
