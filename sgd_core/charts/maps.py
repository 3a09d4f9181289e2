"""Weight maps.

Three forms of a map on the same tiles, with the same locked, zero-centred colour scale, so that the picture does not
move when one replaces another: `moving` (a path a colour, what is painted many times a second), `still` (one mark a
pixel, with its position and weight on hover) and `live` (one image mark a map, for pictures to take home).
"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.build import layers
from sgd_core.charts.palette import DIVERGING, QUIET
from sgd_core.charts.tiles import axes, canvas, colors, corners, edges, fixed, png, titled


def live_frame(maps: np.ndarray, titles: Sequence[str], *, limit: float, columns: int) -> pd.DataFrame:
    """Return one row a map, (maps, H, W) in: `title, url` and the tile's places."""
    rows = [
        {"title": title, "url": png(colors(one, limit)), "x": x, "x2": x + 1, "y": y, "y2": y + 1}
        for one, title, (x, y) in zip(maps, titles, corners(len(maps), columns), strict=True)
    ]
    return pd.DataFrame(rows)


LEVELS = 65  # colours of a moving map, an odd number, so that the middle one is white


def moving_frame(maps: np.ndarray, *, limit: float, columns: int, tile: int) -> pd.DataFrame:
    """Return one row a colour, (maps, H, W) in: `color` and the `path` that fills all its pixels, in screen pixels.

    What is painted many times a second: a browser fetches an image after it has drawn the frame, so that at full pace
    none would ever be seen; a path is there at once, and a few dozen of them are as quick.
    """
    count, height, width = maps.shape
    steps = np.clip(np.nan_to_num(maps / limit, nan=0.0, posinf=1.0, neginf=-1.0), -1, 1)
    levels = np.rint((steps + 1) / 2 * (LEVELS - 1)).astype(int).reshape(count * height, width)
    begins = np.ones_like(levels, dtype=bool)
    begins[:, 1:] = levels[:, 1:] != levels[:, :-1]  # neighbours of one colour are one stretch
    row, column = np.nonzero(begins)
    ends = np.append(np.where(row[1:] == row[:-1], column[1:], width), width)
    # Whole screen pixels, as far as the tile's side allows: edges that need no smoothing are drawn far quicker.
    places = np.rint(np.array(corners(count, columns)) * tile).astype(int)
    edge_x, edge_y = np.arange(width + 1) * tile // width, np.arange(height + 1) * tile // height
    line = row % height
    x, y = places[row // height, 0] + edge_x[column], places[row // height, 1] + edge_y[line]
    level, long, high = levels[row, column], edge_x[ends] - edge_x[column], edge_y[line + 1] - edge_y[line]
    paths: dict[int, list[str]] = {}
    numbers = (part.tolist() for part in (level, x, y, long, high))
    for at, left, top, across, down in zip(*numbers, strict=True):
        if at != LEVELS // 2:  # the tile is white already
            paths.setdefault(at, []).append(f"M{left},{top}h{across}v{down}h-{across}z")
    shades = colors(np.linspace(-1, 1, LEVELS), 1.0)
    rows = [{"color": "#{:02x}{:02x}{:02x}".format(*shades[at]), "path": "".join(drawn)} for at, drawn in paths.items()]
    return pd.DataFrame(rows or [{"color": "#ffffff", "path": "M0,0z"}])


def still_frame(
    maps: np.ndarray, titles: Sequence[str], *, columns: int, dead: np.ndarray | None = None, **others: np.ndarray
) -> pd.DataFrame:
    """Return one row a pixel: `title, row, column, value` and the pixel's places; row 0 is on top.

    `others` are further maps of the same shape, a column each; `dead` (H, W) marks the pixels no gradient reaches.
    """
    count, height, width = maps.shape
    places = np.array(corners(count, columns))
    index, row, column = (axis.ravel() for axis in np.indices(maps.shape))
    x, y = places[index, 0] + column / width, places[index, 1] + row / height
    return pd.DataFrame(
        {
            "title": np.asarray(titles, dtype=object)[index],
            "row": row,
            "column": column,
            "value": maps.ravel().astype(float),
            "x": x,
            "x2": x + 1 / width,
            "y": y,
            "y2": y + 1 / height,
            **{name: other.ravel().astype(float) for name, other in others.items()},
            **({} if dead is None else {"dead": np.tile(dead.ravel(), count)}),
        }
    )


def live_maps(frame: pd.DataFrame, *, count: int, columns: int, tile: int) -> alt.LayerChart:
    """Draw `live_frame`: each of `count` maps is one image of `tile` by `tile` screen pixels."""
    scales = canvas(columns, count, tile)
    images = alt.Chart(frame).mark_image(smooth=False, aspect=False).encode(url="url:N", **axes(*scales[:2]))
    return titled(frame, images, count=count, columns=columns, tile=tile, first="true")


def moving_maps(frame: pd.DataFrame, *, titles: tuple[str, ...], count: int, columns: int, tile: int) -> alt.LayerChart:
    """Draw `moving_frame` on the tiles of the still form, with the same titles."""
    x, y, wide, high = canvas(columns, count, tile)
    places = [
        {"title": title, "x": left, "x2": left + 1, "y": top, "y2": top + 1}
        for title, (left, top) in zip(titles, corners(count, columns), strict=True)
    ]
    tiles = alt.Chart(alt.InlineData(values=places))
    paper = tiles.mark_rect(color="white", strokeWidth=0).encode(**axes(x, y))
    ink = (
        alt.Chart(frame)
        .mark_point(filled=True, strokeWidth=0, opacity=1)
        .encode(
            x=alt.value(0),
            y=alt.value(0),
            size=alt.value(4),  # a symbol's path is scaled by half the root of its size: not at all
            shape=alt.Shape("path:N", scale=None, legend=None),
            fill=alt.Fill("color:N", scale=None, legend=None),
        )
    )
    words = tiles.mark_text(align="left", baseline="bottom", fontSize=12, dy=-2, color=QUIET).encode(
        x=alt.X("x:Q", scale=x, axis=None), y=alt.Y("y:Q", scale=y, axis=None), text="title:N"
    )
    return fixed(layers(paper, ink, edges(count, columns, x, y), words), wide, high)


def still_maps(
    frame: pd.DataFrame,
    *,
    count: int,
    columns: int,
    tile: int,
    limit: float,
    quantity: str = "weight",
    others: tuple[str, ...] = (),
    dead: bool = False,
) -> alt.LayerChart:
    """Draw `still_frame`: a mark a pixel in the colours of the live form, with position and value on hover.

    `others` are the frame's further columns to tell on hover; `dead=True` puts a dot on the pixels it marks so.
    """
    scales = canvas(columns, count, tile)
    stops = [limit * (2 * i / (len(DIVERGING) - 1) - 1) for i in range(len(DIVERGING))]
    color = alt.Color(
        "value:Q",
        scale=alt.Scale(domain=stops, range=list(DIVERGING), interpolate="rgb", clamp=True),
        legend=None,
    )
    tip = [
        alt.Tooltip("title:N", title="map"),
        alt.Tooltip("row:Q"),
        alt.Tooltip("column:Q"),
        alt.Tooltip("value:Q", format="+.5f", title=quantity),
        *(alt.Tooltip(f"{name}:Q", format="+.5f") for name in others),
        *([alt.Tooltip("dead:N", title="never inked")] if dead else []),
    ]
    # The outline in the pixel's own colour closes the seams that a page's background would shine through.
    pixels = (
        alt.Chart(frame).mark_rect(strokeWidth=0.7).encode(color=color, stroke=color, tooltip=tip, **axes(*scales[:2]))
    )
    if dead:
        dots = (
            alt.Chart(frame)
            .transform_filter("datum.dead")
            .transform_calculate(xm="(datum.x + datum.x2) / 2", ym="(datum.y + datum.y2) / 2")
        )
        marks = dots.mark_circle(color=QUIET, size=5 if tile > 150 else 1, opacity=0.7).encode(
            x=alt.X("xm:Q", scale=scales[0], axis=None), y=alt.Y("ym:Q", scale=scales[1], axis=None), tooltip=tip
        )
        pixels = layers(pixels, marks)
    return titled(frame, pixels, count=count, columns=columns, tile=tile, first="datum.row == 0 && datum.column == 0")


def color_bar(limit: float, *, width: int = 280, quantity: str = "weight") -> alt.LayerChart:
    """Draw the maps' colour scale with its two ends and zero."""
    values = np.linspace(-limit, limit, 81)
    step = 2 * limit / 81
    bar = pd.DataFrame(
        {"url": [png(colors(values[None, :], limit))], "x": [-limit - step / 2], "x2": [limit + step / 2]}
    )
    ends = [-limit, 0, limit]
    axis = alt.Axis(
        values=ends,
        labelExpr="datum.value == 0 ? '0' : format(datum.value, '+.3~g')",
        title=quantity,
        orient="bottom",
        labelFlush=True,
        ticks=False,
        domain=False,
        grid=False,
    )
    image = (
        alt.Chart(bar)
        .mark_image(smooth=True, aspect=False)
        .encode(
            url="url:N",
            x=alt.X("x:Q", scale=alt.Scale(domain=[-limit, limit], nice=False), axis=axis),
            x2="x2",
            y=alt.value(0),
            y2=alt.value(10),
        )
    )
    return fixed(layers(image), width, 10)
