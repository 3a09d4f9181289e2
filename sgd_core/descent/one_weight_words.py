"""What to notice about one weight's run, at a step, at its end, and when a rule has stopped it."""

import math

import numpy as np
import pandas as pd

from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.one_weight import SGD, lowest_in_picture
from sgd_core.descent.regime_names import FALLING
from sgd_core.descent.regimes import classify
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, Stop, divergence, safer_rate
from sgd_core.numbers import number, percent, signed


def descent_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what the clock shows of a descent at these of its rows: step, w, loss, slope."""
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in rows["step"]],
            "w": [number(x) for x in rows["x"]],
            "loss": [number(loss) for loss in rows["loss"]],
            "slope": [signed(slope) for slope in rows["gradient"]],
        }
    )


def tell_step(function: Function, run: pd.DataFrame, step: int, lr: float) -> list[str]:
    """Say what to notice at this step of a run of plain descent."""
    now = run.iloc[step]
    if now["status"] == "diverged":
        return _ended(function, run, lr)
    told = _start(now, lr) if step == 0 else _last_step(function, run, step, lr)
    if now["gradient"] == 0:
        told += _level(function, float(now["x"]), step)
    told.append(_beyond(function, float(now["x"])))
    if step == len(run) - 1:
        regime = classify(run, function)
        told.append(f"The whole run is called **{regime.name}**. {regime.reason}")
    return told


def _start(now: pd.Series, lr: float) -> list[str]:
    slope = float(now["gradient"])
    if slope == 0:
        return []
    side = "right" if slope < 0 else "left"
    return [
        f"The slope is {number(slope)}, so downhill is to the {side}: w goes **{side}, against the slope**.",
        f"The step will be the learning rate times the slope: {number(lr)} × {number(abs(slope))}. The learning rate "
        f"{number(lr)} is **not the distance**.",
        f"The loss is {number(now['loss'])} now. What will it be after the step?",
    ]


def _last_step(function: Function, run: pd.DataFrame, step: int, lr: float) -> list[str]:
    before, now = run.iloc[step - 1], run.iloc[step]
    slope, moved = float(before["gradient"]), float(before["update"])
    if moved == 0:
        return []
    side = "right" if moved > 0 else "left"
    change = "fell" if now["loss"] < before["loss"] else "rose" if now["loss"] > before["loss"] else "stayed the same"
    told = [
        f"The last step was {number(lr)} × {number(abs(slope))} = {number(abs(moved))} to the {side}, against the slope. "
        f"The loss {change}: {number(before['loss'])} → {number(now['loss'])}."
    ]
    return [*told, _why(function, run, step, lr)]


def _why(function: Function, run: pd.DataFrame, step: int, lr: float) -> str:
    """Say what was special about the last step."""
    before, now, first = run.iloc[step - 1], run.iloc[step], float(run["x"].iloc[0])
    bottom = find_minimum(function, first)
    way = abs(first - bottom.x) if bottom else math.nan
    if bottom and way > 0 and abs(float(run["x"].iloc[1]) - bottom.x) < 1e-9 * way:
        exact = ""
        if bottom.quadratic:
            exact = (
                f" The learning rate {number(lr)} is exactly 1 / {number(bottom.curvature)}, one over the curvature: on "
                "such a curve that is the best there is."
            )
        return f"**One step was enough**: the first one landed on the lowest place, w = {number(bottom.x)}.{exact}"
    update, ahead = float(before["update"]), float(now["update"])
    if ahead == 0 or not math.isfinite(ahead):
        return ""
    ratio = abs(ahead / update)
    if bottom and bottom.kink and abs(ratio - 1) < 1e-9:
        size = number(abs(float(now["gradient"])))
        if update * ahead < 0:
            return f"It hops over the kink. The slope is {size} in size on both sides, so no step is shorter than the last."
        return f"The slope is {size} in size all the way, so every step is equally long: it will not slow down at the kink."
    length = f"The next step is {number(ratio, 3)} times as long as this one"
    if update * ahead < 0:
        return f"{length} and goes **back the other way**: it went past the lowest place."
    if abs(ratio - 1) < 1e-9:
        return f"{length}, since the slope is the same here."
    return f"{length}, since the slope here is {'smaller' if ratio < 1 else 'larger'}."


def _level(function: Function, w: float, step: int) -> list[str]:
    sides = kink(function, w)
    if sides:
        return [
            f"Here is a kink: the slope is {signed(sides[0])} on the left and {signed(sides[1])} on the right, and none in "
            "between. PyTorch answers 0 at exactly this place, so w stays."
        ]
    if step:
        return ["The slope is 0 here, so every further step is 0 too: w stays where it is."]
    return [
        "The slope is 0 here, so the step is 0 too: w stays where it is.",
        "A flat place may be a valley, but just as well the top of a hill. The slope cannot tell.",
    ]


def _ended(function: Function, run: pd.DataFrame, lr: float) -> list[str]:
    """Explain why a run has no numbers any more, and what to change."""
    ended = divergence(run)
    if ended is None or ended.step == 0:
        return [f"The run cannot begin: {ended.reason if ended else ''}", "Choose a start on the curve."]
    first = f"The run ended at step {ended.step:,}, and this is no fault of the program: {ended.reason}"
    if classify(run, function).name == FALLING:
        return [
            first,
            "The loss fell all the way. There is no lowest place on that side, so there is no place to rest.",
        ]
    advice = safer_rate(function, float(run["x"].iloc[0]), lr, len(run) - 1, SGD)
    return [
        first,
        "A step past the lowest place can land higher up, where the slope is steeper. Then the next step is longer still.",
        _better(advice),
    ]


def _better(advice: tuple[float, float] | None) -> str:
    if advice is None:
        return "A smaller learning rate does not help here. Try another start."
    return (
        f"What to change: with the learning rate {number(advice[0], 3)} the same start stays finite and comes down to a "
        f"loss of {number(advice[1])}."
    )


def _beyond(function: Function, w: float) -> str:
    low, high = function.domain
    if low <= w <= high:
        return ""
    side = "right" if w > high else "left"
    return f"w = {number(w)} lies to the {side} of the picture. The arrow at its edge says where."


def tell_stop(function: Function, run: pd.DataFrame, ended: list[Stop], step: int) -> list[str]:
    """Say what to notice at a step of a run that the first of `ended` stops."""
    first, now, start = ended[0], run.iloc[step], float(run["loss"].iloc[0])
    if step < first.step:
        return [
            f"The loss is {number(now['loss'])} and the slope {signed(now['gradient'])}. A rule knows only what has "
            "happened so far. It cannot see how deep the valley is."
        ]
    if first.rule == DIVERGED:
        return ["Nobody has to switch on this rule: there is nothing left to compute with.", _change(function, run)]
    if now["loss"] > start:
        return [
            f"It ended higher than it began: {number(start)} → {number(now['loss'])}. The rule saved time, but the "
            "learning rate is what has to change.",
            _change(function, run),
        ]
    told = _left(function, run, first)
    if len(ended) > 1:
        told.append(f"The next rule would have been **{ended[1].rule}**, at step {ended[1].step:,}. {ended[1].reason}")
    return told


def _left(function: Function, run: pd.DataFrame, first: Stop) -> list[str]:
    """Say how much of the way down is left, and what the rule could not know."""
    now, lowest = run.iloc[first.step], lowest_in_picture(function)
    low, high = function.domain
    gap, whole = float(now["loss"]) - lowest.loss, float(run["loss"].iloc[0]) - lowest.loss
    if not (math.isfinite(gap) and whole > 0):
        return []
    if gap < -1e-12 * whole and not low <= now["x"] <= high:
        return ["It stopped lower than anything in the picture: out there the function goes on falling."]
    share = max(gap, 0.0) / whole
    if share < 1e-12:
        return ["It stopped at the lowest place of the picture: nothing of the way down is left."]
    told = [f"Where it stopped, {percent(share)} of the way down to the lowest loss in the picture is left."]
    far = gap > 0.01 * whole
    bottom = find_minimum(function, float(now["x"]))
    moves = np.sign(run["update"].to_numpy()[: first.step])
    if first.rule == NO_BETTER and bottom and bottom.kink and (moves[1:] * moves[:-1] < 0).any():
        told.append(
            "It hops over the kink: the slope does not shrink there, so the steps do not, and a small gradient never "
            "comes. Only a smaller learning rate gets nearer."
        )
    elif far and first.rule == FLAT:
        sides = kink(function, float(now["x"]))
        told.append(
            "PyTorch answers 0 at a kink, so this rule fires there."
            if sides
            else "A small gradient is not a minimum: the curve is just flat here."
        )
    elif far and first.rule == NO_BETTER:
        told.append("The loss stopped falling, although there is a lower place: it bounces, or this is another valley.")
    elif far and first.rule == ENOUGH:
        told.append("The number of steps knows nothing about the loss: take more steps, or a larger learning rate.")
    return told


def _change(function: Function, run: pd.DataFrame) -> str:
    """Say what to change after a run that went up."""
    if run["status"].iloc[0] == "diverged":
        return "Choose a start where the function has a value."
    if classify(run, function).name == FALLING:
        return "The loss fell all the way. There is no lowest place on that side, so nothing helps."
    return _better(safer_rate(function, float(run["x"].iloc[0]), float(run["lr"].iloc[0]), len(run) - 1, SGD))
