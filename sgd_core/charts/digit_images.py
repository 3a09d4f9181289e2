"""Digit images in a row, each with a caption, and where it is an answer, whether it is right."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.build import layers
from sgd_core.charts.palette import ACCENT, SECOND
from sgd_core.charts.tiles import axes, canvas, corners, fixed, png


def digit_frame(
    images: np.ndarray, captions: Sequence[str], right: Sequence[bool], *, columns: int, mark: bool = True
) -> pd.DataFrame:
    """Return one row an image: (n, H, W) values in [0, 1], a caption, and whether the answer is right."""
    rows = [
        {
            "title": ("✓ " if ok else "✗ ") * mark + caption,
            "right": ok,
            "url": png(np.rint((1 - np.clip(image, 0, 1)) * 255).astype(np.uint8)),
            "x": x,
            "x2": x + 1,
            "y": y,
            "y2": y + 1,
        }
        for image, caption, ok, (x, y) in zip(images, captions, right, corners(len(images), columns), strict=True)
    ]
    return pd.DataFrame(rows)


def digit_strip(frame: pd.DataFrame, *, count: int, columns: int, tile: int) -> alt.LayerChart:
    """Draw `digit_frame`: dark ink on white, the caption above, right and wrong told apart by sign and colour."""
    x, y, wide, high = canvas(columns, count, tile)
    images = alt.Chart(frame).mark_image(smooth=False, aspect=False).encode(url="url:N", **axes(x, y))
    words = (
        alt.Chart(frame)
        .mark_text(align="left", baseline="bottom", fontSize=12, dy=-2)
        .encode(
            x=alt.X("x:Q", scale=x, axis=None),
            y=alt.Y("y:Q", scale=y, axis=None),
            text="title:N",
            color=alt.Color("right:N", scale=alt.Scale(domain=[True, False], range=[ACCENT, SECOND]), legend=None),
        )
    )
    return fixed(layers(images, words), wide, high)
