"""Regimes: four balls released together, each with its own learning rate, and named by rule with the reason in numbers."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import NAMES, choose_objective, script_of, survey_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import curve_window
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.over_steps import REGIME_LOOKS, over_steps, value_rows
from sgd_core.charts.palette import look
from sgd_core.charts.rates import axis_frame, regime_group, zones_picture
from sgd_core.descent.axis import suggest_rates
from sgd_core.descent.descend import descend
from sgd_core.descent.objective import Objective
from sgd_core.descent.regime_cases import CASES, FOUR_RATES, LETTERS, Case
from sgd_core.descent.regime_words import (
    NOBODY,
    SEVERAL,
    first_to_arrive,
    regime_counts,
    regime_numbers,
    steps_needed,
    tell_regimes,
)
from sgd_core.moments import moment_steps
from sgd_core.numbers import number

FLOOR, CEILING = 1e-6, 1e3  # how far the distance chart reaches, as multiples of the distance at the start


def regimes(page: Page) -> None:
    """Release four balls together."""
    with page.controls:
        objective = choose_objective(page)
        rates = [
            page.learning_rate(f"lr_{name}", default, label=f"Learning rate {name.upper()}")
            for name, default in zip(NAMES, FOUR_RATES, strict=True)
        ]
        with st.popover("Classical cases", icon=":material/bookmarks:", key=page.key("cases"), width="stretch"):
            _presets(page, objective)
    runs = descend(objective.function, start=objective.start, lr=rates, steps=objective.steps)
    named = survey_of(objective, tuple(rates))
    moments = moment_steps(objective.steps)
    with page.hero.container(key=page.key("four_two_by_two")):
        columns = st.columns(4, gap="small")
    pictures = [
        _panel(objective, runs[runs["run"] == place], named["regime"].iloc[place], LETTERS[place], moments, column)
        for place, column in enumerate(columns)
    ]
    pictures.append(_distances(objective, runs, named, moments))
    at = page.player(
        pictures,
        Moments(
            regime_numbers(runs, moments), run=(objective.function.formula, objective.start, objective.steps, *rates)
        ),
    )
    page.show(_zones(objective, rates), "zones")
    with page.beneath:
        told = _bet(page, objective, named) is not None or at == len(moments) - 1
    _reasons(page, named, told)
    page.notice(*tell_regimes(objective, named))
    page.table(
        runs.drop(columns="run").assign(ball=runs["run"].map(dict(enumerate(LETTERS)))), "History", file="regimes"
    )
    page.code(script_of(objective.function, objective.start, rates, objective.steps))


def _presets(page: Page, objective: Objective) -> None:
    def take(case: Case) -> None:
        page.set("function", CATALOGUE[case.function].title)
        page.set("start", case.start)
        page.set("steps", case.steps)
        _set_rates(page, case.rates)

    for title, case in CASES.items():
        key = page.key(f"preset_{title.lower().replace(' ', '_')}")
        st.button(title, on_click=take, args=(case,), key=key, width="stretch")
    st.button(
        "Find four for this function",
        icon=":material/tune:",
        on_click=lambda: _set_rates(page, suggest_rates(objective.function, objective.start, objective.steps)),
        key=page.key("suggest"),
        width="stretch",
    )


def _set_rates(page: Page, rates: tuple[float, ...]) -> None:
    for name, rate in zip(NAMES, rates, strict=True):
        page.set(f"lr_{name}", float(rate))


def _panel(
    objective: Objective, run: pd.DataFrame, regime: str, letter: str, moments: np.ndarray, column: object
) -> Picture:
    style, curve = look(regime), sample(objective.function)
    y_domain = curve_window(curve)
    column.markdown(f"**{letter}** :{style.name}[**{style.sign} {regime}**]")  # type: ignore[attr-defined]
    chart = descent_on_curve(
        descent_rows(curve, run, moments, y_domain),
        x_domain=objective.function.domain,
        y_domain=y_domain,
        color=style.color,
        height=130,
        x_title="",
        y_title="",
    )
    words = f"The path of ball {letter} on the curve of {objective.function.formula}; its name stands above."
    return Picture(chart, words, where=column)  # type: ignore[arg-type]


def _distances(objective: Objective, runs: pd.DataFrame, named: pd.DataFrame, moments: np.ndarray) -> Picture:
    """Draw the distance to the minimum, or the loss where there is none."""
    minimum, first = objective.minimum, objective.distance
    if minimum and first:
        values = (runs["x"] - minimum.x).abs()
        title, window = "distance to minimum", (first * FLOOR, first * CEILING)
    else:
        values = runs["loss"]
        title, window = "loss", curve_window(sample(objective.function))
    groups = regime_group([str(name) for name in named["regime"]])
    rows = [
        value_rows(value.to_numpy(), moments).assign(run=letter, regime=group)
        for letter, group, (_, value) in zip(LETTERS, groups, values.groupby(runs["run"]), strict=True)
    ]
    chart = over_steps(
        pd.concat(rows, ignore_index=True),
        last=objective.steps,
        y_domain=window,
        title=title,
        log=bool(minimum and first),
        dots=False,
        height=190,
        looks=REGIME_LOOKS,
    )
    return Picture(chart, f"The {title} of the four balls against the step.")


def _zones(objective: Objective, rates: list[float]) -> Picture:
    table = survey_of(objective)
    markers = list(zip(LETTERS, rates, strict=True))
    domain = (float(table["lr"].min()), float(table["lr"].max()))
    chart = zones_picture(axis_frame(table, None, borders=objective.borders, markers=markers), x_domain=domain)
    return Picture(
        chart,
        f"The zones of 64 learning rates from {number(domain[0])} to {number(domain[1])}: {regime_counts(table)}.",
        where="beneath",
    )


def _bet(page: Page, objective: Objective, named: pd.DataFrame) -> bool | None:
    answer, why = first_to_arrive(objective, named)
    return page.bet(
        "first",
        "Which ball comes within 1 % of the way first, and stays?",
        [*LETTERS, SEVERAL, NOBODY],
        answer,
        why,
        about=(objective.function.formula, objective.start, tuple(named["lr"])),
    )


def _reasons(page: Page, named: pd.DataFrame, told: bool) -> None:
    """Say below each ball how long it takes and why it has its name; how long only after the bet, or the run."""
    with page.below:
        for column, letter, (_, regime) in zip(st.columns(4, gap="medium"), LETTERS, named.iterrows(), strict=True):
            style = look(regime["regime"])
            column.metric(f"{letter}: steps to within 1 %", steps_needed(regime) if told else "?")
            column.markdown(f":{style.name}[**{style.sign} {regime['regime']}**]: {regime['reason']}")
        if not told:
            st.caption("Place your bet, or play to the end, to see how many steps each one needs.")
