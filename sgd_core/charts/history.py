"""Curves over the steps or epochs of runs: loss against step, training and validation loss, accuracy.

Axes are given by the caller and stay locked while the data move below them.
"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, TRAINING, VALIDATION
from sgd_core.charts.vega import ROOM, layers

_PERCENTS = 44  # pixels that the percents of an axis take; the losses above them get as many
_PERCENT = alt.Axis(format="%", tickCount=5, minExtent=_PERCENTS)
_SPLITS = alt.Scale(domain=["training", "validation"], range=[TRAINING, VALIDATION])
_LEGEND = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=350)
_AXIS = 68  # pixels of a picture's height that the axis below and the margins take
_LINE = 14  # pixels from one name to the next
_SPLIT_DASH = alt.Scale(domain=["training", "validation"], range=[[1, 0], [6, 3]])


def run_frame(
    run: pd.DataFrame, parent: pd.DataFrame | None = None, marks: Sequence[tuple[float, str]] = ()
) -> pd.DataFrame:
    """Return the one frame of a run's pictures: its rows, those of the run it branched from, and marks at epochs.

    `run` and `parent` are histories (`epoch, train_loss, valid_loss, valid_accuracy`); losses that are not finite
    become missing, and the picture shows a gap. `part` tells the rows apart: "run", "parent", "mark" (with `label`).
    """
    sizes = [len(run), 0 if parent is None else len(parent), len(marks)]
    columns: dict[str, object] = {"part": np.repeat(["run", "parent", "mark"], sizes)}
    epochs = [run["epoch"], [] if parent is None else parent["epoch"], [epoch for epoch, _ in marks]]
    columns["epoch"] = np.concatenate(epochs)
    for name in ("train_loss", "valid_loss", "valid_accuracy"):
        values = np.concatenate([run[name], [] if parent is None else parent[name], np.full(len(marks), np.nan)])
        columns[name] = np.where(np.isfinite(values), values, np.nan)
    columns["label"] = [""] * (sizes[0] + sizes[1]) + [label for _, label in marks]
    return pd.DataFrame(columns)


def split_curves(
    frame: pd.DataFrame, *, epochs: float, top: float, bottom: float = 0.0, height: int = 270, margin: str = ""
) -> alt.LayerChart:
    """Draw training (solid) and validation loss (dashed) against the epoch, with a dot at the present end.

    `frame` is a `run_frame`. The run it branched from is drawn thin and grey, a mark as a line across with its label.
    The axes run from 0 to `epochs` and from `bottom` to `top`. `margin` is the longest name that stands at the right of
    the accuracy below: as much room is left here, so that the two pictures align.
    """
    x = _epochs(epochs)
    scale = alt.Scale(domain=[bottom, top], nice=False)
    y = alt.Y("loss:Q", title="loss", scale=scale, axis=alt.Axis(minExtent=_PERCENTS))
    color = alt.Color("split:N", scale=_SPLITS, legend=_LEGEND)
    dash = alt.StrokeDash("split:N", scale=_SPLIT_DASH, legend=_LEGEND)
    tip = [alt.Tooltip("split:N"), alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip("loss:Q", format=".4f")]
    both = (
        alt.Chart(frame)
        .transform_fold(["train_loss", "valid_loss"], as_=["column", "loss"])
        .transform_calculate(split="datum.column == 'train_loss' ? 'training' : 'validation'")
    )
    parent = (
        both.transform_filter("datum.part == 'parent'")
        .mark_line(clip=True, strokeWidth=1.5, color=QUIET, opacity=0.8, aria=False)
        .encode(x=x, y=y, strokeDash=dash, tooltip=tip)
    )
    run = both.transform_filter("datum.part == 'run'")
    lines = run.mark_line(clip=True, strokeWidth=2).encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tip)
    ends = (
        run.transform_joinaggregate(last="max(epoch)")
        .transform_filter("datum.epoch == datum.last")
        .mark_circle(size=55, opacity=1, clip=True)
        .encode(x=x, y=y, color=alt.Color("split:N", scale=_SPLITS, legend=None), tooltip=tip)
    )
    room = (
        alt.Chart(alt.InlineData(values=[{"name": margin}]))
        .mark_text(align="left", dx=6, fontSize=11, opacity=0, aria=False)
        .encode(x=alt.value("width"), y=alt.value(0), text="name:N")
    )
    return layers(room, *_marks(frame, x), parent, lines, ends, height=height)


def accuracy_curve(
    frame: pd.DataFrame,
    *,
    epochs: float,
    baselines: tuple[tuple[str, float], ...] = (),
    bottom: float = 0.0,
    height: int = 270,
) -> alt.LayerChart:
    """Draw validation accuracy against the epoch beside a ladder of baselines (name, share), labelled at its right.

    `frame` is a `run_frame`, drawn as `split_curves` does.
    """
    x = _epochs(epochs)
    scale = alt.Scale(domain=[bottom, 1], nice=False)
    y = alt.Y("valid_accuracy:Q", title="validation accuracy", scale=scale, axis=_PERCENT)
    tip = [alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip("valid_accuracy:Q", format=".2%", title="accuracy")]
    parent = (
        alt.Chart(frame)
        .transform_filter("datum.part == 'parent'")
        .mark_line(color=QUIET, strokeWidth=1.5, strokeDash=[6, 3], opacity=0.8, clip=True, aria=False)
        .encode(x=x, y=y, tooltip=tip)
    )
    run = alt.Chart(frame).transform_filter("datum.part == 'run'")
    line = run.mark_line(color=VALIDATION, strokeWidth=2, strokeDash=[6, 3], clip=True).encode(x=x, y=y, tooltip=tip)
    end = (
        run.transform_joinaggregate(last="max(epoch)")
        .transform_filter("datum.epoch == datum.last")
        .mark_circle(color=VALIDATION, size=55, opacity=1, clip=True)
        .encode(x=x, y=y, tooltip=tip)
    )
    return layers(
        *_ladder(baselines, scale, bottom, height - _AXIS), _marks(frame, x)[0], parent, line, end, height=height
    )


def rung_name(name: str, share: float) -> str:
    """Return what stands beside a rung of the ladder."""
    return f"{name} {share:.1%}"


def _ladder(
    baselines: Sequence[tuple[str, float]], scale: alt.Scale, bottom: float, height: int
) -> tuple[alt.Chart, alt.Chart]:
    """Draw a line a rung, and the rungs' names outside of the plot, moved apart where they would touch."""
    rungs = sorted(baselines, key=lambda rung: -rung[1])
    wanted = [(1 - share) / (1 - bottom) * height for _, share in rungs]
    at: list[float] = []
    for place in wanted:
        at.append(max(place, at[-1] + _LINE if at else _LINE / 2))
    rows = [
        {"level": share, "name": rung_name(name, share), "at": 1 - place / height * (1 - bottom)}
        for (name, share), place in zip(rungs, at, strict=True)
    ]
    levels = alt.Chart(alt.InlineData(values=rows))
    rules = levels.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5).encode(
        y=alt.Y("level:Q", scale=scale), tooltip=alt.Tooltip("name:N")
    )
    words = levels.mark_text(color=QUIET, align="left", baseline="middle", dx=6, fontSize=11).encode(
        x=alt.value("width"), y=alt.Y("at:Q", scale=scale), text="name:N"
    )
    return rules, words


def _marks(frame: pd.DataFrame, x: alt.X) -> tuple[alt.Chart, alt.Chart]:
    # what may be empty has no name to read, and says so: aria=False here and for the parent's lines
    marks = alt.Chart(frame).transform_filter("datum.part == 'mark'")
    rules = marks.mark_rule(color=QUIET, strokeWidth=1, clip=True, aria=False).encode(x=x)
    words = marks.mark_text(color=QUIET, align="left", baseline="top", dx=3, dy=2, fontSize=11, aria=False).encode(
        x=x, y=alt.value(0), text="label:N"
    )
    return rules, words


def _epochs(epochs: float) -> alt.X:
    return alt.X(
        "epoch:Q",
        title="epoch",
        scale=alt.Scale(domain=[0, epochs], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )


def loss_by_step(
    frame: pd.DataFrame,
    *,
    steps: int,
    y_domain: tuple[float, float],
    color: str = ACCENT,
    title: str = "loss",
    height: int = 200,
) -> alt.LayerChart:
    """Draw one run's loss against its step; `frame` has `step`, `loss` and `now` (true for the present step).

    Losses above the window are drawn at its upper edge as an arrow with their value in the tooltip.
    """
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, max(steps, 1)], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    scale = alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("shown:Q", title=title, scale=scale, axis=alt.Axis(minExtent=ROOM))
    base = alt.Chart(frame).transform_calculate(
        shown=f"min({y_domain[1]!r}, max({y_domain[0]!r}, datum.loss))",
        above=f"datum.loss > {y_domain[1]!r} ? '↑' : datum.loss < {y_domain[0]!r} ? '↓' : ''",
    )
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("loss:Q", format=".6g")]
    line = base.mark_line(color=color, strokeWidth=2).encode(x=x, y=y)
    dots = (
        base.transform_filter("datum.above == ''")
        .mark_circle(color=color, size=30, aria=False)
        .encode(x=x, y=y, tooltip=tip)
    )
    signs = base.transform_filter("datum.above != ''").mark_text(
        color=color, fontSize=15, fontWeight="bold", dy=7, aria=False
    )
    now = (
        base.transform_filter("datum.now && datum.above == ''")
        .mark_point(color=color, filled=True, size=130, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
        .encode(x=x, y=y, tooltip=tip)
    )
    return layers(line, dots, signs.encode(x=x, y=y, text="above:N", tooltip=tip), now, height=height)
