"""One run of a descent as arrays, and what can be read off its steps alone."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Track:
    """One run as arrays over its steps; `broken` is the first step whose numbers are not finite, or -1."""

    x: Array
    loss: Array
    slope: Array
    update: Array
    broken: int

    def first(self, steps: int) -> "Track":
        """Return the run as it was after so many steps."""
        end = steps + 1
        broken = self.broken if self.broken <= steps else -1
        return Track(self.x[:end], self.loss[:end], self.slope[:end], self.update[:end], broken)

    def followed_by(self, more: "Track") -> "Track":
        """Return this run with another appended, whose first row takes the place of this one's last."""
        before = len(self.x) - 1
        columns = [(self.x, more.x), (self.loss, more.loss), (self.slope, more.slope), (self.update, more.update)]
        x, loss, slope, update = (np.concatenate([early[:-1], late]) for early, late in columns)
        return Track(x, loss, slope, update, more.broken + before if more.broken >= 0 else -1)

    @property
    def significant(self) -> Array:
        """The steps whose move is more than rounding."""
        eps = float(np.finfo(self.x.dtype).eps)
        rounding = np.maximum(64 * eps * np.abs(self.x), 8 * eps * abs(float(self.x[0])))
        return np.flatnonzero(np.abs(self.update) > rounding)

    @property
    def settled(self) -> bool:
        """Whether the last move is lost in rounding."""
        significant = self.significant
        return significant.size == 0 or bool(significant[-1] < len(self.x) - 1)

    def flips(self, steps: Array) -> int:
        """Count how often the direction changes from one of these steps to the next."""
        signs = np.sign(self.update[steps])
        return int((signs[1:] != signs[:-1]).sum())


def track(run: pd.DataFrame) -> Track:
    """Return one run of `descend` as arrays."""
    broken = np.flatnonzero(run["status"].to_numpy() == "diverged")
    x, loss, slope, update = (run[name].to_numpy() for name in ("x", "loss", "gradient", "update"))
    return Track(x, loss, slope, update, int(broken[0]) if broken.size else -1)


def factor_of(moves: Array) -> float:
    """Return the mean factor from move to move, negative where most of them flip; NaN with fewer than two moves."""
    moves = moves[np.isfinite(moves) & (moves != 0)]
    if moves.size < 2:
        return math.nan
    size = float(np.exp((np.log(abs(moves[-1])) - np.log(abs(moves[0]))) / (moves.size - 1)))
    return -size if (np.sign(moves[1:]) != np.sign(moves[:-1])).mean() >= 0.5 else size
