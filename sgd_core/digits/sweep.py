"""Many learning rates at once: each a lane of one computation, so that sixty-four cost little more than one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sgd_core.descent.regimes import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine, Evaluation

COLUMNS = ["lr", "epoch", "train_loss", "valid_loss", "valid_accuracy", "status"]
MOST_LANES = 256
PIECE = 5e8  # multiplications between two moments: a fraction of a second, so that whoever waits can stop
OVERHEAD = 1e6  # what a step costs beside its arithmetic, as multiplications
SLOW = 0.9  # "too low" closes less than this share of the gap in loss that the best learning rate closes

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SweepMoment:
    """All lanes after so many epochs. Within an epoch nothing is judged: then `losses` is None, and `epoch` a fraction.

    `losses` holds (lanes,) float64 means over the whole sets; `alive` (lanes,) is False for lanes that have diverged.
    """

    epoch: float
    losses: Evaluation | None
    alive: NDArray[np.bool_]


def sweep(config: TrainConfig, lrs: Iterable[float], digits: Digits) -> pd.DataFrame:
    """Train with every learning rate of `lrs` at once; a row for each of them and each epoch 0..epochs.

    Columns: lr, epoch, train_loss, valid_loss, valid_accuracy, status. Losses are means over the whole sets at that
    epoch's end, lane by lane what `train(replace(config, lr=lr), digits)` gives; `config.lr` is not used. The status is
    "running", in the last row "finished", or "diverged" from the epoch on in which a loss or weight was no longer
    finite: such a lane stands still. Raises ValueError as `sweeping` does.
    """
    rates = check_lrs(lrs)
    return sweep_frame(rates, list(sweeping(config, rates, digits)), config.epochs)


def sweeping(
    config: TrainConfig, lrs: Iterable[float], digits: Digits, *, every: int = 1
) -> Generator[SweepMoment, None, None]:
    """The same as a generator: moment 0 before the first step, then one at the end of every `every`-th epoch.

    Where an epoch is long there are moments within it, so that the caller is never kept waiting. Raises ValueError on
    digits of other classes than the config's, on a learning rate that is not a finite number above 0, on none, and on
    more than 256.
    """
    rates = check_lrs(lrs)
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    return _sweeping(
        config, torch.tensor(rates, dtype=torch.float64).float(), Engine(config, digits, len(rates)), every
    )


def _sweeping(
    config: TrainConfig, rates: torch.Tensor, engine: Engine, every: int
) -> Generator[SweepMoment, None, None]:
    yield _judged(engine, 0)
    weights = sum(parameter.numel() for parameter in engine.parameters)
    pause = max(1, round(PIECE / (engine.batches.size * weights * 2 + OVERHEAD)))
    since = 0
    for epoch in range(1, config.epochs + 1):
        for done, rows in enumerate(engine.batches.epoch()):
            if since >= pause:
                since = 0
                yield SweepMoment(epoch - 1 + done / engine.batches.per_epoch, None, engine.alive.numpy().copy())
            engine.step(rows, rates)
            since += 1
        if epoch % every == 0 or epoch == config.epochs:
            yield _judged(engine, epoch)
            since = 0
            if not engine.alive.any():
                return


def _judged(engine: Engine, epoch: int) -> SweepMoment:
    losses = engine.judge()  # first: it may find a lane dead
    return SweepMoment(float(epoch), losses, engine.alive.numpy().copy())


def sweep_frame(lrs: Sequence[float], moments: Iterable[SweepMoment], epochs: int) -> pd.DataFrame:
    """Return what has been judged so far as `sweep` does, with `epochs` the last epoch of the whole sweep."""
    rates = np.asarray(lrs, dtype=float)
    parts = []
    for moment in moments:
        if moment.losses is None:
            continue
        running = "finished" if moment.epoch == epochs else "running"
        parts.append(
            pd.DataFrame(
                {
                    "lr": rates,
                    "epoch": int(moment.epoch),
                    "train_loss": moment.losses.train_loss.numpy(),
                    "valid_loss": moment.losses.valid_loss.numpy(),
                    "valid_accuracy": moment.losses.valid_accuracy.numpy(),
                    "status": np.where(moment.alive, running, "diverged"),
                    "lane": np.arange(len(rates)),
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    frame = pd.concat(parts, ignore_index=True).sort_values(["lane", "epoch"], kind="stable", ignore_index=True)
    return frame[COLUMNS]


def lane_fates(frame: pd.DataFrame) -> pd.DataFrame:
    """Name what each learning rate of a sweep did, from its training loss: a row a lane with lr, regime, reason.

    - "diverging": the loss is no longer a number, or is higher in the end than before the first step, or has risen in
      every epoch of the last third.
    - "bouncing": in the last half it went up in at least every fifth epoch.
    - "too low": it fell steadily, but closed less than 90 % of the gap that the best learning rate closed.
    - "good": the others.
    """
    lanes = [rows for _, rows in frame.groupby("lr", sort=True)]
    losses = [rows["train_loss"].to_numpy() for rows in lanes]
    lowest = min((float(loss[-1]) for loss in losses if np.isfinite(loss[-1])), default=float("nan"))
    names = [
        _fate(loss, str(rows["status"].iloc[-1]), lowest, rows["epoch"].to_numpy())
        for loss, rows in zip(losses, lanes, strict=True)
    ]
    table = pd.DataFrame(names, columns=["regime", "reason"])
    table.insert(0, "lr", [float(rows["lr"].iloc[0]) for rows in lanes])
    return table


def _fate(loss: Array, status: str, lowest: float, epochs: Array) -> tuple[str, str]:
    first, last = float(loss[0]), float(loss[-1])
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
    if closed < SLOW:
        return TOO_LOW, f"After {int(epochs[-1])} epochs it has gone {closed:.0%} of the way that the best one went."
    return GOOD, f"The loss fell to {last:.3g}, {closed:.0%} of the way that the best one went."


def check_lrs(lrs: Iterable[float]) -> list[float]:
    """Return the learning rates as floats; ValueError unless there are 1 to 256 finite numbers above 0."""
    rates = [check_lr(lr.item() if isinstance(lr, np.generic) else lr) for lr in lrs]
    if not 1 <= len(rates) <= MOST_LANES:
        raise ValueError(f"Give from 1 to {MOST_LANES} learning rates, not {len(rates)}.")
    return rates
