"""Drawing a run of ten thousand steps with a few hundred points, without hiding a bounce."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Downsampled:
    """Which steps of a run to draw: `kept` (sorted), found in stretches of `bucket` steps."""

    kept: NDArray[np.intp]
    bucket: int
    columns: tuple[NDArray[np.float64], ...]

    def until(self, step: int) -> NDArray[np.intp]:
        """Return the steps to draw when `step` is the present one, which is always the last of them.

        Every stretch is drawn by its extremes, the present one by those so far; so what has been drawn in stretches
        that are over stays put while the run goes on.
        """
        begun = step - step % self.bucket
        recent = np.arange(begun, step + 1)
        if self.bucket > 1:
            extremes = _extremes(self.columns, begun, step + 1, step + 1 - begun)
            recent = np.unique(np.concatenate([*extremes, [begun, step]]))
        return np.concatenate([self.kept[: np.searchsorted(self.kept, begun)], recent])


def downsample(columns: Sequence[NDArray[np.float64]], most: int) -> Downsampled:
    """Choose at most about `most` of the n steps of a run: all, or each stretch's lowest and highest of every column.

    `columns` are arrays (n,), such as the positions and the losses; NaN counts as neither low nor high. The first and
    the last step are always kept.
    """
    steps = len(columns[0])
    kept = tuple(columns)
    if steps <= most:
        return Downsampled(np.arange(steps), 1, kept)
    bucket = -(-steps * 2 * len(columns) // most)
    found = [np.array([0, steps - 1]), *_extremes(kept, 0, steps, bucket)]
    return Downsampled(np.unique(np.concatenate(found)), bucket, kept)


def _extremes(columns: Sequence[NDArray[np.float64]], begin: int, end: int, bucket: int) -> list[NDArray[np.intp]]:
    """Return where each column is lowest and highest in every stretch of `bucket` steps from `begin` up to `end`."""
    stretches = -(-(end - begin) // bucket)
    starts = begin + np.arange(stretches) * bucket
    found = []
    for column in columns:
        part = column[begin:end]
        for sign in (1.0, -1.0):
            padded = np.full(stretches * bucket, np.inf)
            padded[: end - begin] = np.where(np.isnan(part), np.inf, sign * part)
            found.append(np.minimum(padded.reshape(stretches, bucket).argmin(1) + starts, end - 1))
    return found


def pieces(
    columns: Sequence[NDArray[np.float64]], kept: NDArray[np.intp], sizes: Sequence[float], tolerance: float = 0.01
) -> NDArray[np.intp]:
    """Return which piece of the path each kept step belongs to, so that no line is drawn where the run did not go.

    `columns` are the coordinates (n,) of all steps, `sizes` what counts as 1 in each. A new piece begins where a step
    left out lies farther than `tolerance` from the straight line between its kept neighbours.
    """
    points = np.stack([column / size for column, size in zip(columns, sizes, strict=True)], axis=1)
    breaks = np.zeros(len(kept), dtype=np.intp)
    for place in np.flatnonzero(np.diff(kept) > 1):
        first, last = points[kept[place]], points[kept[place + 1]]
        between, way = points[kept[place] + 1 : kept[place + 1]] - first, last - first
        share = np.clip(between @ way / max(float(way @ way), 1e-300), 0, 1)
        off = np.linalg.norm(between - share[:, None] * way, axis=1)
        breaks[place + 1] = not bool((off <= tolerance).all())  # NaN is a break, too
    return np.cumsum(breaks)
