"""What to notice about the remedies on one weight: what each of them leaves of the way down."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from sgd_core.descent.axis import arrival
from sgd_core.descent.objective import Objective
from sgd_core.descent.regime_names import BOUNCING, DIVERGING
from sgd_core.descent.regimes import classify_runs
from sgd_core.descent.remedies import REMEDIES
from sgd_core.numbers import counted, number, percent

SHOWN = ("none", "lower", "clip", "momentum", "adam", "step")  # by the clock, which has no room for all


class WayDown(NamedTuple):
    """The way down that every run is measured by: the lowest loss, and how far above it the start is."""

    lowest: float
    gap: float

    def shares(self, run: pd.DataFrame) -> np.ndarray:
        """Return what is left of it at each step (steps + 1,): 1 at the start, 0 at its end."""
        return ((run["loss"] - self.lowest) / self.gap).to_numpy()

    def left(self, run: pd.DataFrame) -> float:
        """Return what is left of it at the end, infinite where the run has diverged."""
        return math.inf if run["status"].iloc[-1] == "diverged" else float(self.shares(run)[-1])


def way_down(objective: Objective, runs: pd.DataFrame) -> WayDown:
    """Return the way from the start to the minimum, or to the lowest loss of all runs where there is none.

    Raises ValueError with a sentence for the learner where there is no way down that a share could be taken of.
    """
    first = float(runs["loss"].iloc[0])
    lowest = objective.minimum.loss if objective.minimum else float(runs["loss"].min())
    gap = first - lowest
    if not math.isfinite(first):
        raise ValueError("The function has no value at the start. Choose another start.")
    if gap == math.inf:
        raise ValueError(
            "The loss falls beyond all numbers here, so there is no way down to measure. Choose another start."
        )
    if gap <= 0:
        raise ValueError("The start is already as low as it gets. Choose another start.")
    return WayDown(lowest, gap)


def left_in_words(share: float) -> str:
    """Say how much of the way down is left; a run that has come lower than the minimum it aimed at has left none."""
    if math.isinf(share):
        return "diverged"
    if share <= 1e-6:
        return "nothing of the way down is left" if share >= -1e-6 else "lower than the nearest minimum"
    return (
        f"{number(share, 3)} times the way down is left" if share > 10 else f"{percent(share)} of the way down is left"
    )


def remedy_numbers(runs: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    """Return what the clock shows at these steps of `descend_with_remedies`."""
    columns = {"step": [number(int(step)) for step in moments]}
    for key in SHOWN:
        places = runs[runs["remedy"] == key]["x"].to_numpy()[moments]
        columns[f"w, {REMEDIES[key].title}"] = [number(x) for x in places]
    return pd.DataFrame(columns)


def tell_remedies(objective: Objective, runs: pd.DataFrame, way: WayDown) -> list[str]:
    """Say how the run fails, what each remedy leaves of the way down, and why some cannot help."""
    each = {str(key): run for key, run in runs.groupby("remedy", sort=False)}
    left = {key: way.left(run) for key, run in each.items()}
    constant = each["none"]
    turns = np.sign(constant["update"].to_numpy()[: objective.steps])
    flips = int((turns[1:] * turns[:-1] < 0).sum())
    regime = classify_runs(constant, objective.function)[0].name
    sentences = [
        f"As it is, the learning rate {number(constant['lr'].iloc[0])} is {regime}: it flips its direction {counted(flips, 'time')} in {counted(objective.steps, 'step')}; {left_in_words(left['none'])}."
    ]
    if objective.minimum is None:
        sentences.append(
            "There is no minimum downhill, so *the way down* ends at the lowest loss that any of the eleven reached."
        )
    best = min(left, key=left.__getitem__)
    if math.isinf(left[best]):
        return [
            *sentences,
            "All eleven diverge: they begin so high that every cure comes too late. Lower the learning rate itself.",
        ]
    sentences.append(f"The least is left by **{REMEDIES[best].title}**.")
    needed = {key: arrival(way.shares(run), math.isinf(left[key])) for key, run in each.items()}
    arrived = [
        f"{REMEDIES[key].title} at step {number(int(step))}" for key, step in needed.items() if math.isfinite(step)
    ]
    if arrived:
        sentences.append(f"Within 1 % for good: {', '.join(arrived)}.")
    sentences.append(
        "*Scaled inputs*: with an input half as large the weight must be twice as large, and the curvature is a quarter. On one weight that is "
        "the same as a quarter of the learning rate; with many weights it also makes the parabolas alike."
    )
    if regime in (BOUNCING, DIVERGING) and best != "warm_up" and 0.01 < left["warm_up"] < math.inf:
        sentences.append(
            "*Warm-up* ends where the failing rate goes on, so it cannot cure a bounce: it helps where only the first steps are "
            "dangerous, as with cross-entropy, whose curvature falls while it learns."
        )
    return sentences
