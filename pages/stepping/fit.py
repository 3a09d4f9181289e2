"""Fit a curve: the first real model, three parameters against twenty measured speeds."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import streamlit as st
import torch

from pages.stepping.common import DRAWN, MOST_STEPS, SGD, STAGE, Section, choose_speed, section_of, signed
from pages.ui.controls import Controls
from pages.ui.parts import download_csv, notice, same_in_pytorch
from pages.ui.pictures import picture
from pages.ui.quiz import predict_first
from sgd_core.charts.downsample import downsample as thin
from sgd_core.charts.fit import fit_frame, fit_picture, parameter_line
from sgd_core.charts.race import gap_window
from sgd_core.charts.steps import rate_frame, rate_ruler, ruler_ends
from sgd_core.charts.stop import stop_lines
from sgd_core.descent.fit import SCALES, RollerCoaster, descend_fit
from sgd_core.descent.quadratic import Curvature, curvature_at
from sgd_core.export.descent import fit_script

PARAMETERS = ("a", "b", "c")
FINE = 120  # places at which the model's curve is drawn


def show(controls: Controls) -> Section:
    """Lay out the section."""
    with st.sidebar:
        lr = controls.learning_rate("fit_lr", 1e-5, low=1e-7, high=10.0)
        steps = controls.whole("fit_steps", "Steps", 1, MOST_STEPS, 40)
        scale = controls.segments("fit_scale", "The time t that the model sees", list(SCALES), next(iter(SCALES)))
        noise = controls.slider("fit_noise", "Measuring error", 0.0, 10.0, 3.0, 0.5)
        seed = controls.whole("fit_seed", "Seed of data and start", 0, 2**31 - 1, 0)
        speed = choose_speed(controls, steps)
    coaster, curvature = _coaster(noise, seed, scale)
    run = _fit(coaster, lr, steps)
    st.markdown(
        "A roller coaster slows down on its way up the hump and speeds up behind it. Its speed, measured once a second, "
        "looks like a parabola: **speed = a t² + b t + c**. Three weights to find; the loss is the mean squared error."
    )
    ground = st.container(key=STAGE)
    _question(coaster, curvature, lr)
    script = fit_script(coaster, steps=steps, optimizer=SGD.torch_code("[parameters]", repr(lr)))
    same_in_pytorch(script, key="stepping_fit_code")
    return section_of(controls, ground, steps, speed, lambda: _stage(coaster, curvature, run, lr), name="fit")


@lru_cache(maxsize=16)
def _coaster(noise: float, seed: int, scale: str) -> tuple[RollerCoaster, Curvature]:
    coaster = RollerCoaster(noise, seed, scale)
    curvature = curvature_at(coaster.loss, coaster.start)
    assert curvature is not None  # the data are finite
    return coaster, curvature


@lru_cache(maxsize=16)
def _fit(coaster: RollerCoaster, lr: float, steps: int) -> pd.DataFrame:
    return descend_fit(coaster, lr, steps, SGD)


def _stage(coaster: RollerCoaster, curvature: Curvature, run: pd.DataFrame, lr: float) -> Callable[[int, bool], None]:
    steps = len(run) - 1
    speeds, best = coaster.speed.numpy(), coaster.best
    fine = np.linspace(0, 19, FINE)
    still = {"start": coaster.curve(coaster.start, fine), "best": coaster.curve(best, fine)}
    gap = 0.1 * (speeds.max() - speeds.min())
    speed_domain = (float(min(speeds.min(), 0) - gap), float(speeds.max() + gap))
    losses = run["loss"].to_numpy()
    least = float(coaster.loss(best))
    highest = np.nanmax(losses[np.isfinite(losses)])
    loss_domain = gap_window(np.array([[min(highest, 1e4 * losses[0]), least]]))
    calm = losses[-1] <= losses[0]
    windows = {name: _window(run[name].to_numpy(), float(best[i]), calm) for i, name in enumerate(PARAMETERS)}
    thinned = thin([losses, *(run[name].to_numpy() for name in PARAMETERS)], DRAWN)

    formula = st.empty()
    left, right = st.columns([3, 2], gap="large")
    over, words = left.empty(), left.empty()
    loss = right.empty()
    lines = [right.empty() for _ in PARAMETERS]
    rates, table = right.empty(), st.empty()

    def paint(step: int, live: bool) -> None:
        now = run.iloc[step]
        numbers = [float(now[name]) for name in PARAMETERS]
        formula.latex(
            rf"\text{{speed}} = {_term(numbers[0])}\, t^2 {_term(numbers[1], True)}\, t {_term(numbers[2], True)}"
            rf"\qquad \text{{loss }} {_term(float(now['loss']))}"
        )
        curve = coaster.curve(torch.tensor(numbers, dtype=torch.float64), fine)
        picture(
            fit_picture,
            fit_frame(coaster.time.numpy(), speeds, fine, {**still, "now": curve}),
            slot=over,
            live=live,
            x_domain=(0.0, 19.0),
            y_domain=speed_domain,
            height=400,
            alt=f"The measured speeds and the model after {step} steps: a = {numbers[0]:.4g}, b = {numbers[1]:.4g}, "
            f"c = {numbers[2]:.4g}, mean squared error {now['loss']:.4g}; the least possible is "
            f"{float(coaster.loss(best)):.4g}.",
        )
        rows = thinned.until(step)
        drawn = pd.DataFrame({"step": rows, "value": losses[rows], "now": rows == step})
        picture(
            stop_lines,
            drawn[np.isfinite(drawn["value"])],
            slot=loss,
            live=live,
            steps=steps,
            y_domain=loss_domain,
            marks=(),
            title="mean squared error",
            log=True,
            level=max(least, loss_domain[0]),
            height=220,
            alt=f"Mean squared error against step: {losses[0]:.4g} at the start, {now['loss']:.4g} now, {least:.4g} at best.",
        )
        for place, (name, line) in enumerate(zip(PARAMETERS, lines, strict=True)):
            values = run[name].to_numpy()[rows]
            frame = pd.DataFrame({"step": rows, "value": values, "now": rows == step})
            picture(
                parameter_line,
                frame[np.isfinite(values)],
                slot=line,
                live=live,
                name=name,
                steps=steps,
                y_domain=windows[name],
                best=float(best[place]),
                alt=f"{name} against step: {numbers[place]:.4g} now, {float(best[place]):.4g} in the best fit.",
            )
        if live:
            return
        with words.container():
            st.caption(
                "Dots: measured. Blue: the model now. Dashed: the best fit there is, by least squares. Dotted: the start."
            )
            _tell(coaster, curvature, run, step, lr)
        with rates.container():
            _rates(curvature, lr)
        with table.expander("History, step by step", icon=":material/table_rows:"):
            seen = run[run["step"] <= step][["step", *PARAMETERS, "loss"]]
            st.dataframe(seen, hide_index=True, width="stretch", height=300 if len(seen) > 8 else "auto")
            download_csv(seen, "fit", key="stepping_fit_csv")

    return paint


def _window(values: np.ndarray, best: float, calm: bool) -> tuple[float, float]:
    """Return the range of a parameter to draw: all of a calm run and its best value, or what lies around the two."""
    low, high = min(values[0], best), max(values[0], best)
    reach = max(high - low, 1e-6)
    near = values if calm else values[(values > low - 2 * reach) & (values < high + 2 * reach)]
    return float(min(low, near.min()) - 0.1 * reach), float(max(high, near.max()) + 0.1 * reach)


def _rates(curvature: Curvature, lr: float) -> None:
    frame = rate_frame({"now": lr, "best": curvature.best_lr, "2/λ max": curvature.border})
    low, high = ruler_ends(frame)
    picture(
        rate_ruler,
        frame,
        low=low,
        high=high,
        border=curvature.border,
        alt=f"On an axis of learning rates: now {lr:g}; above 2/λ max = {curvature.border:.4g} the fit diverges.",
    )


def _tell(coaster: RollerCoaster, curvature: Curvature, run: pd.DataFrame, step: int, lr: float) -> None:
    now, best = run.iloc[step], float(coaster.loss(coaster.best))
    ratio = lr / curvature.border
    if now["status"] == "diverged" or (ratio > 1 and step):
        regime = f"The learning rate {lr:g} is {ratio:.3g} times the border 2/λ max = {curvature.border:.3g}"
        grown = (
            f"the loss went from {float(run['loss'].iloc[0]):.4g} beyond all bounds, by step {int((run['status'] == 'diverged').to_numpy().argmax()):,}"
            if now["status"] == "diverged"
            else f"the loss went from {float(run['loss'].iloc[0]):.4g} to {float(now['loss']):.4g}"
        )
        told = [f"{regime}: {grown}. Take less than {curvature.border:.2g}."]
    else:
        told = [
            f"The largest curvature of this loss is λ max = {curvature.most:.4g}, so a learning rate above 2/λ max = "
            f"{curvature.border:.3g} diverges. {lr:g} is {ratio:.2g} of that."
        ]
        told.append(
            f"The loss has come from {signed(float(run['loss'].iloc[0]))} to {signed(float(now['loss']))}; the measuring "
            f"error alone leaves {best:.4g}, and no parabola does better."
            if step
            else f"The loss is {signed(float(now['loss']))} to begin with. The best parabola leaves {best:.4g}."
        )
    if coaster.scale != "as it is":
        told.append(
            f"With t between −1 and 1 the three weights count about alike: the condition number is only "
            f"{curvature.condition:.3g}, and learning rates up to {curvature.border:.3g} work. Scaling the input did that, "
            "not a better optimizer."
        )
    elif ratio <= 1:
        told.append(
            f"t² reaches {19**2}, so a tiny change of a moves the curve a lot, while c is felt far less: the steepest "
            f"direction curves {curvature.condition:,.0f} times as much as the flattest. a settles at once, b and c hardly "
            "move. Try t from −1 to 1."
        )
    notice(*told)


def _question(coaster: RollerCoaster, curvature: Curvature, lr: float) -> None:
    with st.expander("Predict first", icon=":material/psychology:", key="stepping_fit_predict"):
        ten = descend_fit(coaster, 10 * lr, 100, SGD)
        first, last = float(ten["loss"].iloc[0]), float(ten["loss"].iloc[-1])
        broken = bool((ten["status"] == "diverged").any()) or not math.isfinite(last)
        answers = ["lower than now", "higher than now"]
        end = "beyond all bounds" if broken else signed(last)
        predict_first(
            "stepping_quiz_fit",
            f"With ten times the learning rate, {10 * lr:g}: after 100 steps, the loss is …",
            answers,
            answers[1] if broken or last > first else answers[0],
            f"from {signed(first)} it goes to {end}; {10 * lr:g} is {10 * lr / curvature.border:.3g} times 2/λ max.",
            about=(coaster, lr),
        )


def _term(value: float, sign: bool = False) -> str:
    """Write a number for LaTeX, powers of ten as such; with its sign in front where it is a further term."""
    if not math.isfinite(value):
        return r"+ \infty" if sign else r"\infty"
    text = f"{value:+.4g}" if sign else f"{value:.4g}"
    mantissa, _, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}" if power else text
