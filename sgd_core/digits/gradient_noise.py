"""What a mini-batch does to the gradient: how mini-batch gradients scatter around the one of the whole set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.inputs import seen_by_model
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.models import Network

COLUMNS = ["batch_size", "draw", "along", "across"]
_PIECE = 512  # images whose single gradients are held at once


@dataclass(frozen=True, eq=False)
class GradientNoise:
    """Mini-batch gradients at one place, for several batch sizes.

    `points` has a row a mini-batch: batch_size, draw, and its gradient on two directions, as multiples of the whole
    set's gradient: `along` it (1 is as long as it; below 0 the mini-batch's step goes uphill) and `across`, the
    direction at right angles in which single images differ most. `spreads` has a row a batch size: batch_size, spread
    (root mean square distance to the whole gradient in all directions, over its length) and uphill (share of
    mini-batches with `along` below 0). `length` is the whole gradient's.
    """

    points: pd.DataFrame
    spreads: pd.DataFrame
    length: float


def gradient_noise(
    config: TrainConfig,
    digits: Digits,
    weights: Sequence[NDArray[Any]],
    batch_sizes: Sequence[int | None],
    *,
    draws: int = 150,
) -> GradientNoise:
    """Draw mini-batches of each size and compute their gradients at `weights` (laid out as `Snapshot.parameters`).

    A mini-batch is drawn without repetition, by a generator with the config's seed; None is the whole set. Raises
    ValueError on fewer than one image or draw, and where the whole gradient is zero or not finite.
    """
    if draws < 1 or any(size is not None and size < 1 for size in batch_sizes):
        raise ValueError("Draw at least one mini-batch, of at least one image.")
    parameters = [torch.tensor(np.asarray(array), dtype=torch.float32, requires_grad=True) for array in weights]
    pixels, targets = _pixels(config, digits), targets_for(digits.train_labels, len(digits.classes))
    values, network = LOSSES[config.loss].values, config.network(digits.image_shape)
    count = len(pixels)

    def gradient(rows: Tensor | slice) -> Tensor:
        loss = values(network.scores(parameters, pixels[rows]), targets[rows]).mean()
        return torch.cat([part.flatten() for part in torch.autograd.grad(loss, parameters)]).double()

    whole = gradient(slice(None))
    length = float(whole.norm())
    if not np.isfinite(length) or length == 0:
        raise ValueError(
            "The gradient of the whole set is zero or no number here, so there is nothing to compare with."
        )
    generator = torch.Generator().manual_seed(config.seed)
    drawn: dict[int, Tensor] = {}
    for size in batch_sizes:
        taken = count if size is None else min(size, count)
        times = 1 if taken == count else draws
        gradients = [gradient(_draw(count, taken, generator)) for _ in range(times)]
        drawn[taken] = torch.stack(gradients) / length
    toward = whole / length
    across = _widest(drawn[min(drawn)] - toward, toward)
    points = [
        pd.DataFrame(
            {
                "batch_size": size,
                "draw": np.arange(len(gradients)),
                "along": (gradients @ toward).numpy(),
                "across": (gradients @ across).numpy(),
            }
        )
        for size, gradients in drawn.items()
    ]
    spreads = [
        (
            size,
            float((gradients - toward).square().sum(1).mean().sqrt()),
            float(((gradients @ toward) < 0).double().mean()),
        )
        for size, gradients in drawn.items()
    ]
    return GradientNoise(
        pd.concat(points, ignore_index=True)[COLUMNS],
        pd.DataFrame(spreads, columns=["batch_size", "spread", "uphill"]),
        length,
    )


def _draw(count: int, taken: int, generator: torch.Generator) -> Tensor | slice:
    return slice(None) if taken == count else torch.randperm(count, generator=generator)[:taken]


def _widest(offsets: Tensor, toward: Tensor) -> Tensor:
    """Return the unit direction at right angles to `toward` in which the offsets (draws, weights) are longest."""
    offsets = offsets - (offsets @ toward).unsqueeze(1) * toward
    direction = torch.linalg.svd(offsets, full_matrices=False).Vh[0]
    return direction if direction.sum() >= 0 else -direction  # either sign would do; this one is always the same


def gradient_noise_scale(config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None = None) -> float:
    """Return tr(Sigma) / |G|²: the variance of single images' gradients over the squared length of their mean.

    It is about the largest batch size that still pays: far below it twice the images a step save half of the steps, far
    above it they save nothing (S. McCandlish et al., An empirical model of large-batch training, 2018, arXiv
    1812.06162; their "simple" noise scale). Sigma is the covariance over the training set, taken at `weights` (laid
    out as `Snapshot.parameters`), else at the initial weights of `config`. Raises ValueError on weights of other
    shapes, digits of other classes, and where the mean gradient is zero or not finite.
    """
    parameters = _parameters_at(config, digits, weights)
    pixels, targets = _pixels(config, digits), targets_for(digits.train_labels, len(digits.classes))
    squares, total = 0.0, 0.0
    mean = torch.zeros(sum(parameter.numel() for parameter in parameters), dtype=torch.float64)
    for rows in torch.split(torch.arange(len(pixels)), _PIECE):
        square, part = _moments(config, config.network(digits.image_shape), parameters, pixels[rows], targets[rows])
        squares, mean, total = squares + square, mean + part, total + len(rows)
    length = float((mean / total).square().sum())
    if not np.isfinite(length) or length == 0:
        raise ValueError("The gradient of the whole set is zero or no number here, so it has no noise scale.")
    return (squares / total - length) / length


def noise_scale_from_batches(
    config: TrainConfig,
    digits: Digits,
    weights: Sequence[NDArray[Any]],
    *,
    small: int = 16,
    large: int = 256,
    draws: int = 100,
) -> float:
    """Estimate the same number from the lengths of gradients of two batch sizes, which is what large models can afford.

    E|G_B|² = |G|² + tr(Sigma) / B for batches drawn with repetition; two sizes give both unknowns, each without bias
    (McCandlish et al., appendix A.1). The gradients' lengths are averaged over `draws` before they are divided. Raises
    ValueError where `large` is not above `small`, and as `gradient_noise_scale`.
    """
    if not 1 <= small < large or draws < 1:
        raise ValueError("Give two batch sizes, the second one larger, and at least one draw.")
    parameters = _parameters_at(config, digits, weights)
    pixels, targets = _pixels(config, digits), targets_for(digits.train_labels, len(digits.classes))
    generator, network = torch.Generator().manual_seed(config.seed), config.network(digits.image_shape)
    lengths = []
    for size in (small, large):
        squared = 0.0
        for _ in range(draws):
            rows = torch.randint(len(pixels), (size,), generator=generator)
            loss = LOSSES[config.loss].values(network.scores(parameters, pixels[rows]), targets[rows]).mean()
            squared += sum(float(part.double().square().sum()) for part in torch.autograd.grad(loss, parameters))
        lengths.append(squared / draws)
    length = (large * lengths[1] - small * lengths[0]) / (large - small)
    variance = (lengths[0] - lengths[1]) / (1 / small - 1 / large)
    if not length > 0:
        raise ValueError("The gradient is lost in its noise: draw more, or larger, mini-batches.")
    return variance / length


def _pixels(config: TrainConfig, digits: Digits) -> Tensor:
    return seen_by_model(config.inputs, digits)[0].train_images.flatten(1)


def _parameters_at(config: TrainConfig, digits: Digits, weights: Sequence[NDArray[Any]] | None) -> list[Tensor]:
    wanted = tuple(range(10)) if config.classes is None else config.classes
    if wanted != digits.classes:
        raise ValueError(f"The configuration is for the classes {wanted}, but the digits are {digits.classes}.")
    network = config.network(digits.image_shape)
    own = network.initial_parameters(config.init, torch.Generator().manual_seed(config.seed + 1))
    if weights is None:
        return [parameter.detach().requires_grad_() for parameter in own]
    given = [torch.tensor(np.asarray(array), dtype=torch.float32, requires_grad=True) for array in weights]
    if [array.shape for array in given] != [parameter.shape for parameter in own]:
        shapes = [tuple(parameter.shape) for parameter in own]
        raise ValueError(f"The weights must have the shapes {shapes}, not {[tuple(a.shape) for a in given]}.")
    return given


def _moments(
    config: TrainConfig, network: Network, parameters: list[Tensor], pixels: Tensor, targets: Tensor
) -> tuple[float, Tensor]:
    """Return the sum of the squared lengths of single images' gradients, and the sum of these gradients (size,)."""
    values = LOSSES[config.loss].values
    if len(parameters) == 2:  # one layer: an image's gradient is (slope of its scores) x (its pixels and 1)
        answer = network.scores(parameters, pixels).detach().requires_grad_()
        slopes = torch.autograd.grad(values(answer, targets).sum(), answer)[0].double()
        inputs = pixels.double()
        square = (slopes.square().sum(1) * (inputs.square().sum(1) + 1)).sum()
        return float(square), torch.cat([(slopes.T @ inputs).flatten(), slopes.sum(0)])

    def loss(at: list[Tensor], image: Tensor, target: Tensor) -> Tensor:
        return values(network.scores(at, image.unsqueeze(0)), target.unsqueeze(0)).sum()

    held = [parameter.detach() for parameter in parameters]
    single = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(held, pixels, targets)
    flat = torch.cat([part.flatten(1) for part in single], 1).double()
    return float(flat.square().sum()), flat.sum(0)
