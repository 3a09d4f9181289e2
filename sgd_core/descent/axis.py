"""The whole axis of learning rates at once: what each of them does, and where theory puts the borders."""

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sgd_core.calculus.formula import Function
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import Minimum, bend_at, limit_downhill
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, FALLING, GOOD, LEFT_DOMAIN, TOO_LOW
from sgd_core.descent.regimes import ARRIVED, classify_runs

DECADES, RATES = 6, 64
PATIENCE = 2000  # steps after which a learning rate counts as too slow to be worth counting
SUGGESTED = (0.04, 0.6, 1.9, 2.1)  # one learning rate of each main regime, as multiples of 1/a


def six_decades(minimum: Minimum | None) -> np.ndarray:
    """Return 64 learning rates over six decades, four of them below about 1/a; around 1 where a says nothing."""
    borders = minimum.borders if minimum else None
    middle = round(math.log10(borders[0])) if borders else 0
    return np.geomspace(10.0 ** (middle - 4), 10.0 ** (middle - 4 + DECADES), RATES)


def survey(f: Function, start: float, lrs: ArrayLike, steps: int, minimum: Minimum | None) -> pd.DataFrame:
    """Try every learning rate in one vectorised descent and name each: a row a learning rate.

    Columns: lr, regime, reason, endless, factor, loss (after `steps` steps), fallen (by how much it is lower than at the start), left (what then is left of the gap in loss
    between the start and the minimum, or the limit that the loss approaches; NaN where it has neither), needed (the first step from which on at most 1 % is left
    for good, watched for at least 2,000 steps; NaN where that does not happen).
    """
    runs = descend(f, start, lrs, max(PATIENCE, steps))
    first = float(runs["loss"].iloc[0])
    lowest = minimum.loss if minimum else limit_downhill(f, start)
    rows = []
    for (_, run), regime in zip(runs.groupby("run"), classify_runs(runs, f, steps=steps), strict=True):
        left, needed = math.nan, math.nan
        if math.isfinite(lowest) and first > lowest:
            with np.errstate(over="ignore"):  # from a flat place a loss that has exploded is too many times as high
                shares = (run["loss"].to_numpy() - lowest) / (first - lowest)
            left, needed = float(shares[steps]), arrival(shares, run["status"].iloc[-1] == "diverged")
            if regime.endless and needed >= 0 and not _stays(f, run, lowest + ARRIVED * (first - lowest)):
                needed = math.nan  # it passes by
        seen = float(run["loss"].iloc[steps])
        row = (
            float(run["lr"].iloc[0]),
            str(regime.name),
            regime.reason,
            regime.endless,
            regime.factor,
            seen,
            first - seen,
            left,
            needed,
        )
        rows.append(row)
    return pd.DataFrame(
        rows, columns=["lr", "regime", "reason", "endless", "factor", "loss", "fallen", "left", "needed"]
    )


def arrival(shares: np.ndarray, diverged: bool = False) -> float:
    """Return the first step from which on at most 1 % of the gap is left for good; NaN where there is none."""
    if diverged:
        return math.nan
    outside = np.flatnonzero(~(shares <= ARRIVED))
    if not outside.size:
        return 0.0
    return float(outside[-1] + 1) if outside[-1] < len(shares) - 1 else math.nan


def _stays(f: Function, run: pd.DataFrame, close: float) -> bool:
    """Tell whether a run that bounces for ever keeps a loss of at most `close` after its last step."""
    ahead = descend(f, float(run["x"].iloc[-1]), float(run["lr"].iloc[0]), PATIENCE)
    return bool((ahead["loss"] <= close).all())


def suggest_rates(f: Function, start: float, steps: int = 30) -> tuple[float, float, float, float]:
    """Propose learning rates that from this start end too low, good, bouncing and diverging, in rising order.

    They begin as multiples of 1/a, with a the curvature at the lowest point that trial descents find. Where
    `classify` names one otherwise (the function is no quadratic), the nearest trial of that name takes its place;
    where no trial has it (`abs(x)` never diverges), the proposal is only a guess. For "diverging" a run that
    falls for ever or leaves the domain will do.
    """
    ideal = [_round(_scale(f, start) * multiple) for multiple in SUGGESTED]
    tried = np.unique(
        [_round(rate) for rate in [*ideal, *np.geomspace(1e-4, 1e3, 71), *ideal[0] * np.geomspace(1, 100, 61)]]
    )
    names = np.array([str(regime.name) for regime in classify_runs(descend(f, start, tried, steps), f)])
    chosen: list[float] = []
    for rate, wanted in zip(ideal, ([TOO_LOW], [GOOD], [BOUNCING], [DIVERGING, FALLING, LEFT_DOMAIN]), strict=True):
        fits = np.isin(names, wanted)
        solid = fits & np.append(fits[1:], True) & np.insert(fits[:-1], 0, True)  # its neighbours have the name too
        pool = tried[solid] if solid.any() else tried[fits]
        if rate not in tried[fits] and pool.size:
            aim = pool.max() / 3 if wanted == [TOO_LOW] else rate  # clearly, not just, too low
            rate = float(pool[np.abs(np.log(pool / aim)).argmin()])
        chosen.append(max(rate, *chosen, 0.0))
    return chosen[0], chosen[1], chosen[2], chosen[3]


def _round(rate: float) -> float:
    return float(f"{rate:.3g}")


def _scale(f: Function, start: float) -> float:
    """Return 1/a at the lowest point that trial descents reach, or the rate that goes there in one step if smaller.

    On a quadratic the two are the same; at a kink or a flat minimum the curvature says nothing.
    """
    trial = descend(f, start, np.geomspace(1e-4, 1e3, 57), 200)
    ends = trial[trial["status"] == "finished"]
    if ends.empty:
        return 1.0
    lowest = float(ends.loc[ends["loss"].idxmin(), "x"])
    a = bend_at(f, lowest)
    slope = abs(float(trial["gradient"].iloc[0]))
    scales = [1 / a] if math.isfinite(a) and a > 1e-6 else []
    scales += [abs(lowest - start) / slope] if slope > 0 and lowest != start else []
    return min(scales, default=1.0)
