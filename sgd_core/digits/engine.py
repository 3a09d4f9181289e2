"""The arithmetic of training: one run or many side by side, without any notion of pace or pictures.

A run has its own weights and learning rate; all runs see the same mini-batches in the same order
and share one matrix product a mini-batch.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import linear

from sgd_core.descent.optimizers import OPTIMIZERS, START
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES, maps_for, targets_for
from sgd_core.digits.models import MODELS, initial_parameters, upper_layers

LARGEST_LAYER = 2**15  # numbers in one piece of an evaluation: 128 kB, which stays in the cache, whatever the runs
LARGEST_SUMS = 2**22  # weighted sums of a whole set that are computed at once: 16 MB


@dataclass(frozen=True)
class Evaluation:
    """Both sets judged at exactly the present weights; each is (runs,) float64, a mean over the whole set."""

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

    def epoch(self, seen: int = 0) -> Iterator[Tensor | slice]:
        """The mini-batches of the next epoch, or what is left of it after the first `seen` images of its order."""
        starts = range(seen, self._count, self._size)
        if not self._shuffled:
            return (slice(start, min(start + self._size, self._count)) for start in starts)
        return iter(torch.split(torch.randperm(self._count, generator=self._generator)[seen:], self._size))

    def skip(self, epochs: int) -> None:
        """Pass over whole epochs, as if they had been trained."""
        for _ in range(epochs if self._shuffled else 0):
            torch.randperm(self._count, generator=self._generator)


class Engine:
    """Parameters of `runs` runs, the data they learn from, and the two things one does with them: step and evaluate.

    `parameters` are tensors (runs * out, ...) as `models` lays them out, changed by `step`; `gradients` are those of
    the last mini-batch, `updates` what the last step added; `states` is what the optimizer remembers; `alive` (runs,)
    is False for a run that has diverged and moves no more.
    """

    def __init__(self, config: TrainConfig, digits: Digits, runs: int = 1) -> None:
        """Flatten the data once and draw the initial weights."""
        classes = len(digits.classes)
        height, width = digits.image_shape
        self.runs = runs
        self._train = _half(digits.train_images, digits.train_labels, classes, _sparse_train_pixels(digits))
        self._valid = _half(digits.valid_images, digits.valid_labels, classes)
        self._loss = LOSSES[config.loss]
        self._rule, self._options = OPTIMIZERS[config.optimizer].rule, config.update_rule.options
        self.batches = Batches(config, len(self._train.pixels))
        self._batch = torch.empty(self.batches.size, height * width)
        self._shares = torch.empty(0)
        # a stream of its own, so that the same seed gives the same mini-batches whatever the initial weights
        generator = torch.Generator().manual_seed(config.seed + 1)
        layers = MODELS[config.model].layers(height * width, config.hidden, maps_for(classes))
        self.parameters = [part.requires_grad_() for part in initial_parameters(layers, config.init, generator, runs)]
        self._weights = [parameter.detach() for parameter in self.parameters]  # the same memory, unknown to autograd
        self.gradients = tuple(torch.zeros_like(parameter) for parameter in self._weights)
        self.updates = list(self.gradients)
        self.states = [START] * len(self.parameters)
        self.alive = torch.ones(runs, dtype=torch.bool)
        self._all_alive = True

    @property
    def train_count(self) -> int:
        """Images in the training set."""
        return len(self._train.pixels)

    def step(self, rows: Tensor | slice, lr: float | Tensor) -> Tensor:
        """Take one step on a mini-batch; answer its loss (runs,) at the weights before the step.

        `lr` is a number, or (runs,), one learning rate a run. A run whose loss is not finite does not take the step
        and is no longer `alive`. (Weights that overflow show in the loss of the next mini-batch, or in `evaluate`.)
        """
        if isinstance(rows, slice):
            pixels, targets = self._train.pixels[rows], self._train.targets[rows]
        else:
            pixels = torch.index_select(self._train.pixels, 0, rows, out=self._batch[: len(rows)])
            targets = self._train.targets.index_select(0, rows)
        # Autograd goes back as far as the first layer's weighted sums; the last link of the chain rule, from there to
        # its weights, is one product with the pixels, which by itself would cost autograd a third of the whole step.
        sums = linear(pixels, self._weights[0], self._weights[1]).requires_grad_()
        values = self._loss.values(upper_layers(self.parameters, sums, self.runs), targets)
        if len(values) != len(self._shares):
            self._shares = torch.full_like(values, 1 / len(values), requires_grad=False)
        # The gradient of the mean over images: each image has the same share. Lanes do not mix, each gets its own.
        slopes, *upper = torch.autograd.grad(values, [sums, *self.parameters[2:]], self._shares)
        self.gradients = (slopes.T @ pixels, slopes.sum(0), *upper)
        losses = values.detach().mean(0)
        if not math.isfinite((losses if self.runs == 1 else losses.sum()).item()):
            self._mark_diverged(losses.isfinite())
        if self._all_alive or self.alive.any():
            self._update(lr)
        return losses

    def _update(self, lr: float | Tensor) -> None:
        for i, (weight, gradient) in enumerate(zip(self._weights, self.gradients, strict=True)):
            rates = self._spread(lr, weight) if isinstance(lr, Tensor) else lr
            direction, self.states[i] = self._rule(weight, gradient, self.states[i], self._options)
            update = direction * -rates
            weight += update if self._all_alive else update.where(self._spread(self.alive, weight), 0.0)
            self.updates[i] = update

    def _mark_diverged(self, healthy: Tensor) -> None:
        self.alive = self.alive & healthy
        self._all_alive = bool(self.alive.all())

    def _spread(self, values: Tensor, parameter: Tensor) -> Tensor:
        """One value a run (runs,), repeated for the run's rows so that it broadcasts against a parameter."""
        rows = values.repeat_interleave(len(parameter) // self.runs)
        return rows.view(-1, *[1] * (parameter.dim() - 1))

    def evaluate(self) -> Evaluation:
        """Loss and accuracy of both sets at the present weights; counts and sums over single images.

        A run with a loss or a weight that is not finite is no longer `alive` afterwards.
        """
        with torch.inference_mode():
            train_loss, train_accuracy = self._evaluate(self._train)
            valid_loss, valid_accuracy = self._evaluate(self._valid)
            healthy = train_loss.isfinite() & valid_loss.isfinite()
            for weight in self._weights:
                healthy &= weight.view(self.runs, -1).isfinite().all(1)
        self._mark_diverged(healthy)
        return Evaluation(train_loss, train_accuracy, valid_loss, valid_accuracy)

    def _evaluate(self, half: _Half) -> tuple[Tensor, Tensor]:
        widest = max(len(parameter) for parameter in self.parameters)
        piece = max(1, LARGEST_LAYER // widest)
        maps = half.targets.shape[1]
        loss, right = torch.zeros(self.runs, dtype=torch.float64), torch.zeros(self.runs, dtype=torch.int64)
        weight, bias = self._weights[:2]
        if half.sparse_pixels is not None and len(half.labels) * len(weight) <= LARGEST_SUMS:
            layers: Iterable[Tensor] = torch.split(half.sparse_pixels @ weight.T + bias, piece)
        else:
            # The same as `linear`, the other way round: with few outputs it takes two thirds of the time.
            sums = (torch.addmm(bias.unsqueeze(1), weight, pixels.T) for pixels in torch.split(half.pixels, piece))
            layers = (outputs.T.contiguous() for outputs in sums)
        for layer, targets, labels in zip(
            layers, torch.split(half.targets, piece), torch.split(half.labels, piece), strict=True
        ):
            answer = upper_layers(self._weights, layer, self.runs)
            loss += self._loss.values(answer, targets).sum(0, dtype=torch.float64)
            right += (self._loss.decide(answer, maps) == labels.unsqueeze(1)).sum(0)
        return loss / len(half.labels), right.double() / len(half.labels)


@dataclass(frozen=True, eq=False)
class _Half:
    """One set, flattened once: pixels (N, H * W), targets (N, maps), labels (N,); `sparse_pixels` is `pixels` without zeros."""

    pixels: Tensor
    targets: Tensor
    labels: Tensor
    sparse_pixels: Tensor | None = None


def _half(images: Tensor, labels: Tensor, classes: int, sparse_pixels: Tensor | None = None) -> _Half:
    return _Half(images.reshape(len(images), -1), targets_for(labels, classes), labels, sparse_pixels)


@lru_cache(maxsize=2)
def _sparse_train_pixels(digits: Digits) -> Tensor | None:
    """Return the training images as a sparse matrix (N, H * W), where they are mostly paper; else None.

    Four fifths of MNIST are zeros: without them judging the training set takes a fifth of the time. The sums are added
    up in another order, so they differ in the last digit, which in the mean over a set is lost. The validation set, of
    which every single answer is shown, stays as it is. Only a torch with MKL can multiply such a matrix.
    """
    pixels = digits.train_images.flatten(1)
    can = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    if not can or 3 * int(pixels.count_nonzero()) > pixels.numel():
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # torch warns that its sparse tensors are in beta
        sparse_pixels = pixels.to_sparse_csr()
        # 32 bits are what MKL computes with, so that nothing has to be converted each time
        return torch.sparse_csr_tensor(
            sparse_pixels.crow_indices().int(),
            sparse_pixels.col_indices().int(),
            sparse_pixels.values(),
            sparse_pixels.shape,
        )
