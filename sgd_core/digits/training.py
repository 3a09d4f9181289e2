"""A run of training as a generator of snapshots: the caller sets the pace, and may steer between two snapshots."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.engine import Engine

Status = Literal["running", "finished", "diverged", "stopped"]
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run at one moment, in plain numbers and read-only arrays that nothing changes later.

    `epoch` counts passes over the training set: a whole number at an epoch's end, a fraction within one. `step` counts
    the updates made, `lr` is the learning rate of the last one (at step 0: of the first). `train_loss`, `valid_loss`
    and the accuracies (shares of right answers, 0 to 1) are means over the whole sets at exactly these weights;
    `batch_loss` is the last mini-batch's, before its step, and None before the first.

    `weights` and `gradient` are (maps, height, width): one map for two classes, one a class for more, one a hidden unit
    for the two-layer model; `gradient` is the last mini-batch's, zeros before the first. `bias` is (maps,).
    `parameters` holds all arrays of the model, each layer's weight (out, in) and bias (out,), as `predict` takes them.
    `reason` is a sentence when the run has ended, else empty. "stopped" is for callers that end a run by a rule.
    """

    epoch: float
    step: int
    lr: float
    batch_loss: float | None
    train_loss: float
    train_accuracy: float
    valid_loss: float
    valid_accuracy: float
    weights: Array
    bias: Array
    gradient: Array
    parameters: tuple[Array, ...]
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Control:
    """What to send into a running `train`: how far to go to the next snapshot, and the learning rate from here on.

    `steps`: at most this many steps, never past the epoch's end; None goes on as `train` was told. `lr`: None keeps it.
    Raises ValueError on fewer than one step or a learning rate that is not a finite number above 0.
    """

    steps: int | None = None
    lr: float | None = None

    def __post_init__(self) -> None:
        """Check here, where the caller can still answer, not inside the run."""
        check_steps(self.steps)
        if self.lr is not None:
            check_lr(self.lr)


def check_steps(steps: object) -> None:
    """Raise ValueError unless `steps` is None or a whole number of at least 1."""
    if steps is not None and (not isinstance(steps, int) or isinstance(steps, bool) or steps < 1):
        raise ValueError(f"The number of steps to the next snapshot must be a whole number from 1, not {steps!r}.")


def train(
    config: TrainConfig,
    digits: Digits,
    *,
    snapshot_every: int | None = None,
    weights: Sequence[Array] | None = None,
) -> Generator[Snapshot, Control | None, None]:
    """Train a model; yield snapshot 0 before the first step, then one at each epoch's end.

    `snapshot_every=k` adds one at every k-th step. `generator.send(Control(...))` instead of `next(generator)` steers
    the way to the next snapshot. `weights` gives initial parameters in the layout of `Snapshot.parameters` instead of
    `config.init`. The last snapshot's status is "finished" or "diverged": the moment a loss or a weight is no longer
    finite, the run yields its state, the reason and the number of steps taken, and ends.

    The same config and digits give the same snapshots, bit for bit, on one machine with one number of threads.
    Raises ValueError when the digits are of other classes than the config's, or the weights of other shapes.
    """
    check_steps(snapshot_every)
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    engine = Engine(config, digits)
    if weights is not None:
        _place(engine, weights)
    return _run(config, digits.image_shape, engine, snapshot_every)


def _run(
    config: TrainConfig, image_shape: tuple[int, int], engine: Engine, snapshot_every: int | None
) -> Generator[Snapshot, Control | None, None]:
    camera = _Camera(engine, image_shape, config)
    snapshot = camera.take(0, 0, config.lr, None)
    control = yield snapshot
    lr, step, taken, images = config.lr, 0, 0, 0
    while snapshot.status == "running":
        epoch_end = images + engine.train_count
        for rows in engine.batches.epoch():
            if control is not None and control.lr is not None:
                lr = check_lr(control.lr)
            batch_loss = engine.step(rows, lr).item()
            if math.isfinite(batch_loss):  # otherwise the step was not taken
                step += 1
                images += rows.stop - rows.start if isinstance(rows, slice) else len(rows)
            if control is not None and control.steps is not None:
                due = step - taken >= control.steps
            else:
                due = snapshot_every is not None and step % snapshot_every == 0
            if due or images == epoch_end or not engine.alive[0]:
                snapshot = camera.take(images, step, lr, batch_loss)
                control, taken = (yield snapshot), step
                if snapshot.status != "running":
                    return


class _Camera:
    """Takes snapshots of a one-lane engine, and sees whether the run is over."""

    def __init__(self, engine: Engine, image_shape: tuple[int, int], config: TrainConfig) -> None:
        self._engine, self._shape, self._config = engine, image_shape, config
        self._finite_loss = math.nan

    def take(self, images: int, step: int, lr: float, batch_loss: float | None) -> Snapshot:
        """The state after `step` updates on `images` images in all."""
        engine = self._engine
        judged = engine.judge()
        train_loss, valid_loss = judged.train_loss.item(), judged.valid_loss.item()
        epoch = images / engine.train_count
        status: Status = "running"
        reason = ""
        if not engine.alive[0]:
            status, reason = "diverged", self._why_diverged(step, lr)
        elif epoch == self._config.epochs:
            status, reason = "finished", f"All {self._config.epochs} epochs are done."
        self._finite_loss = train_loss if math.isfinite(train_loss) else self._finite_loss
        parameters = tuple(_frozen(parameter) for parameter in engine.parameters)
        return Snapshot(
            epoch=epoch,
            step=step,
            lr=lr,
            batch_loss=batch_loss,
            train_loss=train_loss,
            train_accuracy=judged.train_accuracy.item(),
            valid_loss=valid_loss,
            valid_accuracy=judged.valid_accuracy.item(),
            weights=parameters[0].reshape(-1, *self._shape),
            bias=parameters[1],
            gradient=_frozen(engine.gradients[0]).reshape(-1, *self._shape),
            parameters=parameters,
            status=status,
            reason=reason,
        )

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


def _place(engine: Engine, weights: Sequence[Array]) -> None:
    shapes = [tuple(parameter.shape) for parameter in engine.parameters]
    given = [np.shape(array) for array in weights]
    if given != shapes:
        raise ValueError(f"The initial weights must have the shapes {shapes}, not {given}.")
    with torch.no_grad():
        for parameter, array in zip(engine.parameters, weights, strict=True):
            parameter.copy_(torch.tensor(np.asarray(array, dtype=np.float32)))
