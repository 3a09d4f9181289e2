"""The arithmetic of training: one run or many side by side ("lanes"), without any notion of pace or pictures.

A lane is a run of its own with its own weights and learning rate; all lanes see the same mini-batches in the same order
and share one matrix product a mini-batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sgd_core.descent.optimizers import OPTIMIZERS, START, State
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES, maps_for, targets_for
from sgd_core.digits.models import MODELS, initial_parameters, scores

LARGEST_LAYER = 2**22  # numbers in one piece of an evaluation: 16 MB, so that many lanes of a large set fit in memory


@dataclass(frozen=True)
class Evaluation:
    """Both sets judged at exactly the present weights; each is (lanes,) float64, a mean over the whole set."""

    train_loss: Tensor
    train_accuracy: Tensor
    valid_loss: Tensor
    valid_accuracy: Tensor


class Batches:
    """The mini-batches of epoch after epoch: row numbers, or a slice where the rows lie side by side anyway.

    The order depends on the seed alone, not on model or initial weights: `torch.randperm` of each epoch in turn, from
    a generator with that seed. The last mini-batch holds what is left over.
    """

    def __init__(self, config: TrainConfig, count: int) -> None:
        """Prepare for a training set of `count` images."""
        self._count = count
        self._size = count if config.batch_size is None else min(config.batch_size, count)
        self._shuffled = config.shuffle and self._size < count  # the mean over all rows needs no order
        self._generator = torch.Generator().manual_seed(config.seed)

    @property
    def size(self) -> int:
        """Images in a full mini-batch."""
        return self._size

    @property
    def per_epoch(self) -> int:
        """Mini-batches, and so steps, in an epoch."""
        return math.ceil(self._count / self._size)

    def epoch(self) -> Iterator[Tensor | slice]:
        """The mini-batches of the next epoch."""
        starts = range(0, self._count, self._size)
        if not self._shuffled:
            return (slice(start, min(start + self._size, self._count)) for start in starts)
        return iter(torch.split(torch.randperm(self._count, generator=self._generator), self._size))

    def skip(self, epochs: int) -> None:
        """Pass over whole epochs, as if they had been trained."""
        for _ in range(epochs if self._shuffled else 0):
            torch.randperm(self._count, generator=self._generator)


class Engine:
    """Parameters of `lanes` runs, the data they learn from, and the two things one does with them: step and judge.

    `parameters` is a list of tensors (lanes, ...), changed by `step`; `gradients` are those of the last mini-batch;
    `states` is what the optimizer remembers; `alive` (lanes,) is False for a lane that has diverged and moves no more.
    """

    def __init__(
        self,
        config: TrainConfig,
        digits: Digits,
        *,
        lanes: int = 1,
        parameters: Sequence[Tensor] | None = None,
        states: Sequence[State] | None = None,
    ) -> None:
        """Flatten the data and draw the initial weights, or begin from the given ones (shapes with lanes, copied)."""
        classes = len(digits.classes)
        height, width = digits.image_shape
        self._train = _half(digits.train_images, digits.train_labels, classes)
        self._valid = _half(digits.valid_images, digits.valid_labels, classes)
        self._loss = LOSSES[config.loss]
        self._rule, self._options = OPTIMIZERS[config.optimizer].rule, config.update_rule.options
        self.batches = Batches(config, len(self._train.pixels))
        self._batch = torch.empty(self.batches.size, height * width)
        if parameters is None:
            layers = MODELS[config.model].layers(height * width, config.hidden, maps_for(classes))
            # a stream of its own, so that the same seed gives the same mini-batches whatever the initial weights
            generator = torch.Generator().manual_seed(config.seed + 1)
            parameters = initial_parameters(layers, config.init, generator, lanes)
        self.parameters = [parameter.detach().clone().requires_grad_() for parameter in parameters]
        self.gradients = tuple(torch.zeros_like(parameter) for parameter in parameters)
        self.states = list(states) if states is not None else [START] * len(self.parameters)
        self.alive = torch.ones(len(self.parameters[0]), dtype=torch.bool)

    @property
    def train_count(self) -> int:
        """Images in the training set."""
        return len(self._train.pixels)

    def step(self, rows: Tensor | slice, lr: float | Tensor) -> Tensor:
        """Take one step on a mini-batch; answer its loss (lanes,) at the weights before the step.

        `lr` is a number, or (lanes,), one learning rate a lane. A lane whose loss is not finite does not take the step;
        a lane whose loss or new weights are not finite is no longer `alive`.
        """
        if isinstance(rows, slice):
            pixels, targets = self._train.pixels[rows], self._train.targets[rows]
        else:
            pixels = torch.index_select(self._train.pixels, 0, rows, out=self._batch[: len(rows)])
            targets = self._train.targets[rows]
        losses = self._loss.values(scores(self.parameters, pixels), targets).mean(0)
        total = losses.sum()
        gradients = torch.autograd.grad(total, self.parameters)  # lanes do not mix: each gets its own gradient
        with torch.no_grad():
            if not math.isfinite(total.item()):
                self.alive &= losses.isfinite()
            self.gradients = gradients
            self._update(lr)
        return losses.detach()

    def _update(self, lr: float | Tensor) -> None:
        all_alive = bool(self.alive.all())
        if not all_alive and not self.alive.any():
            return
        for i, parameter in enumerate(self.parameters):
            shape = (-1, *[1] * (parameter.dim() - 1))
            rates = lr.view(shape) if isinstance(lr, Tensor) else lr
            update, self.states[i] = self._rule(parameter, self.gradients[i], self.states[i], rates, self._options)
            parameter += update if all_alive else update.where(self.alive.view(shape), 0.0)
            if not math.isfinite(
                parameter.sum().item()
            ):  # one cheap look; the thorough one only where it is called for
                self.alive &= parameter.flatten(1).isfinite().all(1)

    def judge(self) -> Evaluation:
        """Loss and accuracy of both sets at the present weights; counts and sums over single images."""
        with torch.inference_mode():
            train_loss, train_accuracy = self._judge(self._train)
            valid_loss, valid_accuracy = self._judge(self._valid)
        return Evaluation(train_loss, train_accuracy, valid_loss, valid_accuracy)

    def _judge(self, half: _Half) -> tuple[Tensor, Tensor]:
        lanes, widest = len(self.alive), max(parameter.shape[1] for parameter in self.parameters)
        piece = max(1, LARGEST_LAYER // (lanes * widest))
        loss, right = torch.zeros(lanes, dtype=torch.float64), torch.zeros(lanes, dtype=torch.int64)
        pieces = (torch.split(part, piece) for part in (half.pixels, half.targets, half.labels))
        for pixels, targets, labels in zip(*pieces, strict=True):
            answer = scores(self.parameters, pixels)
            loss += self._loss.values(answer, targets).sum(0)
            right += (self._loss.decide(answer) == labels.unsqueeze(1)).sum(0)
        return loss / len(half.labels), right / len(half.labels)


@dataclass(frozen=True, eq=False)
class _Half:
    """One set, flattened once: pixels (N, H * W), targets (N, maps), labels (N,)."""

    pixels: Tensor
    targets: Tensor
    labels: Tensor


def _half(images: Tensor, labels: Tensor, classes: int) -> _Half:
    return _Half(images.reshape(len(images), -1), targets_for(labels, classes), labels)
