"""Images of digits and their labels, as tensors in memory."""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.digits.sources import SOURCES, Source, check_classes, find_source
from sgd_core.digits.storage import available, data_folder, raw_files, raw_folder, read_idx

UCI_VALIDATION_SHARE = 0.2
UCI_SPLIT_SEED = 0


class DatasetMissing(Exception):  # noqa: N818  # a state of affairs that a page answers with an offer, not a mistake
    """The files of a data set are not there (or are damaged); `name` is the data set to download."""

    def __init__(self, name: str) -> None:
        """State that the data set `name` is missing, and where it was looked for."""
        self.name = name
        super().__init__(f"{SOURCES[name].title} is not in {data_folder()} yet: download it first.")


@dataclass(frozen=True, eq=False)
class Digits:
    """The images of the chosen classes, split into training and validation.

    `train_images` (N, H, W) and `valid_images` (M, H, W) are float32 in [0, 1], 0 being paper; `train_labels` (N,) and
    `valid_labels` (M,) are int64 indices into `classes`. Of two classes the first one is the positive (target 1).
    Training images lie class after class, as in the book's first loader: what training without shuffling meets.
    """

    name: str
    classes: tuple[int, ...]
    image_shape: tuple[int, int]
    train_images: Tensor
    train_labels: Tensor
    valid_images: Tensor
    valid_labels: Tensor

    @property
    def class_names(self) -> tuple[str, ...]:
        """What each class of `classes` is called ("3", "Trouser"), for a data set of our table; else its number."""
        names = SOURCES[self.name].class_names if self.name in SOURCES else None
        return tuple(names[number] if names else str(number) for number in self.classes)


def load_digits(name: str, classes: Sequence[int] | None = (3, 7)) -> Digits:
    """The chosen classes of a data set; `classes=None` is all ten. Never downloads anything.

    "uci" is scikit-learn's bundled handwriting, values 0-16 divided by 16; 20 % of its 1,797 images are the validation
    set, drawn with a fixed seed so that each digit has its share (the same images, whichever classes are chosen). The
    others are downloaded, values 0-255 divided by 255, with their official training and test halves.

    Raises ValueError for an unknown data set or class, for equal classes and fewer than two; DatasetMissing when the
    files of a known data set are not there.
    """
    source = find_source(name)
    numbers = check_classes(classes)
    halves = _uci() if source.torchvision is None else _downloaded(source)
    train_images, train_labels = _select(*halves[0], numbers, source.largest, by_class=True)
    valid_images, valid_labels = _select(*halves[1], numbers, source.largest, by_class=False)
    return Digits(name, numbers, source.image_shape, train_images, train_labels, valid_images, valid_labels)


def training_count(name: str, classes: Sequence[int] | None) -> int:
    """How many training images the chosen classes have; raises as `load_digits`."""
    source = find_source(name)
    numbers = check_classes(classes)
    (_, labels), _ = _uci() if source.torchvision is None else _downloaded(source)
    return int(torch.isin(labels, torch.tensor(numbers)).sum())


_Half = tuple[Tensor, Tensor]  # images (N, H, W) and labels (N,), both uint8: small enough to keep


@lru_cache(maxsize=1)
def _uci() -> tuple[_Half, _Half]:
    # scikit-learn's file, read without scikit-learn: its import takes longer than all of this page.
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise DatasetMissing("uci")
    with gzip.open(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        table = torch.tensor([[int(float(value)) for value in line.split(",")] for line in file], dtype=torch.uint8)
    images, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]
    train, valid = stratified_split(labels.numpy(), UCI_VALIDATION_SHARE, UCI_SPLIT_SEED)
    return (images[train], labels[train]), (images[valid], labels[valid])


def stratified_split(labels: NDArray[Any], share: float, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the places of the training and of the validation images; each class has its share in both.

    The same places in the same order as `sklearn.model_selection.train_test_split(..., stratify=labels)`, whose recipe
    (`StratifiedShuffleSplit`) this is, and which the exported scripts use.
    """
    rng = np.random.RandomState(seed)
    counts = np.bincount(labels)
    of_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    validation = math.ceil(share * len(labels))
    train_counts = _shares(counts, len(labels) - validation, rng)
    valid_counts = _shares(counts - train_counts, validation, rng)
    train, valid = [], []
    for places, first, second in zip(of_class, train_counts, valid_counts, strict=True):
        mixed = places[rng.permutation(len(places))]
        train.append(mixed[:first])
        valid.append(mixed[first : first + second])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(valid))


def _shares(counts: NDArray[Any], total: int, rng: np.random.RandomState) -> NDArray[Any]:
    """Divide `total` among classes in proportion to `counts`; what rounding leaves goes to the largest remainders.

    Among equal remainders the generator draws.
    """
    exact = counts / counts.sum() * total
    shares = np.floor(exact)
    left, remainders = int(total - shares.sum()), exact - shares
    for value in np.sort(np.unique(remainders))[::-1]:
        if left == 0:
            break
        (equal,) = np.where(remainders == value)
        chosen = rng.choice(equal, size=min(len(equal), left), replace=False)
        shares[chosen] += 1
        left -= len(chosen)
    return shares.astype(int)


def _downloaded(source: Source) -> tuple[_Half, _Half]:
    if not available(source.key):
        raise DatasetMissing(source.key)
    try:
        return _read(source, raw_folder(source))
    except (OSError, RuntimeError, ValueError) as error:  # gone or damaged since we looked
        raise DatasetMissing(source.key) from error


@lru_cache(maxsize=2)  # MNIST is 55 MB as bytes, EMNIST's digits 220 MB
def _read(source: Source, _folder: Path) -> tuple[_Half, _Half]:
    """Both halves from the files in the folder, which is part of the key: SGD_LAB_DATA may change."""
    return _read_half(source, train=True), _read_half(source, train=False)


def _read_half(source: Source, *, train: bool) -> _Half:
    paths = raw_files(source)[:2] if train else raw_files(source)[2:]
    images, labels = (torch.from_numpy(read_idx(path).astype(np.uint8)) for path in paths)
    if source.transposed:
        images = images.transpose(1, 2)
    if source.label_columns:
        labels = labels[:, 0]
    return images.contiguous(), labels.contiguous()


def _select(images: Tensor, labels: Tensor, classes: tuple[int, ...], largest: int, *, by_class: bool) -> _Half:
    index_of_class = torch.full((10,), -1, dtype=torch.int64)
    index_of_class[list(classes)] = torch.arange(len(classes))
    indices = index_of_class[labels.long()]
    chosen = (indices >= 0).nonzero().squeeze(1)
    if by_class:
        chosen = chosen[indices[chosen].argsort(stable=True)]
    return images[chosen].float().div_(largest), indices[chosen]
