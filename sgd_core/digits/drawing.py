"""From a drawing to an image like those of a data set, the way that data set was made; and that image as short text."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sgd_core.digits.sources import Source, find_source

Floats = NDArray[np.float32]
FAINTEST = 0.003  # less ink than this, not one of 255 grey levels, is paper
MNIST_BOX, MNIST_FIELD = 20, 28
UCI_BITMAP, UCI_BLOCK = 32, 4
LONGEST_TEXT = 1500  # of a packed drawing: 784 grey values that nothing repeats take 1,052


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
    source = find_source(dataset)
    return _at_levels(levels_of(_WAYS[source.drawing](drawing), source), source)


def pack_drawing(image: Floats, dataset: str) -> str:
    """An image of the data set's shape as short text for a link: letters, digits, "-" and "_" only.

    Grey values are rounded to the levels that the data set's files have, as `prepared` has done already, so unpacking
    gives exactly the same image. Raises ValueError on another shape, and on values outside of [0, 1].
    """
    source = find_source(dataset)
    levels = levels_of(image, source).tobytes()
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)  # bare, without header and checksum
    return base64.urlsafe_b64encode(squeezed.compress(levels) + squeezed.flush()).rstrip(b"=").decode()


def unpack_drawing(text: str, dataset: str) -> Floats:
    """The image that `pack_drawing` packed, (H, W) float32 in [0, 1]; ValueError on any other text."""
    source = find_source(dataset)
    size = source.image_shape[0] * source.image_shape[1]
    if not isinstance(text, str) or not text.isascii() or len(text) > LONGEST_TEXT:
        raise ValueError(f"A drawing in a link is at most {LONGEST_TEXT:,} plain letters and digits.")
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        levels = reader.decompress(packed, size + 1)  # never more, whatever the text promises
    except (binascii.Error, zlib.error):
        raise ValueError("The drawing in the link is damaged; draw it again.") from None
    if len(levels) != size or not reader.eof or reader.unused_data or max(levels) > source.largest:
        raise ValueError(f"The drawing in the link is no image of {source.title}; draw it again.")
    return _at_levels(np.frombuffer(levels, dtype=np.uint8).reshape(source.image_shape), source)


def shifted(image: Floats, down: int, right: int) -> Floats:
    """The image (H, W) moved by so many pixels; what leaves it is lost, and paper comes in."""
    moved = np.zeros_like(image)
    high, wide = image.shape
    if abs(down) < high and abs(right) < wide:
        moved[max(down, 0) : high + min(down, 0), max(right, 0) : wide + min(right, 0)] = image[
            max(-down, 0) : high + min(-down, 0), max(-right, 0) : wide + min(-right, 0)
        ]
    return moved


def levels_of(image: Floats, source: Source) -> NDArray[np.uint8]:
    """An image's grey values as the whole numbers of the data set's files; ValueError on what is no image of it."""
    array = np.asarray(image, dtype=np.float32)
    if array.shape != source.image_shape:
        raise ValueError(f"An image of {source.title} has the shape {source.image_shape}, not {array.shape}.")
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError("The grey values of an image lie between 0 and 1.")
    return np.rint(array * source.largest).astype(np.uint8)


def _at_levels(levels: NDArray[np.uint8], source: Source) -> Floats:
    return levels.astype(np.float32) / np.float32(source.largest)


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
