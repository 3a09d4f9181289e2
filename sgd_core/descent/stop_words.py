"""A run that rules end, in words: its numbers, what each rule waits for, and what to notice once one has fired."""

import math

import numpy as np
import pandas as pd

from sgd_core.bet import Bet
from sgd_core.calculus.formula import Function
from sgd_core.calculus.kinks import kink
from sgd_core.descent.minimum import find_minimum
from sgd_core.descent.one_weight import SGD, lowest_in_picture
from sgd_core.descent.one_weight_words import tell_safer_rate
from sgd_core.descent.regime_names import FALLING
from sgd_core.descent.regimes import classify
from sgd_core.descent.stop import DIVERGED, ENOUGH, FLAT, NO_BETTER, TIME, Rules, Stop, safer_rate
from sgd_core.numbers import number, percent, signed

OFF = "off"


def stop_numbers(run: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    """Return what the clock shows at each moment (a step), as text."""
    here, lowest = run.iloc[moments], run["loss"].cummin().iloc[moments]
    return pd.DataFrame(
        {
            "step": [number(int(step)) for step in moments],
            "w": [number(x) for x in here["x"]],
            "loss": [number(loss) for loss in here["loss"]],
            "slope": [signed(slope) for slope in here["gradient"]],
            "lowest loss": [number(loss) for loss in lowest],
        }
    )


def tell_waiting(rules: Rules) -> str:
    """Say what a run that goes on is waiting for."""
    waits = [f"step {rules.steps:,}"]
    waits += [f"a gradient of at most {number(rules.gradient)}"] if rules.gradient else []
    waits += [f"{rules.patience:,} steps without a lower loss"] if rules.patience else []
    waits += [f"{number(1000 * rules.seconds)} ms to pass"] if rules.seconds else []
    return f"Not stopped yet: waiting for {', or '.join(waits)}."


def _settings(rules: Rules) -> dict[str, str]:
    """Return what each rule is set to, in words."""
    return {
        FLAT: f"at most {number(rules.gradient)}" if rules.gradient else OFF,
        NO_BETTER: f"{rules.patience:,} steps" if rules.patience else OFF,
        TIME: f"{number(1000 * rules.seconds)} ms" if rules.seconds else OFF,
        ENOUGH: f"{rules.steps:,}",
        DIVERGED: "always on",
    }


def rules_table(rules: Rules, ended: list[Stop]) -> str:
    """Return what each rule waits for and, once the run has ended, at which step each would have stopped it."""
    settings = _settings(rules)
    fired = {stop.rule: (str(i), f"{stop.step:,}") for i, stop in enumerate(ended, 1)}
    lines = ["| | rule | set to | would stop at step |", "|---|---|---|---|"]
    for rule in [*fired, *(rule for rule in settings if rule not in fired)]:
        place, step = fired.get(rule, ("", "–" if ended else "?"))
        lines.append(f"| {place} | {rule} | {settings[rule]} | {step if settings[rule] != OFF else ''} |")
    return "\n".join(lines)


def rule_bet(rules: Rules, first: Stop) -> Bet:
    """Ask which of the rules that are on is the `first` to end the run."""
    settings = _settings(rules)
    return Bet(
        "Which rule will end the run?",
        [DIVERGED, ENOUGH, *(rule for rule in (FLAT, NO_BETTER, TIME) if settings[rule] != OFF)],
        first.rule,
        f"at step {first.step:,}. {first.reason}",
    )


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
        if kink(function, float(now["x"])):
            told.append("PyTorch answers 0 at a kink, so this rule fires there.")
        elif bottom and now["loss"] - bottom.loss < 0.01 * whole:
            told.append(
                "It is a minimum, but not the lowest place of the picture: a small gradient knows nothing of the others."
            )
        else:
            told.append("A small gradient is not a minimum: the curve is just flat here.")
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
    return tell_safer_rate(safer_rate(function, float(run["x"].iloc[0]), float(run["lr"].iloc[0]), len(run) - 1, SGD))
