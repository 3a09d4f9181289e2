"""A loss of two weights seen from above: bands of equal height, and the paths of runs over them."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from sgd_core.charts.curve import part
from sgd_core.charts.palette import ACCENT, QUIET
from sgd_core.charts.race import Paths, run_layers, run_rows
from sgd_core.charts.vega import ROOM, UNSEEN, layers
from sgd_core.numbers import TOOLTIP_FORMAT

Range = tuple[float, float]
BANDS = 18
GRID = 41  # places a click can take, along each side: few enough for the browser to draw vectors
_INK = tuple(int(ACCENT[i : i + 2], 16) for i in (1, 3, 5))
_LINE = tuple(int(QUIET[i : i + 2], 16) for i in (1, 3, 5))


def levels(heights: np.ndarray) -> np.ndarray:
    """Return the heights (BANDS + 1,) between which the bands lie: closer together where most of the surface lies.

    The range is raised to a power that puts the median height in the middle, so that a deep, steep surface still
    shows rings around its bottom.
    """
    finite = heights[np.isfinite(heights)]
    if not finite.size or finite.min() == finite.max():
        return np.linspace(0.0, 1.0, BANDS + 1) + (float(finite[0]) if finite.size else 0.0)
    low, high = float(finite.min()), float(finite.max())
    middle = float(np.clip((np.median(finite) - low) / (high - low), 1e-6, 0.5))
    power = np.log(middle) / np.log(0.5)
    return low + (high - low) * np.linspace(0, 1, BANDS + 1) ** power


def surface_url(heights: np.ndarray, size: int = 480) -> str:
    """Return the data URL of a picture of `heights` (n, n), rows from the lowest y up: the higher, the stronger the ink.

    It is transparent, so that it looks right on a light and on a dark page; places without a value stay empty.
    """
    fine = np.array(Image.fromarray(_filled(heights).astype(np.float32)).resize((size, size), Image.Resampling.BICUBIC))
    hole = np.array(Image.fromarray(np.isnan(heights)).resize((size, size), Image.Resampling.NEAREST))
    band = np.searchsorted(levels(heights)[1:-1], fine)
    edge = np.zeros_like(hole)
    edge[:-1] |= band[:-1] != band[1:]
    edge[:, :-1] |= band[:, :-1] != band[:, 1:]
    kind = np.where(hole, BANDS + 1, np.where(edge, BANDS, band)).astype(np.uint8)
    image = Image.fromarray(kind[::-1]).convert("P")
    image.putpalette(bytes([*(_INK * BANDS), *_LINE, 0, 0, 0]))
    alpha = bytes([*(8 + 130 * place // BANDS for place in range(BANDS)), 150, 0])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=alpha)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _filled(heights: np.ndarray) -> np.ndarray:
    finite = heights[np.isfinite(heights)]
    return np.where(np.isfinite(heights), heights, finite.max() if finite.size else 0.0)


def surface_rows(
    paths: Paths,
    moments: NDArray[np.int64],
    x_domain: Range,
    y_domain: Range,
    minima: Sequence[tuple[float, float]] = (),
) -> pd.DataFrame:
    """Return the rows of runs over a surface; `paths` are x and y, as in `run_rows`."""
    lowest = part("minimum", [x for x, _ in minima], [y for _, y in minima])
    rows = run_rows(paths, moments, x_domain, y_domain, ("x", "y"))
    return pd.concat([lowest.assign(run="", moment=0, piece=0, dot=False), rows], ignore_index=True)


def surface_picture(
    frame: pd.DataFrame, *, url: str, x_domain: Range, y_domain: Range, pick: bool = False, height: int = 400
) -> alt.LayerChart:
    """Draw `surface_rows` over the picture `url` of the window; `pick=True` adds the selection "pick" of x and y."""
    axis = alt.Axis(grid=False, zindex=1)
    x_scale = alt.Scale(domain=list(x_domain), nice=False, zero=False)
    y_scale = alt.Scale(domain=list(y_domain), nice=False, zero=False)
    x = alt.X("x:Q", title="x", scale=x_scale, axis=axis)
    y = alt.Y("y:Q", title="y", scale=y_scale, axis=alt.Axis(grid=False, zindex=1, minExtent=ROOM))
    whole = alt.InlineData(
        values=[{"url": url, "x": x_domain[0], "x2": x_domain[1], "y": y_domain[0], "y2": y_domain[1]}]
    )
    image = (
        alt.Chart(whole)
        .mark_image(aspect=False)
        .encode(url=alt.Url("url:N"), x=x, x2=alt.X2("x2"), y=y, y2=alt.Y2("y2"))
    )
    base = alt.Chart(frame).encode(x=x, y=y)
    lowest = base.transform_filter(alt.datum.part == "minimum").mark_point(
        shape="cross", filled=True, size=110, color=QUIET, opacity=1, stroke="white", strokeWidth=1, aria=False
    )
    tip = [alt.Tooltip("x:Q", format=TOOLTIP_FORMAT), alt.Tooltip("y:Q", format=TOOLTIP_FORMAT)]
    drawn: list[Any] = [image]
    if pick:
        drawn.append(places(x, y, x_domain, y_domain))
    drawn += [lowest.encode(tooltip=tip), *run_layers(base, ("x", "y"))]
    return layers(*drawn, height=height)


def places(x: alt.X, y: alt.Y, x_domain: Range, y_domain: Range) -> alt.Chart:
    """Return invisible tiles around the places of a grid, of which a click takes one; the browser makes them itself.

    Tiles, since what finds the nearest of many points is painted anew with each frame of whatever moves above it.
    """
    choice = alt.selection_point(name="pick", fields=["x", "y"], on="click", clear=False, toggle=False)
    (left, right), (bottom, top) = x_domain, y_domain
    wide, high = (right - left) / (GRID - 1), (top - bottom) / (GRID - 1)
    x, y = x.copy(), y.copy()
    x.shorthand, y.shorthand = "left:Q", "bottom:Q"
    return (
        alt.Chart(alt.sequence(0, GRID * GRID, as_="i"))
        .transform_calculate(
            x=f"round(1e6 * ({left!r} + (datum.i % {GRID}) * {wide!r})) / 1e6",
            y=f"round(1e6 * ({bottom!r} + floor(datum.i / {GRID}) * {high!r})) / 1e6",
        )
        .transform_calculate(
            left=f"datum.x - {wide / 2!r}",
            right=f"datum.x + {wide / 2!r}",
            bottom=f"datum.y - {high / 2!r}",
            top=f"datum.y + {high / 2!r}",
        )
        .mark_rect(clip=True, aria=False, **UNSEEN)
        .encode(x=x, x2=alt.X2("right:Q"), y=y, y2=alt.Y2("top:Q"))
        .add_params(choice)
    )
