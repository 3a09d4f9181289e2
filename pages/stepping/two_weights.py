"""Two weights: a landscape from above, and what momentum does in a narrow valley."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.stepping.landscape import OTHERS, choose_surface, seen_from_above
from pages.stepping.optimizer_choice import choose_racers
from pages.stepping.start import choose_loss_axis
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.charts.loss_axis import LOGARITHMIC, loss_axis
from sgd_core.charts.momentum import map_axes, map_rows, middles, momentum_map
from sgd_core.charts.palette import RACERS
from sgd_core.charts.surface import levels, surface_picture, surface_rows
from sgd_core.descent.bottom import Bottom, bottom_of, heights_of, lowest_known, range_of
from sgd_core.descent.one_weight import MOST_STEPS
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.pairs import proposed_runs
from sgd_core.descent.quadratic import convergence_rates
from sgd_core.descent.race_words import lowest_loss_bet, race_numbers, race_table
from sgd_core.descent.racers import Racer
from sgd_core.descent.ranking import Ranking
from sgd_core.descent.surfaces import VARIABLES, walk_surface
from sgd_core.descent.two_weights_words import curvature_numbers, tell_curvature, tell_picture, tell_two_weights
from sgd_core.export.descent import walk_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number


def two_weights(page: Page) -> None:
    """Walk down a function of two weights."""
    with page.controls:
        surface = choose_surface(page)
    (left, right), (bottom_y, top_y) = surface.x_domain, surface.y_domain
    (lr, momentum), others = proposed_runs(surface)
    with page.controls:
        lr = page.learning_rate("two_a_lr", lr, label="Learning rate of A")
        momentum = page.slider("two_a_momentum", "Momentum of A", 0.0, 0.99, momentum, 0.001, format="%.3f")
    with page.more("Start, steps, and the other runs", icon=":material/tune:"):
        one, two, three = st.columns([2, 3, 3], gap="medium")
        with one:
            x = page.number("x", "Start, the first x", left, right, surface.start[0], step=(right - left) / 100)
            y = page.number("y", "Start, the first y", bottom_y, top_y, surface.start[1], step=(top_y - bottom_y) / 100)
        with two:
            steps = page.whole("two_steps", "Steps", 1, MOST_STEPS, 100)
            many = page.whole("two_runs", "Runs", 1, 6, 3)
            axes = choose_loss_axis(page, "two_", LOGARITHMIC)
        with three:
            racers = [
                Racer("A", Optimizer("sgd", momentum=momentum), lr, RACERS["A"].name),
                *choose_racers(page, "two", others[: many - 1], OTHERS[: many - 1]),
            ]
    optimizers = tuple(racer.optimizer for racer in racers)
    runs = walk_surface(surface.function, (x, y), tuple(racer.lr for racer in racers), steps, optimizers)
    bottom = bottom_of(surface, (x, y))
    goals = surface.minima or ([(bottom.x, bottom.y)] if bottom else [])
    ranking = Ranking(racers, runs, list(VARIABLES), *goals)
    moments = moment_steps(steps)
    heights = heights_of(surface.function, surface.x_domain, surface.y_domain)
    axis = loss_axis(axes, list(ranking.losses.values()), lowest_known(surface, heights, runs), range_of(heights))
    window: dict[str, Any] = {"x_domain": surface.x_domain, "y_domain": surface.y_domain}
    url = seen_from_above(surface.function, surface.x_domain, surface.y_domain)
    frame = surface_rows(ranking.paths, moments, minima=surface.minima, **window)
    losses = axis.picture(ranking.losses, moments, dots=False, height=190)
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
        Moments(race_numbers(ranking, moments), run=about),
        name="two",
    )
    step = int(moments[at])
    with page.controls:
        if len(racers) > 1:
            page.bet("two", *lowest_loss_bet(ranking), about=about)
    with page.below:
        st.markdown(race_table(ranking, step))
        st.caption(tell_picture(surface, heights, lowest_known(surface, heights, []), levels(heights)))
    page.notice(*tell_two_weights(surface, bottom, ranking, step))
    if bottom:
        with page.opened(f"Why {number(bottom.curvature.border)}?", ":material/help:", "why") as opened:
            if opened:
                _why(bottom, momentum)
    columns = ["x", "y", "gradient_x", "gradient_y", "update_x", "update_y"]
    history = ranking.history(step, {name: name.replace("_", " ") for name in columns})
    page.table(history, "History of all runs", file="two_weights")
    code = [(racer.title, racer.torch_code) for racer in racers]
    page.code(walk_script(surface.function.torch_code, start=(x, y), runs=code, steps=steps, variables=VARIABLES))


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
    marked = {racer.letter: (racer.lr, racer.heavy_ball) for racer in racers if racer.heavy_ball is not None}

    def take(picked: dict[str, Any]) -> None:
        page.set("two_a_lr", float(picked["lr"]))
        page.set("two_a_momentum", float(picked["momentum"]))

    return Picture(
        momentum_map(
            map_rows(lrs, momenta, rates),
            eigenvalues=[curvature.least, curvature.most],
            best=curvature.best_momentum,
            runs=marked,
        ),
        "Learning rates across, momenta upwards, the bluer the faster; red diverges. A click sets both for A.",
        on_pick=take,
        where="beside",
    )


def _why(bottom: Bottom, momentum: float) -> None:
    """Show the eigenvalues, the condition number, and what follows from them."""
    for column, (label, value) in zip(st.columns(4), curvature_numbers(bottom).items(), strict=True):
        column.metric(label, value)
    st.markdown(tell_curvature(bottom.curvature, momentum))
    if not bottom.quadratic:
        st.caption("This surface curves differently from place to place, so these numbers hold near the minimum only.")
