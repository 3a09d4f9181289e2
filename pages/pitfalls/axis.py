"""The whole axis: 64 learning rates over six decades at once, their regimes, and the borders theory puts in."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DEFAULTS, NAMES, Objective, choose_objective, four_rates, survey_of
from pages.ui.controls import Controls
from pages.ui.parts import download_csv, notice, same_in_pytorch
from pages.ui.pictures import clickable, picture
from sgd_core.charts.palette import look
from sgd_core.charts.rates import axis_frame, axis_picture, legend
from sgd_core.descent.axis import PATIENCE
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regime_names import BOUNCING, GOOD, TOO_LOW
from sgd_core.descent.regimes import ARRIVED
from sgd_core.export.descent import descent_script

LEFT = (1e-8, 1e4)  # the window of what is left of the gap; beyond it are arrows


def show(controls: Controls) -> None:
    """Draw the section."""
    objective = choose_objective(controls)
    left, right = st.columns([1, 2], vertical_alignment="bottom", gap="large")
    with left:
        letters = [name.upper() for name in NAMES]
        picked = controls.segments("marker", "Panel whose learning rate you move", letters, "B")
    with right:
        place = letters.index(picked)
        rate = controls.learning_rate(f"lr_{NAMES[place]}", DEFAULTS[place], label=f"Learning rate {picked}")
    table = survey_of(objective.function, objective.start, objective.steps)
    st.caption("Click a point to move the marker there; the panel in *Four regimes* moves with it.")
    st.markdown(legend(list(table["regime"])))
    _pictures(controls, objective, table, picked)
    own = survey_of(objective.function, objective.start, objective.steps, (rate,)).iloc[0]
    style = look(own["regime"])
    st.markdown(f"**{picked} = {rate:g}**, :{style.name}[**{style.sign} {own['regime']}**]: {own['reason']}")
    _notice(objective, table)
    download_csv(table, "learning-rates", key="pitfalls_axis_csv")
    same_in_pytorch(
        descent_script(
            objective.function.torch_code,
            start=objective.start,
            lrs=[float(lr) for lr in table["lr"]],
            steps=objective.steps,
            optimizer=Optimizer("sgd").torch_code("[w]", "lr"),
        ),
        key="pitfalls_code",
    )


def _pictures(controls: Controls, objective: Objective, table: pd.DataFrame, picked: str) -> None:
    def move(point: dict[str, float]) -> None:
        st.session_state[controls.key(f"lr_{picked.lower()}")] = float(f"{point['lr']:.4g}")

    lrs = table["lr"].to_numpy()
    x_domain = (float(lrs[0]), float(lrs[-1]))
    theory = objective.minimum.borders if objective.minimum else None
    borders = [("1/a", theory[0]), ("2/a", theory[1])] if theory else []
    markers = [(name.upper(), rate) for name, rate in zip(NAMES, four_rates(controls), strict=True)]
    found = objective.minimum is not None
    column = "left" if found else "loss"
    finite = table["loss"].replace([np.inf, -np.inf], np.nan).abs()
    window = (
        LEFT if found else (max(1e-12, float(finite.min()) / 2 or 1e-12), min(1e12, max(float(finite.max()), 1.0) * 2))
    )
    counts = table["regime"].value_counts()
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    clickable(
        axis_picture,
        axis_frame(table, column, y_domain=window, borders=borders, markers=markers),
        key="pitfalls_axis_pick",
        on_pick=move,
        alt=f"Loss left after {objective.steps} steps against learning rate, {x_domain[0]:g} to {x_domain[1]:g}: {said}.",
        x_domain=x_domain,
        y_domain=window,
        y_title=f"left after {objective.steps} steps" if found else f"loss after {objective.steps} steps",
        level=ARRIVED if found else None,
        level_name="1 % of the way down",
        pick=True,
    )
    if not found:
        return
    needed = table[table["needed"].notna() & (table["needed"] > 0)]
    if needed.empty:
        return
    picture(
        axis_picture,
        axis_frame(table, "needed", y_domain=(1.0, float(PATIENCE)), borders=borders, markers=markers),
        alt=f"Steps to within 1 % against learning rate; the fewest are {needed['needed'].min():.0f}.",
        x_domain=x_domain,
        y_domain=(1.0, float(PATIENCE)),
        y_title="steps to within 1 %",
        height=200,
    )


def _notice(objective: Objective, table: pd.DataFrame) -> None:
    sentences = []
    arrived = table[table["needed"].notna()]
    if not arrived.empty:
        best = arrived.loc[arrived["needed"].idxmin()]
        tenth, tenfold = (table.loc[(np.log(table["lr"] / (best["lr"] * by))).abs().idxmin()] for by in (0.1, 10.0))
        steps = "step" if best["needed"] == 1 else "steps"
        slow = f"{tenth['needed']:,.0f} steps" if np.isfinite(tenth["needed"]) else f"more than {PATIENCE:,} steps"
        sentences.append(
            f"{len(arrived)} of the 64 come within 1 % in {PATIENCE:,} steps. The quickest is {best['lr']:.3g} with "
            f"{best['needed']:,.0f} {steps}. A tenth of it needs {slow}; ten times as much is {tenfold['regime']}."
        )
    minimum = objective.minimum
    if minimum is None:
        sentences.append(
            "There is no lowest point downhill from this start, so there is no curvature to put borders with."
        )
    elif minimum.borders is None:
        sentences.append(f"At the minimum the second derivative is {minimum.curvature:.3g}, so it draws no borders.")
    else:
        one, two = minimum.borders
        beyond = table[(table["lr"] >= two) & table["regime"].isin([TOO_LOW, GOOD, BOUNCING])]
        sentences.append(
            f"Autograd, twice, gives a = {minimum.curvature:.5g} at the minimum w = {minimum.x:.4g}, hence the borders 1/a = {one:.4g} "
            f"and 2/a = {two:.4g}, known before a single step."
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
    notice(*sentences)
