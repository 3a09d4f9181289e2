"""Pictures of a finite difference: the secant while h shrinks, magnified too, and its error for every h."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.curve import Piece, curve_piece, frame_of, in_view, piece, tangent
from sgd_core.charts.palette import ACCENT, POINT, QUIET, RACERS, SECOND
from sgd_core.charts.vega import ROOM, layers, level_line, now, so_far, value_axis, value_scale
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT, number

Range = tuple[float, float]
RISE = RACERS["C"].color
REACH = 2.5  # half the width of the microscope's picture, in steps h

_PRECISIONS = ["float32", "float64"]
_COLORS = alt.Scale(domain=_PRECISIONS, range=[SECOND, ACCENT])
_DASHES = alt.Scale(domain=_PRECISIONS, range=[[5, 3], [1, 0]])
_LEGEND = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=350)


class Difference(Protocol):
    """Two points of a curve, the slope of the line through them, and the slope of the tangent."""

    @property
    def x(self) -> float:
        """Where the tangent touches."""

    @property
    def h(self) -> float:
        """The step from there."""

    @property
    def left(self) -> tuple[float, float]:
        """The first point, x and value."""

    @property
    def right(self) -> tuple[float, float]:
        """The second point."""

    @property
    def slope(self) -> float:
        """The slope of the line through both."""

    @property
    def exact(self) -> float:
        """The slope of the tangent."""


class _Touch(NamedTuple):
    x: float
    value: float
    slope: float


def secant_rows(
    curve: pd.DataFrame, at: tuple[float, float, float], pairs: Sequence[Difference], x_domain: Range, y_domain: Range
) -> pd.DataFrame:
    """Return the rows of the curve (`x, value`), its tangent at (x, value, slope), and for each moment the secant."""
    still = frame_of([curve_piece(curve, y_domain), tangent(_Touch(*at), x_domain)]).assign(moment=0)
    moving = []
    for moment, pair in enumerate(pairs):
        ends = piece("end", [pair.left[0], pair.right[0]], [pair.left[1], pair.right[1]])
        pieces = [tangent(_Touch(*pair.left, pair.slope), x_domain, "secant"), in_view(ends, x_domain, y_domain)]
        moving.append(frame_of([*pieces, *_triangle(pair.left, pair.right)]).assign(moment=moment))
    return pd.concat([still, *moving], ignore_index=True)


def microscope_rows(pairs: Sequence[Difference], curves: Sequence[NDArray[np.float64]], value: float) -> pd.DataFrame:
    """Return the same under a microscope: every moment magnified so that h is 1 wide, both axes by the same factor.

    `curves` (moments, points) are the function's values at x + u h for u from -`REACH` to `REACH`; `value` is f(x).
    """
    u = np.linspace(-REACH, REACH, len(curves[0]))
    rows = []
    for moment, (pair, values) in enumerate(zip(pairs, curves, strict=True)):
        left, right = (((x - pair.x) / pair.h, (y - value) / pair.h) for x, y in (pair.left, pair.right))
        ends = np.array([-REACH, REACH])
        pieces = [
            piece("curve", u, (values - value) / pair.h),
            piece("tangent", ends, pair.exact * ends),
            piece("secant", ends, left[1] + pair.slope * (ends - left[0])),
            piece("end", [left[0], right[0]], [left[1], right[1]]),
            *_triangle(left, right),
        ]
        steep = pair.exact if math.isfinite(pair.exact) else 0.0
        corner = math.copysign(REACH * max(abs(steep), 1.0), steep)  # the one that the curve stays away from
        words = frame_of([piece("width", [-REACH], [corner])]).assign(label=f"{number(2 * REACH * pair.h)} wide")
        rows.append(pd.concat([frame_of(pieces), words]).assign(moment=moment))
    return pd.concat(rows, ignore_index=True)


def _triangle(left: tuple[float, float], right: tuple[float, float]) -> list[Piece]:
    return [
        piece("run", [left[0], right[0]], [left[1], left[1]]),
        piece("rise", [right[0], right[0]], [left[1], right[1]]),
    ]


def secant_picture(
    rows: pd.DataFrame, *, x_domain: Range, y_domain: Range, magnified: bool, height: int = 330
) -> alt.LayerChart:
    """Draw `secant_rows` or, `magnified`, `microscope_rows`: curve, tangent (dashed), secant, its rise and its run."""
    quiet: dict[str, Any] = {"axis": alt.Axis(labels=False, ticks=False, grid=False)} if magnified else {}
    if not magnified:
        quiet = {"axis": alt.Axis(tickCount=5, minExtent=ROOM)}
    title = ("x, magnified", "f(x), as much") if magnified else ("x", "f(x)")
    x = alt.X("x:Q", title=title[0], scale=alt.Scale(domain=list(x_domain), nice=False), **quiet)
    y = alt.Y("y:Q", title=title[1], scale=alt.Scale(domain=list(y_domain), nice=False), **quiet)
    base = alt.Chart(rows).encode(x=x, y=y)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    curve, touching = (now(only(name)) if magnified else only(name) for name in ("curve", "tangent"))
    tip = [alt.Tooltip("x:Q", format=TOOLTIP_FORMAT), alt.Tooltip("y:Q", format=TOOLTIP_FORMAT, title="f(x)")]
    inside = now(only("end")).transform_filter("datum.edge === ''")
    outside = now(only("end")).transform_filter("datum.edge !== ''")
    drawn: list[Any] = [
        curve.mark_line(color=QUIET, strokeWidth=3, clip=True, aria=False).encode(order=alt.Order("order:Q")),
        touching.mark_line(color=SECOND, strokeWidth=2, strokeDash=[6, 4], clip=True, aria=False),
        now(only("secant")).mark_line(color=ACCENT, strokeWidth=2, clip=True, aria=False),
        now(only("run")).mark_line(color=ACCENT, strokeWidth=4, clip=True, aria=False),
        now(only("rise")).mark_line(color=RISE, strokeWidth=4, clip=True, aria=False),
        inside.mark_point(
            color=POINT, filled=True, size=110, opacity=1, stroke="white", strokeWidth=1.5, aria=False
        ).encode(tooltip=tip),
        outside.mark_text(color=POINT, fontSize=18, fontWeight="bold", aria=False).encode(
            text=alt.Text("edge:N"), tooltip=alt.Tooltip("label:N", title="outside of the picture")
        ),
    ]
    if magnified:
        up = "datum.y > 0"
        words = now(only("width")).mark_text(
            color=QUIET,
            fontSize=13,
            align="left",
            baseline=alt.expr(f"{up} ? 'top' : 'bottom'"),
            dx=6,
            dy=alt.expr(f"{up} ? 6 : -6"),
            aria=False,
        )
        drawn.append(words.encode(text=alt.Text("label:N")))
    return layers(*drawn, height=height)


def marching_picture(rows: pd.DataFrame, exact: float, y_domain: Range, height: int = 150) -> alt.LayerChart:
    """Draw the secant's slope (`moment, h, slope`) for each h so far, and the tangent's as a line across, if there is one."""
    x = alt.X(
        "h:Q",
        title="h, ever smaller",
        scale=alt.Scale(type="log", domain=[float(rows["h"].min()) * 0.8, 1.25], nice=False, reverse=True),
        axis=alt.Axis(values=[1, 0.1, 0.01, 0.001, 1e-4], format="~g", grid=False),
    )
    y = alt.Y("slope:Q", title="slope", scale=value_scale(y_domain), axis=value_axis(y_domain, False))
    base = alt.Chart(rows).encode(x=x, y=y)
    past, present = so_far(base), now(base)
    tip = [alt.Tooltip("h:Q"), alt.Tooltip("slope:Q", format=".6~g")]
    return layers(
        *(level_line(exact, "the tangent's slope", y_domain) if math.isfinite(exact) else []),
        past.mark_line(color=ACCENT, strokeWidth=2, clip=True, aria=False),
        past.mark_circle(color=ACCENT, size=30, clip=True).encode(tooltip=tip),
        present.mark_point(
            color=POINT, filled=True, size=120, opacity=1, stroke="white", strokeWidth=1.5, clip=True
        ).encode(tooltip=tip),
        height=height,
    )


def error_frame(errors: pd.DataFrame, h: float, here: Mapping[str, float], best: Mapping[str, float]) -> pd.DataFrame:
    """Return the rows of an error curve (`precision, h, error`) with the present nudge and the best of each precision.

    `here` holds the error at `h` and `best` the best h, by precision. An error of exactly 0 has no place on a
    logarithmic axis: it is drawn at the lower edge with a sign (`zero`).
    """
    known = errors[np.isfinite(errors["error"])]
    rows = [known[["precision", "h", "error"]].assign(part="error")]
    for name, error in here.items():
        if math.isfinite(error):
            rows.append(pd.DataFrame({"precision": [name], "h": [h], "error": [error], "part": ["now"]}))
    for name, at in best.items():
        if math.isfinite(at):
            row = known[(known["precision"] == name) & (known["h"] == at)].assign(part="best")
            rows.append(row[["precision", "h", "error", "part"]])
    frame = pd.concat(rows, ignore_index=True)
    low, _ = error_window(errors)
    frame["zero"] = frame["error"] < low
    return frame.assign(shown=frame["error"].clip(lower=low))


def error_window(errors: pd.DataFrame) -> tuple[float, float]:
    """Return the y range of an error curve: whole powers of ten around all errors above 0, and room for words below."""
    known = errors["error"][np.isfinite(errors["error"]) & (errors["error"] > 1e-17)]
    if known.empty:
        return 1e-16, 1.0
    low, high = math.floor(math.log10(known.min())), math.ceil(math.log10(known.max()))
    return float(f"1e{min(low, high - 4) - 1}"), float(f"1e{high}")


def error_picture(
    frame: pd.DataFrame,
    *,
    y_domain: tuple[float, float],
    h_domain: tuple[float, float] = (1e-12, 1.0),
    height: int = 330,
) -> alt.LayerChart:
    """Draw `error_frame` on logarithmic axes: a line a precision, the present nudge as points, the best as diamonds."""
    powers = [float(f"1e{power}") for power in range(round(math.log10(h_domain[0])), 1, 2)]
    x = alt.X(
        "h:Q",
        title="h",
        scale=alt.Scale(type="log", domain=list(h_domain), nice=False),
        axis=alt.Axis(values=powers, labelExpr=AXIS_LABEL, grid=False),
    )
    y = alt.Y(
        "shown:Q",
        title="distance from the derivative",
        scale=alt.Scale(type="log", domain=list(y_domain), nice=False),
        axis=alt.Axis(labelExpr=AXIS_LABEL, tickCount=6),
    )
    color = alt.Color("precision:N", scale=_COLORS, legend=_LEGEND)
    tip = [
        alt.Tooltip("precision:N"),
        alt.Tooltip("h:Q", format=".3g"),
        alt.Tooltip("error:Q", format=".3g", title="distance"),
    ]
    base = alt.Chart(frame)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    curve = only("error")
    signs = curve.transform_filter(alt.datum.zero).mark_point(
        shape="triangle-down", filled=True, size=30, opacity=1, aria=False
    )
    one = alt.Chart(alt.sequence(0, 1, as_="i"))
    sides = [
        one.mark_text(color=QUIET, fontSize=12, align="left", dx=6, dy=-8).encode(
            x=alt.XValue(0), y=alt.YValue("height"), text=alt.TextValue("← round-off")
        ),
        one.mark_text(color=QUIET, fontSize=12, align="right", dx=-14, dy=-8).encode(
            x=alt.XValue("width"), y=alt.YValue("height"), text=alt.TextValue("truncation →")
        ),
    ]
    return layers(
        *sides,
        only("now").mark_rule(color=QUIET, strokeWidth=1.5).encode(x=x),
        curve.mark_line(strokeWidth=1.75, clip=True).encode(
            x=x,
            y=y,
            color=color,
            strokeDash=alt.StrokeDash("precision:N", scale=_DASHES, legend=_LEGEND),
            tooltip=tip,
        ),
        signs.encode(x=x, y=y, color=color, tooltip=tip),
        only("best")
        .mark_point(shape="diamond", filled=True, size=170, opacity=1, stroke="white", strokeWidth=1, aria=False)
        .encode(x=x, y=y, color=color, tooltip=tip),
        only("now")
        .mark_point(filled=True, size=110, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
        .encode(x=x, y=y, color=color, tooltip=tip),
        height=height,
    )
