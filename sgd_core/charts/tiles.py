"""The ground that weight maps and digit images stand on: square tiles side by side, of an exact size on the screen."""

import base64
import io
import math
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from PIL import Image

from sgd_core.charts.palette import DIVERGING, QUIET
from sgd_core.charts.vega import bare, layers

_STOPS = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in DIVERGING], dtype=float)
PADDING = {"left": 1, "right": 1, "top": 2, "bottom": 2}  # screen pixels around the tiles
_HEADER = 0.16  # of a tile's side: the room above a tile for its title


def colors(values: np.ndarray, limit: float) -> np.ndarray:
    """Return the RGB bytes (..., 3) of values on the diverging scale from -limit over white zero to +limit.

    Values beyond the limit get the end's colour. Interpolates linearly in RGB, as the still form's Vega scale does.
    """
    position = (np.clip(np.asarray(values, dtype=float) / limit, -1, 1) + 1) / 2 * (len(_STOPS) - 1)
    low = np.clip(np.floor(position).astype(int), 0, len(_STOPS) - 2)
    share = (position - low)[..., None]
    return np.rint(_STOPS[low] * (1 - share) + _STOPS[low + 1] * share).astype(np.uint8)


def png(pixels: np.ndarray) -> str:
    """Return the data URL of a PNG of bytes, (H, W) for grey or (H, W, 3) for colour."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def image(pixels: np.ndarray, width: int, height: int, style: str) -> str:
    """Return `pixels` (as for `png`) as an image of the page, square pixels and all, with more CSS.

    It has `width` x `height` screen pixels, or as many as there is room for.
    """
    size = f"width:{width}px;max-width:100%;aspect-ratio:{width}/{height};image-rendering:pixelated"
    return f'<img src="{png(pixels)}" alt="" style="{style};{size}"/>'


def corners(count: int, columns: int) -> list[tuple[float, float]]:
    """Return the upper left corners of the tiles, in tile units; y grows downwards and includes the header."""
    return [((i % columns) * 1.08, (i // columns) * (1.08 + _HEADER) + _HEADER) for i in range(count)]


def extent(columns: int, count: int) -> tuple[float, float]:
    """Return the width and height of all tiles, in tile units."""
    return columns * 1.08 - 0.08, math.ceil(count / columns) * (1.08 + _HEADER) - 0.08


def canvas(columns: int, count: int, tile: int) -> tuple[alt.Scale, alt.Scale, int, int]:
    """Return the scales of the tiles' units, and the width and height in screen pixels."""
    wide, high = extent(columns, count)
    x = alt.Scale(domain=[0, wide], nice=False, zero=False)
    y = alt.Scale(domain=[0, high], nice=False, zero=False, reverse=True)
    return x, y, round(wide * tile), round(high * tile)


def axes(x: alt.Scale, y: alt.Scale) -> dict[str, Any]:
    """Return the channels of a mark that fills `x, x2, y, y2` on the canvas."""
    return {
        "x": alt.X("x:Q", scale=x, axis=None),
        "x2": alt.X2("x2"),
        "y": alt.Y("y:Q", scale=y, axis=None),
        "y2": alt.Y2("y2"),
    }


def edges(count: int, columns: int, x: alt.Scale, y: alt.Scale) -> alt.Chart:
    """Draw a thin line around each tile, since a map of zeros is white on white."""
    tiles = [{"ex": left, "ex2": left + 1, "ey": top, "ey2": top + 1} for left, top in corners(count, columns)]
    return (
        alt.Chart(alt.InlineData(values=tiles))
        .mark_rect(filled=False, stroke=QUIET, strokeWidth=0.75, opacity=0.7)
        .encode(
            x=alt.X("ex:Q", scale=x, axis=None),
            x2=alt.X2("ex2"),
            y=alt.Y("ey:Q", scale=y, axis=None),
            y2=alt.Y2("ey2"),
        )
    )


def titled(
    frame: pd.DataFrame, pictures: alt.Chart | alt.LayerChart, *, count: int, columns: int, tile: int, first: str
) -> alt.LayerChart:
    """Put the tiles' edges and titles over `pictures`; `first` picks the row of the frame that says a tile's title."""
    x, y, wide, high = canvas(columns, count, tile)
    words = (
        alt.Chart(frame)
        .transform_filter(first)
        .mark_text(align="left", baseline="bottom", fontSize=12, dy=-2, color=QUIET)
        .encode(x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None), text=alt.Text("title:N"))
    )
    return fixed(layers(pictures, edges(count, columns, x, y), words), wide, high)


def fixed(chart: alt.LayerChart, wide: int, high: int) -> alt.LayerChart:
    """Give a chart exactly its size in screen pixels, so that pixels of an image stay square, and return the chart."""
    chart.width, chart.height, chart.padding = wide, high, PADDING
    chart.autosize = alt.AutoSizeParams(type="pad")
    return bare(chart)
