"""Edge of stability: sharpness climbs to the border and stays there; flows and warm-up beside it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.beyond.digits import PAIR, choose_digits, pair_task
from pages.beyond.paper import paper_check
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.beyond.edge import EdgeMoment, EdgeSettings
from sgd_core.beyond.edge_beside import (
    ALONE,
    BORDERS,
    CENTRAL,
    FLOW,
    GUESSES,
    RULES,
    WARM,
    Pair,
    edge_answer,
    edge_checks,
    edge_numbers,
    edge_table,
    others,
    own,
    run_and_beside,
    tell_edge,
    with_warmup,
)
from sgd_core.beyond.flow import FlowMoment
from sgd_core.beyond.tasks import Task, chebyshev_task
from sgd_core.charts.palette import QUIET
from sgd_core.charts.series import (
    DASHED,
    DOTTED,
    SOLID,
    A,
    B,
    C,
    D,
    border_rows,
    decades,
    moment_rows,
    named_lines,
    run_rows,
)
from sgd_core.export.beyond import chebyshev_script, digits_edge_script
from sgd_core.numbers import number
from sgd_core.recording import Recording

EVERY = 10
CURVE, DIGITS = "a curve", "digits"


@st.cache_resource(show_spinner=False)
def curve_task() -> Task:
    """Return the task of fitting a Chebyshev polynomial."""
    return chebyshev_task()


def edge(page: Page) -> None:
    """Follow full-batch descent and its three largest eigenvalues."""
    with page.controls:
        what = page.segments("edge_task", "Learn", [CURVE, DIGITS], CURVE)
        dataset = choose_digits(page)[0] if what == DIGITS else ""
        rule = page.segments("edge_rule", "Steps", list(RULES), "plain", help="Momentum and Nesterov with β = 0.5.")
        lr = page.learning_rate("edge_lr", 0.1, low=1e-3, high=1.0)
        beside = page.choice("edge_beside", "Beside it", [ALONE, FLOW, CENTRAL, WARM], ALONE)
        steps = page.whole("edge_steps", "Steps", 100, 5000, 1000)
        timed = page.toggle(
            "edge_time", "Count lr × steps", False, help="What the axis shows: steps, or the way in time."
        )
    task = pair_task(dataset, 30) if dataset else curve_task()
    momentum, nesterov = RULES[rule]
    if beside == CENTRAL and momentum:
        st.caption("The central flow here is that of plain steps, so it is not drawn beside momentum.")
        beside = ALONE
    steps = steps // EVERY * EVERY
    settings = EdgeSettings(lr=lr, steps=steps, momentum=momentum, nesterov=nesterov, every=EVERY)
    name = ("edge", what, dataset, settings, beside)
    last = steps // EVERY
    run = page.recording(name, lambda: Recording(run_and_beside(task, settings, beside), last), ahead=3)
    if run.error or not run.moments:
        st.error(f"This run cannot be followed: {run.error}")
        return
    at = page.live(
        lambda: Shown(
            _pictures(run.moments, settings, beside, timed),
            Moments(edge_numbers(run.moments, beside), recording=run, last=last, keep=False),
        ),
        words=Words("Train", "Train again", "Step"),
    )
    shown = run.moments[: at + 1]
    with page.below:
        page.bet(
            "edge",
            "What will the sharpness, the largest bend of the loss, do while the network learns?",
            GUESSES,
            *edge_answer(run.moments, settings),
            about=name,
            known=run.ended,
        )
    paper_check(page, *edge_checks(shown, beside, BORDERS[rule]))
    page.notice(*tell_edge(shown, settings, beside, BORDERS[rule]))
    page.table(edge_table(shown), "Loss and eigenvalues, moment by moment", file="edge")
    runs = [settings, with_warmup(settings)] if beside == WARM else [settings]
    page.code(digits_edge_script(dataset, PAIR, runs, hidden=30) if dataset else chebyshev_script(runs))


def _pictures(moments: Sequence[Pair], settings: EdgeSettings, beside: str, timed: bool) -> list[Picture]:
    run, other = own(moments), others(moments)
    unit = settings.lr if timed else 1.0
    last, x_title = settings.steps * unit, "lr × step" if timed else "step"
    first, border = run[0], settings.border_at(settings.steps)
    steps = [one.step for one in run]
    sharp = [moment_rows(steps, [one.eigenvalues[k] for one in run], f"λ{k + 1}") for k in (2, 1, 0)]
    losses = [run_rows([one.losses for one in run], steps, "loss")]
    lines = {"λ1": (A, SOLID), "λ2": (D, SOLID), "λ3": (QUIET, SOLID), "border": (B, DASHED)}
    curves = {"loss": (A, SOLID)}
    sharp.append(border_rows([0, settings.steps], [border, border], "border"))
    if other:
        theirs = [two.step for two in other]
        lines[f"λ1, {beside}"] = (C, DOTTED)
        sharp.append(moment_rows(theirs, [float(two.eigenvalues[0]) for two in other], f"λ1, {beside}"))
        curves[f"loss, {beside}"] = (C, DOTTED)
        if beside == WARM:
            warm = with_warmup(settings)
            grid = [0, *range(1, warm.warmup + 1), settings.steps]
            lines["border, warm-up"] = (C, DASHED)
            sharp.append(border_rows(grid, [warm.border_at(step) for step in grid], "border, warm-up"))
            each = [two.losses for two in other if isinstance(two, EdgeMoment)]
            losses.append(run_rows(each, theirs, f"loss, {beside}"))
        else:
            losses.append(moment_rows(theirs, [two.loss for two in other], f"loss, {beside}"))
        if beside == CENTRAL:
            curves["predicted average"] = (B, DASHED)
            predicted = [two.predicted for two in other if isinstance(two, FlowMoment)]
            losses.append(moment_rows(theirs, predicted, "predicted average"))
    frames = [pd.concat(rows) for rows in (sharp, losses)]
    for frame in frames:
        frame["step"] = frame["step"] * unit
    top = 1.8 * max(border, min(first.sharpness, 2 * border))
    return [
        Picture(
            named_lines(
                frames[0], lines, last=last, y_domain=(0.0, top), title="eigenvalues λ", x_title=None, height=210
            ),
            f"The three largest eigenvalues of the Hessian, {number(first.sharpness, 3)} at the start; border {number(border, 3)}.",
        ),
        Picture(
            named_lines(
                frames[1],
                curves,
                last=last,
                y_domain=decades(first.loss / 3000, first.loss * 3),
                title="loss",
                x_title=x_title,
                log=True,
                legend=list(curves)[1:],
                height=160,
            ),
            f"Loss against {x_title}, {number(first.loss, 3)} at the start.",
        ),
    ]
