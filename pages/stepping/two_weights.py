"""Two weights: a landscape from above, and the paths of one or several optimizers over it."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.stepping.common import MOST_STEPS, STAGE, Section, choose_speed, draw_all_if_moved, moved, section_of, signed
from pages.stepping.landscape import (
    choose_surface,
    heights_of,
    is_quadratic_everywhere,
    lowest_known,
    proposed,
    range_of,
    seen_from_above,
)
from pages.stepping.racers import choose_racers
from pages.stepping.standings import GAP, LOSS, Standings
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import clickable, picture
from pages.ui.transport import Reading
from sgd_core.calculus.formula import Function
from sgd_core.charts.steps import rate_frame, rate_ruler, ruler_ends
from sgd_core.charts.surface import levels, surface_frame, surface_picture
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.quadratic import Curvature, curvature_at
from sgd_core.descent.surfaces import VARIABLES, Surface, descend_surface, of_points, sharp_turns
from sgd_core.export.descent import walk_script


def show(controls: Controls) -> Section:
    """Lay out the section."""
    with st.sidebar:
        surface = choose_surface(controls)
        (left, right), (bottom, top) = surface.x_domain, surface.y_domain
        x = controls.number("x", "Start, the first x", left, right, surface.start[0], step=(right - left) / 100)
        y = controls.number("y", "Start, the first y", bottom, top, surface.start[1], step=(top - bottom) / 100)
        steps = controls.whole("two_steps", "Steps", 1, MOST_STEPS, 100)
        many = controls.whole("two_runs", "Runs", 1, 6, 2)
        speed = choose_speed(controls, steps)
        scale = controls.segments(
            "two_scale", "Show", [LOSS, GAP], GAP, help="The gap is the loss above the lowest one there is."
        )
    ground = st.container(key=STAGE)
    racers = choose_racers(controls, "two", proposed(surface), many)
    runs = _walk(surface.function, (x, y), tuple(r.lr for r in racers), steps, tuple(r.optimizer for r in racers))
    heights = heights_of(surface.function, surface.x_domain, surface.y_domain)
    standings = Standings(
        racers,
        runs,
        places=["x", "y"],
        lowest=lowest_known(surface, heights, runs),
        scale=scale,
        drawn=range_of(heights),
    )
    standings.ask("stepping_quiz_two", (surface, x, y, steps, tuple(racers)))
    code = [(racer.title, racer.optimizer.torch_code("[w]", repr(racer.lr))) for racer in racers]
    script = walk_script(surface.function.torch_code, start=(x, y), runs=code, steps=steps, variables=VARIABLES)
    same_in_pytorch(script, key="stepping_two_code")
    return section_of(controls, ground, steps, speed, lambda: _stage(controls, surface, standings), name="two")


@lru_cache(maxsize=8)
def _walk(
    function: Function,
    start: tuple[float, float],
    lrs: tuple[float, ...],
    steps: int,
    optimizers: tuple[Optimizer, ...],
) -> list[pd.DataFrame]:
    frame = descend_surface(function, start, lrs, steps, optimizers)
    return [run.reset_index(drop=True) for _, run in frame.groupby("run")]


def _stage(controls: Controls, surface: Surface, standings: Standings) -> Callable[[int, bool], None]:
    draw_all_if_moved()
    window: dict[str, Any] = {"x_domain": surface.x_domain, "y_domain": surface.y_domain}
    url = seen_from_above(surface.function, surface.x_domain, surface.y_domain)
    left, right = st.columns([3, 2], gap="large")
    over, note, losses = left.empty(), left.empty(), left.empty()
    ranking, words, rates = right.empty(), right.empty(), right.empty()
    table, reading = st.empty(), Reading()

    def take(picked: dict[str, float]) -> None:
        st.session_state[controls.key("x")], st.session_state[controls.key("y")] = picked["x"], picked["y"]
        moved()

    def paint(step: int, live: bool) -> None:
        frame = surface_frame(standings.paths(step), **window, minima=surface.minima, dots=standings.dots)
        if live:
            picture(surface_picture, frame, slot=over, live=True, alt="", url=url, **window)
        else:
            where = ", ".join(
                f"{racer.letter} at x = {run['x'].iloc[step]:.4g}, y = {run['y'].iloc[step]:.4g}"
                for racer, run in zip(standings.racers, standings.runs, strict=True)
            )
            clickable(
                surface_picture,
                frame,
                key=controls.key("surface_map"),
                on_pick=take,
                slot=over,
                pick=True,
                url=url,
                alt=f"{surface.title} from above, after {step} steps: {where}. A click starts there.",
                **window,
            )
        if reading.due(live):
            ranking.markdown(standings.table(step, []))
        standings.paint_losses(losses, step, live, height=250)
        if live:
            return
        note.caption(_legend(surface))
        with rates.container():
            _rates(surface, standings, step)
        with words.container():
            _tell(surface, standings, step)
        with table.expander("History of all runs", icon=":material/table_rows:"):
            columns = ["x", "y", "gradient_x", "gradient_y", "update_x", "update_y"]
            standings.history(step, {name: name.replace("_", " ") for name in columns}, "stepping_two_csv")

    return paint


def _legend(surface: Surface) -> str:
    heights = heights_of(surface.function, surface.x_domain, surface.y_domain)
    marks = levels(heights)
    holes = " Empty places have no value." if np.isnan(heights).any() else ""
    crosses = " The crosses are the lowest points." if len(surface.minima) > 1 else ""
    cross = " The cross is the lowest point." if len(surface.minima) == 1 else ""
    return (
        f"The bluer, the higher: from {signed(marks[0])} to {signed(marks[-1])}. On a line the loss is the same all "
        f"along; the lowest lines are at {', '.join(signed(mark) for mark in marks[1:4])}.{cross}{crosses}{holes} "
        "Click to start somewhere else."
    )


def _curvature(surface: Surface, x: float, y: float) -> Curvature | None:
    return curvature_at(of_points(surface.function), torch.tensor([x, y], dtype=torch.float64))


def _rates(surface: Surface, standings: Standings, step: int) -> None:
    """Show the curvature and the learning rates that follow, everywhere the same on a quadratic, else just here."""
    first, run = standings.racers[0], standings.runs[0]
    here = _curvature(surface, float(run["x"].iloc[step]), float(run["y"].iloc[step]))
    if here is None or not math.isfinite(here.border):
        st.caption(
            "Where A stands, the surface curves upwards in no direction: no learning rate is too high just here."
        )
        return
    quadratic = is_quadratic_everywhere(surface.function)
    one, two = st.columns(2)
    one.metric("Condition number" if quadratic else "Condition number at A", _plain(here.condition))
    two.metric("Border 2/λ max" if quadratic else "2/λ max at A", _plain(here.border))
    rates = {"A": first.lr, "best": here.best_lr if quadratic else math.nan, "2/λ max": here.border}
    frame = rate_frame(rates)
    low, high = ruler_ends(frame)
    picture(
        rate_ruler,
        frame,
        low=low,
        high=high,
        border=here.border,
        alt=f"On an axis of learning rates: A has {first.lr:g}, and plain descent diverges above {here.border:.4g}.",
    )


def _tell(surface: Surface, standings: Standings, step: int) -> None:
    told = standings.diverged(step)
    quadratic = is_quadratic_everywhere(surface.function)
    first = standings.racers[0]
    for racer, run in zip(standings.racers, standings.runs, strict=True):
        turns = sharp_turns(run.iloc[: step + 1])
        if step > 1 and racer.kind in ("SGD", "momentum", "Nesterov") and len(told) < 3:
            told.append(
                f"{racer.letter} ({racer.kind}) turned back in {turns:,} of its {step - 1:,} turns"
                + (": it zigzags from one side of the valley to the other." if turns > 0.3 * step else ".")
            )
    here = _curvature(surface, float(standings.runs[0]["x"].iloc[step]), float(standings.runs[0]["y"].iloc[step]))
    if here and here.bowl and quadratic:
        lr, momentum = here.best_momentum
        told.append(
            f"The steepest direction curves {here.condition:.4g} times as much as the flattest (that is the condition "
            f"number). Plain descent does best with 2/(λ min + λ max) = {here.best_lr:.4g}: then each step leaves at worst "
            f"{here.factor(here.best_lr):.3f} of the distance. With {first.lr:g} it is {here.factor(first.lr):.3f}."
        )
        told.append(
            f"Momentum of {momentum:.3f} with the learning rate {lr:.4g} would leave about {math.sqrt(momentum):.3f} a "
            "step: the pushes across the valley cancel out, those along it add up."
            if momentum
            else "It curves the same in every direction, so momentum has nothing to even out."
        )
    elif here and not here.bowl:
        told.append(
            "Where A stands the surface curves downwards in at least one direction, so there is no minimum just here: "
            f"λ from {here.least:.3g} to {here.most:.3g}."
        )
    elif here:
        told.append(
            f"This surface is no quadratic: its curvature changes from place to place. Where A stands 2/λ max is "
            f"{here.border:.3g}; the learning rate {first.lr:g} is {'below' if first.lr < here.border else 'above'} it."
        )
    notice(*told)


def _plain(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "none"
