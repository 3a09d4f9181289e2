"""The arithmetic of training: one run or many side by side, without any notion of pace or pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.descent.update_rules import START, State
from sgd_core.digits.batches import Batches, Rows
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.gradients import AutogradGradients, dense_gradients
from sgd_core.digits.inputs import seen_by_model
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.pixels import PixelRows, sparse_pixels, stored_pixels

LARGEST_LAYER = 2**15  # numbers in one piece of an evaluation: 128 kB, which stays in the cache, whatever the runs
LARGEST_SUMS = 2**22  # weighted sums of a whole set that are computed at once: 16 MB
SURELY_FINITE = 1e15  # where the norm of all scores is below, squares of scores are far from overflowing 32 bits
LARGEST_RATE = torch.finfo(torch.float32).max
IMAGES_AT_ONCE = 512  # of an evaluation by a network that is not dense


@dataclass(frozen=True)
class Evaluation:
    """Both sets at exactly the present weights; each is (runs,) float64, a mean over the whole set."""

    train_loss: Tensor
    train_accuracy: Tensor
    valid_loss: Tensor
    valid_accuracy: Tensor


class Engine:
    """Parameters of one or more runs, the data they learn from, and the two things one does with them: step, evaluate.

    All runs have the same configuration and differ in their learning rate; they see the same mini-batches in the same
    order and share one matrix product a mini-batch. With `seeds`, a run for each, every run has initial weights and an
    order of images of its own. `parameters` are tensors (runs, *shape), changed by `step`; `gradients` are those of the
    last mini-batch, as long as they were before any clipping; `states` is what the optimizer remembers; `alive` (runs,)
    is False for a run that has diverged and moves no more. `origin` (H, W) is what was taken away from each image, None
    for nothing.
    """

    @torch.inference_mode(False)  # whatever mode of torch the caller is in
    @torch.no_grad()
    def __init__(
        self,
        config: TrainConfig,
        digits: Digits,
        runs: int = 1,
        seeds: Sequence[int] | None = None,
        judged: int | None = None,
    ) -> None:
        """Flatten the data once, as the model sees them, and draw the initial weights.

        It is judged on `judged` images of each set at most, evenly chosen; None: on all.
        """
        digits, origin = seen_by_model(config.inputs, digits)
        self.origin: NDArray[np.float32] | None = None if origin is None else origin.numpy()
        self._clip = config.clip
        classes = len(digits.classes)
        self.network = config.network(digits.image_shape)
        self.runs = len(seeds) if seeds is not None else runs
        self._sparse = sparse_pixels(digits) if self.network.is_dense else None
        self._train = _half(digits.train_images, digits.train_labels, classes)
        self._valid = _half(digits.valid_images, digits.valid_labels, classes)
        self._judged = [half if judged is None else _thinned(half, judged) for half in (self._train, self._valid)]
        self._loss = LOSSES[config.loss]
        self.batches = Batches(config, len(self._train.pixels), seeds)
        own = 1 if seeds is None else self.runs
        self._rows = PixelRows(self._train.pixels, stored_pixels(digits), own * self.batches.size)
        # a stream of its own, so that the same seed gives the same mini-batches whatever the initial weights
        drawn = [
            self.network.initial_parameters(config.init, torch.Generator().manual_seed(seed + 1))
            for seed in seeds or (config.seed,)
        ]
        self.parameters = [
            torch.stack(same) if seeds is not None else same[0].repeat(self.runs, *[1] * same[0].dim())
            for same in zip(*drawn, strict=True)
        ]
        self.gradients = [torch.zeros_like(parameter) for parameter in self.parameters]
        self._directions = self.gradients
        self._rate: float | Tensor = 0.0
        self._dense = dense_gradients(self.parameters) if self.network.is_dense else None
        self._computing = self._dense or AutogradGradients(self.network, self.parameters)
        optimizers = [config.update_rule.for_parameter(i in self.network.hidden_matrices) for i in range(len(drawn[0]))]
        self._rules = [(optimizer.row.rule, optimizer.options) for optimizer in optimizers]
        self.states = [START] * len(self.parameters)
        self.alive = torch.ones(self.runs, dtype=torch.bool)
        self._all_alive = True

    @property
    def train_count(self) -> int:
        """Images in the training set."""
        return len(self._train.pixels)

    @torch.inference_mode(False)  # whatever mode of torch the caller is in
    @torch.no_grad()
    def load(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Put other weights in place, for a single run; ValueError where they do not fit."""
        given = [np.shape(array) for array in arrays]
        if given != self.network.shapes:
            raise ValueError(f"The weights must have the shapes {self.network.shapes}, not {given}.")
        for parameter, array in zip(self.parameters, arrays, strict=True):
            parameter[0] = torch.tensor(np.asarray(array, dtype=np.float32))

    @torch.inference_mode(False)  # whatever mode of torch the caller is in
    @torch.no_grad()
    def load_moment(
        self, gradient: NDArray[Any], update: NDArray[Any], states: Sequence[tuple[int, Sequence[NDArray[Any]]]] | None
    ) -> None:
        """Take over, for a single run, the first weights' last gradient and update, and what an optimizer remembers."""
        first = self.parameters[0]
        self.gradients[0] = torch.tensor(gradient).view_as(first)
        self._rate, self._directions = -1.0, [torch.tensor(update).view_as(first)]
        if states is not None:
            self.states = [State(step, tuple(torch.tensor(buffer) for buffer in buffers)) for step, buffers in states]

    @property
    def updates(self) -> list[Tensor]:
        """What the last step added to each parameter."""
        rate = self._rate
        return [
            direction * (self._spread(-rate, direction) if isinstance(rate, Tensor) else -rate)
            for direction in self._directions
        ]

    def step(self, rows: Rows, lr: float | Tensor) -> bool:
        """Take one step on a mini-batch; answer whether any run has taken it. See `steps`."""
        return self.steps([rows], [lr]) == 1

    @torch.inference_mode()  # nothing here is recorded for autograd, and without its checks a step takes a tenth less
    def steps(self, batches: Iterable[Rows], rates: Iterable[float | Tensor]) -> int:
        """Take a step on each mini-batch; answer how many were taken, which are fewer where no run is left.

        A learning rate is a number, or (runs,), one for each run. A run whose loss is not finite does not take the step
        and is no longer `alive`. (Weights that overflow show in the loss of the next mini-batch, or in `evaluate`.)
        """
        taken, of_batch, norm, loss = 0, self._computing.of_batch, torch.linalg.vector_norm, self._loss
        for rows, lr in zip(batches, rates, strict=False):
            pixels, targets = self._images(rows)
            scores, self.gradients = of_batch(pixels, targets, loss)
            self._last = scores, targets
            # No loss grows faster than the square of a score, so most steps need not compute one to see it is finite.
            if not norm(scores).item() < SURELY_FINITE and not self._mark_diverged(self.batch_loss.isfinite()):
                return taken
            self._update(lr)
            taken += 1
        return taken

    @property
    def batch_loss(self) -> Tensor:
        """The loss (runs,) of the last mini-batch, at the weights before its step."""
        scores, targets = self._last
        values = self._loss.values(scores, targets).reshape(len(scores), -1)
        losses = values.mean(0)
        if not losses.isfinite().all():
            losses = values.mean(0, dtype=torch.float64)  # where 32 bits are too few for the sum, not for the mean
        return losses

    def _images(self, rows: Rows) -> tuple[Tensor, Tensor]:
        if isinstance(rows, slice):
            pixels, targets = self._train.pixels[rows], self._train.targets[rows]
        else:
            flat = rows if rows.dim() == 1 else rows.flatten()
            pixels = self._rows.pick(flat)
            targets = self._train.targets.index_select(0, flat)
            if rows.dim() == 2 and self.runs > 1:
                return pixels.view(*rows.shape, -1), targets.view(*rows.shape, -1).transpose(0, 1)
        return pixels, targets if self.runs == 1 else targets.unsqueeze(1)

    def _update(self, lr: float | Tensor) -> None:
        if not isinstance(lr, Tensor) and lr > LARGEST_RATE:
            lr = math.inf  # what it is in 32 bits
        self._rate, self._directions = lr, []
        gradients = self.gradients if self._clip is None else self._clipped(self._clip)
        for i, weight in enumerate(self.parameters):
            rule, options = self._rules[i]
            direction, self.states[i] = rule(weight, gradients[i], self.states[i], options)
            if not self._all_alive:
                direction = direction.where(self._spread(self.alive, weight), 0.0)
            self._directions.append(direction)
            if isinstance(lr, Tensor):  # rounded once, as torch.optim's in-place addition is
                weight.addcmul_(direction, self._spread(-lr, weight))
            else:
                weight.add_(direction, alpha=-lr)

    def _clipped(self, longest: float) -> list[Tensor]:
        """Return the gradients, shortened where a run's are longer; to the digit as `clip_grad_norm_` in torch does it."""
        lengths = torch.stack([torch.linalg.vector_norm(part.flatten(1), dim=1) for part in self.gradients])
        share = (longest / (torch.linalg.vector_norm(lengths, dim=0) + 1e-6)).clamp(max=1.0)
        return [part * self._spread(share, part) for part in self.gradients]

    def _mark_diverged(self, healthy: Tensor) -> bool:
        """Take runs out that are not healthy; answer whether any run is left."""
        self.alive = self.alive & healthy
        self._all_alive = bool(self.alive.all())
        return self._all_alive or bool(self.alive.any())

    @staticmethod
    def _spread(values: Tensor, parameter: Tensor) -> Tensor:
        return values.view(-1, *[1] * (parameter.dim() - 1))

    @torch.inference_mode(False)  # whatever mode of torch the caller is in
    @torch.no_grad()
    def evaluate(self) -> Evaluation:
        """Loss and accuracy of both sets, or of what is judged of them, at the present weights; sums over single images.

        A run with a loss or a weight that is not finite is no longer `alive` afterwards.
        """
        train, valid = self._judged
        train_loss, train_accuracy = self._evaluate(train, self._sparse if train is self._train else None)
        valid_loss, valid_accuracy = self._evaluate(valid)
        healthy = train_loss.isfinite() & valid_loss.isfinite()
        for weight in self.parameters:
            healthy &= weight.flatten(1).isfinite().all(1)
        self._mark_diverged(healthy)
        return Evaluation(train_loss, train_accuracy, valid_loss, valid_accuracy)

    def _evaluate(self, half: _Half, sparse: Tensor | None = None) -> tuple[Tensor, Tensor]:
        loss, right = torch.zeros(self.runs, dtype=torch.float64), torch.zeros(self.runs, dtype=torch.int64)
        piece, all_scores = self._scores(half.pixels, sparse)
        pieces = (torch.split(part, piece) for part in (half.targets, half.labels))
        for scores, targets, labels in zip(all_scores, *pieces, strict=True):
            scores = scores.reshape(len(scores), self.runs, -1)
            loss += self._loss.values(scores, targets.unsqueeze(1)).sum(0, dtype=torch.float64)
            right += (self._loss.decide(scores) == labels.unsqueeze(1)).sum(0)
        return loss / len(half.labels), right.double() / len(half.labels)

    def _scores(self, pixels: Tensor, sparse: Tensor | None) -> tuple[int, Iterable[Tensor]]:
        """How many images a piece has, and the scores of one piece after another."""
        computing = self._computing
        if self._dense is None:
            piece = max(1, IMAGES_AT_ONCE // self.runs)
            return piece, (computing.scores(part) for part in torch.split(pixels, piece))
        weight, bias = (parameter.flatten(0, 1) for parameter in self.parameters[:2])
        piece = max(1, LARGEST_LAYER // max(parameter.shape[0] * parameter.shape[1] for parameter in self.parameters))
        if sparse is not None and len(pixels) * len(weight) <= LARGEST_SUMS:
            # a vector is quicker than a matrix of one column
            product = torch.mv(sparse, weight[0]).unsqueeze(1) if len(weight) == 1 else sparse @ weight.T
            sums: Iterable[Tensor] = torch.split(product.add_(bias), piece)
        else:
            # The same as `linear`, the other way round: with few outputs it takes two thirds of the time.
            parts = (torch.addmm(bias.unsqueeze(1), weight, part.T) for part in torch.split(pixels, piece))
            sums = (part.T.contiguous() for part in parts)
        return piece, (self._dense.upper(part) for part in sums)


@dataclass(frozen=True, eq=False)
class _Half:
    """One set, flattened once: pixels (N, H * W), targets (N, maps), labels (N,)."""

    pixels: Tensor
    targets: Tensor
    labels: Tensor


def _half(images: Tensor, labels: Tensor, classes: int) -> _Half:
    pixels = images.reshape(len(images), -1)
    if pixels.is_inference():  # autograd refuses what was loaded in that mode
        pixels, labels = pixels.clone(), labels.clone()
    return _Half(pixels, targets_for(labels, classes), labels)


def _thinned(half: _Half, most: int) -> _Half:
    stride = -(-len(half.labels) // most)
    return half if stride == 1 else _Half(half.pixels[::stride], half.targets[::stride], half.labels[::stride])
