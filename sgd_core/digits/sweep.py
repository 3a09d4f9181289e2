"""Many learning rates at once: each a run of one computation, so that sixty-four cost little more than one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW, UNDECIDED
from sgd_core.descent.schedules import learning_rates
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine, Evaluation

COLUMNS = ["lr", "epoch", "train_loss", "valid_loss", "valid_accuracy", "status"]
MOST_RUNS = 256
PIECE = 5e8  # multiplications between two moments: a fraction of a second, so that whoever waits can stop
OVERHEAD = 1e6  # what a step costs beside its arithmetic, as multiplications
SLOW = 0.9  # "too low" closes less than this share of the gap in loss that the best learning rate closes

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SweepMoment:
    """All runs after so many epochs. Within an epoch nothing is evaluated: then `losses` is None, and `epoch` a fraction.

    `losses` holds (runs,) float64 means over the whole sets; `alive` (runs,) is False for runs that have diverged.
    """

    epoch: float
    losses: Evaluation | None
    alive: NDArray[np.bool_]


def sweep(config: TrainConfig, lrs: Iterable[float], digits: Digits) -> pd.DataFrame:
    """Train with every learning rate of `lrs` at once; a row for each of them and each epoch 0..epochs.

    Columns: lr, epoch, train_loss, valid_loss, valid_accuracy, status. Losses are means over the whole sets at that
    epoch's end, run by run what `train(replace(config, lr=lr), digits)` gives; `config.lr` and its rules to stop early
    are not used. The status is "running", in the last row "finished", or "diverged" from the epoch on in which a loss
    or weight was no longer finite: such a run stands still. Raises ValueError as `sweeping` does.
    """
    rates = check_lrs(lrs)
    return sweep_frame(rates, list(sweeping(config, rates, digits)), config.epochs)


def sweeping(config: TrainConfig, lrs: Iterable[float], digits: Digits) -> Generator[SweepMoment, None, None]:
    """The same as a generator: moment 0 before the first step, then one at the end of every epoch.

    Where an epoch is long there are moments within it, so that the caller is never kept waiting. Raises ValueError on
    digits of other classes than the config's, on a learning rate that is not a finite number above 0, on none, and on
    more than 256.
    """
    rates = check_lrs(lrs)
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    return _sweeping(config, torch.tensor(rates, dtype=torch.float64).float(), Engine(config, digits, len(rates)))


def _sweeping(config: TrainConfig, rates: torch.Tensor, engine: Engine) -> Generator[SweepMoment, None, None]:
    yield _evaluated(engine, 0)
    weights = sum(parameter.numel() for parameter in engine.parameters)
    pause = max(1, round(PIECE / (engine.batches.size * weights * 2 + OVERHEAD)))
    steps = config.epochs * engine.batches.per_epoch
    shape = None if config.schedule == "constant" else learning_rates(config.schedule, 1.0, steps)
    since = taken = 0
    for epoch in range(1, config.epochs + 1):
        for done, rows in enumerate(engine.batches.epoch()):
            if since >= pause:
                since = 0
                yield SweepMoment(epoch - 1 + done / engine.batches.per_epoch, None, engine.alive.numpy().copy())
            engine.step(rows, rates if shape is None else rates * float(shape[taken]))
            since, taken = since + 1, taken + 1
        moment, since = _evaluated(engine, epoch), 0
        yield moment
        if not engine.alive.any():  # nothing moves any more, so the epochs left need no computing
            yield from (replace(moment, epoch=float(rest)) for rest in range(epoch + 1, config.epochs + 1))
            return


def _evaluated(engine: Engine, epoch: int) -> SweepMoment:
    losses = engine.evaluate()  # first: it may find a run dead
    return SweepMoment(float(epoch), losses, engine.alive.numpy().copy())


def sweep_frame(lrs: Sequence[float], moments: Iterable[SweepMoment], epochs: int) -> pd.DataFrame:
    """Return what has been evaluated so far as `sweep` does, with `epochs` the last epoch of the whole sweep."""
    evaluated = [(moment, moment.losses) for moment in moments if moment.losses is not None]
    if not evaluated:
        return pd.DataFrame(columns=COLUMNS)
    runs = len(lrs)
    done = np.array([moment.epoch == epochs for moment, _ in evaluated])
    alive = np.stack([moment.alive for moment, _ in evaluated], axis=1)

    def column(name: str) -> Array:
        return np.stack([getattr(losses, name).numpy() for _, losses in evaluated], axis=1).ravel()

    return pd.DataFrame(
        {
            "lr": np.repeat(np.asarray(lrs, dtype=float), len(evaluated)),
            "epoch": np.tile([int(moment.epoch) for moment, _ in evaluated], runs),
            "train_loss": column("train_loss"),
            "valid_loss": column("valid_loss"),
            "valid_accuracy": column("valid_accuracy"),
            "status": np.where(alive, np.where(done, "finished", "running"), "diverged").ravel(),
        }
    )


def run_regimes(frame: pd.DataFrame) -> pd.DataFrame:
    """Name what each learning rate of a sweep did, from its training loss: a row a run with lr, regime, reason.

    - "diverging": the loss is no longer a number, or is higher in the end than before the first step, or has risen in
      every epoch of the last third.
    - "bouncing": in the last half it went up in at least every fifth epoch; or it fell steadily, but closed less than
      90 % of the gap that the best, smaller learning rate closed: its steps leap across the valley.
    - "too low": it fell steadily, but closed less than 90 % of the gap that the best, higher learning rate closed.
    - "good": the others. "undecided": before the first epoch.
    """
    runs = [rows for _, rows in frame.groupby("lr", sort=True)]
    losses = [rows["train_loss"].to_numpy() for rows in runs]
    ends = [float(loss[-1]) if np.isfinite(loss[-1]) else np.inf for loss in losses]
    best = int(np.argmin(ends))
    names = [
        _regime(loss, str(rows["status"].iloc[-1]), ends[best], int(rows["epoch"].iloc[-1]), run > best)
        for run, (loss, rows) in enumerate(zip(losses, runs, strict=True))
    ]
    table = pd.DataFrame(names, columns=["regime", "reason"])
    table.insert(0, "lr", [float(rows["lr"].iloc[0]) for rows in runs])
    return table


def _regime(loss: Array, status: str, lowest: float, epochs: int, beyond: bool) -> tuple[str, str]:
    first, last = float(loss[0]), float(loss[-1])
    if len(loss) == 1:
        return UNDECIDED, "Nothing is trained yet."
    if status == "diverged" or not np.isfinite(last):
        return DIVERGING, f"The loss grew from {first:.3g} until it was too large to be a number."
    if last > first:
        return DIVERGING, f"The loss grew from {first:.3g} to {last:.3g}."
    changes = np.diff(loss)
    third, half = changes[-max(1, len(changes) // 3) :], changes[-max(1, (len(changes) + 1) // 2) :]
    if len(changes) >= 6 and (third > 0).all() and last > loss.min() * (1 + 1e-6):
        return DIVERGING, f"The loss has risen ever since it was {loss.min():.3g}; it is {last:.3g} and grows."
    rises = int((half > 1e-6 * first).sum())
    if rises >= max(1, 0.2 * len(half)):
        return BOUNCING, f"The loss went up {rises} times in the last {len(half)} looks; it ends at {last:.3g}."
    closed = (first - last) / (first - lowest) if first > lowest else 1.0
    way = f"After {epochs} epochs it has gone {closed:.0%} of the way that the best one went"
    if closed < SLOW:
        return (BOUNCING, f"{way}, with longer steps: they leap across.") if beyond else (TOO_LOW, f"{way}.")
    return GOOD, f"The loss fell to {last:.3g}, {closed:.0%} of the way that the best one went."


def check_lrs(lrs: Iterable[float]) -> list[float]:
    """Return the learning rates as floats; ValueError unless there are 1 to 256 finite numbers above 0."""
    rates = [check_lr(lr.item() if isinstance(lr, np.generic | torch.Tensor) else lr) for lr in lrs]
    if not 1 <= len(rates) <= MOST_RUNS:
        raise ValueError(f"Give from 1 to {MOST_RUNS} learning rates, not {len(rates)}.")
    return rates
