"""The history of a run: as a tidy frame, and thinned to a bound."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sgd_core.digits.snapshots import Snapshot

COLUMNS = [
    "epoch",
    "step",
    "lr",
    "batch_loss",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_accuracy",
    "status",
]
MOST_SNAPSHOTS = 400


def history_frame(snapshots: Sequence[Snapshot]) -> pd.DataFrame:
    """Return one row a snapshot with its plain numbers (`COLUMNS`); losses that are not finite stay what they are."""
    return pd.DataFrame([history_row(snapshot) for snapshot in snapshots], columns=COLUMNS)


def history_row(snapshot: Snapshot) -> list[Any]:
    """Return a snapshot's plain numbers, in the order of `COLUMNS`."""
    return [getattr(snapshot, name) for name in COLUMNS]


def thinned(snapshots: Sequence[Snapshot], most: int = MOST_SNAPSHOTS) -> list[Snapshot]:
    """Return at most `most` of the snapshots, in order: the ends always, then epochs' ends, then the others evenly.

    What bounds a run's memory: a ten-class MNIST snapshot holds about 100 kB, three times that with Adam.
    """
    if len(snapshots) <= most:
        return list(snapshots)
    inner = range(1, len(snapshots) - 1)
    ends = [i for i in inner if snapshots[i].epoch == int(snapshots[i].epoch)]
    others = [i for i in inner if snapshots[i].epoch != int(snapshots[i].epoch)]
    room = most - 2
    chosen = _evenly(ends, room)
    chosen += _evenly(others, room - len(chosen))
    return [snapshots[i] for i in sorted({0, *chosen, len(snapshots) - 1})]


def _evenly(items: list[int], count: int) -> list[int]:
    if count <= 0:
        return []
    if len(items) <= count:
        return items
    return [items[i * len(items) // count] for i in range(count)]
