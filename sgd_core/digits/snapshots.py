"""A run at one moment, what its optimizer remembers there, and the word a caller sends to steer a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgd_core.descent.optimizers import Optimizer
from sgd_core.digits.config import TrainConfig, check_lr
from sgd_core.status import Status as Status

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OptimizerState:
    """What an optimizer remembers: for each parameter the number of steps and its read-only buffers.

    `optimizer` and `options` are the configuration's: the memory serves another one as far as it means the same there.
    """

    optimizer: str
    options: dict[str, Any]
    states: tuple[tuple[int, tuple[Array, ...]], ...]

    def serves(self, config: TrainConfig) -> bool:
        """Whether a run of `config` can go on with these buffers: the same optimizer, keeping buffers of one kind."""
        return config.update_rule.shares_buffers_with(Optimizer(self.optimizer, **self.options))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run at one moment, in plain numbers and read-only arrays that nothing changes later.

    `epoch` counts passes over the training set: a whole number at an epoch's end, a fraction within one. `step` counts
    the updates made, `lr` is the learning rate of the last one (at step 0: of the first). `train_loss`, `valid_loss`
    and the accuracies (shares of right answers, 0 to 1) are means over the whole sets at exactly these weights;
    `batch_loss` is the last mini-batch's, before its step, and None before the first.

    `weights`, `gradient` and `update` are (maps, height, width): one map for two classes, one a class for more, one a
    hidden unit for the two-layer model, one a filter for a convolutional one; `gradient` is the last mini-batch's and `update` what the last step added,
    zeros before the first. `bias` is (maps,). `parameters` holds all arrays of the model, each layer's weight
    (out, in), of filters (out, in, height, width), and bias (out,), as `predict` takes them. `origin` (H, W) is what the
    model takes away from each image before it looks at it, None for nothing. `reason` is a sentence when the run has
    ended, else empty.

    The rest is what going on from here needs: `rates`, the learning rates asked for and the number of steps made
    before each; `best`, the best validation accuracy at an epoch's end so far and that epoch; `seconds` of computing
    so far; `optimizer_state`, the optimizer's.
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
    update: Array
    parameters: tuple[Array, ...]
    origin: Array | None
    status: Status
    reason: str
    rates: tuple[tuple[int, float], ...]
    best: tuple[float, float]
    seconds: float
    optimizer_state: OptimizerState

    @property
    def nbytes(self) -> int:
        """The size of its arrays in bytes."""
        buffers = [buffer for _, buffers in self.optimizer_state.states for buffer in buffers]
        return sum(array.nbytes for array in (*self.parameters, self.gradient, self.update, *buffers))

    @property
    def hidden_zeros(self) -> bool:
        """Whether the model has hidden units or filters whose weights are all zero: then no gradient ever reaches them."""
        return len(self.parameters) > 2 and not self.parameters[0].any()


@dataclass(frozen=True)
class StepRequest:
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
