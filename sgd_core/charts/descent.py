"""A descent on the curve of its function, at every moment: path, tangent, coming step, present point."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.curve import HEADS, Piece, curve_piece, frame_of, in_view, piece, stops
from sgd_core.charts.downsample import pieces
from sgd_core.charts.over_steps import drawn_steps
from sgd_core.charts.palette import ACCENT, POINT, QUIET, SECOND
from sgd_core.charts.vega import LITTLE, ROOM, filled, layers, now, so_far
from sgd_core.numbers import TOOLTIP_FORMAT

Range = tuple[float, float]
NAMES = ("w", "loss")
FAR = 1e6  # heights of the picture; beyond 3e38 pixels a browser reads no number


def descent_rows(
    curve: pd.DataFrame,
    run: pd.DataFrame,
    moments: NDArray[np.int64],
    y_domain: Range,
    *,
    taken: bool = False,
    bet: tuple[int, float, float] | None = None,
) -> pd.DataFrame:
    """Return the rows of a descent: `part, moment, x, y, order, edge, label, piece`.

    `curve` has `x, value`; `run` is one run of `descend`; `moments` are the steps that are moments. The arrow is the
    coming step, or with `taken` the one that led here. `bet` is a moment and the point (x, y) where somebody expects
    the step after it to land.
    """
    x_domain = (float(curve["x"].iloc[0]), float(curve["x"].iloc[-1]))
    x, loss = run["x"].to_numpy(), run["loss"].to_numpy()
    kept = drawn_steps([x, loss], moments)
    rows = [curve_piece(curve, y_domain).having(moment=0, piece=0)]
    path = in_view(piece("path", x[kept["step"]], loss[kept["step"]]), x_domain, y_domain, NAMES)
    # A run that is no number any more has no place: its rows are the last ones, and left out.
    sizes = (x_domain[1] - x_domain[0], y_domain[1] - y_domain[0])
    whole = pieces([x.clip(*x_domain), loss.clip(*y_domain)], kept["step"].to_numpy(), sizes)
    seen = len(path.x)
    rows.append(path.having(moment=kept["moment"].to_numpy()[:seen], piece=whole[:seen]))
    here = run.iloc[moments]
    at, value = here["x"].to_numpy(), here["loss"].to_numpy()
    slope, update = here["gradient"].to_numpy(), here["update"].to_numpy()
    rows.append(_points(at, value, x_domain, y_domain))
    rows.append(_tangents(at, value, slope, x_domain, y_domain))
    if taken:
        before = run.iloc[np.maximum(moments - 1, 0)]
        shift = np.where(moments > 0, before["update"].to_numpy(), 0.0)
        rows += _arrows(before["x"].to_numpy(), before["loss"].to_numpy(), shift, x_domain, y_domain)
    else:
        rows += _arrows(at, value, update, x_domain, y_domain)
    if bet is not None:
        moment, guess, height = bet
        mark = in_view(piece("bet", [guess], [height]), x_domain, y_domain, NAMES)
        rows += [mark.having(moment=later) for later in (moment, moment + 1)]
        if moment + 1 < len(at) and np.isfinite(value[moment + 1]):
            ends = np.clip([guess, at[moment + 1]], *x_domain), np.clip([height, value[moment + 1]], *y_domain)
            rows.append(piece("miss", *ends).having(moment=moment + 1))
    return frame_of(rows)


def _points(at: NDArray[np.float64], value: NDArray[np.float64], x_domain: Range, y_domain: Range) -> Piece:
    known = ~(np.isnan(at) | np.isnan(value))
    return in_view(piece("point", at, value), x_domain, y_domain, NAMES).having(moment=np.flatnonzero(known))


def _tangents(
    at: NDArray[np.float64],
    value: NDArray[np.float64],
    slope: NDArray[np.float64],
    x_domain: Range,
    y_domain: Range,
) -> Piece:
    """Return each tangent from side to side; those of a lost run, which no browser could place, are left out."""
    ends = np.array(x_domain)
    with np.errstate(invalid="ignore", over="ignore"):
        lines = value[:, None] + slope[:, None] * (ends - at[:, None])
        seen = (np.abs(lines - y_domain[0]) <= FAR * (y_domain[1] - y_domain[0])).all(1)
    rows = piece("tangent", np.tile(ends, int(seen.sum())), lines[seen].ravel())
    return rows.having(moment=np.flatnonzero(seen).repeat(2))


def _arrows(
    at: NDArray[np.float64],
    value: NDArray[np.float64],
    update: NDArray[np.float64],
    x_domain: Range,
    y_domain: Range,
) -> list[Piece]:
    with np.errstate(invalid="ignore"):
        seen = (at >= x_domain[0]) & (at <= x_domain[1]) & (value >= y_domain[0]) & (value <= y_domain[1])
        seen &= np.isfinite(update) & (update != 0)
    start, end = at[seen], (at[seen] + update[seen]).clip(*x_domain)
    height, moment = value[seen], np.flatnonzero(seen)
    line = piece("arrow", np.stack([start, end], 1).ravel(), height.repeat(2)).having(moment=moment.repeat(2))
    heads = piece("arrow-head", end, height)._replace(label=np.where(update[seen] > 0, "right", "left"))
    return [line, heads.having(moment=moment)]


def descent_on_curve(
    frame: pd.DataFrame,
    *,
    x_domain: Range,
    y_domain: Range,
    color: str = ACCENT,
    height: int = 380,
    pick: bool = False,
    tangent: bool = True,
    x_title: str = "w",
    y_title: str = "loss",
) -> alt.LayerChart:
    """Draw `descent_rows`, small where `x_title` is empty; `pick=True` adds the selection "pick": a click anywhere takes the nearest x."""
    x = alt.X("x:Q", title=x_title or None, scale=alt.Scale(domain=list(x_domain), nice=False))
    y = alt.Y(
        "y:Q",
        title=y_title or None,
        axis=alt.Axis(minExtent=ROOM, tickCount=6),
        scale=alt.Scale(domain=list(y_domain), nice=False),
    )
    base = alt.Chart(frame).encode(x=x, y=y)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    tip = [
        alt.Tooltip("x:Q", format=TOOLTIP_FORMAT, title=x_title),
        alt.Tooltip("y:Q", format=TOOLTIP_FORMAT, title=y_title),
    ]
    path, point = so_far(only("path")), now(only("point"))
    dots = path.transform_filter("datum.edge == ''").mark_circle(color=color, size=36, aria=False, **filled(0.75))
    dot = point.transform_filter("datum.edge == ''").mark_point(
        color=color, filled=True, size=170, opacity=1, stroke="white", strokeWidth=1.5, aria=False
    )
    gone = point.transform_filter("datum.edge != ''")
    sign = gone.mark_text(color=color, fontSize=18, fontWeight="bold", aria=False).encode(text=alt.Text("edge:N"))
    written = gone.encode(text=alt.Text("label:N"))
    where: dict[str, Any] = {"fontSize": 12, "align": alt.expr(_ALIGN), "dx": alt.expr(_DX), "dy": 18, "aria": False}
    rim = written.mark_text(stroke=alt.expr("background"), strokeWidth=4, strokeJoin="round", opacity=0.85, **where)
    drawn = [only("curve").mark_line(color=QUIET, strokeWidth=2.5, clip=True).encode(order=alt.Order("order:Q"))]
    if tangent:
        drawn.append(
            now(only("tangent")).mark_line(color=SECOND, strokeWidth=2, strokeDash=[6, 4], clip=True, aria=False)
        )
    drawn += [
        path.mark_line(color=color, strokeWidth=1.5, opacity=0.55, aria=False).encode(
            order=alt.Order("order:Q"), detail=alt.Detail("piece:N")
        ),
        dots.encode(tooltip=tip),
        now(only("arrow")).mark_line(color=SECOND, strokeWidth=3, aria=False).encode(order=alt.Order("order:Q")),
        now(only("arrow-head"))
        .mark_point(color=SECOND, filled=True, size=90, opacity=1, aria=False)
        .encode(shape=alt.Shape("label:N", scale=HEADS, legend=None)),
        now(only("miss")).mark_line(color=POINT, strokeWidth=3, opacity=0.8, aria=False),
        dot.encode(tooltip=tip),
        now(only("bet")).mark_point(
            color=POINT, shape="diamond", filled=True, size=190, opacity=1, stroke="white", strokeWidth=1.5, aria=False
        ),
        sign.encode(tooltip=alt.Tooltip("label:N", title="outside of the picture")),
    ]
    if x_title:  # in a small picture there is no room for words: they stand under the pointer, and below the clock
        drawn += [rim, written.mark_text(color=color, **where)]
    if pick:
        drawn.insert(0, stops(x, x_domain, height))
    return layers(*drawn, height=height, **({} if x_title else {"padding": LITTLE}))


# A label at the right edge is written to the left of it, and the other way round.
_ALIGN = (
    "indexof(['→', '↗', '↘'], datum.edge) >= 0 ? 'right' : indexof(['↑', '↓'], datum.edge) >= 0 ? 'center' : 'left'"
)
_DX = "indexof(['→', '↗', '↘'], datum.edge) >= 0 ? -10 : indexof(['↑', '↓'], datum.edge) >= 0 ? 0 : 10"
