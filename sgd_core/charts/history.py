"""Curves over the steps or epochs of runs: loss against step, training and validation loss, accuracy.

Axes are given by the caller and stay locked while the data move below them.
"""

import altair as alt
import pandas as pd

from sgd_core.charts.build import layers
from sgd_core.charts.palette import ACCENT, QUIET, TRAINING, VALIDATION

_SPLITS = alt.Scale(domain=["training", "validation"], range=[TRAINING, VALIDATION])
_LEGEND = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=350)
_SPLIT_DASH = alt.Scale(domain=["training", "validation"], range=[[1, 0], [6, 3]])


def split_curves(
    frame: pd.DataFrame, *, epochs: float, top: float, bottom: float = 0.0, height: int = 260
) -> alt.LayerChart:
    """Draw training (solid) and validation loss (dashed) against the epoch, with a dot at the present end.

    `frame` is a history with `epoch`, `train_loss`, `valid_loss`; values that are not finite must be missing. The axes
    run from 0 to `epochs` and from `bottom` to `top`.
    """
    x = _epochs(epochs)
    y = alt.Y("loss:Q", title="loss", scale=alt.Scale(domain=[bottom, top], nice=False))
    color = alt.Color("split:N", scale=_SPLITS, legend=_LEGEND)
    dash = alt.StrokeDash("split:N", scale=_SPLIT_DASH, legend=_LEGEND)
    tip = [alt.Tooltip("split:N"), alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip("loss:Q", format=".4f")]
    both = (
        alt.Chart(frame)
        .transform_fold(["train_loss", "valid_loss"], as_=["column", "loss"])
        .transform_calculate(split="datum.column == 'train_loss' ? 'training' : 'validation'")
    )
    lines = both.mark_line(clip=True, strokeWidth=2).encode(x=x, y=y, color=color, strokeDash=dash, tooltip=tip)
    ends = (
        both.transform_joinaggregate(last="max(epoch)")
        .transform_filter("datum.epoch == datum.last")
        .mark_circle(size=55, opacity=1, clip=True)
        .encode(x=x, y=y, color=alt.Color("split:N", scale=_SPLITS, legend=None), tooltip=tip)
    )
    return layers(lines, ends, height=height)


def accuracy_curve(
    frame: pd.DataFrame,
    *,
    epochs: float,
    baselines: tuple[tuple[str, float], ...] = (),
    bottom: float = 0.0,
    height: int = 260,
) -> alt.LayerChart:
    """Draw validation accuracy against the epoch, with baselines (name, share) as labelled level lines.

    `frame` is a history with `epoch`, `valid_accuracy`.
    """
    x = _epochs(epochs)
    scale = alt.Scale(domain=[bottom, 1], nice=False)
    y = alt.Y("valid_accuracy:Q", title="validation accuracy", scale=scale, axis=alt.Axis(format="%", tickCount=5))
    tip = [alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip("valid_accuracy:Q", format=".2%", title="accuracy")]
    run = alt.Chart(frame)
    line = run.mark_line(color=VALIDATION, strokeWidth=2, strokeDash=[6, 3]).encode(x=x, y=y, tooltip=tip)
    end = (
        run.transform_joinaggregate(last="max(epoch)")
        .transform_filter("datum.epoch == datum.last")
        .mark_circle(color=VALIDATION, size=55, opacity=1)
        .encode(x=x, y=y, tooltip=tip)
    )
    rows = [{"level": share, "name": f"{name} {share:.1%}"} for name, share in baselines]
    levels = alt.Chart(alt.InlineData(values=rows))
    at = alt.Y("level:Q", scale=scale)
    rules = levels.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5).encode(
        y=at, tooltip=alt.Tooltip("name:N")
    )
    words = levels.mark_text(color=QUIET, align="right", baseline="top", dy=4, dx=-4, fontSize=12).encode(
        x=alt.value("width"), y=at, text="name:N"
    )
    return layers(rules, words, line, end, height=height)


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
    y = alt.Y("shown:Q", title=title, scale=alt.Scale(domain=list(y_domain), nice=False))
    base = alt.Chart(frame).transform_calculate(
        shown=f"min({y_domain[1]!r}, max({y_domain[0]!r}, datum.loss))",
        above=f"datum.loss > {y_domain[1]!r} ? '↑' : datum.loss < {y_domain[0]!r} ? '↓' : ''",
    )
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("loss:Q", format=".6g")]
    line = base.mark_line(color=color, strokeWidth=2).encode(x=x, y=y)
    dots = base.transform_filter("datum.above == ''").mark_circle(color=color, size=30).encode(x=x, y=y, tooltip=tip)
    signs = base.transform_filter("datum.above != ''").mark_text(color=color, fontSize=15, fontWeight="bold", dy=7)
    now = (
        base.transform_filter("datum.now && datum.above == ''")
        .mark_point(color=color, filled=True, size=130, opacity=1, stroke="white", strokeWidth=1.5)
        .encode(x=x, y=y, tooltip=tip)
    )
    return layers(line, dots, signs.encode(x=x, y=y, text="above:N", tooltip=tip), now, height=height)
