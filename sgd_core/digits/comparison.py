"""Several runs side by side: what sets them apart, and where they got to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.snapshots import Snapshot
from sgd_core.numbers import number

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


def settings_of(run: SavedRun) -> dict[str, str]:
    """A run's settings in words, by name; the learning rates are those that were set, not what a schedule made of them."""
    config = run.config
    settings = {key: str(value) for key, value in config.to_dict().items() if key != "optimizer_options"}
    settings["lr"] = " → ".join(number(lr) for _, lr in run.last.rates)  # changed on the way
    settings["optimizer"] = config.update_rule.label
    settings["classes"] = "all" if config.classes is None else " ".join(map(str, config.classes))
    settings["batch_size"] = "all" if config.batch_size is None else str(config.batch_size)
    settings["branch"] = "" if run.branch is None else f"from step {run.branch:,}"
    return settings


_PLAIN = {"optimizer", "model", "loss", "dataset"}  # whose value says by itself what it is


def name_by_difference(run: SavedRun, others: Mapping[str, SavedRun]) -> str:
    """A name for a run beside others: what sets it apart from the first of them, and from no other one taken.

    "Adam", "lr 0.05, batch size 20"; the first run of all is named by its model and its learning rate.
    """
    own = settings_of(run)
    first = settings_of(next(iter(others.values()))) if others else {}
    apart = [key for key in own if own[key] != first.get(key)] if others else ["model", "lr"]
    parts = [own[key].replace("_", " ") if key in _PLAIN else f"{key.replace('_', ' ')} {own[key]}" for key in apart]
    name, count = ", ".join(part.strip() for part in parts)[:60] or "the same again", 1
    unique = name
    while unique in others:
        count += 1
        unique = f"{name} ({count})"
    return unique


def comparison(runs: Mapping[str, SavedRun]) -> pd.DataFrame:
    """Return one row a run: its name, the settings in which the runs differ, and its results.

    Results are `steps`, `epochs` (as far as it went), `train_loss`, `valid_loss`, `accuracy`, `best` (the best
    accuracy at an epoch's end) and `status`.
    """
    rows = []
    for name, run in runs.items():
        settings, last = settings_of(run), run.last
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
