"""The whole axis: 64 learning rates over six decades at once, their regimes, and the borders theory puts in."""

from typing import Any

import numpy as np
import pandas as pd

from pages.pitfalls.settings import DEFAULTS, NAMES, Objective, choose_objective, four_rates, steps_of, survey_of
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.palette import look
from sgd_core.charts.rates import axis_frame, axis_picture, legend
from sgd_core.descent.axis import PATIENCE
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regime_names import BOUNCING, GOOD, TOO_LOW
from sgd_core.descent.regimes import ARRIVED
from sgd_core.export.descent import descent_script
from sgd_core.numbers import number

LEFT = (1e-8, 1e4)  # the window of what is left of the gap; beyond it are arrows


def axis(page: Page) -> None:
    """Show what becomes of every learning rate."""
    with page.controls:
        objective = choose_objective(page)
        letters = [name.upper() for name in NAMES]
        picked = page.segments("marker", "Marker that a click moves", letters, "B")
        place = letters.index(picked)
        rate = page.learning_rate(f"lr_{NAMES[place]}", DEFAULTS[place], label=f"Learning rate {picked}")
    table = survey_of(objective.function, objective.start, objective.steps)
    own = survey_of(objective.function, objective.start, objective.steps, (rate,)).iloc[0]
    style = look(own["regime"])
    page.controls.markdown(
        f"**{picked} = {number(rate)}**, :{style.name}[**{style.sign} {own['regime']}**]: {own['reason']}"
    )
    for name, picture in _pictures(page, objective, table, picked).items():
        page.show(picture, name)
    page.hero.markdown(legend(list(table["regime"])) + "  \n:small[↑ ↓: beyond the picture]")
    page.notice(*_tell(objective, table))
    page.table(table, "All 64 learning rates", file="learning-rates")
    page.code(
        descent_script(
            objective.function.torch_code,
            start=objective.start,
            lrs=[float(lr) for lr in table["lr"]],
            steps=objective.steps,
            optimizer=Optimizer("sgd").torch_code("[w]", "lr"),
        )
    )


def _pictures(page: Page, objective: Objective, table: pd.DataFrame, picked: str) -> dict[str, Picture]:
    def move(point: dict[str, Any]) -> None:
        page.set(f"lr_{picked.lower()}", float(f"{point['lr']:.4g}"))

    x_domain = (float(table["lr"].min()), float(table["lr"].max()))
    markers = [(name.upper(), rate) for name, rate in zip(NAMES, four_rates(page), strict=True)]
    found = objective.minimum is not None
    finite = table["loss"].replace([np.inf, -np.inf], np.nan).abs()
    window = (
        LEFT if found else (max(1e-12, float(finite.min()) / 2 or 1e-12), min(1e12, max(float(finite.max()), 1.0) * 2))
    )
    said = ", ".join(f"{count} {name}" for name, count in table["regime"].value_counts().items())
    after = f"after {steps_of(objective.steps)}"
    lines: dict[str, Any] = {"borders": objective.borders, "markers": markers}
    pictures = {
        "axis": Picture(
            axis_picture(
                axis_frame(table, "left" if found else "loss", y_domain=window, **lines),
                x_domain=x_domain,
                y_domain=window,
                y_title=f"left {after}" if found else f"loss {after}",
                level=ARRIVED if found else None,
                level_name="1 % of the way down",
                height=250,
                pick=True,
            ),
            f"What is left {after} against the learning rate, {number(x_domain[0])} to {number(x_domain[1])}: {said}.",
            on_pick=move,
        )
    }
    needed = table[table["needed"].notna() & (table["needed"] > 0)]
    if found and not needed.empty:
        steps = (1.0, float(PATIENCE))
        chart = axis_picture(
            axis_frame(table, "needed", y_domain=steps, **lines),
            x_domain=x_domain,
            y_domain=steps,
            y_title="steps to within 1 %",
            height=150,
        )
        words = f"Steps to within 1 % against the learning rate; the fewest are {number(int(needed['needed'].min()))}."
        pictures["needed"] = Picture(chart, words)
    return pictures


def _tell(objective: Objective, table: pd.DataFrame) -> list[str]:
    sentences = []
    arrived = table[table["needed"].notna()]
    if not arrived.empty:
        best = arrived.loc[arrived["needed"].idxmin()]
        tenth, tenfold = (table.loc[(np.log(table["lr"] / (best["lr"] * by))).abs().idxmin()] for by in (0.1, 10.0))
        slow = steps_of(int(tenth["needed"])) if np.isfinite(tenth["needed"]) else f"more than {number(PATIENCE)} steps"
        sentences.append(
            f"{len(arrived)} of the 64 come within 1 % in {number(PATIENCE)} steps. The quickest is {number(best['lr'], 3)} with "
            f"{steps_of(int(best['needed']))}. A tenth of it needs {slow}; ten times as much is {tenfold['regime']}."
        )
    minimum = objective.minimum
    if minimum is None:
        sentences.append(
            "There is no lowest point downhill from this start, so there is no curvature to put borders with."
        )
    elif minimum.borders is None:
        sentences.append(
            f"At the minimum the second derivative is {number(minimum.curvature, 3)}, so it draws no borders."
        )
    else:
        one, two = minimum.borders
        beyond = table[(table["lr"] >= two) & table["regime"].isin([TOO_LOW, GOOD, BOUNCING])]
        sentences.append(
            f"Autograd, twice, gives a = {number(minimum.curvature, 5)} at the minimum w = {number(minimum.x)}, hence the borders "
            f"1/a = {number(one)} and 2/a = {number(two)}, known before a single step."
        )
        if minimum.quadratic:
            sentences.append(
                "The function is a parabola: the curvature is the same everywhere and the borders are exact."
            )
        else:
            other = f" Above 2/a, {len(beyond)} of the runs here come to rest or bounce." if len(beyond) else ""
            sentences.append(
                "The function is no parabola, so the borders hold only close to that minimum: where the steps begin or end "
                f"elsewhere, another curvature decides.{other}"
            )
    return sentences
