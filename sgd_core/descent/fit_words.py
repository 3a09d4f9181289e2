"""What to notice about a curve that is fitted to measurements: its numbers, its formula, and its learning rates."""

import math

import numpy as np
import pandas as pd
import torch

from sgd_core.bet import Bet
from sgd_core.descent.fit import AS_IT_IS, MOMENTS, PARAMETERS, SCALED, SCALES, RollerCoaster
from sgd_core.numbers import number


def fit_numbers(run: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    """Return the step, the parameters and the loss at each moment (a step), as text."""
    here = run.iloc[moments]
    columns = {"step": [number(int(step)) for step in moments]}
    columns |= {name: [number(value) for value in here[name]] for name in PARAMETERS}
    return pd.DataFrame(columns | {"mean squared error": [number(loss) for loss in here["loss"]]})


def fit_formula(coaster: RollerCoaster, now: pd.Series) -> str:
    """Return the model with a step's numbers as LaTeX: where time is scaled in s, and in seconds, too."""
    parameters = torch.tensor([float(now[name]) for name in PARAMETERS], dtype=torch.float64)
    if coaster.scale == AS_IT_IS:
        return coaster.latex(parameters)
    shift, unit = SCALES[coaster.scale]
    return (
        rf"{coaster.latex(parameters)} \qquad s = \frac{{t - {number(shift)}}}{{{number(unit)}}}"
        r" \qquad \text{in seconds: } " + coaster.latex(parameters, seconds=True)
    )


def tell_fit(coaster: RollerCoaster, run: pd.DataFrame, step: int, lr: float, best_lr: float) -> list[str]:
    """Say what to notice at a step: how the rate stands to its border, what is left, and which rate is best."""
    now, first, curvature = run.iloc[step], float(run["loss"].iloc[0]), coaster.curvature
    best, ratio = float(coaster.loss(coaster.best)), lr / curvature.border
    if ratio > 1 and step:
        told = [
            f"The learning rate {number(lr)} is {number(ratio, 3)} times the border 2/λ max = "
            f"{number(curvature.border, 3)}: the loss went from {number(first)} {_end(run, step)}. Take less than the border."
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
    steps = len(run) - 1
    told.append(
        f"After {steps:,} steps the best learning rate is {number(best_lr, 3)}: it leaves a loss of "
        f"{number(coaster.losses_after(np.array([best_lr]), steps)[0])}."
    )
    if coaster.scale != AS_IT_IS:
        told.append(
            f"With s between −1 and 1 the three weights count about alike. The condition number is only "
            f"{number(curvature.condition, 3)}, and learning rates up to {number(curvature.border, 3)} work. Scaling the input "
            "did that, not a better optimizer."
        )
    elif ratio <= 1:
        told.append(
            f"t² reaches {(MOMENTS - 1) ** 2}, so a tiny change of a moves the curve a lot, while c is felt far less. The "
            f"steepest direction curves {number(round(curvature.condition))} times as much as the flattest: a settles at "
            f"once, b and c hardly move. Try the time {SCALED}."
        )
    return told


def _end(run: pd.DataFrame, step: int) -> str:
    """Say where the loss went by a step."""
    if run["status"].iloc[step] != "diverged":
        return f"to {number(run['loss'].iloc[step])}"
    return f"beyond all bounds, by step {int((run['status'] == 'diverged').to_numpy().argmax()):,}"


def larger_rate_bet(coaster: RollerCoaster, lr: float, run: pd.DataFrame) -> Bet:
    """Ask where a `run` with this learning rate, ten times the present one, ends."""
    first, last = float(run["loss"].iloc[0]), float(run["loss"].iloc[-1])
    options = ["lower than at the start", "higher than at the start"]
    broken = run["status"].iloc[-1] == "diverged" or not math.isfinite(last)
    end = "beyond all bounds" if broken else number(last)
    return Bet(
        f"With ten times the learning rate, {number(lr)}: after {len(run) - 1:,} steps, the loss is …",
        options,
        options[1] if broken or last > first else options[0],
        f"from {number(first)} it goes to {end}. {number(lr)} is {number(lr / coaster.curvature.border, 3)} times the border "
        "2/λ max.",
    )
