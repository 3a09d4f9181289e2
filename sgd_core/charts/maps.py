"""Weight maps that stand still: one image mark a map, on tiles with a locked, zero-centred colour scale. (Those that move: film.py.)"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.tiles import axes, canvas, colors, corners, png, titled


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


def live_maps(frame: pd.DataFrame, *, count: int, columns: int, tile: int) -> alt.LayerChart:
    """Draw `live_frame`: each of `count` maps is one image of `tile` by `tile` screen pixels."""
    scales = canvas(columns, count, tile)
    images = alt.Chart(frame).mark_image(smooth=False, aspect=False).encode(url=alt.Url("url:N"), **axes(*scales[:2]))
    return titled(frame, images, count=count, columns=columns, tile=tile, first="true")
