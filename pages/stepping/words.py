"""What to notice about one weight's run: at a step, at its end, and when a rule has stopped it."""

import math

import pandas as pd

from pages.stepping.common import SGD, lowest_drawn, signed
from pages.ui.parts import notice
from sgd_core.calculus.formula import Function
from sgd_core.descent.regime_names import FALLING
from sgd_core.descent.regimes import Regime, classify
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, Stop, divergence, safer_rate


def tell_step(function: Function, run: pd.DataFrame, step: int, lr: float) -> None:
    """Say what to notice at this step."""
    now = run.iloc[step]
    gradient, update, loss = float(now["gradient"]), float(now["update"]), float(now["loss"])
    regime = classify(run, function) if step == len(run) - 1 or now["status"] == "diverged" else None
    if now["status"] == "diverged":
        notice(*_ended(function, run, lr, regime))
        return
    if gradient == 0:
        notice(
            "The slope is 0 here, so the step is 0 too: gradient descent stays where it is.",
            "A flat place may be a valley, but just as well the top of a hill; the slope cannot tell.",
        )
        return
    notice(
        f"The step is {lr:g} × {abs(gradient):.3g} = {abs(update):.3g}, so the learning rate {lr:g} is **not the "
        f"distance**. The line on the right stays, the steps change with the slope.",
        _last_step(run, step),
        _beyond(function, now["x"]),
        f"The whole run is called **{regime.name}**. {regime.reason}" if regime else "",
        "" if step else f"The loss is {loss:.4g} now. What will it be after the step?",
    )


def _ended(function: Function, run: pd.DataFrame, lr: float, regime: Regime | None) -> list[str]:
    """Explain why a run has no numbers any more, and what to change."""
    ended = divergence(run)
    if ended is None or ended.step == 0:
        return [f"The run cannot begin: {ended.reason if ended else ''}", "Choose a start on the curve."]
    first = f"The run ended at step {ended.step:,}, and this is no fault of the program: {ended.reason}"
    if regime and regime.name == FALLING:
        return [
            first,
            "The loss was falling all the way: this function has no lowest point on that side, so there is nothing to "
            "arrive at. A smaller learning rate only takes longer.",
        ]
    advice = safer_rate(function, float(run["x"].iloc[0]), lr, len(run) - 1, SGD)
    return [
        first,
        "A step past the minimum can land higher up, where the slope is steeper, and the next step is longer still.",
        f"What to change: with the learning rate {advice[0]:.3g} the same start stays finite and comes down to a loss of "
        f"{advice[1]:.4g}."
        if advice
        else "",
    ]


def _last_step(run: pd.DataFrame, step: int) -> str:
    if step == 0:
        return ""
    before, now = run.iloc[step - 1], run.iloc[step]
    change = "smaller" if now["loss"] < before["loss"] else "larger" if now["loss"] > before["loss"] else "no different"
    ratio = abs(float(now["update"] / before["update"])) if before["update"] else math.nan
    flipped = before["update"] * now["update"] < 0
    said = f"The last step made the loss {change}: {signed(before['loss'])} → {signed(now['loss'])}. "
    if math.isfinite(ratio):
        said += f"The next one is {ratio:.3g} times as long" + (
            " and goes back the other way: it had gone past the lowest place." if flipped else "."
        )
    return said


def _beyond(function: Function, w: float) -> str:
    low, high = function.domain
    if low <= w <= high:
        return ""
    side = "right" if w > high else "left"
    return f"w = {w:.4g} lies to the {side} of the picture; the arrow at its edge says where."


def tell_stop(function: Function, run: pd.DataFrame, ended: list[Stop], step: int) -> None:
    """Say what to notice at a step of a run that the first of `ended` stops."""
    first = ended[0]
    now, lowest = run.iloc[step], lowest_drawn(function)
    if step < first.step:
        notice(
            f"The loss is {signed(float(now['loss']))} and the slope {signed(float(now['gradient']))}. A rule knows only "
            "what has happened so far; it cannot see how deep the valley is.",
        )
        return
    if first.rule == DIVERGED:
        notice(
            "Divergence is the one rule nobody has to switch on: there is nothing left to compute with.",
            _change(function, run),
        )
        return
    if now["loss"] > run["loss"].iloc[0]:
        notice(
            f"It ended higher than it began: {signed(float(run['loss'].iloc[0]))} → {signed(float(now['loss']))}. The rule "
            "saved time, but the learning rate is what has to change.",
            _change(function, run),
        )
        return
    gap, whole = float(now["loss"]) - lowest, float(run["loss"].iloc[0]) - lowest
    told = []
    if math.isfinite(gap) and whole > 0:
        told.append(
            f"Where it stopped, {_percent(gap / whole)} of the way down to the lowest loss in the picture is left."
            if gap > 0
            else "It stopped lower than anything in the picture: out there the function goes on falling."
        )
        if gap > 0.01 * whole and first.rule == FLAT:
            told.append("A small gradient is not a minimum: the curve is just flat here.")
        if gap > 0.01 * whole and first.rule == NO_BETTER:
            told.append(
                "The loss stopped falling although there is lower ground: it bounces, or this is another valley."
            )
        if gap > 0.01 * whole and first.rule == ENOUGH:
            told.append("The number of steps knows nothing about the loss: more steps, or a larger learning rate.")
    if len(ended) > 1:
        told.append(f"The next rule would have been **{ended[1].rule}**, at step {ended[1].step:,}. {ended[1].reason}")
    notice(*told)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share >= 1e-5 else "less than 0.001 %"


def _change(function: Function, run: pd.DataFrame) -> str:
    """Say what to change after a run that diverged."""
    if run["status"].iloc[0] == "diverged":
        return "Choose a start where the function has a value."
    if classify(run, function).name == FALLING:
        return "The loss was falling all the way: this function has no lowest point on that side, so nothing helps."
    advice = safer_rate(function, float(run["x"].iloc[0]), float(run["lr"].iloc[0]), len(run) - 1, SGD)
    if advice is None:
        return "A smaller learning rate does not help here; try another start."
    return f"What to change: with the learning rate {advice[0]:.3g} the same start comes down to a loss of {advice[1]:.4g}."
