"""Weight maps that stand still: one image mark a map, on tiles with a locked, zero-centred colour scale. (Those that move: film.py.)"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.tiles import axes, canvas, colors, corners, png, titled


def live_frame(
    maps: Sequence[np.ndarray] | np.ndarray,
    titles: Sequence[str],
    *,
    limit: float | None = None,
    columns: int,
    image: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return one row a map (H, W): `title, url` and the tile's places; without `limit` each has a scale of its own.

    An `image`, ink in [0, 1], stands before them, dark on white.
    """
    drawn = [] if image is None else [np.rint((1 - np.clip(image, 0, 1)) * 255).astype(np.uint8)]
    for one in maps:
        finite = np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0)
        drawn.append(colors(finite, limit or float(np.abs(finite).max(initial=0)) or 1.0))
    return pd.DataFrame(
        [
            {"title": title, "url": png(pixels), "x": x, "x2": x + 1, "y": y, "y2": y + 1}
            for pixels, title, (x, y) in zip(drawn, titles, corners(len(drawn), columns), strict=True)
        ]
    )


def live_maps(frame: pd.DataFrame, *, count: int, columns: int, tile: int) -> alt.LayerChart:
    """Draw `live_frame`: each of `count` maps is one image of `tile` by `tile` screen pixels."""
    scales = canvas(columns, count, tile)
    images = alt.Chart(frame).mark_image(smooth=False, aspect=False).encode(url=alt.Url("url:N"), **axes(*scales[:2]))
    return titled(frame, images, count=count, columns=columns, tile=tile, first="true")
