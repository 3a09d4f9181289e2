"""Digit images side by side, each with a caption, and where it is an answer, whether it is right."""

from collections.abc import Sequence
from html import escape

import numpy as np

from sgd_core.charts.tiles import colors, image

# Captions in a light and a dark page, each with the 4.5:1 that small letters need.
_PLAIN, _RIGHT, _WRONG = "light-dark(#4f5b6f, #a9b4c6)", "light-dark(#3157bf, #8eabf6)", "light-dark(#ab4e06, #f0934a)"


def digit_strip(
    images: np.ndarray,
    captions: Sequence[str],
    right: Sequence[bool] | None = None,
    *,
    columns: int,
    tile: int,
    alt: str,
    ratio: float | None = None,
) -> str:
    """Return (n, H, W) values in [0, 1] as HTML: dark ink on white, `tile` screen pixels wide, the caption above.

    `right` makes the captions answers, right and wrong told apart by sign and colour. At most `columns` stand in a row,
    fewer where there is no room. `ratio` is a tile's height over its width, where pixels need not be square. `alt` is for who cannot see the images. The page's own images are there at once, where
    a chart would fetch them anew, and be white till then, with every change of a caption.
    """
    cells = []
    for i, (values, caption) in enumerate(zip(images, captions, strict=True)):
        sign, color = ("", _PLAIN) if right is None else ("✓ ", _RIGHT) if right[i] else ("✗ ", _WRONG)
        ink = np.rint((1 - np.clip(values, 0, 1)) * 255).astype(np.uint8)
        border = (
            f"display:block;outline:0.75px solid {_PLAIN};outline-offset:-0.75px" if right is None else "display:block"
        )
        drawn = image(ink, tile, round(tile * (ratio or len(values) / values.shape[1])), border)
        look = f"width:{tile}px;font-size:12px;line-height:1.4;color:{color}"
        cells.append(f'<div style="{look}">{escape(sign + caption)}{drawn}</div>')
    gap = round(0.08 * tile)
    row = f"display:flex;flex-wrap:wrap;align-items:end;gap:{gap}px;max-width:{columns * (tile + gap)}px"
    return f'<div role="img" aria-label="{escape(alt)}" style="{row}">{"".join(cells)}</div>'


def equation(
    image_of: np.ndarray, weights: np.ndarray, signed: np.ndarray, limits: tuple[float, float], *, tile: int, alt: str
) -> str:
    """Return an image times a map of weights, and the signed ink that comes of it, all (H, W), as HTML side by side.

    `limits` are the ends of the colour scales of the weights and of the signed ink.
    """
    ink = np.rint((1 - np.clip(image_of, 0, 1)) * 255).astype(np.uint8)
    parts = (
        ("the image's ink", ink),
        ("the weights", colors(weights, limits[0])),
        ("signed ink", colors(signed, limits[1])),
    )
    cells = []
    for sign, (caption, pixels) in zip(("", "×", "="), parts, strict=True):
        if sign:
            cells.append(f'<div style="font-size:26px;color:{_PLAIN};padding-top:14px">{sign}</div>')
        drawn = image(pixels, tile, round(tile * pixels.shape[0] / pixels.shape[1]), "display:block")
        border = "outline:0.75px solid #7f8ba0"
        look = f"flex:0 1 {tile}px;min-width:0;font-size:13px;line-height:1.5;color:{_PLAIN}"
        cells.append(f'<div style="{look}">{caption}<div style="{border}">{drawn}</div></div>')
    row = "display:flex;align-items:center;gap:min(10px,1.5%)"
    return f'<div role="img" aria-label="{escape(alt)}" style="{row}">{"".join(cells)}</div>'


def verdicts(
    decided: Sequence[int] | np.ndarray, truth: Sequence[int] | np.ndarray, names: Sequence[str]
) -> tuple[list[str], list[bool]]:
    """Return what stands over images whose answers are judged: the captions, and which of them are right."""
    pairs = list(zip(decided, truth, strict=True))
    return [names[d] if d == t else f"{names[d]}, is {names[t]}" for d, t in pairs], [bool(d == t) for d, t in pairs]
