"""Remedies: six schedules on the same bouncing run."""

import math

import pandas as pd
import streamlit as st

from pages.pitfalls.settings import Objective, choose_objective
from pages.ui.controls import Controls
from pages.ui.parts import notice, same_in_pytorch
from pages.ui.pictures import picture
from sgd_core.charts.gradient_noise import rates_picture
from sgd_core.charts.lanes import loss_picture
from sgd_core.descent.axis import arrival
from sgd_core.descent.schedules import SCHEDULES, descend_on_schedules
from sgd_core.export.descent import schedules_script

FLOOR = 1e-8  # of the gap at the start: less is drawn at the minimum of the picture


def show(controls: Controls) -> None:
    """Draw the section."""
    objective = choose_objective(controls)
    borders = objective.minimum.borders if objective.minimum else None
    st.markdown(
        "A learning rate that bounces is not lost: it only must not stay. A **schedule** starts with long steps and ends "
        "with short ones. The same function, start and largest learning rate, six ways to spend it."
    )
    left, right = st.columns([3, 1], gap="large", vertical_alignment="bottom")
    with right:
        st.button(
            "Bounce for ever: 2/a",
            icon=":material/swap_vert:",
            key="pitfalls_endless",
            disabled=borders is None,
            on_click=lambda: st.session_state.update({controls.key("lr_remedy"): borders[1] if borders else 1.0}),
            help="The largest learning rate that does not diverge, from the second derivative at the minimum.",
        )
    with left:
        lr = controls.learning_rate("lr_remedy", 1.0, label="Largest learning rate")
    runs = descend_on_schedules(objective.function, objective.start, lr, objective.steps, list(SCHEDULES))
    minimum = objective.minimum.loss if objective.minimum else float(runs["loss"].min())
    gap = float(runs["loss"].iloc[0]) - minimum
    if not math.isfinite(gap) or gap <= 0:
        st.info("The start is already as low as it gets. Choose another start.", icon=":material/flag:")
        return
    keys = list(SCHEDULES)
    for row in (keys[:3], keys[3:]):
        for column, key in zip(st.columns(3, gap="medium"), row, strict=True):
            with column:
                _panel(objective, runs[runs["schedule"] == key], key, lr, minimum, gap)
    _notice(objective, runs, lr, minimum, gap)
    same_in_pytorch(
        schedules_script(objective.function.torch_code, objective.start, lr, objective.steps, list(SCHEDULES)),
        key="pitfalls_code",
    )


def _panel(objective: Objective, run: pd.DataFrame, key: str, lr: float, minimum: float, gap: float) -> None:
    schedule, last = SCHEDULES[key], run.iloc[-1]
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{schedule.title}**  \n:small[{schedule.about}]")
        picture(
            rates_picture,
            run[run["step"] < objective.steps][["step", "lr"]],
            steps=float(objective.steps),
            y_domain=(0.0, lr * 1.1),
            alt=f"Learning rate of {schedule.title}: from {run['lr'].iloc[0]:.3g} to {last['lr']:.3g}.",
        )
        above = (run["loss"] - minimum).clip(lower=gap * FLOOR)
        picture(
            loss_picture,
            pd.DataFrame({"step": run["step"], "loss": above})[run["loss"].map(math.isfinite).to_numpy()],
            steps=float(objective.steps),
            y_domain=(gap * FLOOR, gap * 100),
            title="above minimum",
            height=180,
            alt=f"Loss above the minimum with {schedule.title}: from {gap:.3g} to {last['loss'] - minimum:.3g}.",
        )
        diverged = last["status"] == "diverged"
        st.markdown(
            "**Diverged**: the numbers are gone."
            if diverged
            else f"{_way((last['loss'] - minimum) / gap)} is left in the end."
        )


def _share(share: float) -> str:
    if abs(share) < 1e-6:
        return "practically nothing"
    return f"{share:.3g} times as much" if share > 10 else f"{100 * share:.3g} %"


def _way(share: float) -> str:
    return f"**{share:.3g} times** the way down" if share > 10 else f"**{_share(share)}** of the way down"


def _notice(objective: Objective, runs: pd.DataFrame, lr: float, minimum: float, gap: float) -> None:
    left, needed = {}, {}
    for key, run in runs.groupby("schedule", sort=False):
        shares = ((run["loss"] - minimum) / gap).to_numpy()
        gone = run["status"].iloc[-1] == "diverged"
        left[key], needed[key] = math.inf if gone else float(shares[-1]), arrival(shares, gone)
    best = min(left, key=left.__getitem__)
    constant = left["constant"]
    flips = runs[(runs["schedule"] == "constant") & (runs["step"] < objective.steps)]["update"]
    flipped = int((flips * flips.shift() < 0).sum())
    end = "the run diverges." if math.isinf(constant) else f"{_way(constant)} is left in the end."
    sentences = [
        f"With the constant learning rate {lr:g} the step flips its direction {flipped} times in {objective.steps} steps, and {end}"
    ]
    if objective.minimum is None:
        sentences.append(
            "There is no minimum downhill, so *the way down* ends at the lowest loss that any of the six reached."
        )
    if math.isinf(left[best]):
        sentences.append(
            "All six diverge: a schedule that begins so high comes too late. Lower the learning rate itself."
        )
        return notice(*sentences)
    sentences.append(f"The least is left by **{SCHEDULES[best].title}**: {_share(left[best])}.")
    arrived = {key: steps for key, steps in needed.items() if math.isfinite(steps)}
    if arrived:
        told = ", ".join(f"{SCHEDULES[key].title} at step {steps:.0f}" for key, steps in arrived.items())
        sentences.append(f"Within 1 % for good: {told}.")
    warm = left["warm_up"]
    if best != "warm_up" and 0.01 < warm < math.inf:
        sentences.append(
            f"Warm-up ends where constant goes on, so it cannot cure a bounce ({_share(warm)} left): it helps where only the first steps "
            "are dangerous, as with cross-entropy, whose curvature falls while it learns."
        )
    return notice(*sentences)
