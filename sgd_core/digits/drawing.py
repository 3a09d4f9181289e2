"""From a drawing to an image like those of a data set, the way that data set was made itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sgd_core.digits.sources import find_source

Floats = NDArray[np.float32]
FAINTEST = 0.003  # less ink than this, not one of 255 grey levels, is paper
MNIST_BOX, MNIST_FIELD = 20, 28
UCI_BITMAP, UCI_BLOCK = 32, 4


def prepared(ink: Floats, dataset: str) -> Floats | None:
    """The drawing as the model sees it, (H, W) float32 in [0, 1]; None for a blank one.

    `ink` is (height, width) in [0, 1], 0 being paper. Where the data set says "blocks", a bitmap of 32 x 32 and its ink
    counted in blocks of 4 x 4, as the authors of UCI's digits describe (Alpaydin and Kaynak 1998). Where it says
    "centred", as MNIST (LeCun et al. 1998): scaled into a box of
    20 x 20 with its proportions kept, the grey levels of the scaling included, and placed in a field of 28 x 28 with
    the centre of mass of its ink at row and column 14 from 0, where MNIST's images have theirs.
    """
    rows, columns = np.flatnonzero((ink > FAINTEST).any(1)), np.flatnonzero((ink > FAINTEST).any(0))
    if not len(rows):
        return None
    drawing = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _WAYS[find_source(dataset).drawing](drawing)


def _centred(drawing: Floats) -> Floats:
    small = _scaled(drawing, MNIST_BOX)
    field = np.zeros((MNIST_FIELD, MNIST_FIELD), dtype=np.float32)
    corner = []
    for axis, side in enumerate(small.shape):
        centre = np.average(np.arange(side), weights=small.sum(1 - axis))
        corner.append(int(np.clip(round(MNIST_FIELD / 2 - centre), 0, MNIST_FIELD - side)))
    top, left = corner
    field[top : top + small.shape[0], left : left + small.shape[1]] = small
    return field


def _in_blocks(drawing: Floats) -> Floats:
    small = _scaled(drawing, UCI_BITMAP) > 0.5
    bitmap = np.zeros((UCI_BITMAP, UCI_BITMAP), dtype=np.float32)
    top, left = ((UCI_BITMAP - side) // 2 for side in small.shape)
    bitmap[top : top + small.shape[0], left : left + small.shape[1]] = small
    blocks = UCI_BITMAP // UCI_BLOCK
    counts = bitmap.reshape(blocks, UCI_BLOCK, blocks, UCI_BLOCK).sum((1, 3))
    return np.asarray(counts / UCI_BLOCK**2, dtype=np.float32)


def _scaled(drawing: Floats, side: int) -> Floats:
    """The drawing with its longer side scaled to `side`; each new pixel is the mean ink of what it covers."""
    height, width = drawing.shape
    factor = side / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    image = Image.fromarray(drawing.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.clip(np.asarray(image, dtype=np.float32), 0, 1)


_WAYS = {"centred": _centred, "blocks": _in_blocks}
