"""Two weights: a landscape from above, and what momentum does in a narrow valley."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.stepping.landscape import OTHERS, choose_surface, proposed, seen_from_above
from pages.stepping.optimizer_choice import Racer, choose_racers
from pages.stepping.ranking import Ranking
from pages.stepping.start import choose_loss_axis
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.formula import Function
from sgd_core.charts.loss_axis import LOGARITHMIC, loss_axis
from sgd_core.charts.momentum import map_axes, map_rows, middles, momentum_map
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.surface import levels, surface_picture, surface_rows
from sgd_core.descent.bottom import Bottom, bottom_of, curvature_here, heights_of, lowest_known, range_of
from sgd_core.descent.one_weight import MOST_STEPS
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.quadratic import Curvature, convergence_rates
from sgd_core.descent.surfaces import VARIABLES, Surface, descend_surface, sharp_turns
from sgd_core.export.descent import walk_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number


def two_weights(page: Page) -> None:
    """Walk down a function of two weights."""
    with page.controls:
        surface = choose_surface(page)
    (left, right), (bottom_y, top_y) = surface.x_domain, surface.y_domain
    (lr, momentum), others = proposed(surface)
    with page.controls:
        lr = page.learning_rate("two_a_lr", lr, label="Learning rate of A")
        momentum = page.slider("two_a_momentum", "Momentum of A", 0.0, 0.99, momentum, 0.001, format="%.3f")
    with page.more("Start, steps, and the other runs", icon=":material/tune:"):
        one, two, three = st.columns([1, 1, 2], gap="medium")
        with one:
            x = page.number("x", "Start, the first x", left, right, surface.start[0], step=(right - left) / 100)
            y = page.number("y", "Start, the first y", bottom_y, top_y, surface.start[1], step=(top_y - bottom_y) / 100)
        with two:
            steps = page.whole("two_steps", "Steps", 1, MOST_STEPS, 100)
            many = page.whole("two_runs", "Runs", 1, 6, 3)
            axes = choose_loss_axis(page, "two_", LOGARITHMIC)
        with three:
            racers = [
                Racer("A", Optimizer("sgd", momentum=momentum), lr),
                *choose_racers(page, "two", others[: many - 1], OTHERS[: many - 1]),
            ]
    runs = _walk(surface.function, (x, y), tuple(r.lr for r in racers), steps, tuple(r.optimizer for r in racers))
    bottom = bottom_of(surface, (x, y))
    goals = surface.minima or ([(bottom.x, bottom.y)] if bottom else [])
    ranking = Ranking(racers, runs, list(VARIABLES), *goals)
    moments = moment_steps(steps)
    heights = heights_of(surface.function, surface.x_domain, surface.y_domain)
    axis = loss_axis(axes, list(ranking.losses.values()), lowest_known(surface, heights, runs), range_of(heights))
    window: dict[str, Any] = {"x_domain": surface.x_domain, "y_domain": surface.y_domain}
    url = seen_from_above(surface.function, surface.x_domain, surface.y_domain)
    frame = surface_rows(ranking.paths, moments, minima=surface.minima, **window)
    losses = over_steps(
        axis.rows(ranking.losses, moments),
        last=steps,
        y_domain=axis.domain,
        title=axis.title,
        log=axis.log,
        log_steps=axis.log_steps,
        dots=False,
        height=190,
    )
    if bottom:
        page.show(_map(page, bottom, racers), "momentum_map")
    about = (surface.formula, x, y, steps, tuple(racers))
    at = page.player(
        [
            Picture(
                surface_picture(frame, url=url, pick=True, height=390, **window),
                f"{surface.title} from above with the paths of {len(racers)} runs. A click starts there.",
                on_pick=_start_there(page),
            ),
            Picture(losses, f"Loss against step for {len(racers)} runs.", where="beneath"),
        ],
        Moments(ranking.numbers(moments), run=about),
        name="two",
    )
    step = int(moments[at])
    with page.controls:
        _bet(page, ranking, about)
    with page.below:
        st.markdown(ranking.table(step))
        st.caption(_legend(surface, heights, lowest_known(surface, heights, [])))
    page.notice(*_tell(surface, bottom, ranking, step))
    if bottom:
        with page.more(f"Why {number(bottom.curvature.border)}?", icon=":material/help:"):
            _why(bottom, racers[0])
    columns = ["x", "y", "gradient_x", "gradient_y", "update_x", "update_y"]
    history = ranking.history(step, {name: name.replace("_", " ") for name in columns})
    page.table(history, "History of all runs", file="two_weights")
    code = [(racer.title, racer.torch_code) for racer in racers]
    page.code(walk_script(surface.function.torch_code, start=(x, y), runs=code, steps=steps, variables=VARIABLES))


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


def _start_there(page: Page) -> Callable[[dict[str, Any]], None]:
    def take(picked: dict[str, Any]) -> None:
        page.set("x", picked["x"])
        page.set("y", picked["y"])

    return take


def _map(page: Page, bottom: Bottom, racers: list[Racer]) -> Picture:
    """Return the map of learning rates and momenta, coloured by how fast they converge at the minimum."""
    curvature = bottom.curvature
    lrs, momenta = map_axes(curvature.least, curvature.most)
    rates = convergence_rates(middles(lrs, log=True), middles(momenta), [curvature.least, curvature.most])
    plain = {
        racer.letter: (racer.lr, float(racer.optimizer.options["momentum"]))
        for racer in racers
        if racer.optimizer.name == "sgd"
    }

    def take(picked: dict[str, Any]) -> None:
        page.set("two_a_lr", float(picked["lr"]))
        page.set("two_a_momentum", float(picked["momentum"]))

    return Picture(
        momentum_map(
            map_rows(lrs, momenta, rates),
            eigenvalues=[curvature.least, curvature.most],
            best=curvature.best_momentum,
            runs=plain,
        ),
        "Learning rates across, momenta upwards, the bluer the faster; red diverges. A click sets both for A.",
        on_pick=take,
        where="beside",
    )


def _legend(surface: Surface, heights: np.ndarray, lowest: float) -> str:
    marks = levels(heights)
    holes = " Empty places have no value." if np.isnan(heights).any() else ""
    crosses = " The crosses are the lowest points." if len(surface.minima) > 1 else ""
    cross = " The cross is the lowest point." if len(surface.minima) == 1 else ""
    size = float(marks[-1] - marks[0])
    return (
        f"{surface.lesson} The bluer, the higher: from {number(lowest, 3, scale=size)} to {number(marks[-1], 3)}. On a line "
        f"the loss is the same all along.{cross}{crosses}{holes} Click to start somewhere else."
    )


def _bet(page: Page, ranking: Ranking, about: Any) -> None:
    if len(ranking.racers) < 2:
        return
    last = ranking.steps
    losses = [
        math.inf if ranking.gone(i, last) else float(run["loss"].iloc[last]) for i, run in enumerate(ranking.runs)
    ]
    best = min(range(len(losses)), key=losses.__getitem__)
    said = ", ".join(f"{racer.letter} {ranking.said(i, last)}" for i, racer in enumerate(ranking.racers))
    page.bet(
        "two",
        f"After {last:,} steps, which run has the lowest loss?",
        ranking.letters,
        ranking.racers[best].letter,
        f"the losses will be {said}.",
        about=about,
    )


def _tell(surface: Surface, bottom: Bottom | None, ranking: Ranking, step: int) -> list[str]:
    told = ranking.diverged(step)
    if step == 0 and bottom:
        told += _forecast(bottom, ranking.racers)
    for racer, run, since in zip(ranking.racers, ranking.runs, ranking.arrived, strict=True):
        arrived = since if since is not None and since <= step else None
        told += _path(racer, run.iloc[: step + 1], arrived) if step > 1 and len(told) < 4 else []
    here = curvature_here(surface, *(float(ranking.runs[0][name].iloc[step]) for name in VARIABLES))
    if here is not None and not (bottom and bottom.quadratic):
        told.append(f"Where A stands: {here.words}{_just_here(here, ranking.racers[0].lr)}")
    return told


def _forecast(bottom: Bottom, racers: list[Racer]) -> list[str]:
    """Say what the numbers at the minimum promise, before anything has moved."""
    curvature = bottom.curvature
    told = []
    for racer in racers[:3]:
        if racer.optimizer.name != "sgd":
            continue
        beta = float(racer.optimizer.options["momentum"])
        nesterov = bool(racer.optimizer.options["nesterov"])
        ends = [curvature.least, curvature.most]
        rate = float(convergence_rates([racer.lr], [min(beta, 1.0)], ends, nesterov=nesterov)[0, 0])
        where = "" if bottom.quadratic else "near the minimum, "
        what = (
            f"each step leaves about {number(rate, 3)} of the distance"
            if rate < 1
            else "the distance grows: it is beyond the border"
        )
        told.append(f"{racer.mark}, {racer.name}: in the long run, {where}{what}.")
    return told


def _path(racer: Racer, seen: pd.DataFrame, arrived: int | None) -> list[str]:
    turns, steps = sharp_turns(seen), len(seen) - 1
    if (seen["status"] == "diverged").any():
        return []
    if arrived is not None:
        swings = " It swung across the valley, too, but the swings died out." if turns > 0.3 * arrived else ""
        return [f"{racer.mark} stays within 1 % of the way from step {arrived:,} on.{swings}"]
    if turns > 0.5 * steps:
        return [f"{racer.mark} turned back in {turns:,} of its {steps - 1:,} turns: it **zigzags** across the valley."]
    lengths = np.hypot(seen["update_x"], seen["update_y"]).to_numpy()
    if turns == 0 and lengths[-1] > 0.3 * lengths[max(len(lengths) - 20, 1)] and steps > 20:
        return [f"{racer.mark} never turned back and still takes steps of {number(lengths[-1], 3)}: it **crawls**."]
    return [f"{racer.mark} turned back in {turns:,} of its {steps - 1:,} turns."]


def _just_here(here: Curvature, lr: float) -> str:
    if not math.isfinite(here.border):
        return " No learning rate is too high just here."
    side = "below" if lr < here.border else "above"
    return f" Just here 2/λ max is {number(here.border, 3)}, and A's learning rate {number(lr)} is {side} it."


def _why(bottom: Bottom, first: Racer) -> None:
    """Show the eigenvalues, the condition number, and what follows from them."""
    curvature = bottom.curvature
    lr, momentum = curvature.best_momentum
    place = "" if bottom.quadratic else " at the minimum"
    columns = st.columns(4)
    for column, (label, value) in zip(
        columns,
        (
            (f"λ min{place}", curvature.least),
            (f"λ max{place}", curvature.most),
            ("Condition number", curvature.condition),
            ("Border 2/λ max", curvature.border),
        ),
        strict=True,
    ):
        column.metric(label, number(value))
    beta = float(first.optimizer.options["momentum"])
    st.markdown(
        f"λ says how strongly the loss curves: {number(curvature.least)} along the valley, {number(curvature.most)} across "
        "it. A plain step multiplies the distance in such a direction by 1 − learning rate × λ. It shrinks as long as the "
        f"learning rate is below 2/λ max = **{number(curvature.border)}**. The condition number is λ max / λ min.\n\n"
        f"Plain descent does best with 2/(λ min + λ max) = {number(curvature.best_lr)}: each step then leaves at worst "
        f"{number(curvature.factor(curvature.best_lr), 3)} of the distance.\n\n"
        f"With a momentum of β the border moves to 2 (1 + β)/λ max: with β = {number(beta)} it is "
        f"{number(curvature.border_with(beta))}. The best pair is a learning rate of {number(lr)} with a momentum of "
        f"{number(momentum, 3)}: it leaves about {number(math.sqrt(momentum), 3)} a step. The pushes across the valley cancel "
        "out, those along it add up."
        if momentum
        else "It curves the same in every direction, so momentum has nothing to even out."
    )
    if not bottom.quadratic:
        st.caption("This surface curves differently from place to place, so these numbers hold near the minimum only.")
