"""A run of training as a generator of snapshots: the caller sets the pace, and may steer between two snapshots."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from torch import Tensor

from sgd_core.descent.schedules import MAX_STEPS, learning_rates
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine, Evaluation
from sgd_core.digits.snapshots import Array, OptimizerState, Status, check_steps
from sgd_core.digits.snapshots import Snapshot as Snapshot
from sgd_core.digits.snapshots import StepRequest as StepRequest
from sgd_core.numbers import number, percent


def train(
    config: TrainConfig,
    digits: Digits,
    *,
    snapshot_every: int | None = None,
    weights: Sequence[Array] | None = None,
    after: Snapshot | None = None,
    judged: int | None = None,
) -> Generator[Snapshot, StepRequest | None, None]:
    """Train a model; yield snapshot 0 before the first step, then one at each epoch's end.

    `snapshot_every=k` adds one at every k-th step. `generator.send(StepRequest(...))` instead of `next(generator)` steers
    the way to the next snapshot. `weights` gives initial parameters in the layout of `Snapshot.parameters` instead of
    `config.init`. The last snapshot's status says how the run ended: "finished" (all epochs), "stopped" (by the
    config's patience or time limit), or "diverged": the moment a loss or a weight is no longer finite, the run yields
    its state, the reason and the number of steps taken, and ends.

    `after` goes on from a snapshot, of this run or of one with other settings for the same model: its weights, its
    optimizer's state where that fits, its place in the epoch's order and in the schedule. The first snapshot is that
    moment again. With unchanged settings the rest is, bit for bit, what the run would have been without the break.

    `judged` takes the snapshots' losses and accuracies from so many images of each set at most, evenly chosen.

    The same config and digits give the same snapshots, bit for bit, on one machine with one number of threads.
    Raises ValueError when the digits are of other classes than the config's, the weights of other shapes or trained on
    other inputs, or a schedule has more steps than can be scheduled.
    """
    check_steps(snapshot_every)
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    engine = Engine(config, digits, judged=judged)
    planned = config.epochs * engine.batches.per_epoch
    if config.schedule != "constant" and planned > MAX_STEPS:
        raise ValueError(
            f"These settings make {planned:,} steps, more than the {MAX_STEPS:,} that a schedule can have: choose fewer "
            "epochs, larger mini-batches or a constant learning rate."
        )
    state = RunState(lr=config.lr, rates=((0, config.lr),))
    if after is not None:
        state = _resume(engine, config, after)
    elif weights is not None:
        engine.load(weights)
    return _run(config, engine, snapshot_every, state, after.lr if after else None)


@dataclass
class RunState:
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
    engine: Engine,
    snapshot_every: int | None,
    state: RunState,
    last_rate: float | None,
) -> Generator[Snapshot, StepRequest | None, None]:
    recorder = SnapshotRecorder(engine, config, state)
    planned, count = config.epochs * engine.batches.per_epoch, engine.train_count

    def rates(steps: int) -> list[float]:
        """The learning rates of the next steps."""
        if config.schedule == "constant":
            return [state.lr] * steps
        places = np.arange(state.scheduled, state.scheduled + steps).clip(max=planned - 1)
        return [float(lr) for lr in learning_rates(config.schedule, state.lr, planned)[places]]

    snapshot = recorder.take(rates(1)[0] if last_rate is None else last_rate)
    request = yield snapshot
    taken = state.step
    while snapshot.status is Status.RUNNING:
        began = time.monotonic()
        batches, size = engine.batches.epoch(state.images % count), engine.batches.size
        epoch_end = (state.images // count + 1) * count
        while state.images < epoch_end:
            if request is not None and request.lr is not None:
                state.steer(request.lr)
            left = math.ceil((epoch_end - state.images) / size)
            if request is not None and request.steps is not None:
                due = taken + request.steps - state.step
            else:
                due = left if snapshot_every is None else snapshot_every - state.step % snapshot_every
            ahead = rates(min(due, left) if config.seconds is None else 1)  # a clock is looked at after each step
            done = engine.steps(islice(batches, len(ahead)), ahead)
            state.step += done
            state.scheduled += done
            state.images = min(state.images + done * size, epoch_end)
            late = config.seconds is not None and state.seconds + time.monotonic() - began >= config.seconds
            if done == due or late or state.images == epoch_end or not engine.alive[0]:
                state.batch_loss = engine.batch_loss.item()
                state.seconds += time.monotonic() - began
                snapshot = recorder.take(ahead[min(done, len(ahead) - 1)])
                request, taken = (yield snapshot), state.step
                if snapshot.status is not Status.RUNNING:
                    return
                began = time.monotonic()


class SnapshotRecorder:
    """Takes snapshots of a one-run engine, and sees whether the run is over."""

    def __init__(self, engine: Engine, config: TrainConfig, state: RunState) -> None:
        """Watch `engine`, a run of `config` that is at `state`."""
        self._engine, self._config, self._state = engine, config, state
        self._finite_loss = math.nan
        self._options = dict(config.update_rule.options)

    def take(self, lr: float) -> Snapshot:
        """The present state; `lr` is the last step's learning rate."""
        engine, state = self._engine, self._state
        evaluation = engine.evaluate()
        train_loss, valid_loss = evaluation.train_loss.item(), evaluation.valid_loss.item()
        accuracy = evaluation.valid_accuracy.item()
        epoch = state.images / engine.train_count
        if epoch == int(epoch) and accuracy > state.best[0]:
            state.best = (accuracy, epoch)
        status, reason = self._status(epoch, lr, evaluation)
        self._finite_loss = train_loss if math.isfinite(train_loss) else self._finite_loss
        parameters = tuple(_frozen(parameter[0]) for parameter in engine.parameters)
        return Snapshot(
            epoch=epoch,
            step=state.step,
            lr=lr,
            batch_loss=state.batch_loss,
            train_loss=train_loss,
            train_accuracy=evaluation.train_accuracy.item(),
            valid_loss=valid_loss,
            valid_accuracy=accuracy,
            weights=parameters[0].reshape(-1, *engine.network.map_shape),
            bias=parameters[1],
            gradient=_frozen(engine.gradients[0]).reshape(-1, *engine.network.map_shape),
            update=_frozen(engine.updates[0]).reshape(-1, *engine.network.map_shape),
            parameters=parameters,
            origin=engine.origin,
            status=status,
            reason=reason,
            rates=state.rates,
            best=state.best,
            seconds=state.seconds,
            optimizer_state=OptimizerState(
                self._config.optimizer,
                self._options,
                tuple((s.step, tuple(_kept(buffer) for buffer in s.buffers)) for s in engine.states),
            ),
        )

    def _status(self, epoch: float, lr: float, evaluation: Evaluation) -> tuple[Status, str]:
        config, state = self._config, self._state
        if not self._engine.alive[0]:
            return Status.DIVERGED, self._why_diverged(lr, evaluation)
        if epoch >= config.epochs:
            done = "1 epoch is" if config.epochs == 1 else f"All {config.epochs:,} epochs are"
            if epoch > config.epochs:
                done = f"The run has made {number(epoch)} epochs; {number(config.epochs)} were asked for, and these are"
            return Status.FINISHED, f"{done} done."
        best, best_epoch = state.best
        if config.patience is not None and epoch == int(epoch) and epoch - best_epoch >= config.patience:
            return Status.STOPPED, (
                f"For {config.patience} epochs the validation accuracy has not risen above its best, {percent(best, 4)} after "
                f"epoch {number(best_epoch)}."
            )
        if config.seconds is not None and state.seconds >= config.seconds:
            return Status.STOPPED, (
                f"Out of time: {number(state.seconds, 3)} seconds of computing, {number(config.seconds)} were allowed; that was "
                f"enough for {state.step:,} steps."
            )
        return Status.RUNNING, ""

    def _why_diverged(self, lr: float, evaluation: Evaluation) -> str:
        state = self._state
        losses = {
            "the loss": evaluation.train_loss.item(),
            "the validation loss": evaluation.valid_loss.item(),
            "the loss of the next mini-batch": 0.0 if state.batch_loss is None else state.batch_loss,
        }
        what = next((name for name, loss in losses.items() if not math.isfinite(loss)), "a weight")
        if state.step == 0:
            return f"With the initial weights {what} is already too large to be a number; begin from smaller ones."
        return (
            f"After step {state.step:,} with learning rate {number(lr)} {what} has grown too large to be a number (the loss "
            f"was {number(self._finite_loss, 3)} when last looked at): each step overshot by more than the one before; try a "
            "smaller learning rate."
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


def _resume(engine: Engine, config: TrainConfig, after: Snapshot) -> RunState:
    if (after.origin is None) != (engine.origin is None):
        raise ValueError("The weights were trained on other inputs, pixels as they are or scaled ones: begin anew.")
    engine.load(after.parameters)
    states = after.optimizer_state.states if after.optimizer_state.serves(config) else None
    engine.load_moment(after.gradient, after.update, states)
    images = round(after.epoch * engine.train_count)
    epochs, seen = divmod(images, engine.train_count)
    engine.batches.skip(epochs)
    state = RunState(
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
    state.steer(config.lr)
    return state
