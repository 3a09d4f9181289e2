"""Many runs in one picture: loss curves by regime, sharpness along a run, a range test, schedules."""

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.rates import REGIME_COLORS, REGIME_DASHES, powers, regime_group
from sgd_core.charts.vega import layers


def lanes_frame(sweep: pd.DataFrame, regimes: pd.DataFrame, y_domain: tuple[float, float]) -> pd.DataFrame:
    """Return the rows of `lanes_picture` from a sweep and the names of its lanes.

    Losses that are not finite are left out of the lines; a lane that ends outside of `y_domain` gets an arrow there.
    """
    low, high = y_domain
    names = sweep["lr"].map(dict(zip(regimes["lr"], regimes["regime"], strict=True)))
    frame = sweep[["lr", "epoch", "train_loss"]].assign(name=names, regime=regime_group(list(names)), edge="")
    frame["y"] = frame["train_loss"].clip(low / 10, high * 10)
    last = (frame["epoch"] == frame["epoch"].max()).to_numpy()
    loss = frame["train_loss"].to_numpy()
    above, below = last & ~(loss <= high), last & (loss < low)
    frame.loc[above, "edge"], frame.loc[below, "edge"] = "↑", "↓"
    frame.loc[~np.isfinite(loss), "y"] = high * 10
    return frame.drop(columns="train_loss").assign(loss=np.where(np.isfinite(loss), loss, np.nan))


def lanes_picture(
    frame: pd.DataFrame, *, epochs: float, y_domain: tuple[float, float], x_title: str = "epoch", height: int = 400
) -> alt.LayerChart:
    """Draw a line a learning rate, coloured and dashed by regime; lines that leave the picture end in an arrow."""
    low, high = y_domain
    x = alt.X(
        "epoch:Q",
        title=x_title,
        scale=alt.Scale(domain=[0, epochs], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    y = alt.Y("y:Q", title="training loss", scale=scale, axis=alt.Axis(values=powers(low, high), format="~g"))
    color = alt.Color("regime:N", scale=REGIME_COLORS, legend=None)
    tip = [
        alt.Tooltip("lr:Q", format=".4g", title="learning rate"),
        alt.Tooltip("epoch:Q", title=x_title),
        alt.Tooltip("loss:Q", format=".4g"),
        alt.Tooltip("name:N", title="regime"),
    ]
    base = alt.Chart(frame)
    dash = alt.StrokeDash("regime:N", scale=REGIME_DASHES, legend=None)
    lines = base.mark_line(clip=True, strokeWidth=1.6, opacity=0.8).encode(
        x=x, y=y, detail="lr:Q", color=color, strokeDash=dash, tooltip=tip
    )
    ends = base.transform_filter("datum.edge != ''").mark_text(fontSize=13, fontWeight="bold", dx=-5)
    signs = [
        ends.transform_filter(f"datum.edge == '{sign}'").encode(x=x, y=alt.value(place), text="edge:N", color=color)
        for sign, place in (("↑", 7), ("↓", height - 7))
    ]
    return layers(lines, *signs, height=height)


def sharpness_picture(
    frame: pd.DataFrame, *, steps: float, y_domain: tuple[float, float], border: float, height: int = 260
) -> alt.LayerChart:
    """Draw the sharpness against the step, and the border 2 / learning rate as a dashed level.

    `frame` has `step`, `sharpness`.
    """
    low, high = y_domain
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, steps], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    y = alt.Y("sharpness:Q", title="largest eigenvalue λ", scale=scale, axis=levels(low, high))
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("sharpness:Q", format=".4g")]
    run = alt.Chart(frame)
    line = run.mark_line(color=ACCENT, strokeWidth=2, clip=True).encode(x=x, y=y)
    dots = run.mark_circle(color=ACCENT, size=36, opacity=1, clip=True).encode(x=x, y=y, tooltip=tip)
    level = alt.Chart(alt.InlineData(values=[{"level": border, "name": f"2 / learning rate = {border:.4g}"}]))
    at = alt.Y("level:Q", scale=scale)
    rule = level.mark_rule(color=SECOND, strokeDash=[6, 3], strokeWidth=2, clip=True).encode(y=at)
    word = level.mark_text(color=SECOND, align="right", dx=-4, dy=-4, baseline="bottom", clip=True).encode(
        x=alt.value("width"), y=at, text="name:N"
    )
    return layers(line, dots, rule, word, height=height)


def loss_picture(
    frame: pd.DataFrame,
    *,
    steps: float,
    y_domain: tuple[float, float],
    title: str = "training loss",
    height: int = 200,
) -> alt.LayerChart:
    """Draw a loss against the step, logarithmically; `frame` has `step`, `loss`. Values above the window leave it at the top."""
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, steps], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    scale = alt.Scale(type="log", domain=list(y_domain), nice=False)
    y = alt.Y("loss:Q", title=title, scale=scale, axis=levels(*y_domain))
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("loss:Q", format=".4g")]
    run = alt.Chart(frame)
    line = run.mark_line(color=ACCENT, strokeWidth=2, clip=True).encode(x=x, y=y)
    dots = run.mark_circle(color=ACCENT, size=30, opacity=1, clip=True).encode(x=x, y=y, tooltip=tip)
    return layers(line, dots, height=height)


def levels(low: float, high: float) -> alt.Axis:
    """Return the axis of a logarithmic y; as wide in every picture, so that pictures above each other share their x."""
    return alt.Axis(values=powers(low, high), format="~g", minExtent=44, maxExtent=44)


def range_frame(test: pd.DataFrame, suggestions: dict[str, float]) -> pd.DataFrame:
    """Return the rows of `range_picture`: the test's `lr, loss, smoothed` as part "test", and a row a suggestion."""
    rows = []
    for i, (name, lr) in enumerate(sorted(suggestions.items(), key=lambda item: item[1])):
        at = float(np.interp(np.log(lr), np.log(test["lr"]), test["smoothed"]))
        rows.append({"part": "suggestion", "lr": lr, "y": at, "words": name, "order": i})
    return pd.concat([test.assign(part="test", y=test["smoothed"]), pd.DataFrame(rows)], ignore_index=True)


def range_picture(
    frame: pd.DataFrame, *, x_domain: tuple[float, float], y_domain: tuple[float, float], height: int = 340
) -> alt.LayerChart:
    """Draw the losses of a range test (dots), their smoothed curve, and the suggestions on it."""
    x_scale = alt.Scale(type="log", domain=list(x_domain), nice=False)
    y_scale = alt.Scale(domain=list(y_domain), nice=False)
    x = alt.X(
        "lr:Q",
        title="learning rate",
        scale=x_scale,
        axis=alt.Axis(values=powers(*x_domain), format="~g", grid=False),
    )
    y = alt.Y("y:Q", title="loss", scale=y_scale)
    base = alt.Chart(frame)
    tip = [
        alt.Tooltip("lr:Q", format=".4g", title="learning rate"),
        alt.Tooltip("loss:Q", format=".4g", title="mini-batch loss"),
        alt.Tooltip("smoothed:Q", format=".4g", title="smoothed loss"),
    ]
    test = base.transform_filter(alt.datum.part == "test")
    dots = test.mark_circle(color=QUIET, size=22, opacity=0.7, clip=True).encode(
        x=x, y=alt.Y("loss:Q", scale=y_scale), tooltip=tip
    )
    line = test.mark_line(color=ACCENT, strokeWidth=2.5, clip=True).encode(x=x, y=y, tooltip=tip)
    found = base.transform_filter(alt.datum.part == "suggestion")
    mark = [alt.Tooltip("words:N", title="suggestion"), alt.Tooltip("lr:Q", format=".4g", title="learning rate")]
    rules = found.mark_rule(color=SECOND, strokeDash=[4, 3], strokeWidth=1.5).encode(x=x)
    points = found.mark_point(color=SECOND, filled=True, size=110, opacity=1).encode(x=x, y=y, tooltip=mark)
    words = found.mark_text(
        color=SECOND,
        fontSize=13,
        fontWeight="bold",
        align="left",
        dx=5,
        baseline="top",
        dy=alt.expr("4 + 17 * datum.order"),
    )
    return layers(dots, rules, line, points, words.encode(x=x, y=alt.value(0), text="words:N"), height=height)
