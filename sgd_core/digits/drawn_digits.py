"""Digits that somebody has drawn and labelled: kept as one file, and made into a data set to learn from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from sgd_core.digits.datasets import Digits
from sgd_core.digits.drawing import Floats, levels_of
from sgd_core.digits.sources import check_classes, find_source

MOST_DRAWINGS = 1000
LARGEST_FILE = 2_000_000  # bytes; a thousand drawings of 28 x 28 pixels take 0.8 million
VALIDATION_EVERY = 5  # of each class, every so many-th drawing is kept for validation
_FORMAT = "sgd-lab drawings 1"


@dataclass(frozen=True, eq=False)
class DrawnDigits:
    """Labelled drawings in the format of a data set.

    `dataset` names it; `images` (N, H, W) are its grey levels, uint8 from 0 (paper) to the data set's `largest`;
    `labels` (N,), uint8, are classes 0 to 9. Raises ValueError on anything else, and on more than a thousand.
    """

    dataset: str
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Refuse what is no set of drawings."""
        source = find_source(self.dataset)
        for array in (self.images, self.labels):
            if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
                raise ValueError("Drawings and their labels are whole numbers from 0 to 255.")
        if self.images.ndim != 3 or self.images.shape[1:] != source.image_shape:
            raise ValueError(f"Drawings for {source.title} are images of {source.image_shape}.")
        if self.labels.shape != self.images.shape[:1]:
            raise ValueError("Each drawing has exactly one label.")
        if len(self.labels) > MOST_DRAWINGS:
            raise ValueError(f"A set holds at most {MOST_DRAWINGS:,} drawings, not {len(self.labels):,}.")
        if (self.images > source.largest).any() or (self.labels > 9).any():
            raise ValueError(f"Grey levels lie between 0 and {source.largest}, labels between 0 and 9.")

    @classmethod
    def empty(cls, dataset: str) -> DrawnDigits:
        """A set without a drawing yet, for images in the format of `dataset`."""
        shape = find_source(dataset).image_shape
        return cls(dataset, np.zeros((0, *shape), dtype=np.uint8), np.zeros(0, dtype=np.uint8))

    def added(self, image: Floats, label: int) -> DrawnDigits:
        """The set with one more drawing, (H, W) in [0, 1] as `drawing.prepared` gives it, of class `label`."""
        if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label <= 9:
            raise ValueError(f"There is no class {label!r}; classes are the whole numbers 0 to 9.")
        levels, label_array = levels_of(image, find_source(self.dataset))[None], np.array([label], dtype=np.uint8)
        return DrawnDigits(
            self.dataset, np.concatenate([self.images, levels]), np.concatenate([self.labels, label_array])
        )

    def counts(self) -> dict[int, int]:
        """How many drawings there are of each class that has any."""
        classes, counts = np.unique(self.labels, return_counts=True)
        return dict(zip(classes.tolist(), counts.tolist(), strict=True))

    def to_bytes(self) -> bytes:
        """The set as one safetensors file: `images`, `labels`, and the data set's name in the metadata."""
        arrays = {"images": np.ascontiguousarray(self.images), "labels": np.ascontiguousarray(self.labels)}
        return save(arrays, {"format": _FORMAT, "dataset": self.dataset})

    @classmethod
    def from_bytes(cls, content: bytes) -> DrawnDigits:
        """The set in a file's content, from wherever it comes: nothing in it is executed. ValueError on any fault."""
        if len(content) > LARGEST_FILE:
            raise ValueError(f"The file is too large for drawings: {len(content):,} bytes.")
        try:
            arrays = load(content)
            length = int.from_bytes(content[:8], "little")
            about = json.loads(content[8 : 8 + length]).get("__metadata__", {})
        except (SafetensorError, ValueError, TypeError, KeyError, OverflowError, RecursionError, MemoryError):
            raise ValueError("This file holds no drawings, or it is damaged.") from None
        if about.get("format") != _FORMAT or set(arrays) != {"images", "labels"}:
            raise ValueError("This file holds no drawings of SGD Lab.")
        return cls(about.get("dataset", ""), arrays["images"], arrays["labels"])

    def digits(self, classes: Sequence[int] | None = None) -> Digits:
        """The drawings as a data set to train on; `classes=None` is every class that was drawn.

        Of each class, the second drawing and then every fifth are for validation; the same drawings always give the
        same two parts. Raises ValueError on fewer than two classes, and on a class with fewer than two drawings.
        """
        counts = self.counts()
        numbers = check_classes(sorted(counts) if classes is None else classes)
        few = [number for number in numbers if counts.get(number, 0) < 2]
        if few:
            raise ValueError(f"Draw at least two of each class, one to learn from and one to test: {few[0]} has fewer.")
        train: list[int] = []
        valid: list[int] = []
        for number in numbers:
            for place, row in enumerate(np.flatnonzero(self.labels == number).tolist()):
                (valid if place % VALIDATION_EVERY == 1 else train).append(row)
        source = find_source(self.dataset)
        images = torch.tensor(self.images).float().div_(source.largest)
        labels = torch.tensor([numbers.index(label) if label in numbers else -1 for label in self.labels.tolist()])
        train_half, valid_half = (images[train], labels[train]), (images[valid], labels[valid])
        return Digits("drawings", numbers, source.image_shape, *train_half, *valid_half)
