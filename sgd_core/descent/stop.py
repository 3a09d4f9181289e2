"""When to stop: rules that look at a run and say at which step they would have ended it, and why.

Each rule is a function of one run of `descend` and answers a `Stop` or None. A rule sees only what was known at that
step. The run itself goes on, so that all rules can be compared on it.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sgd_core.descent.descend import Loss, descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.numbers import number, signed


@dataclass(frozen=True)
class Stop:
    """The step at which a rule ends the run, the rule's name, and the reason in numbers."""

    step: int
    rule: str
    reason: str


@dataclass(frozen=True)
class Rules:
    """What ends a run, whichever comes first; None switches a rule off. Divergence always ends it.

    `gradient`: stop when |gradient| is at most this. `patience`: stop when the lowest loss so far is this many steps
    old, where only an improvement by more than `improvement` counts. `seconds`: stop when this time is used up.
    Raises ValueError on a value that makes no sense.
    """

    steps: int
    gradient: float | None = None
    patience: int | None = None
    improvement: float = 0.0
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        for name in ("steps", "gradient", "patience", "seconds"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"The stop rule {name} needs a finite number above 0; it is {value}.")
        if not (math.isfinite(self.improvement) and self.improvement >= 0):
            raise ValueError(f"An improvement is a finite number from 0; it is {self.improvement}.")


DIVERGED, ENOUGH, FLAT, NO_BETTER, TIME = (
    "divergence",
    "number of steps",
    "small gradient",
    "no improvement",
    "time budget",
)


def stops(run: pd.DataFrame, rules: Rules, seconds_a_step: float = 0.0) -> list[Stop]:
    """Return what each rule says about the run, the earliest first; rules that never fire are missing.

    `run` is one run of `descend`; `seconds_a_step` is what a step took when it was computed.
    """
    reached = [
        divergence(run),
        small_gradient(run, rules.gradient) if rules.gradient is not None else None,
        no_improvement(run, rules.patience, rules.improvement) if rules.patience is not None else None,
        time_budget(run, rules.seconds, seconds_a_step) if rules.seconds is not None else None,
        number_of_steps(run, rules.steps),
    ]
    return sorted((stop for stop in reached if stop is not None), key=lambda stop: stop.step)


def number_of_steps(run: pd.DataFrame, steps: int) -> Stop | None:
    """End the run after so many steps."""
    if int(run["step"].iloc[-1]) < steps:
        return None
    return Stop(steps, ENOUGH, f"All {steps:,} steps are taken, and the loss is {number(_at(run, 'loss', steps))}.")


def small_gradient(run: pd.DataFrame, least: float) -> Stop | None:
    """End the run at the first step whose |gradient| is at most `least`."""
    flat = np.flatnonzero(run["gradient"].abs().to_numpy() <= least)
    if not flat.size:
        return None
    step = int(flat[0])
    return Stop(
        step,
        FLAT,
        f"The gradient is {number(_at(run, 'gradient', step), 3)}, not more than {number(least)} either way.",
    )


def no_improvement(run: pd.DataFrame, patience: int, improvement: float = 0.0) -> Stop | None:
    """End the run when the best loss is `patience` steps old; lower by not more than `improvement` is no better."""
    best, since = math.inf, 0
    for step, loss in enumerate(run["loss"]):
        if loss < best - improvement:
            best, since = loss, step
        elif step - since >= patience:
            better = f"by more than {number(improvement)} " if improvement else ""
            return Stop(
                step,
                NO_BETTER,
                f"The loss {number(best)} of step {since:,} was not beaten {better}in {patience:,} steps.",
            )
    return None


def time_budget(run: pd.DataFrame, seconds: float, seconds_a_step: float) -> Stop | None:
    """End the run at the last step that is done within `seconds`."""
    if seconds_a_step <= 0:
        return None
    step = int(seconds / seconds_a_step)
    if step > int(run["step"].iloc[-1]):
        return None
    took = f"{number(1e6 * seconds_a_step, 3)} µs"
    return Stop(
        step, TIME, f"A step took {took} here and now, so {number(1000 * seconds)} ms are used up after {step:,} steps."
    )


def divergence(run: pd.DataFrame) -> Stop | None:
    """End the run at the first step at which w, loss or gradient is no finite number; the reason tells the numbers."""
    broken = np.flatnonzero(run["status"].to_numpy() == "diverged")
    if not broken.size:
        return None
    step = int(broken[0])
    x, loss, gradient = (_at(run, column, step) for column in ("x", "loss", "gradient"))
    if step == 0:
        gradient = math.nan if math.isnan(loss) else gradient  # no value, no slope, whatever its rule computes
        return Stop(
            0, DIVERGED, f"At the start, w = {number(x)}, the loss is {number(loss)} and the slope {number(gradient)}."
        )
    before = {column: _at(run, column, step - 1) for column in ("x", "loss", "gradient", "update")}
    tale = (
        f"At step {step - 1:,} w was {number(before['x'])}, the loss {number(before['loss'])} and the slope "
        f"{number(before['gradient'])}; a step of {signed(before['update'])} led to w = {number(x)}"
    )
    what = "loss" if not math.isfinite(loss) else "slope"
    if math.isnan(loss) and abs(x) < 1e100:
        return Stop(step, DIVERGED, f"{tale}, where the function has no value.")
    return Stop(step, DIVERGED, f"{tale}, where the {what} is too large for a number of the computer.")


def safer_rate(f: Loss, start: float, lr: float, steps: int, optimizer: Optimizer) -> tuple[float, float] | None:
    """Return the largest of lr/2, lr/4 ... lr/2^20 whose run stays finite and ends lower, and the loss it ends at.

    None where there is no such rate: then the learning rate is not what is wrong.
    """
    rates = lr / 2.0 ** np.arange(1, 21)
    runs = descend(f, start, rates, min(steps, 500), optimizer)
    first, last = runs.groupby("run").first(), runs.groupby("run").last()
    good = np.flatnonzero((last["status"] == "finished") & (last["loss"] < first["loss"]))
    return (float(rates[good[0]]), float(last["loss"].iloc[good[0]])) if good.size else None


def within(run: pd.DataFrame, lowest: float, share: float = 0.01) -> int | None:
    """Return the first step whose loss has come within `share` of the way from the start's loss down to `lowest`."""
    first = float(run["loss"].iloc[0])
    near = np.flatnonzero(run["loss"].to_numpy() <= lowest + share * (first - lowest))
    return int(near[0]) if near.size else None


def _at(run: pd.DataFrame, column: str, step: int) -> float:
    return float(run[column].iloc[step])
