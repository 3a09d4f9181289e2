"""Many learning rates, or many seeds, at once: each a run of one computation, advancing in lock-step."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sgd_core.descent.options import short
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW, UNDECIDED
from sgd_core.descent.schedules import learning_rates
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine, Evaluation
from sgd_core.digits.snapshots import StepRequest, check_steps
from sgd_core.numbers import counted, number, percent
from sgd_core.status import Status

COLUMNS = ["lr", "epoch", "train_loss", "valid_loss", "valid_accuracy", "status"]
MOST_RUNS = 256
MOST_GATHERED = 2**23  # numbers that the mini-batches of all seeds may fill: 32 MB
PIECE = 5e8  # multiplications between two moments: a fraction of a second, so that whoever waits can stop
OVERHEAD = 1e6  # what a step costs beside its arithmetic, as multiplications
SLOW = 0.9  # "too low" closes less than this share of the gap in loss that the best learning rate closes

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SweepMoment:
    """All runs after so many epochs and steps. Where nothing was evaluated `losses` is None.

    `losses` holds (runs,) float64 means over the whole sets; `alive` (runs,) is False for runs that have diverged.
    `parameters` are copies of each parameter of all runs, (runs, *shape), where they were asked for, else None.
    """

    epoch: float
    step: int
    losses: Evaluation | None
    alive: NDArray[np.bool_]
    parameters: tuple[NDArray[np.float32], ...] | None
    map_shape: tuple[int, int]

    @property
    def weights(self) -> NDArray[np.float32] | None:
        """The weight maps of all runs, (runs, maps, height, width), where parameters were asked for."""
        if self.parameters is None:
            return None
        return self.parameters[0].reshape(len(self.alive), -1, *self.map_shape)


def sweep(config: TrainConfig, lrs: Iterable[float], digits: Digits) -> pd.DataFrame:
    """Train with every learning rate of `lrs` at once; a row for each of them and each epoch 0..epochs.

    Columns: lr, epoch, train_loss, valid_loss, valid_accuracy, status. Losses are means over the whole sets at that
    epoch's end, run by run what `train(replace(config, lr=lr), digits)` gives; `config.lr` and its rules to stop early
    are not used. The status is "running", in the last row "finished", or "diverged" from the epoch on in which a loss
    or weight was no longer finite: such a run stands still. Raises ValueError as `sweeping` does.
    """
    rates = check_lrs(lrs)
    return sweep_frame(rates, sweeping(config, rates, digits), config.epochs)


def sweep_seeds(config: TrainConfig, seeds: Iterable[int], digits: Digits) -> pd.DataFrame:
    """Train with every seed of `seeds` at once; a row for each of them and each epoch 0..epochs.

    Columns: seed, epoch, train_loss, valid_loss, valid_accuracy, status, as `sweep` has them. A seed settles initial
    weights and the order of images, so every run sees mini-batches of its own; run by run this is what
    `train(replace(config, seed=seed), digits)` gives. `config.seed` and its rules to stop early are not used. Raises
    ValueError on digits of other classes than the config's, on a seed that is no whole number from 0, on none, and on
    more than 256.
    """
    checked = check_seeds(seeds)
    _check_classes(config, digits)
    at_once = _at_once(config, digits)
    frames = []
    for first in range(0, len(checked), at_once):
        some = checked[first : first + at_once]
        frames.append(sweep_frame(some, sweeping_seeds(config, some, digits), config.epochs, name="seed"))
    return pd.concat(frames, ignore_index=True)


def sweeping_seeds(
    config: TrainConfig, seeds: Iterable[int], digits: Digits, *, snapshot_every: int | None = None
) -> Generator[SweepMoment, StepRequest | None, None]:
    """The same as a generator, as `sweeping` is one for learning rates: for watching seeds while they train.

    All seeds are one computation. Raises ValueError as `sweep_seeds` does, and where the mini-batches of all seeds are too
    large to hold at once.
    """
    checked = check_seeds(seeds)
    check_steps(snapshot_every)
    _check_classes(config, digits)
    if len(checked) > _at_once(config, digits):
        raise ValueError(f"The mini-batches of {len(checked)} seeds are too large to hold at once; take fewer images.")
    rates = torch.full((len(checked),), config.lr, dtype=torch.float64).to(torch.float32)
    return _sweeping(config, rates, Engine(config, digits, seeds=checked), snapshot_every, False)


def _at_once(config: TrainConfig, digits: Digits) -> int:
    """How many seeds are one computation: as many as their mini-batches fit into memory."""
    batch = min(config.batch_size or 1, len(digits.train_images))  # the whole set is the same for all seeds
    return max(1, MOST_GATHERED // (batch * math.prod(digits.image_shape)))


def sweeping(
    config: TrainConfig,
    lrs: Iterable[float],
    digits: Digits,
    *,
    snapshot_every: int | None = None,
    keep_parameters: bool = False,
) -> Generator[SweepMoment, StepRequest | None, None]:
    """The same as a generator: moment 0 before the first step, then one at the end of every epoch.

    All runs advance in lock-step, so moments finer than an epoch are the same step of every run: `snapshot_every=k`
    adds an evaluated moment at every k-th step, and `generator.send(StepRequest(steps=k))` one after k more steps, but
    never past the epoch's end. `StepRequest.lr` makes no sense here and is refused. `keep_parameters` puts all runs'
    parameters into each moment, 4 bytes a weight. Where steps take long there are moments between, which are not
    evaluated, so that the caller is never kept waiting; a request still counts from where it was sent.

    Raises ValueError on digits of other classes than the config's, on a learning rate that is not a finite number above
    0, on none, and on more than 256.
    """
    rates = check_lrs(lrs)
    check_steps(snapshot_every)
    _check_classes(config, digits)
    engine = Engine(config, digits, len(rates))
    return _sweeping(
        config, torch.tensor(rates, dtype=torch.float64).to(torch.float32), engine, snapshot_every, keep_parameters
    )


def _sweeping(
    config: TrainConfig, rates: torch.Tensor, engine: Engine, snapshot_every: int | None, keep_parameters: bool
) -> Generator[SweepMoment, StepRequest | None, None]:
    weights = sum(parameter.numel() for parameter in engine.parameters)
    pause = max(1, round(PIECE / (engine.batches.size * weights * 2 + OVERHEAD)))
    per_epoch, step = engine.batches.per_epoch, 0
    planned = config.epochs * per_epoch
    shape = None if config.schedule == "constant" else learning_rates(config.schedule, 1.0, planned)

    def moment(evaluated: bool) -> SweepMoment:
        losses = engine.evaluate() if evaluated else None  # first: it may find that a run has diverged
        kept = tuple(part.numpy().copy() for part in engine.parameters) if evaluated and keep_parameters else None
        epochs, steps = divmod(step, per_epoch)
        images = epochs * engine.train_count + steps * engine.batches.size
        return SweepMoment(
            images / engine.train_count, step, losses, engine.alive.numpy().copy(), kept, engine.network.map_shape
        )

    latest = moment(True)
    goal, since = _goal((yield latest), step), 0
    while step < planned:
        for rows in engine.batches.epoch():
            engine.step(rows, rates if shape is None else rates * float(shape[step]))
            step, since = step + 1, since + 1
            every = snapshot_every is not None and goal is None and step % snapshot_every == 0
            if step % per_epoch == 0 or step == goal or every:
                latest, since = moment(True), 0
                goal = _goal((yield latest), step)
            elif since >= pause:
                since = 0
                sent = yield moment(False)
                goal = goal if sent is None else _goal(sent, step)
        if not engine.alive.any():  # nothing moves any more, so the epochs left need no computing
            for rest in range(step + per_epoch, planned + 1, per_epoch):
                yield replace(latest, epoch=rest / per_epoch, step=rest)
            return


def _goal(request: StepRequest | None, step: int) -> int | None:
    """The step at which the requested moment is due."""
    if request is None or request.steps is None:
        return None
    if request.lr is not None:
        raise ValueError("Every run of a sweep keeps the learning rate that it began with.")
    return step + request.steps


def sweep_frame(
    values: Sequence[float], moments: Iterable[SweepMoment], epochs: int, *, name: str = "lr"
) -> pd.DataFrame:
    """Return what has been evaluated so far as `sweep` does, with `epochs` the last epoch of the whole sweep.

    `values` are what the runs differ in, (runs,), and `name` the column that holds it. Epochs are whole numbers unless
    there are moments within an epoch.
    """
    evaluated = [(moment.epoch, moment.alive, moment.losses) for moment in moments if moment.losses is not None]
    if not evaluated:
        return pd.DataFrame(columns=[name, *COLUMNS[1:]])
    places = np.array([epoch for epoch, _, _ in evaluated])
    alive = np.stack([alive for _, alive, _ in evaluated], axis=1)

    def column(quantity: str) -> Array:
        return np.stack([getattr(losses, quantity).numpy() for _, _, losses in evaluated], axis=1).ravel()

    status = np.where(alive, np.where(places == epochs, Status.FINISHED, Status.RUNNING), Status.DIVERGED)
    whole = places.astype(int)
    return pd.DataFrame(
        {
            name: np.repeat(np.asarray(values), len(evaluated)),
            "epoch": np.tile(whole if (whole == places).all() else places, len(values)),
            "train_loss": column("train_loss"),
            "valid_loss": column("valid_loss"),
            "valid_accuracy": column("valid_accuracy"),
            "status": status.ravel(),
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
        return DIVERGING, f"The loss grew from {number(first, 3)} until it was too large to be a number."
    if last > first:
        return DIVERGING, f"The loss grew from {number(first, 3)} to {number(last, 3)}."
    changes = np.diff(loss)
    third, half = changes[-max(1, len(changes) // 3) :], changes[-max(1, (len(changes) + 1) // 2) :]
    if len(changes) >= 6 and (third > 0).all() and last > loss.min() * (1 + 1e-6):
        return (
            DIVERGING,
            f"The loss has risen ever since it was {number(loss.min(), 3)}; it is {number(last, 3)} and grows.",
        )
    rises = int((half > 1e-6 * first).sum())
    if rises >= max(1, 0.2 * len(half)):
        return BOUNCING, f"The loss went up in {rises} of the last {len(half)} looks; it ends at {number(last, 3)}."
    closed = (first - last) / (first - lowest) if first > lowest else 1.0
    gone = percent(closed, 2)
    way = f"After {counted(epochs, 'epoch')} it has gone {gone} of the way that the best one went"
    if closed < SLOW:
        return (BOUNCING, f"{way}, with longer steps: they leap across.") if beyond else (TOO_LOW, f"{way}.")
    return GOOD, f"The loss fell to {number(last, 3)}, {gone} of the way that the best one went."


def check_lrs(lrs: Iterable[float]) -> list[float]:
    """Return the learning rates as floats; ValueError unless there are 1 to 256 finite numbers above 0."""
    return [check_lr(_plain(lr)) for lr in _few("learning rates", lrs)]


def check_seeds(seeds: Iterable[int]) -> list[int]:
    """Return the seeds; ValueError unless there are 1 to 256 whole numbers from 0."""
    return [replace(TrainConfig(), seed=_plain(seed)).seed for seed in _few("seeds", seeds)]


def _plain(value: Any) -> Any:
    return (
        value.item()
        if isinstance(value, np.generic) or (isinstance(value, torch.Tensor) and value.numel() == 1)
        else value
    )


def _few(what: str, values: Iterable[Any]) -> list[Any]:
    try:
        some = list(islice(values, MOST_RUNS + 1))
    except TypeError:
        raise ValueError(f"Give the {what} as a list, not {short(values)}.") from None
    if not 1 <= len(some) <= MOST_RUNS:
        raise ValueError(f"Give from 1 to {MOST_RUNS} {what}, not {len(some) if len(some) <= MOST_RUNS else 'more'}.")
    return some


def _check_classes(config: TrainConfig, digits: Digits) -> None:
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
