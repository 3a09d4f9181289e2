"""Fit a curve: the first real model, three parameters against twenty measured speeds."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.stepping.start import choose_loss_axis
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.charts.fit import fit_picture, fit_rows, parameter_line, parameter_rows, rate_picture, rate_rows
from sgd_core.charts.loss_axis import LOGARITHMIC, loss_axis
from sgd_core.charts.over_steps import over_steps
from sgd_core.descent.fit import SCALES, RollerCoaster, descend_fit
from sgd_core.descent.one_weight import MOST_STEPS, SGD
from sgd_core.export.descent import fit_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import code, number

PARAMETERS = ("a", "b", "c")
FINE = 60  # places at which the model's curve is drawn
AS_IT_IS, SCALED = SCALES


def fit(page: Page) -> None:
    """Fit a parabola to the speeds of a roller coaster."""
    with page.more("Data, seed, axes", icon=":material/tune:"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            noise = page.slider("fit_noise", "Measuring error", 0.0, 10.0, 3.0, 0.5)
        with middle:
            seed = page.whole("fit_seed", "Seed of data and start", 0, 2**31 - 1, 0)
        with right:
            axes = choose_loss_axis(page, "fit_", LOGARITHMIC)

    def suit() -> None:
        scale = st.session_state[page.key("fit_scale")] or AS_IT_IS
        page.set("fit_lr", RollerCoaster(noise, seed, scale).lr)

    with page.controls:
        scale = page.segments(
            "fit_scale", "The time that the model sees", list(SCALES), AS_IT_IS, on_change=suit, width="stretch"
        )
        coaster = _coaster(noise, seed, scale)
        lr = page.learning_rate("fit_lr", 1e-5, low=1e-7, high=10.0)
        steps = page.whole("fit_steps", "Steps", 1, MOST_STEPS, 40)
        best = coaster.best_rate(steps)
        st.button(
            f"Take {number(best, 3)}, the best for {steps:,} steps",
            key=page.key("fit_best"),
            on_click=lambda: page.set("fit_lr", best),
            width="stretch",
        )
    run, moments = _run(coaster, lr, steps), moment_steps(steps)
    at = page.player(
        _pictures(page, coaster, run, moments, lr, best, axes),
        Moments(_numbers(run, moments), run=(coaster, lr, steps)),
        name="fit",
    )
    step = int(moments[at])
    now = run.iloc[step]
    with page.controls:
        _bet(page, coaster, lr)
    with page.below:
        _formulas(coaster, now)
    page.notice(*_tell(coaster, run, step, lr, best))
    seen = run[run["step"] <= step][["step", *PARAMETERS, "loss"]]
    page.table(seen, "History, step by step", file="fit")
    page.code(fit_script(coaster, steps=steps, optimizer=SGD.torch_code("[parameters]", code(lr))))


@lru_cache(maxsize=16)
def _coaster(noise: float, seed: int, scale: str) -> RollerCoaster:
    return RollerCoaster(noise, seed, scale)


@lru_cache(maxsize=16)
def _run(coaster: RollerCoaster, lr: float, steps: int) -> pd.DataFrame:
    return descend_fit(coaster, lr, steps, SGD)


def _pictures(
    page: Page,
    coaster: RollerCoaster,
    run: pd.DataFrame,
    moments: np.ndarray,
    lr: float,
    best: float,
    axes: tuple[str, bool],
) -> list[Picture]:
    steps, losses, speeds = len(run) - 1, run["loss"].to_numpy(), coaster.speed.numpy()
    fine = np.linspace(0, 19, FINE)
    still = {"start": coaster.curve(coaster.start, fine), "best": coaster.curve(coaster.best, fine)}
    parameters = torch.from_numpy(np.nan_to_num(run[list(PARAMETERS)].to_numpy()[moments], posinf=1e300, neginf=-1e300))
    curves = np.nan_to_num(np.stack([coaster.curve(one, fine) for one in parameters]), posinf=1e300, neginf=-1e300)
    gap = 0.1 * (speeds.max() - speeds.min())
    y_domain = (float(min(speeds.min(), 0) - gap), float(speeds.max() + gap))
    axis = loss_axis(axes, [losses], 0.0, (0.0, float(losses[0])))
    least = float(coaster.loss(coaster.best))
    loss = over_steps(
        axis.rows({"": losses}, moments),
        last=steps,
        y_domain=axis.domain,
        title="mean squared error",
        log=axis.log,
        log_steps=axis.log_steps,
        level=(least, f"best possible {number(least, 3)}"),
        height=170,
    )
    pictures = [
        Picture(
            fit_picture(
                fit_rows(coaster.time.numpy(), speeds, fine, still, curves, y_domain),
                x_domain=(0.0, 19.0),
                y_domain=y_domain,
                height=370,
            ),
            "The measured speeds as dots, the model as a line, the start dotted, the best parabola there is dashed.",
        ),
        Picture(_rates(coaster, run, lr, best), "The loss that each learning rate ends with.", where="beside"),
        Picture(loss, "Mean squared error against step.", where=page.beneath.container()),
    ]
    calm = bool(losses[-1] <= losses[0])
    rows = parameter_rows({name: run[name].to_numpy() for name in PARAMETERS}, moments)
    columns = page.beneath.container(key=page.key("fit_parameters")).columns(3, gap="small")
    for place, (name, column) in enumerate(zip(PARAMETERS, columns, strict=True)):
        goal = float(coaster.best[place])
        chart = parameter_line(
            rows[rows["name"] == name],
            name=name,
            steps=steps,
            y_domain=_window(run[name].to_numpy(), goal, calm),
            best=goal,
        )
        pictures.append(Picture(chart, f"{name} against step; the dashed line is the best fit's.", where=column))
    return pictures


def _rates(coaster: RollerCoaster, run: pd.DataFrame, lr: float, best: float) -> Any:
    """Draw the loss that each learning rate ends with after so many steps, and where the best one is."""
    steps, border = len(run) - 1, coaster.curvature.border
    low = 10.0 ** math.floor(math.log10(min(best / 30, lr)))
    high = 10.0 ** math.ceil(math.log10(max(border * 1.5, lr)))
    lrs = np.unique(np.concatenate([np.geomspace(low, high, 240), best * np.linspace(0.9, 1.1, 21)]))
    losses = coaster.losses_after(lrs, steps)
    first, least = float(run["loss"].iloc[0]), float(losses[np.isfinite(losses)].min())
    y_domain = (10.0 ** math.floor(math.log10(max(least, 1e-3))), 10.0 ** (math.ceil(math.log10(first)) + 1))
    points = coaster.losses_after(np.array([lr, best]), steps)
    rows = rate_rows(lrs, losses, (lr, float(points[0])), (best, float(points[1])), y_domain[1])
    return rate_picture(
        rows, x_domain=(low, high), y_domain=y_domain, border=border, title=f"loss after {number(steps)}", height=220
    )


def _window(values: np.ndarray, best: float, calm: bool) -> tuple[float, float]:
    """Return the range of a parameter to draw: all of a calm run and its best value, or what lies around the two."""
    values = values[np.isfinite(values)]
    low, high = min(values[0], best), max(values[0], best)
    reach = max(high - low, 1e-6)
    near = values if calm else values[(values > low - 2 * reach) & (values < high + 2 * reach)]
    return float(min(low, near.min()) - 0.1 * reach), float(max(high, near.max()) + 0.1 * reach)


def _numbers(run: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    here = run.iloc[moments]
    columns = {"step": [number(int(step)) for step in moments]}
    columns |= {name: [number(value) for value in here[name]] for name in PARAMETERS}
    return pd.DataFrame(columns | {"mean squared error": [number(loss) for loss in here["loss"]]})


def _formulas(coaster: RollerCoaster, now: pd.Series) -> None:
    """Show the model with its present numbers; where time is scaled in s, and in seconds, too."""
    parameters = torch.tensor([float(now[name]) for name in PARAMETERS], dtype=torch.float64)
    if coaster.scale == AS_IT_IS:
        st.latex(coaster.latex(parameters))
        return
    shift, unit = SCALES[coaster.scale]
    st.latex(
        rf"{coaster.latex(parameters)} \qquad s = \frac{{t - {number(shift)}}}{{{number(unit)}}}"
        r" \qquad \text{in seconds: } " + coaster.latex(parameters, seconds=True)
    )


def _tell(coaster: RollerCoaster, run: pd.DataFrame, step: int, lr: float, best_lr: float) -> list[str]:
    now, first, curvature = run.iloc[step], float(run["loss"].iloc[0]), coaster.curvature
    best, ratio = float(coaster.loss(coaster.best)), lr / curvature.border
    if now["status"] == "diverged" or (ratio > 1 and step):
        broken = int((run["status"] == "diverged").to_numpy().argmax())
        gone = now["status"] == "diverged"
        end = f"beyond all bounds, by step {broken:,}" if gone else f"to {number(now['loss'])}"
        told = [
            f"The learning rate {number(lr)} is {number(ratio, 3)} times the border 2/λ max = "
            f"{number(curvature.border, 3)}: the loss went from {number(first)} {end}. Take less than the border."
        ]
    else:
        told = [
            f"A learning rate above 2/λ max = {number(curvature.border, 3)} diverges, since the largest curvature of this "
            f"loss is λ max = {number(curvature.most)}. {number(lr)} is {number(ratio, 2)} of that border.",
            f"The loss has come from {number(first)} to {number(now['loss'])}. The measuring error alone leaves "
            f"{number(best)}, and no parabola does better."
            if step
            else f"The loss is {number(now['loss'])} to begin with. The best parabola leaves {number(best)}.",
        ]
    told.append(
        f"After {len(run) - 1:,} steps the best learning rate is {number(best_lr, 3)}: it leaves a loss of "
        f"{number(coaster.losses_after(np.array([best_lr]), len(run) - 1)[0])}."
    )
    if coaster.scale != AS_IT_IS:
        told.append(
            f"With s between −1 and 1 the three weights count about alike. The condition number is only "
            f"{number(curvature.condition, 3)}, and learning rates up to {number(curvature.border, 3)} work. Scaling the input "
            "did that, not a better optimizer."
        )
    elif ratio <= 1:
        told.append(
            f"t² reaches {19**2}, so a tiny change of a moves the curve a lot, while c is felt far less. The steepest "
            f"direction curves {number(round(curvature.condition))} times as much as the flattest: a settles at once, b and c "
            f"hardly move. Try the time {SCALED}."
        )
    return told


def _bet(page: Page, coaster: RollerCoaster, lr: float) -> None:
    ten = _run(coaster, 10 * lr, 100)
    first, last = float(ten["loss"].iloc[0]), float(ten["loss"].iloc[-1])
    broken = bool((ten["status"] == "diverged").any()) or not math.isfinite(last)
    options = ["lower than at the start", "higher than at the start"]
    end = "beyond all bounds" if broken else number(last)
    page.bet(
        "fit",
        f"With ten times the learning rate, {number(10 * lr)}: after 100 steps, the loss is …",
        options,
        options[1] if broken or last > first else options[0],
        f"from {number(first)} it goes to {end}. {number(10 * lr)} is {number(10 * lr / coaster.curvature.border, 3)} times "
        "the border 2/λ max.",
        about=(coaster, lr),
    )
