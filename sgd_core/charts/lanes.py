"""Many learning rates in one picture: loss curves by regime, and the range test with its suggestions."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.over_steps import REGIME_LOOKS
from sgd_core.charts.palette import ACCENT, QUIET, SECOND
from sgd_core.charts.rates import powers, regime_group
from sgd_core.charts.vega import filled, layers, now, so_far, step_axis
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT


def lanes_frame(sweep: pd.DataFrame, regimes: pd.DataFrame, y_domain: tuple[float, float]) -> pd.DataFrame:
    """Return the rows of `lanes_picture` from a sweep (`lr, epoch, moment, train_loss`) and the names of its runs.

    A loss that is not finite, or outside of `y_domain`, gets an arrow at the edge.
    """
    low, high = y_domain
    names = sweep["lr"].map(dict(zip(regimes["lr"], map(str, regimes["regime"]), strict=True)))
    loss = sweep["train_loss"].to_numpy(dtype=float)
    seen = np.where(np.isfinite(loss), loss, np.inf)
    frame = sweep[["lr", "epoch", "moment"]].assign(name=names, regime=regime_group(list(names)))
    return frame.assign(
        y=seen.clip(low / 10, high * 10),
        edge=np.where(seen > high, "↑", np.where(seen < low, "↓", "")),
        loss=np.where(np.isfinite(loss), loss, np.nan),
    )


def lanes_picture(
    frame: pd.DataFrame, *, epochs: float, y_domain: tuple[float, float], x_title: str = "epoch", height: int = 300
) -> alt.LayerChart:
    """Draw a line a learning rate up to the clock's moment; lines that leave the picture end in an arrow."""
    low, high = y_domain
    x = step_axis(epochs, field="epoch", title=x_title)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(values=powers(low, high), labelExpr=AXIS_LABEL, minExtent=56, maxExtent=56)
    y = alt.Y("y:Q", title="training loss", scale=scale, axis=axis)
    tip = [
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("epoch:Q", title=x_title),
        alt.Tooltip("loss:Q", format=TOOLTIP_FORMAT),
        alt.Tooltip("name:N", title="regime"),
    ]
    base = alt.Chart(frame)
    lines = so_far(base).mark_line(clip=True, strokeWidth=1.6, opacity=0.8)
    ends = now(base).transform_filter("datum.edge != ''").mark_text(fontSize=13, fontWeight="bold", dx=-5)
    signs = [
        ends.transform_filter(f"datum.edge == '{sign}'").encode(
            x=x, y=alt.YValue(place), text=alt.Text("edge:N"), color=REGIME_LOOKS.color
        )
        for sign, place in (("↑", 7), ("↓", height - 7))
    ]
    drawn = lines.encode(
        x=x, y=y, detail=alt.Detail("lr:Q"), color=REGIME_LOOKS.color, strokeDash=REGIME_LOOKS.dash, tooltip=tip
    )
    return layers(drawn, *signs, height=height)


def range_frame(test: pd.DataFrame, suggestions: dict[str, float]) -> pd.DataFrame:
    """Return the rows of `range_picture`: the test's `lr, loss, smoothed` as part "test", and a row a suggestion."""
    rows = []
    for i, (name, lr) in enumerate(sorted(suggestions.items(), key=lambda item: -item[1])):
        at = float(np.interp(np.log(lr), np.log(test["lr"]), test["smoothed"]))
        rows.append({"part": "suggestion", "lr": lr, "y": at, "words": name, "order": i})
    return pd.concat([test.assign(part="test", y=test["smoothed"]), pd.DataFrame(rows)], ignore_index=True)


def range_picture(
    frame: pd.DataFrame, *, x_domain: tuple[float, float], y_domain: tuple[float, float], height: int = 340
) -> alt.LayerChart:
    """Draw the losses of a range test (dots), their smoothed curve, and the suggestions on it."""
    x, y_scale = _rates(x_domain), alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("y:Q", title="loss", scale=y_scale, axis=alt.Axis(tickCount=5, labelExpr=AXIS_LABEL, **_ROOM))
    base = alt.Chart(frame)
    tip = [
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("loss:Q", format=TOOLTIP_FORMAT, title="mini-batch loss"),
        alt.Tooltip("smoothed:Q", format=TOOLTIP_FORMAT, title="smoothed loss"),
    ]
    test = base.transform_filter(alt.datum.part == "test")
    dots = test.mark_circle(color=QUIET, size=22, clip=True, **filled(0.7)).encode(
        x=x, y=alt.Y("loss:Q", scale=y_scale), tooltip=tip
    )
    line = test.mark_line(color=ACCENT, strokeWidth=2.5, clip=True).encode(x=x, y=y, tooltip=tip)
    found = base.transform_filter(alt.datum.part == "suggestion")
    mark = [
        alt.Tooltip("words:N", title="suggestion"),
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
    ]
    # Each line begins below its own words, and the words of lower rates stand further down: no line crosses words.
    per_row = (y_domain[1] - y_domain[0]) * 17 / (height - 60)
    rules = found.transform_calculate(top=f"{y_domain[1]!r} - datum.order * {per_row!r}", foot=f"{y_domain[0]!r}")
    rules = rules.mark_rule(color=SECOND, strokeDash=[4, 3], strokeWidth=1.5)
    rules = rules.encode(x=x, y=alt.Y("top:Q", scale=y_scale), y2=alt.Y2("foot:Q"))
    points = found.mark_point(color=SECOND, filled=True, size=110, opacity=1).encode(x=x, y=y, tooltip=mark)
    words = found.mark_text(
        color=SECOND,
        fontSize=13,
        fontWeight="bold",
        align="right",
        dx=-5,
        baseline="top",
        dy=alt.expr("2 + 17 * datum.order"),
    )
    return layers(
        dots, rules, line, points, words.encode(x=x, y=alt.YValue(0), text=alt.Text("words:N")), height=height
    )


def spread_picture(
    frame: pd.DataFrame, *, names: Sequence[str], x_domain: tuple[float, float], height: int = 140
) -> alt.LayerChart:
    """Draw a tick for the suggestion of each seed, a row a name; `frame` has `name`, `lr`, `seed`."""
    x = _rates(x_domain, None)
    axis = alt.Axis(grid=True, **_ROOM)
    y = alt.Y("name:N", title=None, sort=list(names), scale=alt.Scale(domain=list(names)), axis=axis)
    tip = [
        alt.Tooltip("name:N", title="suggestion"),
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("seed:Q"),
    ]
    ticks = alt.Chart(frame).mark_tick(color=SECOND, thickness=2, size=14, **filled(0.6))
    return layers(ticks.encode(x=x, y=y, tooltip=tip), height=height)


_ROOM: dict[str, Any] = {"minExtent": 84, "maxExtent": 84}  # the same in both pictures, so that they share their x


def _rates(domain: tuple[float, float], title: str | None = "learning rate") -> alt.X:
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    axis = alt.Axis(values=powers(*domain), labelExpr=AXIS_LABEL, grid=False)
    return alt.X("lr:Q", title=title, scale=scale, axis=axis)
