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
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.models import scores

COLUMNS = ["batch_size", "draw", "along", "across"]


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
    pixels, targets = digits.train_images.flatten(1), targets_for(digits.train_labels, len(digits.classes))
    values = LOSSES[config.loss].values
    count = len(pixels)

    def gradient(rows: Tensor | slice) -> Tensor:
        loss = values(scores(parameters, pixels[rows]), targets[rows]).mean()
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
