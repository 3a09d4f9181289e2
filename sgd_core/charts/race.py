"""Several runs in one picture: over a curve or a surface, and their way to the minimum in a lane each."""

import math
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.curve import curve_piece, frame_of, in_view, piece, stops
from sgd_core.charts.downsample import pieces
from sgd_core.charts.over_steps import RUN_LOOKS, drawn_steps, last_known
from sgd_core.charts.palette import QUIET
from sgd_core.charts.vega import ROOM, filled, layers, now, so_far
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT

Array = NDArray[np.float64]
Range = tuple[float, float]
Paths = Mapping[str, tuple[Array, Array]]
DOTTED = 200  # steps up to which each one is a dot on the path
LANE = 36  # pixels of height
NEAREST = 1e-6  # how near, as a share of the distance at the start, a lane shows


def run_rows(
    paths: Paths, moments: NDArray[np.int64], x_domain: Range, y_domain: Range, names: tuple[str, str]
) -> pd.DataFrame:
    """Return the parts "path" and "point" of several runs: `part, moment, x, y, order, edge, label, run, piece, dot`.

    `paths` has for each letter the places (steps + 1,) along both axes, which `names` names.
    """
    rows = []
    sizes = (x_domain[1] - x_domain[0], y_domain[1] - y_domain[0])
    for run, (x, y) in paths.items():
        drawn = drawn_steps([x, y], moments)
        step, moment = drawn["step"].to_numpy(), drawn["moment"].to_numpy()
        known = ~(np.isnan(x[step]) | np.isnan(y[step]))
        whole = pieces([x.clip(*x_domain), y.clip(*y_domain)], step, sizes)[known]
        alone = np.diff(whole, prepend=-1).astype(bool) & np.diff(whole, append=whole[-1:] + 1).astype(bool)
        path = in_view(piece("path", x[step], y[step]), x_domain, y_domain, names)
        rows.append(path.having(run=run, moment=moment[known], piece=whole, dot=(step[known] <= DOTTED) | alone))
        # A run whose numbers have ended stays where it was last seen.
        present = piece("point", last_known(x)[moments], last_known(y)[moments])
        known = ~(np.isnan(present.x) | np.isnan(present.y))
        point = in_view(present, x_domain, y_domain, names)
        rows.append(point.having(run=run, moment=np.flatnonzero(known), piece=0, dot=False))
    return frame_of(rows)


def race_rows(curve: pd.DataFrame, paths: Paths, moments: NDArray[np.int64], y_domain: Range) -> pd.DataFrame:
    """Return the rows of a race over a curve (`x, value`); `paths` are w and the loss, as in `run_rows`."""
    x_domain = (float(curve["x"].iloc[0]), float(curve["x"].iloc[-1]))
    line = frame_of([curve_piece(curve, y_domain)]).assign(run="", moment=0, piece=0, dot=False)
    return pd.concat([line, run_rows(paths, moments, x_domain, y_domain, ("w", "loss"))], ignore_index=True)


def race_on_curve(
    frame: pd.DataFrame, *, x_domain: Range, y_domain: Range, pick: bool = False, height: int = 220
) -> alt.LayerChart:
    """Draw `race_rows`: the curve, every path so far, and where each run is, with its letter.

    `pick=True` adds the selection "pick": a click anywhere takes the nearest x.
    """
    x = alt.X("x:Q", title="w", scale=alt.Scale(domain=list(x_domain), nice=False))
    scale = alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("y:Q", title="loss", scale=scale, axis=alt.Axis(minExtent=ROOM, tickCount=5))
    base = alt.Chart(frame).encode(x=x, y=y)
    line = base.transform_filter(alt.datum.part == "curve").mark_line(color=QUIET, strokeWidth=2.5, clip=True)
    drawn: list[Any] = [line.encode(order=alt.Order("order:Q")), *run_layers(base, ("w", "loss"))]
    if pick:
        drawn.insert(0, stops(x, x_domain, height))
    return layers(*drawn, height=height)


def run_layers(base: alt.Chart, titles: tuple[str, str]) -> list[Any]:
    """Return the layers of `run_rows`; `titles` are for the tooltips."""
    tip = [alt.Tooltip("run:N")]
    tip += [alt.Tooltip(f"{f}:Q", format=TOOLTIP_FORMAT, title=t) for f, t in zip("xy", titles, strict=True)]
    path = so_far(base.transform_filter(alt.datum.part == "path"))
    line = path.mark_line(strokeWidth=2, opacity=0.75, aria=False).encode(
        color=RUN_LOOKS.color, order=alt.Order("order:Q"), detail=[alt.Detail("run:N"), alt.Detail("piece:N")]
    )
    dots = path.transform_filter("datum.dot && datum.edge == ''").mark_circle(size=24, aria=False, **filled(0.7))
    here = now(base.transform_filter(alt.datum.part == "point"))
    inside, outside = here.transform_filter("datum.edge == ''"), here.transform_filter("datum.edge != ''")
    point = inside.mark_point(filled=True, size=150, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
    beside = alt.expr("11 * (indexof('ABCDEF', datum.run) - 1.5)")  # runs at one place stay readable
    letter = inside.mark_text(fontSize=14, fontWeight="bold", dy=-15, dx=beside, aria=False)
    gone = outside.transform_calculate(said="datum.run + ' ' + datum.edge").mark_text(
        fontSize=15, fontWeight="bold", dx=alt.expr(_INWARDS), dy=alt.expr(_DOWNWARDS), aria=False
    )
    away = [alt.Tooltip("run:N"), alt.Tooltip("label:N", title="outside of the picture")]
    return [
        line,
        dots.encode(color=RUN_LOOKS.color, tooltip=tip),
        point.encode(color=RUN_LOOKS.color, shape=RUN_LOOKS.shape, tooltip=tip),
        letter.encode(color=RUN_LOOKS.color, text=alt.Text("run:N")),
        gone.encode(color=RUN_LOOKS.color, text=alt.Text("said:N"), tooltip=away),
    ]


# What is written at an edge stands inside of the picture, and several letters at one edge beside each other.
_INWARDS = (
    "(indexof(['→', '↗', '↘'], datum.edge) >= 0 ? -14 : indexof(['←', '↖', '↙'], datum.edge) >= 0 ? 14 : 0)"
    " + (indexof(['↑', '↓'], datum.edge) >= 0 ? 22 * (indexof('ABCDEF', datum.run) - 2.5) : 0)"
)
_DOWNWARDS = (
    "(indexof(['↑', '↖', '↗'], datum.edge) >= 0 ? 12 : indexof(['↓', '↙', '↘'], datum.edge) >= 0 ? -12 : 0)"
    " + (indexof(['↖', '↗'], datum.edge) >= 0 ? 18 * indexof('ABCDEF', datum.run)"
    " : indexof(['↙', '↘'], datum.edge) >= 0 ? -18 * indexof('ABCDEF', datum.run) : 0)"
)


def lane_rows(
    distances: Mapping[str, Array],
    moments: NDArray[np.int64],
    names: Mapping[str, str],
    arrived: Mapping[str, int | None],
    reference: float,
) -> pd.DataFrame:
    """Return the rows of `lanes`: `part, run, moment, step, distance, shown, edge, words`.

    `distances` are (steps + 1,) for each letter, `names` what is written over its lane, `arrived` the step from which on
    it stays near the minimum (or None), `reference` the distance that counts as 1 (that at the start).
    """
    near, far = lane_ends(reference)
    rows = []
    for run, distance in distances.items():
        kept = drawn_steps([np.log(np.clip(distance, near, far))], moments)
        step = kept["step"].to_numpy()
        past = pd.DataFrame({"part": "past", "moment": kept["moment"], "step": step, "distance": distance[step]})
        here = last_known(distance)[moments]
        point = pd.DataFrame({"part": "now", "moment": np.arange(len(moments)), "step": moments, "distance": here})
        rows += [past.assign(run=run, words=""), point.assign(run=run, words="")]
        rows.append(pd.DataFrame({"part": "name", "run": run, "moment": 0, "words": [names[run]]}))
        since = arrived[run]
        if since is not None:
            moment = int(np.searchsorted(moments, since))
            words = f"✓ within 1 % from step {since:,}"
            rows.append(pd.DataFrame({"part": "arrived", "run": run, "moment": [moment], "words": words}))
    frame = pd.concat(rows, ignore_index=True)
    value = frame["distance"].to_numpy()
    frame["shown"] = np.clip(value, near, far)
    frame["edge"] = np.select([value > far, value < near], ["←", "→"], "")
    return frame


def lane_ends(reference: float) -> Range:
    """Return the nearest and the farthest distance that a lane shows."""
    far = 10.0 ** math.ceil(math.log10(reference * 1.5))
    return reference * NEAREST, far


def lanes(frame: pd.DataFrame, *, letters: list[str], reference: float, title: str) -> alt.LayerChart:
    """Draw `lane_rows`: a lane a run, the distance to the minimum falling to the right, and the line at 1 %."""
    near, far = lane_ends(reference)
    scale = alt.Scale(type="log", domain=[far, near], nice=False)
    values = [10.0**power for power in range(math.ceil(math.log10(near)), math.floor(math.log10(far)) + 1)]
    axis = alt.Axis(values=values, labelExpr=AXIS_LABEL, grid=False)
    x = alt.X("shown:Q", title=title, scale=scale, axis=axis)
    y = alt.Y("run:N", title=None, sort=letters, axis=None, scale=alt.Scale(domain=letters, paddingOuter=0))
    base = alt.Chart(frame).encode(y=y)

    def only(part: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == part)

    tip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("distance:Q", format=TOOLTIP_FORMAT, title="distance"),
    ]
    ground = only("name").mark_bar(
        color=QUIET, opacity=0.13, cornerRadius=4, aria=False, height=alt.RelativeBandSize(0.88)
    )
    goal = alt.Chart(alt.InlineData(values=[{"goal": reference / 100}]))
    line = goal.mark_rule(color=QUIET, strokeDash=[4, 3], strokeWidth=1.5, aria=False)
    names = only("name").mark_text(align="left", baseline="top", fontSize=12, fontWeight="bold", dy=-13, aria=False)
    done = so_far(only("arrived")).mark_text(align="right", baseline="top", fontSize=12, dy=-13, aria=False)
    past = so_far(only("past")).mark_tick(thickness=1.5, height=9, yOffset=7, aria=False, **filled(0.5))
    here = now(only("now")).transform_filter("datum.edge != '←'")
    point = here.mark_point(filled=True, size=130, opacity=1, stroke="white", strokeWidth=1.5, yOffset=7, aria=False)
    away = now(only("now")).transform_filter("datum.edge == '←'")
    sign = away.transform_calculate(said="'← ' + datum.run").mark_text(
        align="left", fontSize=14, fontWeight="bold", dx=2, yOffset=7, aria=False
    )
    return layers(
        ground.encode(x=alt.XValue(0), x2=alt.X2Value("width")),
        line.encode(x=alt.X("goal:Q", scale=scale)),
        past.encode(x=x, color=RUN_LOOKS.color, tooltip=tip),
        point.encode(x=x, color=RUN_LOOKS.color, shape=RUN_LOOKS.shape, tooltip=tip),
        sign.encode(x=alt.XValue(0), color=RUN_LOOKS.color, text=alt.Text("said:N"), tooltip=tip),
        names.encode(x=alt.XValue(6), text=alt.Text("words:N"), color=RUN_LOOKS.color),
        done.encode(x=alt.XValue(alt.expr("width - 6")), text=alt.Text("words:N"), color=RUN_LOOKS.color),
        height=LANE * len(letters) + 62,
    )
