"""The moments of a run that are recorded: close together where much happens, further apart later.

Each of the first 32 steps, then 40 moments each time the number of steps doubles, and the end of every epoch.
"""

import numpy as np
from numpy.typing import NDArray

FIRST = 32  # steps that are each a moment
PER_DOUBLING = 40


def moment_steps(last: int, *, epoch: int | None = None, every: int | None = None) -> NDArray[np.int64]:
    """Return the steps (moments,) from 0 to `last` that are recorded, in ascending order, both ends included.

    `epoch` is the number of steps in an epoch, whose ends are recorded too; from step `every` on each step is.
    """
    if last < 0:
        raise ValueError(f"A run has 0 or more steps, not {last}.")
    pieces = [np.arange(min(last, FIRST) + 1)]
    begin = FIRST
    while begin < last:
        pieces.append(np.rint(begin * (1 + np.arange(1, PER_DOUBLING + 1) / PER_DOUBLING)).astype(np.int64))
        begin *= 2
    if epoch:
        pieces.append(np.arange(0, last + 1, epoch))
    if every is not None:
        pieces.append(np.arange(every, last + 1))
    steps = np.unique(np.concatenate([*pieces, [last]])).astype(np.int64)
    return steps[steps <= last]


def next_moment(step: int, *, epoch: int | None = None, every: int | None = None) -> int:
    """Return the first step after `step` that is recorded; arguments as for `moment_steps`."""
    if step < FIRST or (every is not None and step >= every):
        return step + 1
    doublings = int(np.log2(step / FIRST) + 1e-12)
    begin = FIRST << doublings
    grid = np.rint(begin * (1 + np.arange(0, PER_DOUBLING + 2) / PER_DOUBLING)).astype(np.int64)
    following = int(grid[np.searchsorted(grid, step, side="right")])
    if epoch:
        following = min(following, (step // epoch + 1) * epoch)
    return following if every is None else min(following, every) if every > step else step + 1
