"""Fit a curve: the first real model, three parameters against twenty measured speeds."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.stepping.start import choose_loss_axis
from pages.ui.page import Page
from pages.ui.shown import Moments, Picture
from sgd_core.charts.fit import (
    fit_picture,
    fit_rows,
    parameter_line,
    parameter_rows,
    parameter_window,
    rate_picture,
    rate_rows,
    rate_window,
    rates_drawn,
)
from sgd_core.charts.loss_axis import LOGARITHMIC, loss_axis
from sgd_core.descent.fit import AS_IT_IS, PARAMETERS, SCALES, RollerCoaster, descend_fit
from sgd_core.descent.fit_words import fit_formula, fit_numbers, larger_rate_bet, tell_fit
from sgd_core.descent.one_weight import MOST_STEPS, SGD
from sgd_core.export.descent import fit_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import code, number

FINE = 60  # places at which the model's curve is drawn
_coaster, _run = lru_cache(maxsize=16)(RollerCoaster), lru_cache(maxsize=16)(descend_fit)  # for all visitors


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
    run, moments = _run(coaster, lr, steps, SGD), moment_steps(steps)
    at = page.player(
        _pictures(page, coaster, run, moments, lr, best, axes),
        Moments(fit_numbers(run, moments), run=(coaster, lr, steps)),
        name="fit",
    )
    step = int(moments[at])
    with page.controls:
        page.bet("fit", *larger_rate_bet(coaster, 10 * lr, _run(coaster, 10 * lr, 100, SGD)), about=(coaster, lr))
    page.below.latex(fit_formula(coaster, run.iloc[step]))
    page.notice(*tell_fit(coaster, run, step, lr, best))
    seen = run[run["step"] <= step][["step", *PARAMETERS, "loss"]]
    page.table(seen, "History, step by step", file="fit")
    page.code(fit_script(coaster, steps=steps, optimizer=SGD.torch_code("[parameters]", code(lr))))


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
    curves = coaster.curves(run.iloc[moments], fine)
    gap = 0.1 * (speeds.max() - speeds.min())
    y_domain = (float(min(speeds.min(), 0) - gap), float(speeds.max() + gap))
    axis = loss_axis(axes, [losses], 0.0, (0.0, float(losses[0])))
    least = float(coaster.loss(coaster.best))
    level = (least, f"best possible {number(least, 3)}")
    loss = axis.picture({"": losses}, moments, title="mean squared error", level=level, height=170)
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
            y_domain=parameter_window(run[name].to_numpy(), goal, calm),
            best=goal,
        )
        pictures.append(Picture(chart, f"{name} against step; the dashed line is the best fit's.", where=column))
    return pictures


def _rates(coaster: RollerCoaster, run: pd.DataFrame, lr: float, best: float) -> Any:
    """Draw the loss that each learning rate ends with after so many steps, and where the best one is."""
    steps, border = len(run) - 1, coaster.curvature.border
    lrs = rates_drawn(lr, best, border)
    losses, (here, least) = coaster.losses_after(lrs, steps), coaster.losses_after(np.array([lr, best]), steps)
    y_domain = rate_window(losses, float(run["loss"].iloc[0]))
    return rate_picture(
        rate_rows(lrs, losses, (lr, float(here)), (best, float(least)), y_domain[1]),
        x_domain=(float(lrs[0]), float(lrs[-1])),
        y_domain=y_domain,
        border=border,
        title=f"loss after {number(steps)}",
        height=220,
    )
