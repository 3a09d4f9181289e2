"""The whole axis: 64 learning rates over six decades at once, their regimes, and the borders theory puts in."""

from typing import Any

import numpy as np
import pandas as pd

from pages.pitfalls.settings import choose_objective, four_rates, script_of, survey_of
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.palette import look
from sgd_core.charts.rates import axis_frame, axis_picture, legend
from sgd_core.descent.axis import PATIENCE
from sgd_core.descent.objective import Objective
from sgd_core.descent.regime_cases import FOUR_RATES, LETTERS
from sgd_core.descent.regime_words import regime_counts, tell_axis
from sgd_core.descent.regimes import ARRIVED
from sgd_core.numbers import counted, number

TITLES = {"left": "left", "loss": "loss", "fallen": "loss lower by"}
LEFT = (1e-8, 1e4)  # the window of what is left of the gap; beyond it are arrows


def axis(page: Page) -> None:
    """Show what becomes of every learning rate."""
    with page.controls:
        objective = choose_objective(page)
        picked = page.segments("marker", "Marker that a click moves", list(LETTERS), "B")
        default = FOUR_RATES[LETTERS.index(picked)]
        rate = page.learning_rate(f"lr_{picked.lower()}", default, label=f"Learning rate {picked}")
    table = survey_of(objective)
    own = survey_of(objective, (rate,)).iloc[0]
    style = look(own["regime"])
    page.controls.markdown(
        f"**{picked} = {number(rate)}**, :{style.name}[**{style.sign} {own['regime']}**]: {own['reason']}"
    )
    for name, picture in _pictures(page, objective, table, picked).items():
        page.show(picture, name)
    page.hero.markdown(legend(list(table["regime"])) + "  \n:small[↑ ↓: beyond the picture]")
    page.notice(*tell_axis(objective.minimum, table))
    page.table(table, "All 64 learning rates", file="learning-rates")
    page.code(script_of(objective.function, objective.start, [float(lr) for lr in table["lr"]], objective.steps))


def _pictures(page: Page, objective: Objective, table: pd.DataFrame, picked: str) -> dict[str, Picture]:
    def move(point: dict[str, Any]) -> None:
        page.set(f"lr_{picked.lower()}", float(f"{point['lr']:.4g}"))

    x_domain = (float(table["lr"].min()), float(table["lr"].max()))
    markers = list(zip(LETTERS, four_rates(page), strict=True))
    found = objective.minimum is not None
    # Without a minimum there is no "left", and a logarithmic axis has no place for losses below 0.
    column = "left" if found else "fallen" if (table["loss"] <= 0).any() else "loss"
    finite = table[column].replace([np.inf, -np.inf], np.nan).abs()
    window = (
        LEFT if found else (max(1e-12, float(finite.min()) / 2 or 1e-12), min(1e12, max(float(finite.max()), 1.0) * 2))
    )
    after = f"after {counted(objective.steps, 'step')}"
    lines: dict[str, Any] = {"borders": objective.borders, "markers": markers}
    pictures = {
        "axis": Picture(
            axis_picture(
                axis_frame(table, column, y_domain=window, **lines),
                x_domain=x_domain,
                y_domain=window,
                y_title=f"{TITLES[column]} {after}",
                level=ARRIVED if found else None,
                level_name="1 % of the way down",
                height=250,
                pick=True,
            ),
            f"{TITLES[column].capitalize()} {after} against the learning rate, {number(x_domain[0])} to {number(x_domain[1])}: {regime_counts(table)}.",
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
