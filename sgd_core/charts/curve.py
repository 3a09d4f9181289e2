"""A function's curve with what happens on it: a point, its tangent, the path of a descent.

One tidy frame feeds the whole picture, so that only data moves from frame to frame:
`part` ("curve", "tangent", "point"), `x`, `y`, `order`, and, where a position lies outside of the
window, `edge` (an arrow sign) and `label`.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.vega import ROOM, UNSEEN, layers
from sgd_core.numbers import number

COLUMNS = ["part", "x", "y", "order", "edge", "label"]
# By how far outside (x: left, inside, right; y: below, inside, above).
_SIGN_TABLE = np.array([["↙", "←", "↖"], ["↓", "", "↑"], ["↘", "→", "↗"]], dtype=object)


class Piece(NamedTuple):
    """Rows of one part before they become a frame, which costs far more than to compute them."""

    name: str
    x: np.ndarray
    y: np.ndarray
    edge: np.ndarray | str = ""
    label: np.ndarray | str = ""
    more: Mapping[str, Any] = MappingProxyType({})

    def having(self, **columns: Any) -> "Piece":
        """Return the rows with further columns, each one value a row or one for all."""
        return self._replace(more={**self.more, **columns})


def piece(name: str, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> Piece:
    """Return rows of one part; `x` and `y` are of the same length."""
    return Piece(name, np.asarray(x, dtype=float), np.asarray(y, dtype=float))


def frame_of(pieces: Sequence[Piece]) -> pd.DataFrame:
    """Return the frame of all pieces, each with its own order; a further column is 0 where a piece does not have it."""
    lengths = [len(one.x) for one in pieces]

    def column(values: Sequence[Any], dtype: type | None = None) -> np.ndarray:
        whole = [value if np.ndim(value) else np.full(size, value) for value, size in zip(values, lengths, strict=True)]
        return np.concatenate([np.asarray(one, dtype=dtype) for one in whole])

    further = dict.fromkeys(name for one in pieces for name in one.more)
    return pd.DataFrame(
        {
            "part": column([one.name for one in pieces], object),
            "x": np.concatenate([one.x for one in pieces]),
            "y": np.concatenate([one.y for one in pieces]),
            "order": np.concatenate([np.arange(length) for length in lengths]),
            "edge": column([one.edge for one in pieces], object),
            "label": column([one.label for one in pieces], object),
            **{name: column([one.more.get(name, 0) for one in pieces]) for name in further},
        }
    )


def part(name: str, x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> pd.DataFrame:
    """Return the rows of one part of the picture; `x` and `y` are of the same length."""
    return frame_of([piece(name, x, y)])


def window(x: Sequence[float], y: np.ndarray, *, margin: float = 0.08) -> tuple[float, float]:
    """Return the y range of the picture: all finite values of the curve and a margin on either side.

    `x` is only used to say that a curve without a finite value gets the range (-1, 1).
    """
    finite = np.asarray(y, dtype=float)[np.isfinite(y)]
    if not len(x) or not len(finite):
        return -1.0, 1.0
    # A pole would flatten everything else: leave the outermost two percent out when they dwarf the rest.
    low, high = float(finite.min()), float(finite.max())
    inner_low, inner_high = np.percentile(finite, [2, 98])
    if high - low > 8 * (inner_high - inner_low) > 0:
        low, high = float(inner_low), float(inner_high)
    gap = (high - low) * margin or max(abs(high), 1.0) * 0.5
    return low - gap, high + gap


def curve_window(curve: pd.DataFrame) -> tuple[float, float]:
    """Return the `window` of a curve's `x` and `value`."""
    return window(curve["x"].tolist(), curve["value"].to_numpy())


def in_view(
    rows: Piece,
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
    names: tuple[str, str] = ("x", "f(x)"),
) -> Piece:
    """Move positions outside of the window to its edge and say so with an arrow and the true value.

    Nothing is clipped silently: `edge` carries the direction and `label` the true position, in which `names` are what the
    two axes show. Values that are not numbers are left out, since they have no place.
    """
    known = ~(np.isnan(rows.x) | np.isnan(rows.y))
    x, y = rows.x[known], rows.y[known]
    side_x = (x > x_domain[1]).astype(int) - (x < x_domain[0])
    side_y = (y > y_domain[1]).astype(int) - (y < y_domain[0])
    edge, label = _SIGN_TABLE[side_x + 1, side_y + 1], np.full(len(x), "", dtype=object)
    for place in np.flatnonzero(edge != ""):
        label[place] = f"{names[0]} = {number(x[place])}, {names[1]} = {number(y[place])}"
    return Piece(rows.name, x.clip(*x_domain), y.clip(*y_domain), edge, label)


class Touching(Protocol):
    """A point of the curve with its slope."""

    @property
    def x(self) -> float:
        """Where."""

    @property
    def value(self) -> float:
        """The function's value there."""

    @property
    def slope(self) -> float:
        """Its derivative there."""


def tangent(at: Touching, x_domain: tuple[float, float], name: str = "tangent") -> Piece:
    """Return the tangent at a point as a line across the window; empty where there is no slope."""
    if not (math.isfinite(at.value) and math.isfinite(at.slope)):
        return piece(name, [], [])
    ends = np.asarray(x_domain, dtype=float)
    return piece(name, ends, at.value + at.slope * (ends - at.x))


def within_reach(y: ArrayLike, y_domain: tuple[float, float]) -> np.ndarray:
    """Return heights for drawing a line: what lies more than ten windows away is put there, still far out of sight.

    Next to a pole they can be too large for the browser to draw at all. Values that are not finite leave a gap, and so
    does a pole, where one place lies below the window and the next one above it, or the other way round.
    """
    low, high = y_domain
    y = np.asarray(y, dtype=float)
    below, above = y < low, y > high
    jump = (below[:-1] & above[1:]) | (above[:-1] & below[1:])
    seen = np.where(np.isfinite(y), y, np.nan).clip(low - 10 * (high - low), high + 10 * (high - low))
    seen[1:][jump] = np.nan
    return seen


def curve_piece(curve: pd.DataFrame, y_domain: tuple[float, float]) -> Piece:
    """Return the rows of the curve itself from `x, value`."""
    return piece("curve", curve["x"].to_numpy(), within_reach(curve["value"], y_domain))


def curve_with_tangent(curve: pd.DataFrame, at: Touching, y_domain: tuple[float, float]) -> pd.DataFrame:
    """Return the frame of a curve (`x, value`) with the point and its tangent."""
    x_domain = (float(curve["x"].iloc[0]), float(curve["x"].iloc[-1]))
    point = in_view(piece("point", [at.x], [at.value]), x_domain, y_domain)
    return frame_of([curve_piece(curve, y_domain), tangent(at, x_domain), point])


def curve_picture(
    frame: pd.DataFrame,
    *,
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
    x_title: str = "x",
    y_title: str = "f(x)",
    color: str = ACCENT,
    height: int = 340,
    pick: bool = False,
    axis_width: int | None = None,
) -> alt.LayerChart:
    """Draw the curve, the tangent (dashed) and the point.

    `pick=True` adds the selection "pick": a click anywhere takes the nearest x. `axis_width` fixes
    the room for the y axis in pixels, so that pictures below each other have their plots in line.
    The specification depends on the domains, titles, `color` and `height` alone, never on the data.
    """
    x = alt.X("x:Q", title=x_title, scale=alt.Scale(domain=list(x_domain), nice=False))
    axis = alt.Axis(minExtent=ROOM) if axis_width is None else alt.Axis(minExtent=axis_width, maxExtent=axis_width)
    y = alt.Y("y:Q", title=y_title, axis=axis, scale=alt.Scale(domain=list(y_domain), nice=False))
    base = alt.Chart(frame).encode(x=x, y=y)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    tip = [alt.Tooltip("x:Q", format=".6g", title=x_title), alt.Tooltip("y:Q", format=".6g", title=y_title)]
    curve = only("curve").mark_line(color=QUIET, strokeWidth=2.5, clip=True).encode(order=alt.Order("order:Q"))
    touching = only("tangent").mark_line(color=SECOND, strokeWidth=2, strokeDash=[6, 4], clip=True, aria=False)
    point = (
        only("point")
        .transform_filter(alt.datum.edge == "")
        .mark_point(color=color, filled=True, size=150, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
    )

    def signs(rows: alt.Chart) -> alt.Chart:
        outside = rows.transform_filter(alt.datum.edge != "")
        return outside.mark_text(color=color, fontSize=18, fontWeight="bold", aria=False).encode(
            text=alt.Text("edge:N"), tooltip=alt.Tooltip("label:N", title="outside of the picture")
        )

    words = only("point").transform_filter(alt.datum.edge != "")
    said = words.mark_text(
        color=color, fontSize=12, align=alt.expr(_ALIGN), dx=alt.expr(_DX), dy=18, aria=False
    ).encode(text=alt.Text("label:N"))
    drawn = [curve, touching, point.encode(tooltip=tip), signs(only("point")), said]
    if pick:
        drawn.insert(0, stops(x, x_domain, height))
    return layers(*drawn, height=height)


def stops(x: alt.X, x_domain: tuple[float, float], height: int, count: int = 301) -> alt.Chart:
    """Return invisible marks along x that a click takes the nearest of (selection "pick" of x).

    The browser makes them itself and once: marks that hang on the frame would be made anew with each of its changes.
    """
    low, high = x_domain
    choice = alt.selection_point(name="pick", fields=["x"], on="click", nearest=True, clear=False, toggle=False)
    return (
        alt.Chart(alt.sequence(0, count, as_="i"))
        .transform_calculate(x=f"round(1e9 * ({low!r} + datum.i * {(high - low) / (count - 1)!r})) / 1e9")
        .mark_circle(size=1, **UNSEEN)
        .encode(x=x, y=alt.YValue(height / 2))
        .add_params(choice)
    )


HEADS = alt.Scale(domain=["right", "left"], range=["triangle-right", "triangle-left"])
# A label at the right edge is written to the left of it, and the other way round.
_ALIGN = (
    "indexof(['→', '↗', '↘'], datum.edge) >= 0 ? 'right' : indexof(['↑', '↓'], datum.edge) >= 0 ? 'center' : 'left'"
)
_DX = "indexof(['→', '↗', '↘'], datum.edge) >= 0 ? -10 : indexof(['↑', '↓'], datum.edge) >= 0 ? 0 : 10"
