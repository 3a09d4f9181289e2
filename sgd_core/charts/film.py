"""Maps of pixels that move with the clock: where each stands, and the same maps at rest as a chart.

In motion the browser paints a map as an image, one byte a pixel; at rest it is a mark a pixel with its numbers on hover,
in the same place and colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.palette import DIVERGING, QUIET, weight_limit
from sgd_core.charts.vega import bare, layers
from sgd_core.numbers import number

BAR_ROOM = 64  # pixels that the bar of the colour scale takes with its numbers


@dataclass(frozen=True)
class Tile:
    """A map's place on the film in screen pixels, its words above it, and the colour scale that it shares.

    "{limit}" in `caption` is filled with the end of its colour scale. Tiles of one `group` have one scale.
    """

    caption: str
    x: float
    y: float
    side: float
    group: int = 0
    font: int = 13


def grid(captions: Sequence[str], *, columns: int, side: float, gap: float = 12, top: float = 22) -> list[Tile]:
    """Return tiles of equal size in rows of `columns`, with one colour scale for all."""
    return [
        Tile(caption, (i % columns) * (side + gap), top + (i // columns) * (side + gap + top), side)
        for i, caption in enumerate(captions)
    ]


@dataclass(frozen=True, eq=False)
class Film:
    """Maps (tiles, H, W) for each moment, and where they stand.

    `name` tells what is shown (another name is another film), `quantity` what a value is called on hover. `dead` (H, W)
    marks pixels that no gradient reaches. `bar`: the colour scale of the first group stands at the right.
    """

    name: str
    tiles: Sequence[Tile]
    maps: Sequence[NDArray[np.floating]]
    alt: str
    quantity: str = "weight"
    dead: NDArray[np.bool_] | None = None
    bar: bool = False

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in screen pixels."""
        wide, high = max(tile.x + tile.side for tile in self.tiles), max(tile.y + tile.side for tile in self.tiles)
        return wide + (BAR_ROOM if self.bar else 1), high + 1

    @property
    def shape(self) -> dict[str, object]:
        """What the browser has to know to draw it."""
        _, height, width = self.maps[0].shape
        tiles = [
            {"caption": t.caption, "x": t.x, "y": t.y, "w": t.side, "h": t.side, "group": t.group, "font": t.font}
            for t in self.tiles
        ]
        wide = max(tile.x + tile.side for tile in self.tiles)
        bar = {"x": wide + 10, "y": self.tiles[0].y, "w": 12, "h": self.size[1] - self.tiles[0].y - 1}
        return {
            "width": width,
            "height": height,
            "size": list(self.size),
            "tiles": tiles,
            "bar": bar if self.bar else None,
        }

    def limits(self, maps: NDArray[np.floating], before: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the end of each group's colour scale at a moment: it only grows along a run, in coarse steps."""
        groups = np.array([tile.group for tile in self.tiles])
        largest = np.zeros(int(groups.max()) + 1) if before is None else before.copy()
        peaks = np.abs(np.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)).max((1, 2))
        for group in range(len(largest)):
            peak = float(peaks[groups == group].max(initial=0.0))
            if peak > largest[group]:
                largest[group] = weight_limit(peak)
        return largest

    def written(self, limits: NDArray[np.float64]) -> list[str]:
        """Return the ends of the scales as text."""
        return [number(limit or 1.0) for limit in limits]


def codes(maps: NDArray[np.floating], limits: NDArray[np.float64], tiles: Sequence[Tile]) -> NDArray[np.uint8]:
    """Return the colour index of each pixel, (tiles, H, W): 0 is minus the limit, 127.5 zero, 255 plus the limit."""
    ends = np.array([limits[tile.group] or 1.0 for tile in tiles])[:, None, None]
    share = np.nan_to_num(maps / ends, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
    return np.rint((share + 1) * 127.5).astype(np.uint8)


def resting_maps(film: Film, maps: NDArray[np.floating], limits: NDArray[np.float64]) -> alt.LayerChart:
    """Draw one moment of a film with a mark a pixel: row, column and value on hover."""
    count, height, width = maps.shape
    index, row, column = (axis.ravel() for axis in np.indices(maps.shape))
    side = np.array([tile.side for tile in film.tiles])[index]
    x = np.array([tile.x for tile in film.tiles])[index] + column * side / width
    y = np.array([tile.y for tile in film.tiles])[index] + row * side / height
    ends = np.array([limits[tile.group] or 1.0 for tile in film.tiles])[index]
    captions = np.array([tile.caption.split(" {")[0].split(", ±")[0] for tile in film.tiles], dtype=object)
    values = np.nan_to_num(maps.ravel().astype(float), nan=0.0, posinf=0.0, neginf=0.0)
    frame = pd.DataFrame(
        {
            "map": captions[index],
            "row": row,
            "column": column,
            "value": values,
            "share": values / ends,
            "x": x,
            "x2": x + side / width,
            "y": y,
            "y2": y + side / height,
        }
    )
    wide, high = film.size
    across = alt.Scale(domain=[0, wide], nice=False, zero=False)
    down = alt.Scale(domain=[0, high], nice=False, zero=False, reverse=True)
    stops = [2 * i / (len(DIVERGING) - 1) - 1 for i in range(len(DIVERGING))]
    colour = alt.Color(
        "share:Q",
        scale=alt.Scale(domain=stops, range=list(DIVERGING), interpolate="rgb", clamp=True),
        legend=None,
    )
    tip = [
        alt.Tooltip("map:N"),
        alt.Tooltip("row:Q"),
        alt.Tooltip("column:Q"),
        alt.Tooltip("value:Q", format="+.5f", title=film.quantity),
    ]
    if film.dead is not None:
        frame["dead"] = np.tile(film.dead.ravel(), count)
        tip.append(alt.Tooltip("dead:N", title="never inked"))
    places: dict[str, Any] = {
        "x": alt.X("x:Q", scale=across, axis=None),
        "x2": alt.X2("x2"),
        "y": alt.Y("y:Q", scale=down, axis=None),
        "y2": alt.Y2("y2"),
    }
    # The outline in the pixel's own colour closes the seams that a page's background would shine through.
    pixels = alt.Chart(frame).mark_rect(strokeWidth=0.7).encode(color=colour, stroke=colour, tooltip=tip, **places)
    edges = [{"x": t.x, "x2": t.x + t.side, "y": t.y, "y2": t.y + t.side} for t in film.tiles]
    outline = (
        alt.Chart(alt.InlineData(values=edges))
        .mark_rect(filled=False, stroke=QUIET, strokeWidth=0.75, opacity=0.7)
        .encode(**places)
    )
    # Transparent, so that the captions, which stand below it on the page, are seen at rest too.
    return bare(
        layers(
            pixels,
            outline,
            width=wide,
            height=high,
            autosize=alt.AutoSizeParams(type="none"),
            padding={"left": 0, "right": 0, "top": 0, "bottom": 0},
            background="transparent",
        )
    )
