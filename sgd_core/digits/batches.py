"""The mini-batches of an epoch: which images, in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sgd_core.digits.config import TrainConfig

Rows = Tensor | slice


class Batches:
    """The mini-batches of epoch after epoch: row numbers, or a slice where the rows lie side by side anyway.

    The order depends on the seed alone, not on model or initial weights: `torch.randperm` of each epoch in turn, from
    a generator with that seed. The last mini-batch holds what is left over. With several `seeds` each has an order of
    its own, and row numbers are (seeds, size).
    """

    def __init__(self, config: TrainConfig, count: int, seeds: Sequence[int] | None = None) -> None:
        """Prepare for a training set of `count` images; `seeds` replace the config's."""
        self._count = count
        self._size = count if config.batch_size is None else min(config.batch_size, count)
        self._shuffled = config.shuffle and self._size < count  # the mean over all rows needs no order
        self._several = seeds is not None
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds or (config.seed,)]

    @property
    def size(self) -> int:
        """Images in a full mini-batch."""
        return self._size

    @property
    def per_epoch(self) -> int:
        """Mini-batches, and so steps, in an epoch."""
        return math.ceil(self._count / self._size)

    def epoch(self, seen: int = 0) -> Iterator[Rows]:
        """The mini-batches of the next epoch, or what is left of it after the first `seen` images of its order."""
        starts = range(seen, self._count, self._size)
        if not self._shuffled:
            return (slice(start, min(start + self._size, self._count)) for start in starts)
        return iter(torch.split(self._order()[..., seen:], self._size, dim=-1))

    def skip(self, epochs: int) -> None:
        """Pass over whole epochs, as if they had been trained."""
        for _ in range(epochs if self._shuffled else 0):
            self._order()

    def _order(self) -> Tensor:
        orders = [torch.randperm(self._count, generator=generator) for generator in self._generators]
        return torch.stack(orders) if self._several else orders[0]
