"""The gradient of a mini-batch for any number of runs at once: written out for dense models, by autograd for others.

Parameters are (runs, *shape). A mini-batch is either the same for all runs, `pixels` (N, P) and `targets` (N, 1, maps),
or each run's own, `pixels` (runs, N, P) and `targets` (N, runs, maps). Scores are (N, runs, maps). A single run may leave
its axis out: `targets` and scores are (N, maps) then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear

from sgd_core.digits.losses import Loss
from sgd_core.digits.models import Network


class Gradients(Protocol):
    """How a network's scores and gradients are computed for the parameters it was made for."""

    def scores(self, pixels: Tensor) -> Tensor:
        """The scores of images."""

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """The scores of each image, and the gradient of each run's mean loss, shaped as the parameters."""


class DenseGradients(Gradients, Protocol):
    """The same for layers of weighted sums with ReLU between them: the first layer's sums may be computed elsewhere."""

    def upper(self, sums: Tensor) -> Tensor:
        """The scores, given the first layer's weighted sums (N, runs * units); of the linear model these are the scores."""


def dense_gradients(weights: Sequence[Tensor]) -> DenseGradients:
    """The quickest way for weighted sums with ReLU between them."""
    return SingleDense(weights) if len(weights[0]) == 1 else ManyDense(weights)


class SingleDense:
    """A single run: plain matrices, and no axis of runs, since each operation on a small tensor costs its call."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        """Take views of the weights without the axis of runs."""
        self._layers = [(weight[0], bias[0]) for weight, bias in zip(weights[::2], weights[1::2], strict=True)]

    def upper(self, sums: Tensor) -> Tensor:
        """The scores (N, maps), given the first layer's weighted sums (N, units)."""
        for weight, bias in self._layers[1:]:
            sums = linear(sums.relu(), weight, bias)
        return sums

    def scores(self, pixels: Tensor) -> Tensor:
        """The scores (N, maps) of images."""
        return self.upper(linear(pixels, *self._layers[0]))

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """The scores (N, maps), and the gradients: forward, then back by the chain rule."""
        if pixels.dim() == 3:
            pixels, targets = pixels[0], targets[:, 0]
        inputs, scores = [pixels], linear(pixels, *self._layers[0])
        for weight, bias in self._layers[1:]:
            inputs.append(scores.relu_())
            scores = linear(scores, weight, bias)
        back = loss.slopes(scores, targets, scores.shape[0])  # the mean over images: each has the same share
        gradients = [torch.mm(back.T, inputs[-1]).unsqueeze(0), back.sum(0, keepdim=True)]
        for place in range(len(inputs) - 1, 0, -1):  # ReLU lets through what is above 0
            back = torch.ops.aten.threshold_backward(back @ self._layers[place][0], inputs[place], 0)
            gradients[:0] = [torch.mm(back.T, inputs[place - 1]).unsqueeze(0), back.sum(0, keepdim=True)]
        return scores, gradients


class ManyDense:
    """Several runs: one product with the pixels where they share the pixels, since a run more is a column more.

    In upper layers each run sees its own hidden units only.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        """Lay out the first layer of all runs as the one matrix that a product wants."""
        self._runs = len(weights[0])
        self._first, self._bias = weights[0], weights[1]
        self._flat, self._flat_bias = weights[0].flatten(0, 1), weights[1].flatten()
        self._upper = list(zip(weights[2::2], weights[3::2], strict=True))

    def upper(self, sums: Tensor) -> Tensor:
        """The scores (N, runs, maps), given the first layer's weighted sums (N, runs * units)."""
        sums = sums.view(len(sums), self._runs, -1)
        for weight, bias in self._upper:
            sums = _layer(sums.relu(), weight, bias)
        return sums

    def scores(self, pixels: Tensor) -> Tensor:
        """The scores (N, runs, maps) of images."""
        return self.upper(self._first_sums(pixels).flatten(1))

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """The scores (N, runs, maps), and the gradients: forward, then back by the chain rule."""
        scores, hidden = self._first_sums(pixels), []
        for weight, bias in self._upper:
            hidden.append(scores.relu())
            scores = _layer(hidden[-1], weight, bias)
        back = loss.slopes(scores, targets, scores.shape[0])  # the mean over images: each has the same share
        gradients: list[Tensor] = []
        for (weight, _), units in zip(reversed(self._upper), reversed(hidden), strict=True):
            gradients[:0] = [torch.einsum("nro,nri->roi", back, units), back.sum(0)]
            back = torch.einsum("nro,roi->nri", back, weight)
            back = torch.ops.aten.threshold_backward(back, units, 0)  # ReLU lets through what is above 0
        if pixels.dim() == 3:
            first = torch.bmm(back.permute(1, 2, 0), pixels)
        else:
            first = (back.flatten(1).T @ pixels).view_as(self._first)
        return scores, [first, back.sum(0), *gradients]

    def _first_sums(self, pixels: Tensor) -> Tensor:
        if pixels.dim() == 3:
            return torch.baddbmm(self._bias.unsqueeze(1), pixels, self._first.mT).transpose(0, 1)
        return linear(pixels, self._flat, self._flat_bias).view(pixels.shape[0], self._runs, -1)


def _layer(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.einsum("nri,roi->nro", hidden, weight) + bias


class AutogradGradients:
    """Any network: its scores by `torch.func.functional_call`, several runs by `vmap`, and autograd all the way back."""

    def __init__(self, network: Network, weights: Sequence[Tensor]) -> None:
        """Take leaves for autograd that share the memory of `weights`."""
        self._network = network
        with torch.inference_mode(False):
            self._leaves = [weight.detach().requires_grad_() for weight in weights]

    def scores(self, pixels: Tensor) -> Tensor:
        """The scores of images: (N, maps) of a single run, (N, runs, maps) of several."""
        own = pixels.dim() == 3
        if len(self._leaves[0]) == 1:
            return self._network.scores([leaf[0] for leaf in self._leaves], pixels[0] if own else pixels)
        across = torch.func.vmap(self._network.scores, in_dims=(0, 0 if own else None))
        return across(self._leaves, pixels).transpose(0, 1)

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """The scores, as `scores` has them, and the gradients."""
        with torch.inference_mode(False), torch.enable_grad():
            scores = self.scores(pixels)
            plain = scores.detach()
            slopes = loss.slopes(plain, targets[:, 0] if targets.dim() > plain.dim() else targets, len(plain))
            return plain, list(torch.autograd.grad(scores, self._leaves, slopes))
