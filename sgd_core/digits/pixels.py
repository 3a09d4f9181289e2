"""The training images in the forms that are quickest to compute with: as bytes, and without their paper."""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from torch import Tensor

from sgd_core.digits.datasets import Digits

WHITE = 255  # a byte of this value is the pixel 1
PIECE = 2048  # images that are looked at together: 6 MB, and of most sets that are no bytes the first piece shows it


class PixelRows:
    """The rows of a set of images, (N, H * W) float32, of which a mini-batch is picked again and again.

    Picking rows is half the time of an epoch of a linear model, and nearly all of that is waiting for memory. Where the
    pixels are bytes divided by 255, as in MNIST, the bytes are picked, a quarter of that, and divided: the same numbers.
    """

    def __init__(self, pixels: Tensor, stored: Tensor | None, most: int) -> None:
        """Prepare to pick up to `most` rows of `pixels` at once; `stored` are the same as bytes, where there are such."""
        self._pixels, self._stored = pixels, stored
        self._picked = torch.empty(most, pixels.shape[1], dtype=torch.float32)
        self._bytes = None if stored is None else torch.empty(most, pixels.shape[1], dtype=torch.uint8)

    def pick(self, rows: Tensor) -> Tensor:
        """Return these rows, (len(rows), H * W), until the next are picked."""
        count = len(rows)
        picked = self._picked[:count]
        if self._stored is None or self._bytes is None:
            return torch.index_select(self._pixels, 0, rows, out=picked)
        return picked.copy_(torch.index_select(self._stored, 0, rows, out=self._bytes[:count])).div_(WHITE)


@lru_cache(maxsize=2)
def stored_pixels(digits: Digits) -> Tensor | None:
    """Return the bytes (N, H * W) whose 255th parts the training images are, to the last bit; None where they are not."""
    pixels = digits.train_images.flatten(1)
    stored = torch.empty(pixels.shape, dtype=torch.uint8)
    for place, part in zip(torch.split(stored, PIECE), torch.split(pixels, PIECE), strict=True):
        place.copy_((part * WHITE).round_().clamp_(0, WHITE))
        if not torch.equal(place / WHITE, part):
            return None
    return stored


@lru_cache(maxsize=2)
def sparse_pixels(digits: Digits) -> Tensor | None:
    """Return the training images as a sparse matrix (N, H * W), where they are mostly paper; else None.

    Four fifths of MNIST are zeros: without them evaluating the training set takes a fifth of the time. The sums are
    added up in another order, so they differ in the last digit, which in the mean over a set is lost. The validation
    set, of which every single answer is shown, stays as it is. Only a torch with MKL can multiply such a matrix.
    """
    pixels = digits.train_images.flatten(1)
    can = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    if not can or 3 * int(pixels.count_nonzero()) > pixels.numel():
        return None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)  # torch warns that its sparse tensors are in beta
        sparse = pixels.to_sparse_csr()
        # 32 bits are what MKL computes with, so that nothing has to be converted each time
        places = (sparse.crow_indices().int(), sparse.col_indices().int())
        return torch.sparse_csr_tensor(*places, sparse.values(), sparse.shape)
