"""Four regimes: one function, one start, four learning rates, each named by rule with the reason in numbers."""

import math
from typing import NamedTuple

import pandas as pd
import streamlit as st

from pages.pitfalls.settings import DEFAULTS, NAMES, Objective, choose_objective, survey_of
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.charts.curve import curve_picture, descent_frame
from sgd_core.charts.history import loss_by_step
from sgd_core.charts.palette import look
from sgd_core.descent.axis import PATIENCE, suggest_rates
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, TOO_LOW
from sgd_core.export.descent import descent_script


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


def show(controls: Controls) -> None:
    """Draw the section."""
    objective = choose_objective(controls)
    _presets(controls, objective)
    columns = st.columns(4, gap="medium")
    rates = []
    for column, name, default in zip(columns, NAMES, DEFAULTS, strict=True):
        with column:
            label = f"Learning rate {name.upper()}"
            rates.append(controls.learning_rate(f"lr_{name}", default, label=label, stacked=True))
    runs = descend(objective.function, start=objective.start, lr=rates, steps=objective.steps)
    regimes = survey_of(objective.function, objective.start, objective.steps, tuple(rates))
    for index, column in enumerate(columns):
        with column:
            _panel(objective, runs[runs["run"] == index], regimes.iloc[index])
    _notice(objective, regimes)
    same_in_pytorch(
        descent_script(
            objective.function.torch_code,
            start=objective.start,
            lrs=rates,
            steps=objective.steps,
            optimizer=Optimizer("sgd").torch_code("[w]", "lr"),
        ),
        key="pitfalls_code",
    )


def _presets(controls: Controls, objective: Objective) -> None:
    def take(preset: Preset) -> None:
        example = CATALOGUE[preset.function]
        values = {"function": example.title, "start": preset.start, "steps": preset.steps}
        for name, value in values.items():
            st.session_state[controls.key(name)] = value
        _set_rates(controls, preset.rates)

    with st.container(horizontal=True, key="pitfalls_presets"):
        for title, preset in PRESETS.items():
            key = f"pitfalls_preset_{title.lower().replace(' ', '_')}"
            st.button(title, on_click=take, args=(preset,), key=key)
        st.button(
            "Find four for this function",
            icon=":material/tune:",
            on_click=lambda: _set_rates(controls, suggest_rates(objective.function, objective.start, objective.steps)),
            key="pitfalls_suggest",
        )


def _set_rates(controls: Controls, rates: tuple[float, ...]) -> None:
    for name, rate in zip(NAMES, rates, strict=True):
        st.session_state[controls.key(f"lr_{name}")] = float(rate)


def _panel(objective: Objective, run: pd.DataFrame, regime: pd.Series) -> None:
    style, last = look(regime["regime"]), run.iloc[-1]
    st.markdown(f"#### :{style.name}[{style.sign} {regime['regime']}]")
    picture(
        curve_picture,
        descent_frame(objective.curve, run, int(last["step"]), objective.y_domain),
        x_domain=objective.function.domain,
        y_domain=objective.y_domain,
        x_title="w",
        y_title="loss",
        color=style.color,
        height=230,
        alt=f"{regime['regime']}: the path with learning rate {run['lr'].iloc[0]:g}, from w = {run['x'].iloc[0]:.4g} to {last['x']:.4g}.",
    )
    losses = run[["step", "loss"]].assign(now=run["step"] == last["step"])
    picture(
        loss_by_step,
        losses[losses["loss"].notna()],
        steps=int(last["step"]),
        y_domain=objective.y_domain,
        color=style.color,
        height=150,
        alt=f"Loss against step: from {run['loss'].iloc[0]:.4g} to {last['loss']:.4g}.",
    )
    st.metric("Steps to within 1 % of the minimum", _needed(regime))
    st.markdown(regime["reason"])


def _needed(regime: pd.Series) -> str:
    if math.isfinite(regime["needed"]):
        return f"{regime['needed']:,.0f}"
    return "never" if regime["regime"] == DIVERGING else f"not in {PATIENCE:,}"


def _notice(objective: Objective, regimes: pd.DataFrame) -> None:
    sentences = []
    minimum = objective.minimum
    if minimum is None:
        sentences.append(f"Downhill from w = {objective.start:.4g} the loss has no lowest point, so no run can arrive.")
    elif minimum.borders is None:
        sentences.append(
            f"At the minimum, w = {minimum.x:.4g}, the second derivative is {minimum.curvature:.3g}: it sets no border, and "
            "what a learning rate does depends on where it starts."
        )
    else:
        a, (one, two) = minimum.curvature, minimum.borders
        how = "The curvature is the same everywhere, so this is exact" if minimum.quadratic else "This holds near w"
        near = "" if minimum.quadratic else f" = {minimum.x:.4g} only, since the function is no parabola"
        sentences.append(
            f"The second derivative at the minimum is a = {a:.4g}. Each step multiplies the distance to it by "
            f"1 − learning rate × {a:.4g}: straight down below 1/a = {one:.4g}, bouncing up to 2/a = {two:.4g}, diverging above. "
            f"{how}{near}."
        )
    names = list(regimes["regime"])
    slow, wild = (regimes[regimes["regime"] == name] for name in (TOO_LOW, DIVERGING))
    bouncing = regimes[(regimes["regime"] == BOUNCING) & regimes["needed"].notna()]
    if not slow.empty and math.isfinite(slow["needed"].iloc[0]):
        sentences.append(
            f"Too low is safe but dear: with {slow['lr'].iloc[0]:g} it takes {slow['needed'].iloc[0]:,.0f} steps to come within 1 %."
        )
    if not bouncing.empty:
        sentences.append(
            f"Bouncing is not diverging: {bouncing['lr'].iloc[0]:g} leaps across the minimum and still comes within 1 % in "
            f"{bouncing['needed'].iloc[0]:,.0f} steps."
        )
    if not wild.empty:
        sentences.append(
            f"Nothing is clipped: with {wild['lr'].iloc[0]:g} the loss after {objective.steps} steps is {wild['loss'].iloc[0]:.3g}. "
            "Left alone, such a run ends in inf and NaN; the program is not broken, the steps are too long."
        )
    if len(set(names)) == 1:
        sentences.append(f"All four are {names[0]} now; move one slider far enough and its name changes.")
    notice(*sentences)
