"""The regime of a learning rate, named by what its descent comes to and not only by the steps seen.

On f(x) = a/2 (x - m)² each step of plain gradient descent multiplies the distance to m by 1 - lr a. Hence the borders
1/a (there in one step) and 2/a (bounces for ever). Elsewhere the same factor at the minimum ahead, the cycle it ends
in, or its escape decides; see `outlook`.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from sgd_core.calculus.formula import Function
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import slope_at
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.outlook import Outlook, outlook
from sgd_core.descent.regime_names import (
    AT_REST,
    BOUNCING,
    DIVERGING,
    FALLING,
    GOOD,
    LEFT_DOMAIN,
    THROWN_OUT,
    TOO_LOW,
    UNDECIDED,
    RegimeName,
)
from sgd_core.descent.track import Track, track
from sgd_core.numbers import counted, number, percent

ARRIVED = 0.01  # within 1 % of the gap in loss between the start and the minimum
AHEAD = 1000  # steps computed beyond those seen
_SOON = 250  # of them, those after which most runs have settled


@dataclass(frozen=True)
class Regime:
    """What a learning rate does: its name, the reason in one sentence, and the factor from step to step.

    `endless` marks a bounce that never comes to rest. `factor` is how many times the step before each step is in the
    end, negative where the direction flips; 1 - lr f'' at the minimum for plain descent; NaN where there is none.
    """

    name: RegimeName
    reason: str
    endless: bool = False
    factor: float = math.nan


def classify(run: pd.DataFrame, f: Function, optimizer: str | Optimizer = "sgd") -> Regime:
    """Name the regime of one run of `descend`, looking ahead on its function.

    - "too low": it keeps its direction in the end and will come to rest (or approaches a limit), but after the last
      step seen more than 1 % of the gap in loss between start and minimum is left.
    - "good": the same, and it has come within that 1 %. (A bounce that begins within that 1 %, as at a kink, counts
      as arrived and is marked `endless`.)
    - "bouncing": its steps flip their direction across the minimum, be it coming to rest or `endless`.
    - "diverging": it goes ever farther away, and the loss grows.
    - "left the domain": a step lands where the function or its slope has no finite value (log left of 0).
    - "thrown out": a step throws it to where the loss is higher than at the start, and there it stays or hardly moves.
    - "falling": the loss falls beyond all bounds, since the function has no lowest point that way.
    - "at rest": the slope at the start is 0. "undecided": no step was taken.

    Raises ValueError on a frame that is not exactly one run, and on one of which `optimizer` did not take the steps.
    """
    if run.empty or run["run"].nunique() != 1:
        raise ValueError("Pass exactly one run, such as frame[frame['run'] == 0].")
    return classify_runs(run, f, optimizer)[0]


def classify_runs(
    runs: pd.DataFrame, f: Function, optimizer: str | Optimizer = "sgd", *, steps: int | None = None
) -> list[Regime]:
    """Name every run of one `descend` as `classify` does, looking ahead on all of them at once.

    With `steps`, only so many count as seen, and the rest of the frame is the look-ahead.
    """
    whole = [track(run) for _, run in runs.groupby("run", sort=False)]
    seen = whole if steps is None else [run.first(steps) for run in whole]
    lrs = runs.groupby("run", sort=False)["lr"].first().to_numpy()
    plain = optimizer == "sgd" or (isinstance(optimizer, Optimizer) and optimizer == Optimizer("sgd"))
    if plain:
        for run, lr in zip(seen, lrs, strict=True):
            _check_plain(run, lr)
    if steps is None:
        whole = _longer(f, lrs, seen, optimizer, plain)
    return [
        _early(run) or _name(f, run, longer, outlook(f, float(lr), longer, plain))
        for lr, run, longer in zip(lrs, seen, whole, strict=True)
    ]


def _check_plain(run: Track, lr: float) -> None:
    alive = run.broken if run.broken >= 0 else len(run.x)
    if not np.allclose(run.update[:alive], -lr * run.slope[:alive], rtol=1e-4, atol=1e-300):
        raise ValueError("These are no steps of plain gradient descent; say which optimizer took them.")


def _longer(f: Function, lrs: np.ndarray, seen: list[Track], optimizer: str | Optimizer, plain: bool) -> list[Track]:
    """Return each run with the steps to come; plain descent goes on from its last place, others begin anew."""
    whole = list(seen)
    dtype = torch.float32 if seen[0].x.dtype == np.float32 else torch.float64
    for steps in (_SOON, AHEAD - _SOON):
        going = [place for place, run in enumerate(whole) if run.broken < 0 and not run.settled]
        if not going:
            break
        starts = [whole[place].x[-1] if plain else seen[place].x[0] for place in going]
        count = steps if plain else len(seen[0].x) - 1 + AHEAD
        ahead = descend(f, starts, lrs[going], count, optimizer, dtype=dtype)
        for place, (_, run) in zip(going, ahead.groupby("run"), strict=True):
            whole[place] = whole[place].followed_by(track(run)) if plain else track(run)
        if not plain:
            break
    return whole


def _early(seen: Track) -> Regime | None:
    if seen.broken == 0:
        at = f"The function has no finite value or slope at the start, x = {number(seen.x[0])}."
        return Regime(LEFT_DOMAIN, at)
    if seen.broken < 0 and not seen.update.any():
        if seen.slope[0] == 0:
            return Regime(AT_REST, f"The slope at the start, x = {number(seen.x[0])}, is 0, so every step is 0.")
        return Regime(TOO_LOW, "The steps are so short that they drown in rounding: nothing moves.", factor=1.0)
    if len(seen.x) == 1:
        return Regime(UNDECIDED, "Nothing has happened yet; take at least one step.")
    if seen.settled and not seen.significant.size:
        length = number(abs(seen.update[0]), 2)
        return Regime(TOO_LOW, f"The steps, {length} long, drown in rounding: nothing moves.", factor=1.0)
    return None


def _name(f: Function, seen: Track, whole: Track, end: Outlook) -> Regime:
    steps, loss = len(seen.x) - 1, number(seen.loss[0])
    match end.kind:
        case "leaves":
            return Regime(LEFT_DOMAIN, f"{_when(end, steps)} lands where the function has no finite value.")
        case "falls":
            return Regime(FALLING, f"There is no lowest point that way: {_fallen(seen, steps)}.", factor=end.factor)
        case "grows":
            return Regime(DIVERGING, _growth(seen, end, steps), factor=end.factor)
        case "thrown":
            now = end.x == float(whole.x[-1])
            slope = number(whole.slope[-1] if now else slope_at(f, end.x), 2)
            how = "It was thrown" if now else "It comes back, but a later step throws it"
            where = f"{how} to x = {number(end.x)}, where the loss is {number(end.loss)} instead of {loss}"
            return Regime(THROWN_OUT, f"{where} and the slope {slope}: there it stays or hardly moves.")
        case "cycles":
            return _arrived_hopping(seen, whole, end) or Regime(BOUNCING, _endless(end), True, end.factor)
        case "bounces":
            so_far = "" if seen.flips(seen.significant) else "So far it keeps its direction, but near the minimum "
            each = "each step flips its direction" if so_far else "Each step flips its direction"
            times = "a little shorter than" if abs(end.factor) == 1 else f"{_times(end.factor)} times as long as"
            reason = f"{so_far}{each} and is {times} the one before"
            return Regime(BOUNCING, f"{reason}: it bounces across the minimum, but comes to rest.", factor=end.factor)
    return _one_way(seen, end)


def _one_way(seen: Track, end: Outlook, hops: str = "") -> Regime:
    """Judge a run that keeps its direction in the end by how much of the way down is left after the steps seen."""
    steps = len(seen.x) - 1
    gap = float(seen.loss[0]) - end.loss
    left = max(float(seen.loss[-1]) - end.loss, 0.0) / gap if gap > 0 else 1.0
    name = GOOD if left <= ARRIVED else TOO_LOW
    leaps = seen.flips(seen.significant)
    if len(seen.loss) > 1 and gap > 0 and seen.loss[1] - end.loss < 1e-6 * gap and not leaps:
        how = "The first step goes all the way"
    else:
        moves = seen.update[seen.significant]
        times = _times(moves[-1] / moves[-2] if moves.size > 1 else end.factor)
        how = (
            f"Each step keeps its direction and is {'' if times == '1' else f'{times} times '}as long as the one before"
        )
        how = f"After {'one leap' if leaps == 1 else f'{leaps} leaps'} across, e{how[1:]}" if leaps else how
    joint = ";" if name == GOOD else ", yet"
    reason = f"{how}{joint} after {counted(steps, 'step')} {percent(left)} of the way down is left"
    if end.kind == "crawls" and name == TOO_LOW:
        reason += ", and no minimum is near"
    return Regime(name, f"{reason}{hops}.", bool(hops), end.factor)


def _arrived_hopping(seen: Track, whole: Track, end: Outlook) -> Regime | None:
    """Return the name by arrival where an endless bounce takes place within 1 % of the gap, as at a kink; else None."""
    close = end.loss + ARRIVED * (whole.loss[0] - end.loss)
    outside = np.flatnonzero(whole.loss > close)
    first_flip = np.flatnonzero(np.sign(whole.update[1:]) != np.sign(whole.update[:-1]))
    began_outside = outside.size and first_flip.size and first_flip[0] < outside[-1]
    if whole.loss[0] <= end.loss or end.highest > close or began_outside:
        return None
    hops = f"; near the minimum it hops for ever, by steps of {number(end.lengths[1], 2)}"
    return _one_way(seen, end, hops)


def _when(end: Outlook, steps: int) -> str:
    if end.step < 0:
        return "A later step"
    return f"Step {number(end.step)}" + ("" if end.step <= steps else f", not yet seen after {number(steps)},")


def _fallen(seen: Track, steps: int) -> str:
    last = number(seen.loss[-1] if seen.broken < 0 else seen.loss[seen.broken - 1])
    after = counted(steps if seen.broken < 0 else seen.broken - 1, "step")
    return f"the loss fell from {number(seen.loss[0])} to {last} in {after}, and falls on"


def _growth(seen: Track, end: Outlook, steps: int) -> str:
    last = seen.loss[-1] if seen.broken < 0 else seen.loss[seen.broken - 1]
    went = f"the loss went from {number(seen.loss[0])} to {number(last)}"
    each = f"each step is {_times(end.factor)} times the one before" if math.isfinite(end.factor) else ""
    flips = "It flips its direction and goes ever farther away" if end.factor < 0 else "It goes ever farther away"
    flips = f"{flips}, {each}" if each else flips
    if seen.broken >= 0:
        return f"{flips}: {went}, until the numbers overflowed at step {number(seen.broken)}."
    return f"{flips}: {went} in {counted(steps, 'step')}, and it grows without end."


def _endless(end: Outlook) -> str:
    low, high = (number(length, 3) for length in end.lengths)
    lengths = (
        f"steps of {high}" if low == high else f"steps from {low} to {high}" if low != "0" else f"steps up to {high}"
    )
    if end.kink:
        why = "The slope does not shrink towards the kink"
    elif end.factor <= -1:
        why = f"At the minimum it crosses, each step would be {_times(end.factor)} times the one before, so it cannot rest there"
        if end.factor == -1:
            why = "Each step is exactly as long as the one before"
    else:
        why = "It has fallen into a cycle around the minimum" if end.period else "It leaps about without settling"
    if not end.period:
        return f"{why}: it bounces by {lengths}, and has not settled after {number(AHEAD)} steps more."
    cycle = f" in a cycle of {end.period}" if end.period > 2 else ""
    return f"{why}: it bounces for ever, by {lengths}{cycle}."


def _times(factor: float) -> str:
    text, size = number(abs(factor)), abs(factor)
    return text if text != "1" or size == 1 else "just over 1" if size > 1 else "just under 1"
