"""What a descent comes to in the end: it rests, bounces for ever, escapes, or leaves the function's domain.

Plain gradient descent repeats one map, x -> g(x) = x - lr f'(x). So its end is read off that map: it rests at a minimum
only where the factor 1 - lr f'' lies between -1 and 1; a slow bounce is decided by where the map done twice moves to;
and what is fast is simply computed for some thousand steps more.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import Function
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import bend_at, find_minimum, limit_downhill, slope_at, turning_point, value_at
from sgd_core.descent.track import Array, Track, factor_of, track

Kind = Literal["rests", "bounces", "cycles", "grows", "falls", "leaves", "crawls", "thrown"]

_BAND = 1e-9  # relative to the distance: a map done twice that moves less stays where it is
_MOST_RESUMED = 3
_SOON = 10_000  # steps after which a run that was thrown out counts as gone
_AGES = 1_000_000  # the same for one that has come back before: it will again


@dataclass(frozen=True)
class Outlook:
    """How a run ends.

    `kind`: "rests" (comes to rest keeping its direction), "bounces" (comes to rest, flipping), "cycles" (never rests),
    "grows" and "falls" (beyond all bounds, upwards or downwards), "leaves" (a step has no value), "crawls" (goes on,
    towards no lowest point), "thrown" (ends higher than it began). `x` and `loss`: where it rests, or the lowest loss it
    crosses or approaches. `factor`: how many times the step before a step is there (1 - lr f'' for plain descent).
    `step`: when the numbers end, for those that do. `period` and `lengths` (shortest, longest): of a cycle's steps; the
    period is 0 where none is found. `highest`: the highest loss of a cycle. `kink`: whether the slope leaps where it rests or crosses.
    """

    kind: Kind
    x: float
    loss: float
    factor: float
    step: int = -1
    period: int = 0
    lengths: tuple[float, float] = (0.0, 0.0)
    highest: float = math.inf
    kink: bool = False


def outlook(f: Function, lr: float, run: Track, plain: bool, resumed: int = 0) -> Outlook:
    """Read off a long run, and off the function, how it ends. `plain` tells that each step is -lr times the slope."""
    if run.broken >= 0:
        return _broken(run)
    rise = run.loss[-1] - run.loss[0]
    here = Outlook("rests", float(run.x[-1]), float(run.loss[-1]), math.nan)
    tail = run.significant[-max(8, len(run.x) // 3) :]
    if run.settled:
        return _settled(f, lr, run, plain, here, tail[-8:], bool(rise > 1e-9 * abs(run.loss[0])))
    if run.flips(tail) >= max(1, 0.02 * tail.size):
        return _bouncing(f, lr, run, resumed) if plain else _swinging(run, tail)
    ahead = find_minimum(f, here.x)
    if plain and ahead is not None and abs(run.update[-1]) > abs(ahead.x - here.x):
        return replace(_cycling(f, lr, run), x=ahead.x, loss=ahead.loss)  # from valley to valley, ever the same way
    if rise > 0:
        return _high(f, lr, run, here, plain, resumed)
    return _one_way(f, lr, run, plain, resumed)


def _broken(run: Track) -> Outlook:
    at, x, loss = run.broken, run.x, run.loss
    moves = np.diff(x[: at + 1]) if math.isfinite(x[at]) else np.diff(x[:at])
    before = float(loss[max(at - 1, 0)])
    end = Outlook("leaves", float(x[at]), before, factor_of(moves), at)
    far = not math.isfinite(x[at]) or abs(x[at]) > 1e3 * max(1.0, abs(x[0]))
    if at and far and before < loss[0]:
        return replace(end, kind="falls")
    if at and (far or (before > loss[0] and math.isinf(loss[at]))):
        return replace(end, kind="grows")
    return end


def _high(f: Function, lr: float, run: Track, here: Outlook, plain: bool, resumed: int) -> Outlook:
    """Judge a run that goes one way, down, but is still higher than it began: does it come back, and what then?"""
    if not plain:
        growing = abs(run.update[-1]) > 1e-3 * np.abs(run.update).max() and run.loss[-1] > run.loss[-2]
        return replace(here, kind="grows" if growing else "thrown")
    minimum = find_minimum(f, here.x)
    target = minimum.x if minimum else here.x - math.copysign(1e6, run.slope[-1])
    way = torch.linspace(here.x, target, 2001, dtype=torch.float64)[:-1]
    steps = float((abs(target - here.x) / 2000 / (lr * derivative(f, way).abs())).sum())
    if minimum is None or not steps < (_AGES if resumed else _SOON):
        return replace(here, kind="thrown")
    if resumed == _MOST_RESUMED or not steps < _SOON:  # out again, and again
        return _cycling(f, lr, run)
    return _one_way(f, lr, run, plain, resumed)


def _settled(f: Function, lr: float, run: Track, plain: bool, here: Outlook, last: Array, higher: bool) -> Outlook:
    factor = 1 - lr * bend_at(f, here.x) if plain else math.nan
    here = replace(here, factor=factor if math.isfinite(factor) else factor_of(run.update[last]))
    if higher:
        return replace(here, kind="thrown")
    minimum = find_minimum(f, here.x)
    if minimum is None or abs(minimum.x - here.x) > 1e-5 * (1 + np.abs(run.x).max()):  # a flat place, no minimum
        low = minimum.loss if minimum else limit_downhill(f, here.x)
        return replace(here, kind="crawls", loss=low if math.isfinite(low) else here.loss)
    here = replace(here, loss=min(here.loss, minimum.loss), kink=minimum.kink)
    if plain and math.isfinite(factor) and not minimum.kink and abs(factor) > 1e-6 and minimum.curvature:
        flips = factor < 0 and run.flips(run.significant) > 0
    else:
        flips = run.flips(last if plain else run.significant[-200:]) >= 2  # momentum swings slowly
    return replace(here, kind="bounces" if flips else "rests")


def _swinging(run: Track, tail: Array) -> Outlook:
    """Judge a run of another optimizer, of which only the steps are known, by how the longest of them change."""
    sizes, third = np.abs(run.update[tail]), max(1, tail.size // 3)
    ratio = float(sizes[-third:].max() / sizes[:third].max())
    lowest = int(run.loss.argmin())
    end = Outlook("cycles", float(run.x[lowest]), float(run.loss[lowest]), factor_of(run.update[tail]))
    if ratio > 2 and run.loss[tail[-1]] > run.loss[tail[0]]:
        return replace(end, kind="grows")
    return (
        replace(end, kind="bounces")
        if ratio < 0.5
        else replace(end, lengths=(sizes.min(), sizes.max()), highest=run.loss[tail].max())
    )


def _bouncing(f: Function, lr: float, run: Track, resumed: int) -> Outlook:
    """Judge a run of plain descent that still flips: by the map done twice, around the place that it crosses."""
    end = _cycling(f, lr, run)
    x, crossed, factor = float(run.x[-1]), end.x, end.factor
    distance = abs(x - crossed)

    def drift(amplitudes: Array) -> Array:
        """Return how far the map done twice moves away from the crossing, for these distances on the run's side."""
        place = torch.from_numpy(crossed + math.copysign(1.0, x - crossed) * amplitudes)
        twice = place
        for _ in range(2):
            twice = twice - lr * derivative(f, twice)
        away = ((twice - place) * math.copysign(1.0, x - crossed)).numpy()
        noise = 1e-14 * (np.abs(place.numpy()) + amplitudes)
        return np.where(np.abs(away) <= noise, 0.0, away)

    if distance == 0:
        return end
    envelope = np.array([part.max() for part in np.array_split(np.abs(run.update[-(len(run.x) // 2) :]), 8)])
    if (envelope[1:] > 1.2 * envelope[:-1]).all():
        return replace(end, kind="grows")
    now = float(drift(np.array([distance]))[0])
    if abs(now) <= _BAND * distance and (end.period in (1, 2) or abs(abs(factor) - 1) < 1e-9):
        return end
    if not abs(now) < 0.1 * distance:
        return end  # it jumps about: a longer cycle, or none at all
    if now < 0:
        inward = drift(distance * np.geomspace(1, 1e-5, 400))
        stops = bool((inward > 0).any()) or factor < -1 - 1e-9
        return end if stops else replace(end, kind="bounces")
    amplitudes = distance * np.geomspace(1, 1e6, 3000)
    outward = drift(amplitudes)
    stops_at = np.flatnonzero(outward < 0)
    leaps = np.flatnonzero(~(np.abs(outward) < 0.1 * amplitudes))
    if leaps.size and (not stops_at.size or leaps[0] < stops_at[0]) and resumed < _MOST_RESUMED:
        return _from(f, lr, crossed + math.copysign(amplitudes[leaps[0]], x - crossed), run, resumed)
    return end if stops_at.size else replace(end, kind="grows")


def _one_way(f: Function, lr: float, run: Track, plain: bool, resumed: int) -> Outlook:
    """Judge a run that still goes one way, and down: by the minimum ahead, and by what happens on the way to it."""
    x, target = float(run.x[-1]), find_minimum(f, float(run.x[-1]))
    here = Outlook("crawls", x, float(run.loss[-1]), factor_of(run.update[run.significant[-8:]]))
    if target is None:
        limit = limit_downhill(f, x)
        return replace(here, kind="falls", loss=-math.inf) if limit == -math.inf else replace(here, loss=limit)
    factor = 1 - lr * target.curvature if plain and math.isfinite(target.curvature) else here.factor
    here = replace(here, kind="rests", x=target.x, loss=target.loss, factor=factor, kink=target.kink)
    gap = 1e-6 * (f.domain[1] - f.domain[0])
    slopes = [abs(slope_at(f, target.x + side)) for side in (-gap, gap)]
    if plain and target.kink and min(slopes) > 1e-4 * max(slopes):  # the steps do not shrink on either side
        longest = lr * max(slopes)
        highest = max(value_at(f, target.x + side) for side in (-longest, longest))
        return replace(here, kind="cycles", factor=math.nan, lengths=(0.0, longest), highest=highest)
    if not plain or resumed == _MOST_RESUMED:
        return here
    way = x + (target.x - x) * np.linspace(0, 1 - 1e-6, 20_001)
    step = np.abs(lr * derivative(f, torch.from_numpy(way)).numpy())
    long = np.flatnonzero(step > 0.05 * np.abs(target.x - way))
    if not long.size:
        return here  # every step on the way is short: it keeps its direction
    return _from(f, lr, float(way[long[0]]), run, resumed)


def _from(f: Function, lr: float, start: float, run: Track, resumed: int) -> Outlook:
    """Judge a long run that begins at a place which the present one reaches only after very many steps."""
    ahead = track(descend(f, start, lr, 400))
    whole = run.first(1).followed_by(ahead)  # the run's own first loss says what is high
    end = outlook(f, lr, whole, True, resumed + 1)
    return replace(end, step=-1) if end.step >= 0 else end


def _crossing(f: Function, run: Track) -> float:
    """Return the place of slope 0 between the last two steps on different sides of it."""
    for place in range(len(run.x) - 1, 0, -1):
        left, right = sorted((place - 1, place), key=lambda row: run.x[row])
        if run.slope[left] < 0 < run.slope[right]:
            return turning_point(f, float(run.x[left]), float(run.x[right]))
    return float(run.x[int(run.loss.argmin())])


def _cycling(f: Function, lr: float, run: Track) -> Outlook:
    """Describe an endless bounce: the minimum that it crosses last, its period, its steps."""
    crossed = _crossing(f, run)
    minimum = find_minimum(f, crossed)
    kink = minimum is not None and abs(minimum.x - crossed) < 1e-6 * (1 + abs(crossed)) and minimum.kink
    factor = math.nan if kink else 1 - lr * bend_at(f, crossed)
    period, lengths = _cycle(run)
    return Outlook(
        "cycles", crossed, value_at(f, crossed), factor, -1, period, lengths, float(run.loss[-129:].max()), kink
    )


def _cycle(run: Track) -> tuple[int, tuple[float, float]]:
    """Return the period of the last steps (0 where it is longer than 64 or there is none) and the steps' lengths."""
    last = run.x[-129:]
    sizes = np.abs(run.update[-129:])
    lengths = (float(sizes.min()), float(sizes.max()))
    for period in range(1, min(65, len(last) // 2)):
        if (np.abs(last[period:] - last[:-period]) <= 1e-7 * sizes.max()).all():
            return period, lengths
    return 0, lengths
