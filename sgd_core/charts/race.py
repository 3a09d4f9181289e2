"""Several runs in one picture: over a curve, and their losses against the step."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.curve import curve_piece, frame_of, keep_in_view, stops
from sgd_core.charts.palette import QUIET, RACERS
from sgd_core.charts.vega import ROOM, layers, value_axis

Range = tuple[float, float]
Paths = Mapping[str, tuple[np.ndarray, np.ndarray]]
RACER_COLOR = alt.Color(
    "racer:N",
    scale=alt.Scale(domain=list(RACERS), range=[look.color for look in RACERS.values()]),
    legend=None,
)
RACER_SHAPE = alt.Shape(
    "racer:N",
    scale=alt.Scale(domain=list(RACERS), range=[look.shape for look in RACERS.values()]),
    legend=None,
)
RACER_DASH = alt.StrokeDash(
    "racer:N",
    scale=alt.Scale(domain=list(RACERS), range=[list(look.dash) for look in RACERS.values()]),
    legend=None,
)


def race_frame(curve: pd.DataFrame, paths: Paths, y_domain: Range, *, dots: bool = True) -> pd.DataFrame:
    """Return the rows of a race over a curve (`x, value`); `paths` and `dots` as in `run_rows`."""
    x_domain = (float(curve["x"].iloc[0]), float(curve["x"].iloc[-1]))
    line = frame_of([curve_piece(curve, y_domain)]).assign(racer="", dot=False)
    return pd.concat([line, run_rows(paths, x_domain, y_domain, dots=dots)], ignore_index=True)


def run_rows(paths: Paths, x_domain: Range, y_domain: Range, *, dots: bool) -> pd.DataFrame:
    """Return the parts "path" and "point" of several runs: for each letter its places (x, y), the present one last.

    `dots=False` leaves out the dots along the paths, which a very long run does not need.
    """
    pieces = [(racer, np.append(x, x[-1:]), np.append(y, y[-1:])) for racer, (x, y) in paths.items()]
    lengths = [len(x) for _, x, _ in pieces]
    order = np.concatenate([np.arange(length) for length in lengths])
    last = np.concatenate([np.arange(length) == length - 1 for length in lengths])
    rows = pd.DataFrame(
        {
            "part": np.where(last, "point", "path"),
            "x": np.concatenate([x for _, x, _ in pieces]),
            "y": np.concatenate([y for _, _, y in pieces]),
            "order": order,
            "racer": np.repeat([racer for racer, _, _ in pieces], lengths),
            "dot": ~last & dots,
        }
    )
    return keep_in_view(rows, x_domain, y_domain)


def race_on_curve(
    frame: pd.DataFrame, *, x_domain: Range, y_domain: Range, pick: bool = False, height: int = 340
) -> alt.LayerChart:
    """Draw `race_frame`: the curve, every path so far, and where each run is, with its letter.

    `pick=True` adds the selection "pick": a click anywhere takes the nearest x.
    """
    x = alt.X("x:Q", title="w", scale=alt.Scale(domain=list(x_domain), nice=False))
    scale = alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("y:Q", title="loss", scale=scale, axis=alt.Axis(minExtent=ROOM))
    base = alt.Chart(frame).encode(x=x, y=y)
    line = base.transform_filter(alt.datum.part == "curve").mark_line(color=QUIET, strokeWidth=2.5, clip=True)
    drawn: list[Any] = [line.encode(order="order:Q"), *runs(base, ("x", "y"), ("w", "loss"))]
    if pick:
        drawn.insert(0, stops(x, x_domain, height))
    return layers(*drawn, height=height)


def runs(base: alt.Chart, fields: tuple[str, str], titles: tuple[str, str]) -> list[Any]:
    """Return the layers of the parts "path" and "point" of several runs; `fields` and `titles` are for the tooltips."""
    tip = [alt.Tooltip("racer:N", title="run")]
    tip += [alt.Tooltip(f"{f}:Q", format=".6g", title=t) for f, t in zip(fields, titles, strict=True)]
    path = base.transform_filter(alt.datum.part == "path")
    line = path.mark_line(strokeWidth=1.5, opacity=0.7).encode(color=RACER_COLOR, order="order:Q", detail="racer:N")
    dots = (
        path.transform_filter("datum.dot && datum.edge == ''")
        .mark_circle(size=22, opacity=0.7)
        .encode(color=RACER_COLOR)
    )
    now = base.transform_filter(alt.datum.part == "point")
    inside, outside = now.transform_filter(alt.datum.edge == ""), now.transform_filter(alt.datum.edge != "")
    point = inside.mark_point(filled=True, size=150, opacity=1, stroke="white", strokeWidth=1.5)
    letter = inside.mark_text(fontSize=13, fontWeight="bold", dy=-14).encode(color=RACER_COLOR, text="racer:N")
    gone = outside.transform_calculate(said="datum.racer + ' ' + datum.edge").mark_text(
        fontSize=15, fontWeight="bold", dx=alt.expr(_INWARDS), dy=alt.expr(_DOWNWARDS)
    )
    away = [alt.Tooltip("racer:N", title="run"), alt.Tooltip("label:N", title="outside of the picture")]
    return [
        line,
        dots.encode(tooltip=tip),
        point.encode(color=RACER_COLOR, shape=RACER_SHAPE, tooltip=tip),
        letter,
        gone.encode(color=RACER_COLOR, text="said:N", tooltip=away),
    ]


# What is written at an edge stands inside of the picture, and several letters at one edge beside each other.
_INWARDS = (
    "(indexof(['→', '↗', '↘'], datum.edge) >= 0 ? -14 : indexof(['←', '↖', '↙'], datum.edge) >= 0 ? 14 : 0)"
    " + (indexof(['↑', '↓'], datum.edge) >= 0 ? 22 * (indexof('ABCDEF', datum.racer) - 2.5) : 0)"
)
_DOWNWARDS = (
    "(indexof(['↑', '↖', '↗'], datum.edge) >= 0 ? 12 : indexof(['↓', '↙', '↘'], datum.edge) >= 0 ? -12 : 0)"
    " + (indexof(['↖', '↗'], datum.edge) >= 0 ? 18 * indexof('ABCDEF', datum.racer)"
    " : indexof(['↙', '↘'], datum.edge) >= 0 ? -18 * indexof('ABCDEF', datum.racer) : 0)"
)


def race_lines(
    frame: pd.DataFrame,
    *,
    steps: int,
    y_domain: Range,
    log: bool = False,
    title: str = "loss",
    height: int = 220,
) -> alt.LayerChart:
    """Draw each run's loss against the step; `frame` has `racer, step, value` and `now` (true at the present step).

    Values outside of the window are drawn at its edge as an arrow with the true value in the tooltip.
    """
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, max(steps, 1)], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    scale = alt.Scale(type="log", domain=list(y_domain)) if log else alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("shown:Q", title=title, scale=scale, axis=value_axis(y_domain, log))
    low, high = y_domain
    base = alt.Chart(frame).transform_calculate(
        shown=f"min({high!r}, max({low!r}, datum.value))",
        edge=f"datum.value > {high!r} ? '↑' : datum.value < {low!r} ? '↓' : ''",
    )
    tip = [
        alt.Tooltip("racer:N", title="run"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("value:Q", format=".6g", title=title),
    ]
    line = base.mark_line(strokeWidth=2, opacity=0.85).encode(x=x, y=y, color=RACER_COLOR, strokeDash=RACER_DASH)
    points = base.transform_filter("datum.now")
    inside, outside = points.transform_filter("datum.edge == ''"), points.transform_filter("datum.edge != ''")
    now = inside.mark_point(filled=True, size=90, opacity=1, stroke="white").encode(
        x=x, y=y, color=RACER_COLOR, shape=RACER_SHAPE, tooltip=tip
    )
    letter = inside.mark_text(fontSize=12, fontWeight="bold", dy=-12).encode(
        x=x, y=y, color=RACER_COLOR, text="racer:N"
    )
    gone = outside.transform_calculate(said="datum.racer + datum.edge").mark_text(
        fontSize=13, fontWeight="bold", dy=alt.expr("datum.edge == '↑' ? 9 : -9")
    )
    return layers(
        line, now, letter, gone.encode(x=x, y=y, color=RACER_COLOR, text="said:N", tooltip=tip), height=height
    )


def gap_window(values: np.ndarray) -> Range:
    """Return a logarithmic window, whole decades, for gaps above zero: at most the ten decades below the largest start.

    `values` are (runs, steps); what is smaller than the window's floor is drawn at it.
    """
    start = float(np.nanmax(np.where(np.isfinite(values[:, 0]), values[:, 0], np.nan), initial=1e-12))
    top = 10.0 ** float(np.ceil(np.log10(max(start, 1e-12) * 2)))
    positive = values[np.isfinite(values) & (values > 0)]
    least = float(positive.min()) if positive.size else top / 10
    return max(10.0 ** float(np.floor(np.log10(least))), top * 1e-10), top
