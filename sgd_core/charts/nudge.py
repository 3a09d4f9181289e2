"""Pictures of a nudge: the secant through two points of the curve, and its error for every size of the nudge."""

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.curve import curve_piece, frame_of, in_view, piece, tangent
from sgd_core.charts.palette import ACCENT, POINT, QUIET, SECOND
from sgd_core.charts.vega import layers

_PRECISIONS = ["float32", "float64"]
_COLORS = alt.Scale(domain=_PRECISIONS, range=[SECOND, ACCENT])
_DASHES = alt.Scale(domain=_PRECISIONS, range=[[5, 3], [1, 0]])
_LEGEND = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=350)


class Nudged(Protocol):
    """Two points of a curve and the slopes there."""

    @property
    def left(self) -> tuple[float, float]:
        """The first point, x and value."""

    @property
    def right(self) -> tuple[float, float]:
        """The second point."""

    @property
    def slope(self) -> float:
        """The slope of the line through both."""


class _Touch(NamedTuple):
    x: float
    value: float
    slope: float


def nudge_frame(
    curve: pd.DataFrame,
    at: tuple[float, float, float],
    pair: Nudged,
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
) -> pd.DataFrame:
    """Return the rows of the curve (`x, value`), the tangent at (x, value, slope), the secant and its two points."""
    ends = piece("end", [pair.left[0], pair.right[0]], [pair.left[1], pair.right[1]])
    return frame_of(
        [
            curve_piece(curve, y_domain),
            tangent(_Touch(*at), x_domain),
            tangent(_Touch(*pair.left, pair.slope), x_domain, "secant"),
            in_view(ends, x_domain, y_domain),
        ]
    )


def nudge_picture(
    frame: pd.DataFrame, *, x_domain: tuple[float, float], y_domain: tuple[float, float], height: int = 330
) -> alt.LayerChart:
    """Draw `nudge_frame`: the curve, the tangent (dashed), the secant (solid) and the two points it goes through."""
    x = alt.X("x:Q", title="x", scale=alt.Scale(domain=list(x_domain), nice=False))
    y = alt.Y("y:Q", title="f(x)", scale=alt.Scale(domain=list(y_domain), nice=False))
    base = alt.Chart(frame).encode(x=x, y=y)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    lines = alt.Scale(domain=["tangent", "secant"], range=[SECOND, ACCENT])
    dashes = alt.Scale(domain=["tangent", "secant"], range=[[6, 4], [1, 0]])
    straight = base.transform_filter((alt.datum.part == "tangent") | (alt.datum.part == "secant"))
    tip = [alt.Tooltip("x:Q", format=".9g"), alt.Tooltip("y:Q", format=".9g", title="f(x)")]
    return layers(
        only("curve").mark_line(color=QUIET, strokeWidth=2.5, clip=True).encode(order="order:Q"),
        straight.mark_line(strokeWidth=2, clip=True).encode(
            color=alt.Color("part:N", scale=lines, legend=_LEGEND),
            strokeDash=alt.StrokeDash("part:N", scale=dashes, legend=_LEGEND),
        ),
        only("end")
        .transform_filter(alt.datum.edge == "")
        .mark_point(color=POINT, filled=True, size=120, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
        .encode(tooltip=tip),
        only("end")
        .transform_filter(alt.datum.edge != "")
        .mark_text(color=POINT, fontSize=18, fontWeight="bold")
        .encode(text="edge:N", tooltip=alt.Tooltip("label:N", title="outside of the picture")),
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
        title="nudge h",
        scale=alt.Scale(type="log", domain=list(h_domain), nice=False),
        axis=alt.Axis(values=powers, format=".0e", grid=False),
    )
    y = alt.Y(
        "shown:Q",
        title="distance from the derivative",
        scale=alt.Scale(type="log", domain=list(y_domain), nice=False),
        axis=alt.Axis(format=".0e", tickCount=6),
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
            x=alt.value(0), y=alt.value("height"), text=alt.value("← round-off")
        ),
        one.mark_text(color=QUIET, fontSize=12, align="right", dx=-14, dy=-8).encode(
            x=alt.value("width"), y=alt.value("height"), text=alt.value("truncation →")
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
