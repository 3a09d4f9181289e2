"""Several runs side by side: what sets them apart, and where they got to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.snapshots import Snapshot

CURVE = ["epoch", "step", "lr", "train_loss", "valid_loss", "valid_accuracy"]


@dataclass(frozen=True, eq=False)
class SavedRun:
    """A run to compare with: its settings, its curves (`CURVE`, a row a recorded moment), and how it ended.

    `branch` is the step at which it left another run, or None.
    """

    config: TrainConfig
    curves: pd.DataFrame
    last: Snapshot
    branch: int | None = None


def comparison(runs: Mapping[str, SavedRun]) -> pd.DataFrame:
    """Return one row a run: its name, the settings in which the runs differ, and its results.

    Results are `steps`, `epochs` (as far as it went), `train_loss`, `valid_loss`, `accuracy`, `best` (the best
    accuracy at an epoch's end) and `status`.
    """
    rows = []
    for name, run in runs.items():
        config, last = run.config, run.last
        settings = config.to_dict()
        options = settings.pop("optimizer_options")
        settings["lr"] = " → ".join(f"{lr:g}" for _, lr in last.rates)  # changed on the way
        settings["optimizer"] = " ".join([config.optimizer, *(f"{key}={value}" for key, value in options.items())])
        settings["classes"] = "all" if config.classes is None else " ".join(map(str, config.classes))
        settings["batch_size"] = "all" if config.batch_size is None else str(config.batch_size)
        settings["branch"] = "" if run.branch is None else f"from step {run.branch:,}"
        rows.append(
            {
                "run": name,
                **settings,
                "steps": last.step,
                "went": last.epoch,
                "train_loss": last.train_loss,
                "valid_loss": last.valid_loss,
                "accuracy": last.valid_accuracy,
                "best": max(last.best[0], 0.0),
                "status": last.status,
            }
        )
    table = pd.DataFrame(rows)
    results = ["run", "steps", "went", "train_loss", "valid_loss", "accuracy", "best", "status"]
    same = [column for column in table if column not in results and table[column].astype(str).nunique() <= 1]
    return table.drop(columns=same)
