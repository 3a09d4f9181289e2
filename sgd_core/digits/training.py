"""A run of training as a generator of snapshots: the caller sets the pace, and may steer between two snapshots."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sgd_core.descent.optimizers import State
from sgd_core.descent.schedules import MAX_STEPS, learning_rates
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine
from sgd_core.digits.snapshots import Array, Memory, Status, check_steps
from sgd_core.digits.snapshots import Control as Control
from sgd_core.digits.snapshots import Snapshot as Snapshot


def train(
    config: TrainConfig,
    digits: Digits,
    *,
    snapshot_every: int | None = None,
    weights: Sequence[Array] | None = None,
    after: Snapshot | None = None,
) -> Generator[Snapshot, Control | None, None]:
    """Train a model; yield snapshot 0 before the first step, then one at each epoch's end.

    `snapshot_every=k` adds one at every k-th step. `generator.send(Control(...))` instead of `next(generator)` steers
    the way to the next snapshot. `weights` gives initial parameters in the layout of `Snapshot.parameters` instead of
    `config.init`. The last snapshot's status says how the run ended: "finished" (all epochs), "stopped" (by the
    config's patience or time limit), or "diverged": the moment a loss or a weight is no longer finite, the run yields
    its state, the reason and the number of steps taken, and ends.

    `after` goes on from a snapshot, of this run or of one with other settings for the same model: its weights, its
    optimizer's memory where that fits, its place in the epoch's order and in the schedule. The first snapshot is that
    moment again. With unchanged settings the rest is, bit for bit, what the run would have been without the break.

    The same config and digits give the same snapshots, bit for bit, on one machine with one number of threads.
    Raises ValueError when the digits are of other classes than the config's, the weights of other shapes, or a schedule
    has more steps than can be scheduled.
    """
    check_steps(snapshot_every)
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    engine = Engine(config, digits)
    planned = config.epochs * engine.batches.per_epoch
    if config.schedule != "constant" and planned > MAX_STEPS:
        raise ValueError(
            f"These settings make {planned:,} steps, more than the {MAX_STEPS:,} that a schedule can have: choose fewer "
            "epochs, larger mini-batches or a constant learning rate."
        )
    place = _Place(lr=config.lr, rates=((0, config.lr),))
    if after is not None:
        place = _resume(engine, config, after)
    elif weights is not None:
        _put(engine, weights)
    return _run(config, digits.image_shape, engine, snapshot_every, place, after.lr if after else None)


@dataclass
class _Place:
    """Where a run is: steps made, images seen, its place in the schedule, and what the snapshots carry along."""

    lr: float  # what the caller asked for; the schedule makes the learning rate of a step from it
    rates: tuple[tuple[int, float], ...]
    step: int = 0
    images: int = 0
    scheduled: int = 0
    batch_loss: float | None = None
    best: tuple[float, float] = (-1.0, 0.0)
    seconds: float = 0.0

    def steer(self, lr: float) -> None:
        """Hold to another learning rate from the next step on."""
        if lr != self.lr:
            earlier = tuple(entry for entry in self.rates if entry[0] < self.step)
            self.lr, self.rates = check_lr(lr), (*earlier, (self.step, lr))


def _run(
    config: TrainConfig,
    image_shape: tuple[int, int],
    engine: Engine,
    snapshot_every: int | None,
    place: _Place,
    last_rate: float | None,
) -> Generator[Snapshot, Control | None, None]:
    camera = _Camera(engine, image_shape, config, place)
    planned, count = config.epochs * engine.batches.per_epoch, engine.train_count

    def rate() -> float:
        if config.schedule == "constant":
            return place.lr
        return float(learning_rates(config.schedule, place.lr, planned)[min(place.scheduled, planned - 1)])

    snapshot = camera.take(rate() if last_rate is None else last_rate)
    control = yield snapshot
    taken = place.step
    while snapshot.status == "running":
        began = time.monotonic()
        epoch_end = (place.images // count + 1) * count
        for rows in engine.batches.epoch(place.images % count):
            if control is not None and control.lr is not None:
                place.steer(control.lr)
            lr = rate()
            place.batch_loss = engine.step(rows, lr).item()
            if math.isfinite(place.batch_loss):  # otherwise the step was not taken
                place.step += 1
                place.scheduled += 1
                place.images += rows.stop - rows.start if isinstance(rows, slice) else len(rows)
            if control is not None and control.steps is not None:
                due = place.step - taken >= control.steps
            else:
                due = snapshot_every is not None and place.step % snapshot_every == 0
            late = config.seconds is not None and place.seconds + time.monotonic() - began >= config.seconds
            if due or late or place.images == epoch_end or not engine.alive[0]:
                place.seconds += time.monotonic() - began
                snapshot = camera.take(lr)
                control, taken = (yield snapshot), place.step
                if snapshot.status != "running":
                    return
                began = time.monotonic()


class _Camera:
    """Takes snapshots of a one-lane engine, and sees whether the run is over."""

    def __init__(self, engine: Engine, image_shape: tuple[int, int], config: TrainConfig, place: _Place) -> None:
        self._engine, self._shape, self._config, self._place = engine, image_shape, config, place
        self._finite_loss = math.nan
        self._options = dict(config.update_rule.options)

    def take(self, lr: float) -> Snapshot:
        """The state at the present place; `lr` is the last step's learning rate."""
        engine, place = self._engine, self._place
        judged = engine.judge()
        train_loss, valid_loss = judged.train_loss.item(), judged.valid_loss.item()
        accuracy = judged.valid_accuracy.item()
        epoch = place.images / engine.train_count
        if epoch == int(epoch) and accuracy > place.best[0]:
            place.best = (accuracy, epoch)
        status, reason = self._fate(epoch, lr)
        self._finite_loss = train_loss if math.isfinite(train_loss) else self._finite_loss
        parameters = tuple(_frozen(parameter) for parameter in engine.parameters)
        return Snapshot(
            epoch=epoch,
            step=place.step,
            lr=lr,
            batch_loss=place.batch_loss,
            train_loss=train_loss,
            train_accuracy=judged.train_accuracy.item(),
            valid_loss=valid_loss,
            valid_accuracy=accuracy,
            weights=parameters[0].reshape(-1, *self._shape),
            bias=parameters[1],
            gradient=_frozen(engine.gradients[0]).reshape(-1, *self._shape),
            update=_frozen(engine.updates[0]).reshape(-1, *self._shape),
            parameters=parameters,
            status=status,
            reason=reason,
            rates=place.rates,
            best=place.best,
            seconds=place.seconds,
            memory=Memory(
                self._config.optimizer,
                self._options,
                tuple((state.step, tuple(_kept(buffer) for buffer in state.buffers)) for state in engine.states),
            ),
        )

    def _fate(self, epoch: float, lr: float) -> tuple[Status, str]:
        config, place = self._config, self._place
        if not self._engine.alive[0]:
            return "diverged", self._why_diverged(place.step, lr)
        if epoch >= config.epochs:
            return "finished", f"All {config.epochs:,} epochs are done."
        best, best_epoch = place.best
        if config.patience is not None and epoch == int(epoch) and epoch - best_epoch >= config.patience:
            return "stopped", (
                f"For {config.patience} epochs the validation accuracy has not risen above its best, {best:.2%} after "
                f"epoch {best_epoch:.0f}."
            )
        if config.seconds is not None and place.seconds >= config.seconds:
            return "stopped", (
                f"Out of time: {place.seconds:.2f} seconds of computing, {config.seconds:g} were allowed; that was "
                f"enough for {place.step:,} steps."
            )
        return "running", ""

    def _why_diverged(self, step: int, lr: float) -> str:
        if step == 0:
            return "The initial weights already give a loss too large to be a number; begin from smaller ones."
        return (
            f"After step {step} with learning rate {lr:g} the loss has grown too large to be a number (the last "
            f"snapshot's was {self._finite_loss:.3g}): each step overshot by more than the one before; "
            "try a smaller learning rate."
        )


def _frozen(tensor: Tensor) -> Array:
    array = tensor.detach().numpy().copy()
    array.setflags(write=False)
    return array


def _kept(tensor: Tensor) -> Array:
    """A view, not a copy: the update rules make new buffers and never write into old ones."""
    array: Array = tensor.numpy().view()
    array.setflags(write=False)
    return array


def _put(engine: Engine, weights: Sequence[Array]) -> None:
    shapes = [tuple(parameter.shape) for parameter in engine.parameters]
    given = [np.shape(array) for array in weights]
    if given != shapes:
        raise ValueError(f"The initial weights must have the shapes {shapes}, not {given}.")
    with torch.no_grad():
        for parameter, array in zip(engine.parameters, weights, strict=True):
            parameter.copy_(torch.tensor(np.asarray(array, dtype=np.float32)))


def _resume(engine: Engine, config: TrainConfig, after: Snapshot) -> _Place:
    _put(engine, after.parameters)
    engine.gradients = (torch.tensor(after.gradient).flatten(1), *engine.gradients[1:])
    engine.updates[0] = torch.tensor(after.update).flatten(1)
    if after.memory.serves(config):
        engine.states = [
            State(step, tuple(torch.tensor(buffer) for buffer in buffers)) for step, buffers in after.memory.states
        ]
    images = round(after.epoch * engine.train_count)
    epochs, seen = divmod(images, engine.train_count)
    engine.batches.skip(epochs)
    place = _Place(
        lr=after.rates[-1][1],
        rates=after.rates,
        step=after.step,
        images=images,
        # mini-batches of the present size: the same place in the schedule, whatever the size was before
        scheduled=epochs * engine.batches.per_epoch + math.ceil(seen / engine.batches.size),
        batch_loss=after.batch_loss,
        best=after.best,
        seconds=after.seconds,
    )
    place.steer(config.lr)
    return place
