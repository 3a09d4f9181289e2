"""Drawing a run of ten thousand steps with a few hundred points, without hiding a bounce."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Thinned:
    """Which steps of a run to draw: `kept` (sorted), found in stretches of `bucket` steps."""

    kept: NDArray[np.intp]
    bucket: int

    def until(self, step: int) -> NDArray[np.intp]:
        """Return the steps to draw when `step` is the present one, which is always the last of them.

        Stretches that are over are drawn by their extremes, the present one whole; so what has been drawn stays put
        while the run goes on.
        """
        begun = step - step % self.bucket
        return np.concatenate([self.kept[self.kept < begun], np.arange(begun, step + 1)])


def thin(columns: Sequence[NDArray[np.float64]], most: int) -> Thinned:
    """Choose at most about `most` of the n steps of a run: all, or each stretch's lowest and highest of every column.

    `columns` are arrays (n,), such as the positions and the losses; NaN counts as neither low nor high. The first and
    the last step are always kept.
    """
    steps = len(columns[0])
    if steps <= most:
        return Thinned(np.arange(steps), 1)
    bucket = -(-steps * 2 * len(columns) // most)
    stretches = -(-steps // bucket)
    starts = np.arange(stretches) * bucket
    kept = [np.array([0, steps - 1])]
    for column in columns:
        for sign in (1.0, -1.0):
            padded = np.full(stretches * bucket, np.inf)
            padded[:steps] = np.where(np.isnan(column), np.inf, sign * column)
            kept.append(np.minimum(padded.reshape(stretches, bucket).argmin(1) + starts, steps - 1))
    return Thinned(np.unique(np.concatenate(kept)), bucket)
