"""A value over the steps of one run or of several, up to the moment that the clock shows."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.downsample import downsample
from sgd_core.charts.palette import RACERS, REGIMES, SECOND, TRAINING, UNNAMED, Look, ceiling
from sgd_core.charts.vega import (
    LITTLE,
    edge_arrows,
    inside,
    kept_in_view,
    layers,
    level_line,
    now,
    so_far,
    step_axis,
    value_axis,
    value_scale,
)
from sgd_core.numbers import TOOLTIP_FORMAT, number

Range = tuple[float, float]
DRAWN = 400  # points of a line at most: more cannot be told apart
WHOLE = 40  # the first steps, of which none is ever left out


class Looks(NamedTuple):
    """How several runs in one picture are told apart: by colour, shape and dash."""

    color: alt.Color
    shape: alt.Shape
    dash: alt.StrokeDash


def drawn_points(columns: Sequence[NDArray[np.float64]], most: int = DRAWN) -> NDArray[np.intp]:
    """Return which places of `columns` a line goes through: the first 40, and the extremes of each stretch of the others."""
    return np.union1d(downsample(columns, most).kept, np.arange(min(len(columns[0]), WHOLE + 1)))


def drawn_steps(columns: Sequence[NDArray[np.float64]], moments: NDArray[np.int64], most: int = DRAWN) -> pd.DataFrame:
    """Return which steps of a run to draw, and from which moment on: `step, moment`.

    `columns` are arrays (steps + 1,) whose extremes are kept, so that a bounce stays a bounce; `moments` are the steps
    that are moments. The first 40 steps and all moments are drawn.
    """
    kept = np.union1d(drawn_points(columns, most), moments[moments < len(columns[0])])
    return pd.DataFrame({"step": kept, "moment": np.searchsorted(moments, kept)})


def value_rows(value: NDArray[np.float64], moments: NDArray[np.int64]) -> pd.DataFrame:
    """Return rows for `over_steps`, `step, moment, value, now`, from a run's value at each step (steps + 1,).

    `moments` are the steps that are moments. A value that is not finite has no row.
    """
    kept = drawn_steps([value], moments)
    rows = kept.assign(value=value[kept["step"]], now=kept["step"].isin(moments))
    return rows[np.isfinite(rows["value"])]


def over_steps(
    frame: pd.DataFrame,
    *,
    last: float,
    y_domain: Range,
    title: str,
    log: bool = False,
    log_steps: bool = False,
    x_field: str = "step",
    level: tuple[float, str] | None = None,
    color: str = TRAINING,
    dots: bool = True,
    height: int = 200,
    looks: Looks | None = None,
) -> alt.LayerChart:
    """Draw `value` against the step; `frame` has `moment, step, value` and, for several runs, their letters in `run`.

    Values outside of the window stand at its edge as an arrow, with the true value on hover. `level` is a line across
    and its words. `frame` rows with `now` true are the points of their moment; a column `color` says their colours, where
    these may change while it plays. `looks` tells runs apart by something
    else than their letters, such as `REGIME_LOOKS` by the column `regime`. Without a title the axes have no titles either
    and few labels, for a small picture among others.
    """
    several, small = "run" in frame, not title
    looks = looks or RUN_LOOKS
    x = step_axis(last, log=log_steps, field=x_field, title=None if small else x_field)
    y_axis = value_axis(y_domain, log, 3 if small else 7)
    y = alt.Y("shown:Q", title=title or None, scale=value_scale(y_domain, log), axis=y_axis)
    base = kept_in_view(alt.Chart(frame), "value", y_domain).encode(x=x, y=y)
    tip = [alt.Tooltip(f"{x_field}:Q"), alt.Tooltip("value:Q", format=TOOLTIP_FORMAT, title=title)]
    if several:
        tip.insert(0, alt.Tooltip("run:N"))
    past, present = so_far(base), now(base).transform_filter("datum.now")
    hue: dict[str, Any] = {"color": looks.color} if several else {}
    if "color" in frame:
        hue = {"color": alt.Color("color:N", scale=None)}
    paint: dict[str, Any] = {} if hue else {"color": color}
    shape: dict[str, Any] = {"strokeDash": looks.dash, "detail": "run:N"} if several else {}
    drawn: list[Any] = list(level_line(*level, y_domain, log)) if level else []
    drawn.append(past.mark_line(strokeWidth=2, opacity=0.85, aria=False, **paint).encode(**hue, **shape))
    if dots:
        drawn.append(inside(past).mark_circle(size=22, aria=False, **paint).encode(tooltip=tip, **hue))
    outside = present if several else past
    arrows = edge_arrows(outside, None if hue else color)
    if several:
        arrows = arrows.transform_calculate(said="datum.run + datum.edge")
    drawn.append(arrows.encode(text=alt.Text("said:N") if several else alt.Text("edge:N"), tooltip=tip, **hue))
    point = inside(present).mark_point(
        filled=True, size=120, opacity=1, stroke="white", strokeWidth=1.5, aria=False, **paint
    )
    drawn.append(point.encode(tooltip=tip, **hue, **({"shape": looks.shape} if several else {})))
    if several:
        beside = alt.expr("10 * (indexof('ABCDEF', datum.run) - 1.5)")  # runs at one place stay readable
        letter = inside(present).mark_text(fontSize=12, fontWeight="bold", dy=-12, dx=beside, aria=False)
        drawn.append(letter.encode(text=alt.Text("run:N"), **hue))
    return layers(*drawn, height=height, **({"padding": LITTLE} if small else {}))


def _looks(field: str, names: Sequence[str], rows: Sequence[Look]) -> Looks:
    def scale(values: Sequence[Any]) -> alt.Scale:
        return alt.Scale(domain=list(names), range=list(values))

    return Looks(
        alt.Color(f"{field}:N", scale=scale([row.color for row in rows]), legend=None),
        alt.Shape(f"{field}:N", scale=scale([row.shape for row in rows]), legend=None),
        alt.StrokeDash(f"{field}:N", scale=scale([list(row.dash) for row in rows]), legend=None),
    )


RUN_LOOKS = _looks("run", list(RACERS), list(RACERS.values()))
REGIME_LOOKS = _looks("regime", [*REGIMES, "other"], [*REGIMES.values(), UNNAMED])


def last_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values (steps + 1,) with the last finite one in place of those that are none, as after divergence."""
    return pd.Series(np.where(np.isfinite(values), values, np.nan)).ffill().to_numpy()


def gap_window(values: NDArray[np.float64]) -> Range:
    """Return a logarithmic window of whole decades for values above zero (runs, steps + 1).

    It reaches ten decades below the largest start and ten above it, as far as there are values; what lies outside is
    drawn at its edge.
    """
    start = float(np.nanmax(np.where(np.isfinite(values[:, 0]), values[:, 0], np.nan), initial=1e-12))
    start = max(start, 1e-12)
    known = values[np.isfinite(values) & (values > 0)]
    least, most = (float(known.min()), float(known.max())) if known.size else (start, start)
    low, high = max(least, start * 1e-10), min(max(most, start), start * 1e10)
    return _decade(low, np.floor), max(_decade(high, np.ceil), 10 * _decade(low, np.floor))


def _decade(value: float, rounded: Callable[[float], float]) -> float:
    return float(10.0 ** float(rounded(np.log10(value))))


def step_lengths(
    updates: NDArray[np.float64], moments: NDArray[np.int64], *, lr: float, longest: float
) -> alt.LayerChart:
    """Draw how long each step was, and the learning rate as a line that does not move.

    `updates` (steps + 1,) are what each row's step adds; the axis ends where the longest step does, or at `longest`.
    """
    lengths = np.concatenate([[np.nan], np.abs(updates[:-1])])
    top = ceiling(min(float(np.nanmax(lengths, initial=0.0)), longest), steps=(1, 2, 5))
    last = len(lengths) - 1
    kept = np.unique(
        np.concatenate([np.arange(min(last, WHOLE) + 1), moments, np.linspace(0, last, DRAWN).astype(int)])
    )
    frame = pd.DataFrame({"step": kept, "moment": np.searchsorted(moments, kept), "value": lengths[kept]})
    frame["now"] = frame["step"].isin(moments)
    return over_steps(
        frame[np.isfinite(frame["value"])],
        last=last,
        y_domain=(0.0, top),
        title="step length",
        level=(lr, f"learning rate {number(lr)}"),
        color=SECOND,
        height=150,
    )
