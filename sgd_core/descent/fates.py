"""A map of fates in words, and the places on it that a click can take."""

import math

import numpy as np
import pandas as pd

from sgd_core.descent.minimum import Minimum
from sgd_core.descent.regime_map import Outcome, RegimeMap, border_dimension
from sgd_core.numbers import number, percent

CELLS = 64  # places each way that a click can take
WAYS = ("A straight line", "A smooth curve", "A ragged coast", "There is none")
RAGGED = 1.15  # a border of a higher dimension is no smooth curve


def is_line(regimes: RegimeMap, minimum: Minimum | None) -> bool:
    """Tell whether the border is a straight line: on a parabola, or where at nearly every learning rate all starts of the
    map arrive, or none does.
    """
    share = (regimes.outcome[: regimes.rows] == Outcome.ARRIVED).mean(1)
    level = bool(((share < 0.02) | (share > 0.98)).mean() > 0.97)
    return level or (minimum is not None and minimum.quadratic)


def border_answer(regimes: RegimeMap, minimum: Minimum | None) -> tuple[str, str]:
    """Return which of `WAYS` the border of the runs that arrive is, and why."""
    dimension = border_dimension(regimes)
    if math.isnan(dimension):
        return WAYS[3], "all runs of the map arrive, or none does, so there is nothing to draw a border between."
    way = WAYS[0 if is_line(regimes, minimum) else 2 if dimension > RAGGED else 1]
    return way, (
        f"{percent(regimes.shares().get(Outcome.ARRIVED, 0.0), 2)} of the runs arrive; counted in boxes, their border has the "
        f"dimension {number(dimension, 3)} (a smooth line has 1)."
    )


def finite_numbers(text: str, count: int) -> list[float]:
    """Read so many numbers out of an address, divided by commas; ValueError where it has others."""
    found = [float(part) for part in text.split(",")]
    if len(found) != count or not all(map(math.isfinite, found)):
        raise ValueError(f"There must be {count} finite numbers.")
    return found


def cells(regimes: RegimeMap) -> pd.DataFrame:
    """Return the places that a click can take, each of them a pixel of the map: start, lr, outcome, needed."""
    view = regimes.window
    every = np.unique(np.linspace(0, view.size - 1, CELLS).round().astype(int))
    row, column = (part.ravel() for part in np.meshgrid(every, every, indexing="ij"))
    return pd.DataFrame(
        {
            "start": view.starts[column],
            "lr": view.lrs[row],
            "outcome": [Outcome(code).words for code in regimes.outcome[row, column]],
            "needed": regimes.needed[row, column],
        }
    )


def tell_fate(regimes: RegimeMap, minimum: Minimum | None, run: tuple[float, float], step: int) -> list[str]:
    """Say what the map shows, and what has become of the run that is played."""
    view, shares = regimes.window, regimes.shares()
    start, lr = run
    border = minimum.borders[1] if minimum and minimum.borders else None
    row, column = int(np.abs(view.lrs - lr).argmin()), int(np.abs(view.starts - start).argmin())
    outcome, needed = Outcome(regimes.outcome[row, column]), int(regimes.needed[row, column])
    sentences = [
        f"Each pixel is a whole run of {view.steps} steps: its start across, its learning rate upwards. All "
        f"{number(view.size * regimes.rows)} of them were run just now. The paler a pixel, the more steps it took.",
        f"The ring is the run from {number(start)} with the learning rate {number(lr)}: **{outcome.words if outcome else 'not computed yet'}**"
        + (f" after {needed} steps." if needed >= 0 else ".")
        + (f" The clock stands at step {step}." if step else " Press **Play** to see it."),
    ]
    if border is not None and view.lr[0] < border < view.lr[1] and regimes.rows == view.size:
        above = view.lrs > border
        saved = float((regimes.outcome[above] == Outcome.ARRIVED).mean()) if above.any() else 0.0
        below = regimes.outcome[~above]
        failed = float((~np.isin(below, (Outcome.ARRIVED, Outcome.UNDER_WAY))).mean()) if below.size else 0.0
        sentences.append(
            f"The dashed line is the rule, 2/λ = {number(border)}, with λ the bend at the minimum. Above it {percent(saved, 2)} of the "
            f"runs arrive all the same, and below it {percent(failed, 2)} fail. "
            + (
                "On a parabola the rule is exact."
                if is_line(regimes, minimum)
                else "The rule looks at one place only; a run that starts elsewhere meets other bends on its way."
            )
        )
    if shares.get(Outcome.ENDLESS_BOUNCE, 0) > 0.01:
        known = minimum is not None and minimum.quadratic
        why = "They do so close to the border." if known else "No rule about parabolas knows this fate."
        sentences.append(
            f"{percent(shares[Outcome.ENDLESS_BOUNCE], 2)} bounce for ever: they neither arrive nor get lost. {why}"
        )
    return sentences
