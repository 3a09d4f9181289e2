"""All starts x all learning rates of one weight as one picture: what each descent has come to, and after how many steps.

`regimes.classify` looks ahead on a single run. A quarter of a million runs are told apart here by what their own steps
say, so the outcomes have names of their own. The cousin of this picture with two learning rates is in J. Sohl-Dickstein,
The boundary of neural network trainability is fractal (2024, arXiv 2402.06184).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_PIXELS = 2**20
MOST_STEPS = 2_000
BLOCK = 2**15  # runs that step together: their numbers stay in the processor's cache
WORKERS = 2  # blocks at a time: torch lets go of the interpreter while it computes
CLOSE = 0.01  # of the starts' window: nearer than this to where it is going, a run has arrived
FAR = 1e3  # windows away, a run is lost even if its numbers are finite
ENDLESS = 1e-3  # a bounce shrinks at least by so much a step, or it goes on for ever
LATE = 32  # steps at the end that tell an endless bounce
SETTLED = 1e-6  # of the starts' window: nearer than this to where it is going, a run is computed no further
GROWTH = 1e-6  # a step that is longer than the one before by more than this shows that a bounce does not settle
ROUNDING = 1e-13  # of the starts' window: a shorter step is none
SWEEP = 8  # steps after which decided runs are taken out


class Outcome(IntEnum):
    """What a run has come to after all steps; `WAITING` marks rows that are not computed yet."""

    WAITING = 0
    ARRIVED = 1
    ENDLESS_BOUNCE = 2
    UNDER_WAY = 3
    DIVERGED = 4
    LEFT_DOMAIN = 5

    @property
    def words(self) -> str:
        """The outcome as words."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class MapWindow:
    """Which runs: starts from `start[0]` to `start[1]`, learning rates from `lr[0]` to `lr[1]` (logarithmic or not).

    `size` pixels each way, `steps` steps each. A zoom is another window: `zoom`. Raises ValueError on values that make
    no sense.
    """

    start: tuple[float, float]
    lr: tuple[float, float]
    size: int = 512
    steps: int = 200
    logarithmic: bool = False

    def __post_init__(self) -> None:
        """Check here, where the caller can still answer."""
        if not all(math.isfinite(edge) for edge in (*self.start, *self.lr)):
            raise ValueError("The edges of a map must be finite numbers.")
        if not self.start[0] < self.start[1] or not 0 < self.lr[0] < self.lr[1]:
            raise ValueError("A map needs a first start below its last, and learning rates above 0 that grow.")
        if not 2 <= self.size <= math.isqrt(MOST_PIXELS) or not LATE + 2 <= self.steps <= MOST_STEPS:
            raise ValueError(
                f"A map has from 2 to {math.isqrt(MOST_PIXELS):,} pixels each way, and from {LATE + 2} to "
                f"{MOST_STEPS:,} steps."
            )

    @property
    def starts(self) -> NDArray[np.float64]:
        """The start of each column (size,)."""
        return np.linspace(*self.start, self.size)

    @property
    def lrs(self) -> NDArray[np.float64]:
        """The learning rate of each row (size,), rising."""
        space = np.geomspace if self.logarithmic else np.linspace
        return space(*self.lr, self.size)

    def zoom(self, start: tuple[float, float], lr: tuple[float, float]) -> MapWindow:
        """The window of this part, at the same number of pixels."""
        return replace(self, start=start, lr=lr)


@dataclass(frozen=True, eq=False)
class RegimeMap:
    """A window's runs: arrays (size, size), learning rates down, starts across, read-only.

    `outcome` holds `Outcome` codes. `needed` is the step from which on the run stayed as good as arrived (closer to
    where it is going than 1 % of the window's width), or the one at which it was lost; -1 for the others. `x` is where
    each run stands when it is decided: a place of `descend`, up to rounding (torch's powers differ in the last digit with
    an element's place in memory). The first `rows` rows are computed.
    """

    window: MapWindow
    outcome: NDArray[np.uint8]
    needed: NDArray[np.int32]
    x: NDArray[np.float64]
    rows: int

    def shares(self) -> dict[Outcome, float]:
        """The share of computed pixels with each outcome."""
        codes, counts = np.unique(self.outcome[: self.rows], return_counts=True)
        return {Outcome(code): count / counts.sum() for code, count in zip(codes, counts, strict=True)}


def regime_map(f: Callable[[Tensor], Tensor], window: MapWindow) -> RegimeMap:
    """Run plain gradient descent on `f` from every start with every learning rate of the window; see `mapping`."""
    *_, last = mapping(f, window)
    return last


def mapping(f: Callable[[Tensor], Tensor], window: MapWindow) -> Generator[RegimeMap, None, None]:
    """The same as a generator: the map fills from the smallest learning rate on, some rows at a time.

    - `ARRIVED`: if its steps go on shrinking as the last two did, less than 1 % of the window's width is left to go.
    - `ENDLESS_BOUNCE`: it is still here, but of its last 32 steps some flip direction, and they do not shrink together.
    - `UNDER_WAY`: it is still here and moves, but none of these.
    - `DIVERGED`: its numbers overflowed, or it was thrown more than a thousand windows away.
    - `LEFT_DOMAIN`: it landed where the function or its slope has no finite value.
    """
    size, starts, lrs = window.size, torch.tensor(window.starts), torch.tensor(window.lrs)
    outcome = np.zeros((size, size), dtype=np.uint8)
    needed = np.full((size, size), -1, dtype=np.int32)
    x = np.tile(window.starts, (size, 1))
    height = max(1, BLOCK // size)
    blocks = [slice(first, min(first + height, size)) for first in range(0, size, height)]

    def block(rows: slice) -> tuple[Tensor, Tensor, Tensor]:
        return _runs(f, starts.repeat(rows.stop - rows.start), lrs[rows].repeat_interleave(size), window)

    pool = ThreadPoolExecutor(WORKERS)
    try:
        for rows, parts in zip(blocks, pool.map(block, blocks), strict=True):
            outcome[rows], needed[rows], x[rows] = (part.view(-1, size).numpy() for part in parts)
            yield RegimeMap(window, _frozen(outcome), _frozen(needed), _frozen(x), rows.stop)
    finally:  # also when nobody waits for the rest
        pool.shutdown(cancel_futures=True)


def border_dimension(regimes: RegimeMap) -> float:
    """Return the box-counting dimension of the border between runs that arrive and the others: 1 is a line, up to 2 ragged.

    The slope of log(boxes that the border passes through) over log(boxes in a row), for boxes of 2 to 32 pixels; rough,
    since a map has few pixels. NaN where there is no border.
    """
    arrived = regimes.outcome == Outcome.ARRIVED
    edge = np.zeros_like(arrived)
    edge[:-1] |= arrived[:-1] != arrived[1:]
    edge[:, :-1] |= arrived[:, :-1] != arrived[:, 1:]
    if not edge.any():
        return math.nan
    sides, counts = [2, 4, 8, 16, 32], []
    for side in sides:
        size = len(edge) // side * side
        counts.append(edge[:size, :size].reshape(size // side, side, size // side, side).any((1, 3)).sum())
    return float(-np.polyfit(np.log(sides), np.log(np.maximum(counts, 1)), 1)[0])


@torch.no_grad()
def _runs(f: Callable[[Tensor], Tensor], x: Tensor, lr: Tensor, window: MapWindow) -> tuple[Tensor, Tensor, Tensor]:
    """Return outcome, steps needed and last place of runs; those that are decided leave, so that the rest goes quicker."""
    width, middle = window.start[1] - window.start[0], sum(window.start) / 2
    outcome = torch.full(x.shape, int(Outcome.UNDER_WAY), dtype=torch.uint8)
    needed, where = torch.full(x.shape, -1, dtype=torch.int32), x.clone()
    run, against = torch.arange(len(x)), -lr  # which runs are still computed
    size, since, lost = torch.zeros_like(x), torch.zeros_like(run), torch.zeros_like(run)
    last, early, late, flips, grew = (torch.zeros_like(x) for _ in range(5))
    for step in range(window.steps + 1):
        with torch.enable_grad():
            value = f(x.requires_grad_())
        slope = torch.autograd.grad(value, x, torch.ones_like(x))[0] if value.requires_grad else torch.zeros_like(x)
        x = x.detach()
        away = ~((x - middle).abs_() <= FAR * width)
        if not math.isfinite((value + slope).sum().item()):
            away |= ~(value.isfinite() & slope.isfinite())
        if away.any():
            fresh = away & (lost == 0)
            lost[fresh] = step + 1
            where[run[fresh]] = x[fresh]
        if step == window.steps:
            break
        update = slope * against
        shorter = update.abs()
        # |update| + what follows it, if steps go on shrinking by their last factor, is update x size / (size - update)
        rest, gain = shorter * size, size - shorter
        since.masked_fill_(~(rest <= gain * (CLOSE * width)) & (shorter > ROUNDING * width), step + 1)
        if step >= window.steps - LATE:
            flips += update * last < 0
            grew += shorter > size * (1 + GROWTH)
            torch.maximum(late, shorter, out=late)
        elif step >= window.steps - 2 * LATE:
            torch.maximum(early, shorter, out=early)
        last, size, x = update, shorter, torch.addcmul(x, slope, against)  # rounded once, as `descend` does
        if step % SWEEP == SWEEP - 1:
            # long enough that no chance hit of a point that repels can look like it
            settled = (since <= step - SWEEP) & (rest <= gain * (SETTLED * width))
            done = (lost > 0) | settled | (shorter <= ROUNDING * width)
            _decide(outcome, needed, where, run[done], x[done], lost[done], since[done], window)
            run, x, against, size, since, lost, last, early, late, flips, grew = (
                part[~done] for part in (run, x, against, size, since, lost, last, early, late, flips, grew)
            )
            if not len(run):
                return outcome, needed, where
    _decide(outcome, needed, where, run, x, lost, since, window)
    endless = (
        (lost == 0) & (since >= window.steps) & (flips > 0) & ((grew > 0) | (late >= (1 - ENDLESS) ** LATE * early))
    )
    outcome[run[endless]] = int(Outcome.ENDLESS_BOUNCE)
    return outcome, needed, where


def _decide(
    outcome: Tensor,
    needed: Tensor,
    where: Tensor,
    run: Tensor,
    x: Tensor,
    lost: Tensor,
    since: Tensor,
    window: MapWindow,
) -> None:
    """Write down what these runs have come to."""
    here = lost == 0
    where[run[here]] = x[here]
    arrived = here & (since < window.steps)
    outcome[run[arrived]], needed[run[arrived]] = int(Outcome.ARRIVED), since[arrived].int()
    at, width = where[run], window.start[1] - window.start[0]
    near = (at - sum(window.start) / 2).abs() <= FAR * width
    outcome[run[~here & near]], outcome[run[~here & ~near]] = int(Outcome.LEFT_DOMAIN), int(Outcome.DIVERGED)
    needed[run[~here]] = (lost[~here] - 1).int()


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    copy = array.copy()
    copy.setflags(write=False)
    return copy
