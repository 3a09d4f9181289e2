"""Weight maps.

Three forms of a map on the same tiles, with the same locked, zero-centred colour scale, so that the picture does not
move when one replaces another: `moving` (one image of the page a map, what is painted many times a second), `still`
(one mark a pixel, with its position and weight on hover) and `live` (one image mark a map, for pictures to take home).
"""

from collections.abc import Sequence
from html import escape

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import DIVERGING, QUIET
from sgd_core.charts.tiles import PADDING, axes, canvas, colors, corners, extent, fixed, image, png, titled
from sgd_core.charts.vega import layers

# The moving form on the tiles of the others: their thin edge, and their titles on their baseline.
_IMAGE = f"position:absolute;outline:0.75px solid {QUIET}b3;outline-offset:-0.375px"
_TITLE = (
    f"position:absolute;transform:translateY(-100%);white-space:nowrap;font-size:12px;line-height:1.26;color:{QUIET}"
)


def live_frame(
    maps: Sequence[np.ndarray] | np.ndarray, titles: Sequence[str], *, limit: float | None = None, columns: int
) -> pd.DataFrame:
    """Return one row a map (H, W): `title, url` and the tile's places; without `limit` each has a scale of its own."""
    rows = []
    for one, title, (x, y) in zip(maps, titles, corners(len(maps), columns), strict=True):
        finite = np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0)
        end = limit or float(np.abs(finite).max(initial=0)) or 1.0
        rows.append({"title": title, "url": png(colors(finite, end)), "x": x, "x2": x + 1, "y": y, "y2": y + 1})
    return pd.DataFrame(rows)


def moving_html(maps: np.ndarray, titles: Sequence[str], *, limit: float, columns: int, tile: int) -> str:
    """Return the tiles of (maps, H, W), `tile` by `tile` screen pixels each, as HTML: one image a map.

    What is painted many times a second. A chart fetches its images after it has drawn the frame, so that at full pace
    none would ever be seen; the page's own images are there at once, and nothing is quicker to draw.
    """
    wide, high = (round(side * tile) for side in extent(columns, len(titles)))
    shades = colors(np.nan_to_num(maps, nan=0.0, posinf=limit, neginf=-limit), limit)
    drawn = []
    for shade, title, (x, y) in zip(shades, titles, corners(len(titles), columns), strict=True):
        place = f"left:{x * tile + PADDING['left']:.2f}px;top:{y * tile + PADDING['top']:.2f}px"
        drawn.append(image(shade, tile, tile, f"{_IMAGE};{place}"))
        drawn.append(f'<span style="{_TITLE};{place}">{escape(title)}</span>')
    size = f"width:{wide + PADDING['left'] + PADDING['right']}px;height:{high + PADDING['top'] + PADDING['bottom']}px"
    told = 'role="img" aria-label="Maps in motion; pause to have their numbers read."'
    return f'<div {told} style="position:relative;{size}">{"".join(drawn)}</div>'


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
