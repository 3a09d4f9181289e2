"""Regimes: four balls released together, each with its own learning rate, and named by rule with the reason in numbers."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DEFAULTS, NAMES, Objective, choose_objective, steps_of, survey_of
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.over_steps import REGIME_LOOKS, drawn_steps, over_steps
from sgd_core.charts.palette import look
from sgd_core.charts.rates import axis_frame, regime_group, zones_picture
from sgd_core.descent.axis import PATIENCE, suggest_rates
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, TOO_LOW
from sgd_core.export.descent import descent_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number

LETTERS = [name.upper() for name in NAMES]
NOBODY = "nobody"
FLOOR, CEILING = 1e-6, 1e3  # how far the distance chart reaches, as multiples of the distance at the start


class Preset(NamedTuple):
    """A classical case: the catalogue's function, the start, the steps, the four learning rates."""

    function: str
    start: float
    steps: int
    rates: tuple[float, float, float, float]


PRESETS = {
    "The four regimes": Preset("quadratic", -1.5, 30, DEFAULTS),
    "At the borders": Preset("quadratic", -1.5, 30, (0.45, 0.5, 1.0, 1.001)),
    "Ten times steeper": Preset("steep", -1.5, 30, (0.002, 0.03, 0.095, 0.105)),
    "A kink": Preset("kink", -1.5, 30, (0.01, 0.1, 0.5, 1.2)),
    "Two valleys": Preset("two_valleys", 2.0, 30, (0.01, 0.15, 0.45, 0.8)),
    "Plateau": Preset("plateau", -2.0, 30, (0.1, 1.0, 3.0, 30.0)),
}


def regimes(page: Page) -> None:
    """Release four balls together."""
    with page.controls:
        objective = choose_objective(page)
        rates = [
            page.learning_rate(f"lr_{name}", default, label=f"Learning rate {name.upper()}")
            for name, default in zip(NAMES, DEFAULTS, strict=True)
        ]
        with st.popover("Classical cases", icon=":material/bookmarks:", key=page.key("cases"), width="stretch"):
            _presets(page, objective)
    runs = descend(objective.function, start=objective.start, lr=rates, steps=objective.steps)
    named = survey_of(objective.function, objective.start, objective.steps, tuple(rates))
    moments = moment_steps(objective.steps)
    with page.hero.container(key=page.key("four_two_by_two")):
        columns = st.columns(4, gap="small")
    pictures = [
        _panel(objective, runs[runs["run"] == place], named.iloc[place], LETTERS[place], moments, column)
        for place, column in enumerate(columns)
    ]
    pictures.append(_distances(objective, runs, named, moments))
    at = page.player(
        pictures,
        Moments(_numbers(runs, moments), run=(objective.function.formula, objective.start, objective.steps, *rates)),
    )
    page.show(_zones(objective, rates), "zones")
    with page.beneath:
        told = _bet(page, objective, named) is not None or at == len(moments) - 1
    _reasons(page, named, told)
    page.notice(*_tell(objective, named))
    page.table(
        runs.drop(columns="run").assign(ball=runs["run"].map(dict(enumerate(LETTERS)))), "History", file="regimes"
    )
    page.code(
        descent_script(
            objective.function.torch_code,
            start=objective.start,
            lrs=rates,
            steps=objective.steps,
            optimizer=Optimizer("sgd").torch_code("[w]", "lr"),
        )
    )


def _presets(page: Page, objective: Objective) -> None:
    def take(preset: Preset) -> None:
        page.set("function", CATALOGUE[preset.function].title)
        page.set("start", preset.start)
        page.set("steps", preset.steps)
        _set_rates(page, preset.rates)

    for title, preset in PRESETS.items():
        key = page.key(f"preset_{title.lower().replace(' ', '_')}")
        st.button(title, on_click=take, args=(preset,), key=key, width="stretch")
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
    objective: Objective, run: pd.DataFrame, regime: pd.Series, letter: str, moments: np.ndarray, column: object
) -> Picture:
    style = look(regime["regime"])
    column.markdown(f"**{letter}** :{style.name}[**{style.sign} {regime['regime']}**]")  # type: ignore[attr-defined]
    chart = descent_on_curve(
        descent_rows(objective.curve, run, moments, objective.y_domain),
        x_domain=objective.function.domain,
        y_domain=objective.y_domain,
        color=style.color,
        height=130,
        x_title="",
        y_title="",
    )
    words = f"The path of ball {letter} on the curve of {objective.function.formula}; its name stands above."
    return Picture(chart, words, where=column)  # type: ignore[arg-type]


def _distances(objective: Objective, runs: pd.DataFrame, named: pd.DataFrame, moments: np.ndarray) -> Picture:
    """Draw the distance to the minimum, or the loss where there is none."""
    minimum = objective.minimum
    first = abs(objective.start - minimum.x) if minimum else 0.0
    if minimum is None or first == 0:
        title, log, window = "loss", False, objective.y_domain
    else:
        title, log, window = "distance to minimum", True, (first * FLOOR, first * CEILING)
    rows = []
    for place, letter in enumerate(LETTERS):
        run = runs[runs["run"] == place]
        value = (run["x"] - minimum.x).abs().to_numpy() if minimum and log else run["loss"].to_numpy()
        kept = drawn_steps([value], moments)
        regime = str(named["regime"].iloc[place])
        frame = kept.assign(value=value[kept["step"]], now=kept["step"].isin(moments), run=letter)
        rows.append(frame.assign(regime=regime_group([regime])[0])[np.isfinite(frame["value"])])
    chart = over_steps(
        pd.concat(rows, ignore_index=True),
        last=objective.steps,
        y_domain=window,
        title=title,
        log=log,
        dots=False,
        height=190,
        looks=REGIME_LOOKS,
    )
    return Picture(chart, f"The {title} of the four balls against the step.")


def _zones(objective: Objective, rates: list[float]) -> Picture:
    table = survey_of(objective.function, objective.start, objective.steps)
    markers = list(zip(LETTERS, rates, strict=True))
    domain = (float(table["lr"].min()), float(table["lr"].max()))
    chart = zones_picture(axis_frame(table, None, borders=objective.borders, markers=markers), x_domain=domain)
    counts = ", ".join(f"{count} {name}" for name, count in table["regime"].value_counts().items())
    return Picture(
        chart,
        f"The zones of 64 learning rates from {number(domain[0])} to {number(domain[1])}: {counts}.",
        where="beneath",
    )


def _numbers(runs: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    columns = {"step": [number(int(step)) for step in moments]}
    for place, letter in enumerate(LETTERS):
        columns[f"w of {letter}"] = [number(x) for x in runs[runs["run"] == place]["x"].to_numpy()[moments]]
    return pd.DataFrame(columns)


def _bet(page: Page, objective: Objective, named: pd.DataFrame) -> bool | None:
    needed = named["needed"].to_numpy()
    arrived = np.flatnonzero(np.isfinite(needed))
    first = arrived[needed[arrived] == needed[arrived].min()] if arrived.size else arrived
    answer = "several at once" if len(first) > 1 else LETTERS[first[0]] if len(first) else NOBODY
    why = (
        ", ".join(f"{letter} {_needed(row)}" for letter, (_, row) in zip(LETTERS, named.iterrows(), strict=True))
        + ", in steps to within 1 % of the minimum."
    )
    about = (objective.function.formula, objective.start, tuple(named["lr"]))
    return page.bet(
        "first",
        "Which ball comes within 1 % of the way first, and stays?",
        [*LETTERS, "several at once", NOBODY],
        answer,
        why,
        about=about,
    )


def _needed(regime: pd.Series) -> str:
    if math.isfinite(regime["needed"]):
        return number(int(regime["needed"]))
    return "never" if regime["regime"] == DIVERGING else f"not in {number(PATIENCE)}"


def _reasons(page: Page, named: pd.DataFrame, told: bool) -> None:
    """Say below each ball how long it takes and why it has its name; how long only after the bet, or the run."""
    with page.below:
        for column, letter, (_, regime) in zip(st.columns(4, gap="medium"), LETTERS, named.iterrows(), strict=True):
            style = look(regime["regime"])
            column.metric(f"{letter}: steps to within 1 %", _needed(regime) if told else "?")
            column.markdown(f":{style.name}[**{style.sign} {regime['regime']}**]: {regime['reason']}")
        if not told:
            st.caption("Place your bet, or play to the end, to see how many steps each one needs.")


def _tell(objective: Objective, named: pd.DataFrame) -> list[str]:
    sentences = []
    minimum = objective.minimum
    if minimum is None:
        sentences.append(
            f"Downhill from w = {number(objective.start)} the loss has no lowest point, so no ball can arrive."
        )
    elif minimum.borders is None:
        sentences.append(
            f"At the minimum, w = {number(minimum.x)}, the second derivative is {number(minimum.curvature, 3)}: it sets no "
            "border, and what a learning rate does depends on where it starts."
        )
    else:
        a, (one, two) = minimum.curvature, minimum.borders
        how = "The curvature is the same everywhere, so this is exact" if minimum.quadratic else "This holds near w"
        near = "" if minimum.quadratic else f" = {number(minimum.x)} only, since the function is no parabola"
        sentences.append(
            f"The second derivative at the minimum is a = {number(a)}. Each step multiplies the distance to it by 1 − learning "
            f"rate × {number(a)}: straight down below 1/a = {number(one)}, bouncing up to 2/a = {number(two)}, diverging "
            f"above. {how}{near}."
        )
    slow, wild = (named[named["regime"] == name] for name in (TOO_LOW, DIVERGING))
    bouncing = named[(named["regime"] == BOUNCING) & named["needed"].notna()]
    if not slow.empty and math.isfinite(slow["needed"].iloc[0]):
        sentences.append(
            f"Too low is safe but dear: {number(slow['lr'].iloc[0])} needs {steps_of(int(slow['needed'].iloc[0]))} to come within 1 %."
        )
    if not bouncing.empty:
        sentences.append(
            f"Bouncing is not diverging: {number(bouncing['lr'].iloc[0])} leaps across the minimum and still comes within "
            f"1 % in {steps_of(int(bouncing['needed'].iloc[0]))}."
        )
    if not wild.empty:
        sentences.append(
            f"Nothing is clipped: with {number(wild['lr'].iloc[0])} the loss after {steps_of(objective.steps)} is "
            f"{number(wild['loss'].iloc[0], 3)}. Left alone, such a run ends in inf and NaN; the program is not broken, the "
            "steps are too long."
        )
    if len(set(named["regime"])) == 1:
        sentences.append(
            f"All four are {named['regime'].iloc[0]} now; move one slider far enough and its name changes."
        )
    return sentences
