"""The gradient of a mini-batch for any number of runs at once: written out for dense models, by autograd for others.

Parameters are (runs, *shape). A mini-batch is either the same for all runs, `pixels` (N, P) and `targets` (N, 1, maps),
or each run's own, `pixels` (runs, N, P) and `targets` (N, runs, maps). Scores are (N, runs, maps).
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
        """The scores (N, runs, maps) of images."""

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """What each image costs, (N, runs), and the gradient of each run's mean, shaped as the parameters."""


def gradients_of(network: Network, weights: Sequence[Tensor]) -> Gradients:
    """The quickest way for a network; `weights` (runs, *shape) are read afresh each time, so they may be changed."""
    return DenseGradients(weights) if network.is_dense else AutogradGradients(network, weights)


class DenseGradients:
    """Layers of weighted sums with ReLU between them, and the chain rule through them in matrix products.

    All runs share one product with the pixels where they share the pixels: a run more is a column more. In upper layers
    each run sees its own hidden units only.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        """Lay out the first layer of all runs as the one matrix that a product wants."""
        self._runs = len(weights[0])
        self._first, self._bias = weights[0], weights[1]
        self._flat, self._flat_bias = weights[0].flatten(0, 1), weights[1].flatten()
        self._upper = list(zip(weights[2::2], weights[3::2], strict=True))

    def first_sums(self, pixels: Tensor) -> Tensor:
        """The weighted sums of the first layer, (N, runs, units)."""
        if pixels.dim() == 3:
            return torch.baddbmm(self._bias.unsqueeze(1), pixels, self._first.mT).transpose(0, 1)
        return linear(pixels, self._flat, self._flat_bias).view(pixels.shape[0], self._runs, -1)

    def upper(self, sums: Tensor) -> Tensor:
        """The scores, given the first layer's weighted sums; of the linear model these are the scores."""
        for weight, bias in self._upper:
            sums = self._layer(sums.relu(), weight, bias)
        return sums

    def scores(self, pixels: Tensor) -> Tensor:
        """The scores (N, runs, maps) of images."""
        return self.upper(self.first_sums(pixels))

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """What each image costs, and the gradients: forward, then back by the chain rule."""
        sums, hidden = self.first_sums(pixels), []
        for weight, bias in self._upper:
            hidden.append(sums.relu())
            sums = self._layer(hidden[-1], weight, bias)
        back = loss.slopes(sums, targets, sums.shape[0])  # the mean over images: each has the same share
        gradients: list[Tensor] = []
        for (weight, _), units in zip(reversed(self._upper), reversed(hidden), strict=True):
            gradients[:0] = [_products(back, units), back.sum(0)]
            back = torch.ops.aten.threshold_backward(_back(back, weight), units, 0)  # ReLU lets through what is above 0
        if pixels.dim() == 3:
            first = torch.bmm(back.permute(1, 2, 0), pixels)
        else:
            first = (back.flatten(1).T @ pixels).view_as(self._first)
        return loss.values(sums, targets), [first, back.sum(0), *gradients]

    def _layer(self, hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if self._runs == 1:
            return linear(hidden[:, 0], weight[0], bias[0]).unsqueeze(1)
        return torch.einsum("nri,roi->nro", hidden, weight) + bias


def _products(back: Tensor, units: Tensor) -> Tensor:
    """The gradient of a layer's weights, (runs, out, in)."""
    if back.shape[1] == 1:
        return (back[:, 0].T @ units[:, 0]).unsqueeze(0)
    return torch.einsum("nro,nri->roi", back, units)


def _back(back: Tensor, weight: Tensor) -> Tensor:
    """The slope by a layer's inputs, given that by its outputs."""
    if back.shape[1] == 1:
        return (back[:, 0] @ weight[0]).unsqueeze(1)
    return torch.einsum("nro,roi->nri", back, weight)


class AutogradGradients:
    """Any network: its scores by `torch.func.functional_call`, several runs by `vmap`, and autograd all the way back."""

    def __init__(self, network: Network, weights: Sequence[Tensor]) -> None:
        """Take leaves for autograd that share the memory of `weights`."""
        self._network = network
        with torch.inference_mode(False):
            self._leaves = [weight.detach().requires_grad_() for weight in weights]

    def scores(self, pixels: Tensor) -> Tensor:
        """The scores (N, runs, maps) of images."""
        own = pixels.dim() == 3
        if len(self._leaves[0]) == 1:
            alone = pixels[0] if own else pixels
            return self._network.scores([leaf[0] for leaf in self._leaves], alone).unsqueeze(1)
        across = torch.func.vmap(self._network.scores, in_dims=(0, 0 if own else None))
        return across(self._leaves, pixels).transpose(0, 1)

    def of_batch(self, pixels: Tensor, targets: Tensor, loss: Loss) -> tuple[Tensor, list[Tensor]]:
        """What each image costs, and the gradients."""
        with torch.inference_mode(False), torch.enable_grad():
            scores = self.scores(pixels)
        plain = scores.detach()
        slopes = loss.slopes(plain, targets, len(plain))
        return loss.values(plain, targets), list(torch.autograd.grad(scores, self._leaves, slopes))
