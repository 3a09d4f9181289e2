"""Curves of a training run that move with the clock: its losses, and its error beside the baselines.

Axes are given by the caller and stay locked while the data move below them.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.over_steps import drawn_points
from sgd_core.charts.palette import QUIET, TRAINING, VALIDATION
from sgd_core.charts.vega import (
    ROOM,
    edge_arrows,
    inside,
    kept_in_view,
    layers,
    now,
    so_far,
    step_axis,
    value_axis,
    value_scale,
)
from sgd_core.numbers import TOOLTIP_FORMAT, percent

Range = tuple[float, float]
HISTORY = ["epoch", "step", "batch_loss", "train_loss", "valid_loss", "train_accuracy", "valid_accuracy"]
_SPLITS = alt.Scale(domain=["training", "validation"], range=[TRAINING, VALIDATION])
_SPLIT_DASH = alt.Scale(domain=["training", "validation"], range=[[1, 0], [6, 3]])
_LEGEND = alt.Legend(title=None, orient="top-right", symbolType="stroke", symbolSize=350, offset=2)
_ALIGN: tuple[Literal["right", "left"], ...] = ("right", "left")
LINES = 3  # that the labels of marks take turns on, so that neighbours do not stand in each other
_BESIDE = 13  # pixels from one name of a baseline to the next


def history_rows(
    run: pd.DataFrame,
    *,
    images: int,
    parent: pd.DataFrame | None = None,
    marks: Sequence[tuple[int, str]] = (),
) -> pd.DataFrame:
    """Return the one frame of a run's pictures, from histories with the columns `HISTORY`, a row a moment.

    `part` tells the rows apart: "run" (a row each for training and validation, in `split`), "batch", "parent" (of the run
    that is drawn in grey) and "mark" (at a moment, with its `label`). `error` is the share of wrong answers; `low` and
    `high` are the ends of Wilson's interval of 95 % for the validation error of so many `images`. What is not finite is
    missing, and the picture shows a gap. `line` is the line that a mark's label is written on. Of a long run, lines go through
    the rows that are `drawn`: the first ones, and the lowest and highest of each stretch of the others. (The browser keeps the
    rest for the moments at which they are the present ones.)
    """
    now = {name: run[name].to_numpy(dtype=float) for name in HISTORY}
    moments = np.arange(len(run))
    pieces = [
        _piece("run", "training", moments, now, now["train_loss"], 1 - now["train_accuracy"]),
        _piece("run", "validation", moments, now, now["valid_loss"], 1 - now["valid_accuracy"], images),
        _only_drawn(_piece("batch", "mini-batch", moments, now, now["batch_loss"])),
    ]
    if parent is not None:
        then = {name: parent[name].to_numpy(dtype=float) for name in HISTORY}
        always = np.full(len(parent), -1)
        validation = _piece("parent", "validation", always, then, then["valid_loss"], 1 - then["valid_accuracy"])
        pieces += [_only_drawn(_piece("parent", "training", always, then, then["train_loss"])), _only_drawn(validation)]
    places = np.array([moment for moment, _ in marks], dtype=int)
    pieces.append(_piece("mark", "", places, {name: values[places] for name, values in now.items()}))
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    first = len(columns["label"]) - len(marks)
    columns["label"][first:] = [words for _, words in marks]
    columns["drawn"][first:] = True
    columns["line"] = np.zeros(len(columns["label"]), dtype=int)
    columns["line"][first:] = np.arange(len(marks)) % LINES
    return pd.DataFrame(columns)


def _piece(
    part: str,
    split: str,
    moments: np.ndarray,
    run: dict[str, np.ndarray],
    loss: np.ndarray | float = math.nan,
    error: np.ndarray | float = math.nan,
    images: int | None = None,
) -> dict[str, np.ndarray]:
    """Return the columns of one part; as arrays, since frames of a few rows each take longer than the rest of the picture."""
    count = len(moments)
    numbers = {"epoch": run["epoch"], "step": run["step"], "loss": loss, "error": error}
    numbers["low"], numbers["high"] = wilson(np.asarray(error), images) if images else (math.nan, math.nan)
    words = {"part": np.full(count, part, object), "split": np.full(count, split, object), "moment": moments}
    finite = {name: np.where(np.isfinite(values), values, math.nan) for name, values in numbers.items()}
    told = {name: np.broadcast_to(values, count) for name, values in finite.items()}
    return words | {"label": np.full(count, "", object)} | told | {"drawn": _drawn(told["loss"], told["error"])}


def _drawn(*columns: np.ndarray) -> np.ndarray:
    """Tell which moments a line goes through."""
    drawn = np.zeros(len(columns[0]), dtype=bool)
    drawn[drawn_points([values for values in columns if not np.isnan(values).all()] or columns)] = True
    return drawn


def _only_drawn(piece: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: values[piece["drawn"]] for name, values in piece.items()}


def wilson(share: Any, count: int) -> tuple[Any, Any]:
    """Return the ends of Wilson's 95 % interval for a share (or an array of them) of `count` images (Wilson 1927)."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def loss_curves(
    frame: pd.DataFrame, *, x_domain: Range, y_domain: Range, log: bool, log_steps: bool, height: int = 196
) -> alt.LayerChart:
    """Draw training (solid) and validation loss (dashed) up to the moment shown, the mini-batches' losses faint behind.

    `frame` is `history_rows`. The run in grey is there from the beginning; a mark is a line across with its label.
    `log_steps` draws against the step on a logarithmic axis, otherwise against the epoch.
    """
    x = _x(x_domain, log_steps, title=None)
    y = alt.Y("shown:Q", title="loss", scale=value_scale(y_domain, log), axis=value_axis(y_domain, log))
    base = kept_in_view(alt.Chart(frame), "loss", y_domain).transform_filter("isValid(datum.loss)")
    color = alt.Color("split:N", scale=_SPLITS, legend=_LEGEND)
    dash = alt.StrokeDash("split:N", scale=_SPLIT_DASH, legend=_LEGEND)
    tip = [
        alt.Tooltip("split:N"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("epoch:Q", format=".4~g"),
        alt.Tooltip("loss:Q", format=TOOLTIP_FORMAT),
    ]
    # What does not change with the clock is filtered first: each frame looks at all rows that are left.
    batch = so_far(base.transform_filter("datum.part == 'batch'"))
    parent = base.transform_filter("datum.part == 'parent'")
    own = base.transform_filter("datum.part == 'run'")
    run, present = so_far(own.transform_filter("datum.drawn")), now(own)
    return layers(
        batch.mark_line(clip=True, strokeWidth=1, color=QUIET, opacity=0.35, aria=False).encode(x=x, y=y),
        parent.mark_line(clip=True, strokeWidth=1.5, color=QUIET, opacity=0.8, aria=False).encode(
            x=x, y=y, strokeDash=dash, tooltip=tip
        ),
        *_marks(frame, x),
        run.mark_line(clip=True, strokeWidth=2).encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tip),
        inside(present).mark_circle(size=60, opacity=1).encode(x=x, y=y, color=color, tooltip=tip),
        edge_arrows(present).encode(x=x, y=y, text=alt.Text("edge:N"), color=color, tooltip=tip),
        height=height,
    )


def error_curves(
    frame: pd.DataFrame,
    *,
    x_domain: Range,
    y_domain: Range,
    log_steps: bool,
    baselines: Sequence[tuple[str, float]] = (),
    height: int = 210,
) -> alt.LayerChart:
    """Draw the share of wrong answers on a logarithmic axis, the luck of the draw as a band, and baselines by name.

    `frame` is `history_rows`; `baselines` are names with their shares of wrong answers.
    """
    x = _x(x_domain, log_steps)
    scale = value_scale(y_domain, True)
    ticks = [
        share for power in range(-6, 1) for share in (3 * 10.0 ** (power - 1), 10.0**power) if share >= y_domain[0]
    ]
    axis = alt.Axis(values=ticks, format=".3~%", minExtent=ROOM)
    y = alt.Y("shown:Q", title="wrong answers", scale=scale, axis=axis)
    base = kept_in_view(alt.Chart(frame), "error", y_domain).transform_filter("isValid(datum.error)")
    color = alt.Color("split:N", scale=_SPLITS, legend=None)
    tip = [
        alt.Tooltip("split:N"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("epoch:Q", format=".4~g"),
        alt.Tooltip("error:Q", format=".2%", title="wrong"),
    ]
    run, parent = base.transform_filter("datum.part == 'run'"), base.transform_filter("datum.part == 'parent'")
    band = so_far(
        run.transform_filter("datum.drawn && isValid(datum.low)").transform_calculate(
            bottom=f"max(datum.low, {y_domain[0]!r})"
        )
    )
    dash = alt.StrokeDash("split:N", scale=_SPLIT_DASH, legend=None)
    past, present = so_far(run.transform_filter("datum.drawn")), now(run)
    lines, names = _baselines(baselines, y_domain, scale, height - 62)
    return layers(
        band.mark_area(color=VALIDATION, opacity=0.14, clip=True, aria=False).encode(
            x=x, y=alt.Y("bottom:Q", scale=scale, title="wrong answers", axis=axis), y2=alt.Y2("high:Q")
        ),
        lines,
        _marks(frame, x)[0],
        parent.mark_line(color=QUIET, strokeWidth=1.5, opacity=0.8, clip=True, aria=False).encode(
            x=x, y=y, strokeDash=dash, tooltip=tip
        ),
        past.mark_line(strokeWidth=2, clip=True).encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tip),
        *names,
        present.mark_circle(size=60, opacity=1).encode(x=x, y=y, color=color, tooltip=tip),
        height=height,
    )


def baseline_name(name: str, wrong: float) -> str:
    """Return what stands on the line of a baseline."""
    return f"{name} {percent(wrong, 2)}"


def _baselines(
    baselines: Sequence[tuple[str, float]], y_domain: Range, scale: alt.Scale, height: int
) -> tuple[alt.Chart, list[alt.Chart]]:
    """Draw a line a baseline, and its name on it at the right, or at the left where the one above is too close.

    A curve comes past any place in the course of a run, so each name stands on a rim in the colour of the page, which
    leaves the letters free.
    """
    low, high = (math.log(end) for end in y_domain)
    ends = [-math.inf, -math.inf]  # at the right, at the left: where the last name stands
    rows = []
    for name, wrong in sorted(baselines, key=lambda one: -one[1]):
        if not y_domain[0] <= wrong <= y_domain[1]:
            continue
        at = (high - math.log(wrong)) / (high - low) * height
        slot = 0 if ends[0] <= ends[1] else 1
        ends[slot] = max(at, ends[slot] + _BESIDE)
        place = math.exp(high - ends[slot] / height * (high - low))
        rows.append({"level": wrong, "at": place, "name": baseline_name(name, wrong), "slot": slot})
    levels = alt.Chart(alt.InlineData(values=rows))
    rule = levels.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5, aria=False)
    names = []
    for slot in range(2):
        if any(row["slot"] == slot for row in rows):
            words = levels.transform_filter(f"datum.slot == {slot}")
            x = alt.XValue(0) if slot else alt.XValue("width")
            for rim in (True, False):
                look: dict[str, Any] = {"align": _ALIGN[slot], "dx": (-3, 12)[slot], "aria": not rim}
                if rim:
                    look |= {"stroke": alt.expr("background"), "strokeWidth": 4, "strokeJoin": "round", "opacity": 0.85}
                mark = words.mark_text(color=QUIET, baseline="bottom", dy=-1, fontSize=11, **look)
                names.append(mark.encode(x=x, y=alt.Y("at:Q", scale=scale), text=alt.Text("name:N")))
    return rule.encode(y=alt.Y("level:Q", scale=scale)), names


def _marks(frame: pd.DataFrame, x: alt.X) -> list[alt.Chart]:
    # what may be empty has no name to read, and says so: aria=False here and for the parent's lines
    marks = so_far(alt.Chart(frame).transform_filter("datum.part == 'mark'"))
    rules = marks.mark_rule(color=QUIET, strokeWidth=1, clip=True, aria=False).encode(x=x)
    words = [
        marks.transform_filter(f"datum.line == {line}")
        .mark_text(color=QUIET, align="left", baseline="top", dx=3, dy=2 + _BESIDE * line, fontSize=11, aria=False)
        .encode(x=x, y=alt.YValue(0), text=alt.Text("label:N"))
        for line in range(LINES)
    ]
    return [rules, *words]


def _x(domain: Range, log_steps: bool, title: str | None = "epoch") -> alt.X:
    if log_steps:
        return step_axis(domain[1], log=True, title="step" if title else "")
    scale = alt.Scale(domain=list(domain), nice=False)
    return alt.X("epoch:Q", title=title, scale=scale, axis=alt.Axis(tickMinStep=1, grid=False, format=".4~g"))
