"""What to notice about learning rates on one weight: four of them released together, or sixty-four on an axis.

The tables are those of `axis.survey`: a row a learning rate.
"""

import math

import numpy as np
import pandas as pd

from sgd_core.descent.axis import PATIENCE
from sgd_core.descent.minimum import Minimum
from sgd_core.descent.objective import Objective
from sgd_core.descent.regime_cases import LETTERS
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.numbers import counted, number

SEVERAL, NOBODY = "several at once", "nobody"  # which ball is first, where it is not one


def regime_numbers(runs: pd.DataFrame, moments: np.ndarray) -> pd.DataFrame:
    """Return what the clock shows at these steps of the four runs."""
    columns = {"step": [number(int(step)) for step in moments]}
    for letter, (_, run) in zip(LETTERS, runs.groupby("run"), strict=True):
        columns[f"w of {letter}"] = [number(x) for x in run["x"].to_numpy()[moments]]
    return pd.DataFrame(columns)


def regime_counts(table: pd.DataFrame) -> str:
    """Say how many learning rates have each name: "40 good, 24 diverging"."""
    return ", ".join(f"{count} {name}" for name, count in table["regime"].value_counts().items())


def steps_needed(row: pd.Series) -> str:
    """Say in how many steps a learning rate comes within 1 % of the way."""
    if math.isfinite(row["needed"]):
        return number(int(row["needed"]))
    return "never" if row["regime"] == DIVERGING else f"not in {number(PATIENCE)}"


def first_to_arrive(objective: Objective, four: pd.DataFrame) -> tuple[str, str]:
    """Return which of four balls comes within 1 % first, or `SEVERAL` or `NOBODY`, and why."""
    needed = four["needed"].to_numpy()
    first = np.flatnonzero(needed == np.nanmin(needed, initial=math.inf))
    answer = SEVERAL if len(first) > 1 else LETTERS[first[0]] if len(first) else NOBODY
    each = (f"{letter} {steps_needed(row)}" for letter, (_, row) in zip(LETTERS, four.iterrows(), strict=True))
    end = "of the minimum" if objective.minimum or not len(first) else "of the way down to the limit"
    return answer, f"{', '.join(each)}, in steps to within 1 % {end}."


def tell_regimes(objective: Objective, four: pd.DataFrame) -> list[str]:
    """Say where the borders of the regimes lie, and what the four learning rates show of them."""
    sentences = [_at_the_minimum(objective, four)]
    slow, wild = (four[four["regime"] == name] for name in (TOO_LOW, DIVERGING))
    bouncing = four[(four["regime"] == BOUNCING) & four["needed"].notna()]
    if not slow.empty and math.isfinite(slow["needed"].iloc[0]):
        sentences.append(
            f"Too low is safe but dear: {number(slow['lr'].iloc[0])} needs {_steps(slow)} to come within 1 %."
        )
    if not bouncing.empty:
        sentences.append(
            f"Bouncing is not diverging: {number(bouncing['lr'].iloc[0])} leaps across the minimum and still comes within "
            f"1 % in {_steps(bouncing)}."
        )
    if not wild.empty:
        sentences.append(
            f"Nothing is clipped: with {number(wild['lr'].iloc[0])} the loss after {counted(objective.steps, 'step')} is "
            f"{number(wild['loss'].iloc[0], 3)}. Left alone, such a run ends in inf and NaN; the program is not broken, the "
            "steps are too long."
        )
    if four["regime"].nunique() == 1:
        sentences.append(f"All four are {four['regime'].iloc[0]} now; move one slider far enough and its name changes.")
    return sentences


def _steps(rows: pd.DataFrame) -> str:
    return counted(int(rows["needed"].iloc[0]), "step")


def _at_the_minimum(objective: Objective, four: pd.DataFrame) -> str:
    minimum = objective.minimum
    if minimum is None:
        end = "so no ball can arrive"
        if four["needed"].notna().any():
            end = "but a limit that it comes near to: 1 % is 1 % of the way down to it"
        return f"Downhill from w = {number(objective.start)} the loss has no lowest point, {end}."
    if minimum.kink:
        return (
            f"The minimum, w = {number(minimum.x)}, is a kink: the slope leaps there from below to above 0, so the steps do "
            "not shrink and no learning rate comes to rest. A kink sets no border."
        )
    if minimum.borders is None:
        return (
            f"At the minimum, w = {number(minimum.x)}, the second derivative is {number(minimum.curvature, 3)}: it sets no "
            "border, and what a learning rate does depends on where it starts."
        )
    a, (one, two) = number(minimum.curvature), minimum.borders
    how = (
        "The curvature is the same everywhere, so this is exact"
        if minimum.quadratic
        else f"This holds near w = {number(minimum.x)} only, since the function is no parabola"
    )
    return (
        f"The second derivative at the minimum is a = {a}. Each step multiplies the distance to it by 1 − learning "
        f"rate × {a}: straight down below 1/a = {number(one)}, bouncing up to 2/a = {number(two)}, diverging "
        f"above. {how}."
    )


def tell_axis(minimum: Minimum | None, table: pd.DataFrame) -> list[str]:
    """Say which learning rates of an axis arrive, which is the quickest, and where the borders lie."""
    arrived = table[table["needed"].notna()]
    sentences = [_quickest(table, arrived)] if len(arrived) else []
    if minimum is None:
        return [
            *sentences,
            "There is no lowest point downhill from this start, so there is no curvature to put borders with.",
        ]
    if minimum.kink:
        return [*sentences, "The minimum is a kink: there is no second derivative there, so there are no borders."]
    if minimum.borders is None:
        told = f"At the minimum the second derivative is {number(minimum.curvature, 3)}, so it draws no borders."
        return [*sentences, told]
    one, two = minimum.borders
    sentences.append(
        f"Autograd, twice, gives a = {number(minimum.curvature, 5)} at the minimum w = {number(minimum.x)}, hence the borders "
        f"1/a = {number(one)} and 2/a = {number(two)}, known before a single step."
    )
    if minimum.quadratic:
        return [
            *sentences,
            "The function is a parabola: the curvature is the same everywhere and the borders are exact.",
        ]
    beyond = int(((table["lr"] >= two) & table["regime"].isin([TOO_LOW, GOOD, BOUNCING])).sum())
    other = f" Above 2/a, {beyond} of the runs here come to rest or bounce." if beyond else ""
    return [
        *sentences,
        "The function is no parabola, so the borders hold only close to that minimum: where the steps begin or end "
        f"elsewhere, another curvature decides.{other}",
    ]


def _quickest(table: pd.DataFrame, arrived: pd.DataFrame) -> str:
    best = arrived.loc[arrived["needed"].idxmin()]
    sentences = [
        f"{len(arrived)} of the {len(table)} come within 1 % in {number(PATIENCE)} steps.",
        f"The quickest is {number(best['lr'], 3)} with {counted(int(best['needed']), 'step')}.",
    ]
    others = []
    if best["lr"] >= 10 * table["lr"].min():
        needed = _nearest(table, best["lr"] / 10)["needed"]
        slow = counted(int(needed), "step") if math.isfinite(needed) else f"more than {number(PATIENCE)} steps"
        others.append(f"A tenth of it needs {slow}")
    if 10 * best["lr"] <= table["lr"].max():
        begin = "ten" if others else "Ten"
        others.append(f"{begin} times as much is {_nearest(table, best['lr'] * 10)['regime']}")
    return " ".join([*sentences, *([f"{'; '.join(others)}."] if others else [])])


def _nearest(table: pd.DataFrame, lr: float) -> pd.Series:
    return table.loc[np.log(table["lr"] / lr).abs().idxmin()]
