"""A race: the same start for several learning rates and optimizers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from pages.stepping.common import (
    MOST_STEPS,
    STAGE,
    Section,
    choose_speed,
    choose_start,
    draw_all_if_moved,
    drawn_curve,
    lowest_drawn,
    picked_start,
    section_of,
    walk,
)
from pages.stepping.racers import Racer, choose_racers, propose
from pages.stepping.standings import GAP, LOSS, Standings
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import clickable, picture
from pages.ui.transport import Reading
from sgd_core.calculus.formula import Function
from sgd_core.charts.race import race_frame, race_on_curve
from sgd_core.export.descent import walk_script

OPTIMIZERS = [("SGD", 0.1), ("momentum", 0.1), ("Nesterov", 0.1), ("RMSprop", 0.1), ("Adagrad", 0.1), ("Adam", 0.1)]
RATES = [("SGD", 0.01), ("SGD", 0.05), ("SGD", 0.2), ("SGD", 0.5), ("SGD", 0.9), ("SGD", 1.02)]
DEFAULT = [("SGD", 0.1), ("SGD", 0.95), ("momentum", 0.1), ("Adam", 0.1), ("RMSprop", 0.1), ("Adagrad", 0.1)]


def show(controls: Controls) -> Section:
    """Lay out the section."""
    with st.sidebar:
        function, w0 = choose_start(controls)
        steps = controls.whole("race_steps", "Steps", 1, MOST_STEPS, 60)
        many = controls.whole("race_runs", "Runs", 2, 6, 4)
        speed = choose_speed(controls, steps)
        scale = controls.segments(
            "race_scale", "Show", [LOSS, GAP], LOSS, help="The gap is the loss above the lowest one in the picture."
        )
    ground = st.container(key=STAGE)
    with st.container(horizontal=True):
        for name, field in (("Six learning rates", RATES), ("Six optimizers", OPTIMIZERS)):
            st.button(name, key=controls.key(f"race_{name.split()[1]}"), on_click=_fill, args=(controls, field))
    racers = choose_racers(controls, "race", DEFAULT, many)
    runs = walk(function, w0, tuple(r.lr for r in racers), steps, tuple(r.optimizer for r in racers))
    standings = Standings(
        racers,
        runs,
        places=["x"],
        lowest=lowest_drawn(function),
        scale=scale,
        drawn=drawn_curve(function)[1],
    )
    standings.ask("stepping_quiz_race", (function, w0, steps, tuple(racers)))
    code = [(racer.title, racer.optimizer.torch_code("[w]", repr(racer.lr))) for racer in racers]
    same_in_pytorch(walk_script(function.torch_code, start=w0, runs=code, steps=steps), key="stepping_race_code")
    return section_of(controls, ground, steps, speed, lambda: _stage(controls, function, standings), name="race")


def _fill(controls: Controls, field: list[tuple[str, float]]) -> None:
    propose(controls, "race", field)
    st.session_state[controls.key("race_runs")] = len(field)


def _stage(controls: Controls, function: Function, standings: Standings) -> Callable[[int, bool], None]:
    draw_all_if_moved()
    curve, y_domain = drawn_curve(function)
    left, right = st.columns([3, 2], gap="large")
    over, ranking = left.empty(), right.empty()
    losses, words = left.empty(), right.empty()
    table, reading = st.empty(), Reading()
    look: dict[str, Any] = {"x_domain": function.domain, "y_domain": y_domain}

    def paint(step: int, live: bool) -> None:
        frame = race_frame(curve, standings.paths(step, heights=True), y_domain, dots=standings.dots)
        if live:
            picture(race_on_curve, frame, slot=over, live=True, alt="", **look)
        else:
            where = ", ".join(
                f"{racer.letter} at w = {run['x'].iloc[step]:.4g}"
                for racer, run in zip(standings.racers, standings.runs, strict=True)
            )
            clickable(
                race_on_curve,
                frame,
                key=controls.key("race_curve"),
                on_pick=picked_start(controls, function),
                slot=over,
                pick=True,
                alt=f"{len(standings.racers)} runs on the curve after {step} steps: {where}. A click starts there.",
                **look,
            )
        standings.paint_losses(losses, step, live)
        if reading.due(live):
            ranking.markdown(standings.table(step, ["x"]))
        if live:
            return
        with words.container():
            _tell(standings, step)
        with table.expander("History of all runs", icon=":material/table_rows:"):
            standings.history(step, {"x": "w", "gradient": "gradient", "update": "step taken"}, "stepping_race_csv")

    return paint


def _tell(standings: Standings, step: int) -> None:
    racers, runs = standings.racers, standings.runs
    told = standings.diverged(step)
    if step == 0:
        slope = float(runs[0]["gradient"].iloc[0])
        firsts = ", ".join(
            f"{racer.letter} {abs(float(run['update'].iloc[0])):.3g}" for racer, run in zip(racers, runs, strict=True)
        )
        told.append(f"All see the same slope, {slope:.3g}, and answer with steps of different length: {firsts}.")
        for racer in racers:
            if racer.kind in ("Adam", "AdamW"):
                told.append(
                    f"{racer.letter} divides by the size of the gradient, so its first step is about its learning rate, "
                    f"{racer.lr:g}, however steep the slope is."
                )
                break
    else:
        order = [place for place in standings.order(step) if runs[place]["status"].iloc[step] != "diverged"]
        if order:
            best = order[0]
            told.append(
                f"Ahead after {step:,} steps: **{racers[best].title}**, with a loss of {standings.said(best, step)}."
            )
        told += _turning(standings, step)
    notice(*told)


_CARRIED = "carried on past the lowest place by what it remembers of earlier slopes"
_TOO_LONG = "its step was longer than the way to the lowest place"


def _remembers(racer: Racer) -> bool:
    options = racer.optimizer.options
    return bool(options.get("momentum", 0.0) > 0 or options.get("betas", (0.0,))[0] > 0)


def _turning(standings: Standings, step: int) -> list[str]:
    told = []
    for racer, run in zip(standings.racers, standings.runs, strict=True):
        moves = np.sign(run["update"].to_numpy()[:step])
        flips = int((moves[1:] * moves[:-1] < 0).sum())
        if flips:
            why = _CARRIED if _remembers(racer) else _TOO_LONG
            told.append(f"{racer.letter} turned around {flips:,} {'time' if flips == 1 else 'times'}: {why}.")
    return told[:3]
