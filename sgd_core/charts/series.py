"""Several named values over the steps of a run, and the pictures of "Beyond the rule" that need more than lines."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.over_steps import DRAWN, drawn_steps
from sgd_core.charts.palette import ACCENT, QUIET, RACERS, SECOND
from sgd_core.charts.vega import (
    ROOM,
    UNSEEN,
    edge_arrows,
    filled,
    inside,
    kept_in_view,
    layers,
    now,
    so_far,
    step_axis,
    value_axis,
    value_scale,
)
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT

Range = tuple[float, float]
Lines = Mapping[str, tuple[str, tuple[int, ...]]]
"""The names of a picture's lines, each with its colour and dash."""

SOLID, DASHED, DOTTED = (1, 0), (6, 4), (2, 3)
A, B, C, D = (RACERS[letter].color for letter in "ABCD")


def decades(low: float, high: float) -> Range:
    """Return the powers of ten around two values above 0, as a logarithmic axis needs them."""
    return float(10.0 ** np.floor(np.log10(low))), float(10.0 ** np.ceil(np.log10(high)))


def run_rows(losses: Sequence[NDArray[np.float64]], steps: Sequence[int], name: str) -> pd.DataFrame:
    """Return rows for `named_lines` from a run whose moments hold all losses since the moment before.

    `losses[i]` (n,) ends at step `steps[i]`; the first 40 steps, all moments and every extreme are kept.
    """
    each, ends = np.concatenate(losses), np.asarray(steps, dtype=np.int64)
    first = int(ends[0]) - len(losses[0]) + 1
    kept = drawn_steps([np.nan_to_num(each, nan=np.inf)], ends - first, DRAWN)
    return pd.DataFrame(
        {
            "series": name,
            "moment": kept["moment"],
            "step": kept["step"] + first,
            "value": each[kept["step"]],
            "now": np.isin(kept["step"] + first, ends),
        }
    )


def moment_rows(steps: Sequence[float], values: Sequence[float], name: str) -> pd.DataFrame:
    """Return rows for `named_lines` of a value that each moment has once."""
    return pd.DataFrame({"series": name, "moment": range(len(steps)), "step": steps, "value": values, "now": True})


def border_rows(steps: Sequence[float], values: Sequence[float], name: str) -> pd.DataFrame:
    """Return rows for `named_lines` of a line that is there from the beginning."""
    return pd.DataFrame({"series": name, "moment": 0, "step": steps, "value": values, "now": False})


def named_lines(
    frame: pd.DataFrame,
    lines: Lines,
    *,
    last: float,
    y_domain: Range,
    title: str,
    x_title: str | None = "step",
    log: bool = False,
    log_steps: bool = False,
    legend: Sequence[str] | None = None,
    height: int = 190,
) -> alt.LayerChart:
    """Draw `series, moment, step, value, now` up to the moment shown, a line a name, with its legend above.

    `legend` are the names in it, all of them unless given; none for an empty list. `x_title=None` is for a picture that
    stands on another one with the same steps. Values outside of the window stand at its edge as an arrow, with the true
    value on hover.
    """
    frame = frame[np.isfinite(frame["value"]) & (not log or frame["value"] > 0)]
    names = list(lines)
    listed = names if legend is None else list(legend)
    look: dict[str, Any] = {"symbolType": "stroke", "symbolSize": 300, "symbolStrokeWidth": 3, "values": listed}
    key = alt.Legend(orient="top", title=None, labelLimit=0, **look) if listed else None
    color = alt.Color("series:N", scale=alt.Scale(domain=names, range=[lines[name][0] for name in names]), legend=key)
    dash = alt.StrokeDash(
        "series:N",
        scale=alt.Scale(domain=names, range=[list(lines[name][1]) for name in names]),
        legend=key,
    )
    base = kept_in_view(alt.Chart(frame), "value", y_domain).encode(
        x=step_axis(last, log=log_steps, title=x_title or ""),
        y=alt.Y("shown:Q", title=title, scale=value_scale(y_domain, log), axis=value_axis(y_domain, log)),
    )
    tip = [
        alt.Tooltip("series:N", title=title),
        alt.Tooltip("step:Q", title=x_title or "step", format=TOOLTIP_FORMAT),
        alt.Tooltip("value:Q", format=TOOLTIP_FORMAT),
    ]
    past, present = so_far(base), now(base).transform_filter("datum.now")
    drawn = [
        past.mark_line(strokeWidth=2, opacity=0.9).encode(color=color, strokeDash=dash),
        inside(past.transform_filter("datum.now")).mark_circle(size=30, aria=False, **UNSEEN).encode(tooltip=tip),
        edge_arrows(present).encode(text=alt.Text("edge:N"), tooltip=tip, color=color),
        inside(present)
        .mark_point(filled=True, size=90, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
        .encode(color=color, tooltip=tip),
    ]
    return layers(*drawn, height=height)


def power_iteration(rounds: Sequence[int], values: Sequence[float], *, height: int = 160) -> alt.Chart:
    """Draw what power iteration says of the largest eigenvalue after each round."""
    frame = pd.DataFrame({"round": rounds, "value": values})
    x = alt.X("round:Q", scale=alt.Scale(domain=[0, max(rounds)], nice=False), axis=alt.Axis(tickMinStep=1))
    y = alt.Y("value:Q", title="λ so far", scale=alt.Scale(domain=[0, 1.1 * max(values)], nice=False))
    tip = [alt.Tooltip("round:Q"), alt.Tooltip("value:Q", title="λ so far", format=TOOLTIP_FORMAT)]
    line = alt.Chart(frame, height=height).mark_line(color=ACCENT, point={"color": ACCENT})
    return line.encode(x=x, y=y, tooltip=tip)


def seed_bands(
    bands: pd.DataFrame,
    ends: pd.DataFrame,
    lines: Lines,
    *,
    last: float,
    y_domain: Range,
    title: str,
    log: bool = False,
    percent: bool = False,
    height: int = 350,
) -> alt.LayerChart:
    """Draw the band and the median of each setting over the epochs, and each seed's present value as a tick at its right.

    `bands` has `series, moment, epoch, low, median, high`; `ends` has `series, moment, seed, value`. Both are clipped to
    the window; hover tells the true value.
    """
    names = list(lines)
    color = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=[lines[name][0] for name in names]),
        legend=alt.Legend(orient="top", title=None, labelLimit=0, symbolType="square", symbolOpacity=1),
    )
    low, high = y_domain
    clipped = bands.assign(**{f"{name}_": bands[name].clip(low, high) for name in ("low", "median", "high")})
    scale = value_scale(y_domain, log)
    axis = alt.Axis(format="%", tickCount=5, minExtent=ROOM) if percent else value_axis(y_domain, log)
    room = 0.12 * max(last, 1)  # at the right, for the ticks
    epochs = alt.Scale(domain=[0, last + room], nice=False)
    x = alt.X("epoch:Q", title="epoch", scale=epochs, axis=alt.Axis(tickMinStep=1, grid=False))
    tip = [alt.Tooltip("series:N", title="setting"), alt.Tooltip("epoch:Q", format=TOOLTIP_FORMAT)]
    tip += [alt.Tooltip(f"{name}:Q", format=TOOLTIP_FORMAT) for name in ("low", "median", "high")]
    past = so_far(alt.Chart(clipped)).encode(x=x, color=color)
    band = past.mark_area(opacity=0.22, line=False).encode(
        y=alt.Y("low_:Q", title=title, scale=scale, axis=axis), y2=alt.Y2("high_:Q")
    )
    median = past.mark_line(strokeWidth=2.5).encode(y=alt.Y("median_:Q", title=title, scale=scale, axis=axis))
    dots = past.mark_circle(size=40, aria=False, **UNSEEN).encode(y=alt.Y("median_:Q", scale=scale), tooltip=tip)
    spots = ends.assign(value_=ends["value"].clip(low, high), place=last + room * 0.35)
    spots.loc[spots["series"] == names[-1], "place"] = last + room * 0.75
    ticks = (
        now(alt.Chart(spots))
        .mark_tick(thickness=2, size=14, **filled(0.75))
        .encode(
            x=alt.X("place:Q", scale=epochs),
            y=alt.Y("value_:Q", scale=scale),
            color=color,
            tooltip=[
                alt.Tooltip("series:N", title="setting"),
                alt.Tooltip("seed:Q"),
                alt.Tooltip("value:Q", format=TOOLTIP_FORMAT, title=title),
            ],
        )
    )
    return layers(band, median, dots, ticks, height=height)


def rate_strips(frame: pd.DataFrame, names: Sequence[str], *, x_domain: Range, height: int = 330) -> alt.LayerChart:
    """Draw each seed's suggestion as a dot on a logarithmic axis of learning rates, a row a name, up to the moment shown.

    `frame` has `suggestion, lr, seed, moment`; the tick of each row is the median of all rows shown.
    """
    ticks = [10.0**power for power in range(int(np.log10(x_domain[0])), int(np.log10(x_domain[1])) + 1)]
    axis = alt.Axis(values=ticks, labelExpr=AXIS_LABEL, grid=True)
    x = alt.X("lr:Q", title="learning rate", scale=alt.Scale(type="log", domain=list(x_domain), nice=False), axis=axis)
    y = alt.Y("suggestion:N", title=None, scale=alt.Scale(domain=list(names)), axis=alt.Axis(labelFontSize=13))
    base = so_far(alt.Chart(frame))
    tip = [
        alt.Tooltip("suggestion:N"),
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("seed:Q"),
    ]
    spread = alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-1, 1]))
    dots = base.mark_circle(size=60, color=ACCENT, **filled(0.6)).encode(x=x, y=y, yOffset=spread, tooltip=tip)
    middle = (
        base.transform_aggregate(middle="median(lr)", groupby=["suggestion"])
        .mark_tick(color=SECOND, thickness=3, size=48)
        .encode(x=alt.X("middle:Q", scale=alt.Scale(type="log", domain=list(x_domain), nice=False)), y=y)
    )
    return layers(dots, middle, height=height)


def batch_costs(
    frame: pd.DataFrame,
    lines: Lines,
    field: str,
    *,
    sizes: Sequence[int],
    y_domain: Range,
    title: str,
    critical: float,
    height: int = 165,
) -> alt.LayerChart:
    """Draw what each batch size has cost so far (`field`: steps or images) on logarithmic axes, a line a scaling.

    `frame` has `series, moment, batch_size, steps, images, outcome`; a cross marks a run that never got there. `critical`
    is the critical batch size, a dashed line.
    """
    names = list(lines)
    color = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=[lines[name][0] for name in names]),
        legend=alt.Legend(orient="top", title=None, labelLimit=0, symbolType="circle"),
    )
    domain = [sizes[0] / 1.3, sizes[-1] * 1.3]
    sideways = alt.Scale(type="log", base=2, domain=domain, nice=False)
    x = alt.X("batch_size:Q", title="images a step", scale=sideways, axis=alt.Axis(values=list(sizes), grid=False))
    y = alt.Y("shown:Q", title=title, scale=value_scale(y_domain, True), axis=value_axis(y_domain, True))
    base = kept_in_view(alt.Chart(frame), field, y_domain).encode(x=x, y=y)
    tip = [
        alt.Tooltip("series:N", title="learning rate"),
        alt.Tooltip("batch_size:Q", title="images a step"),
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("steps:Q", format=",d"),
        alt.Tooltip("images:Q", format=",d"),
        alt.Tooltip("outcome:N"),
    ]
    there, lost = "datum.outcome == 'there'", "datum.outcome == 'diverged' || datum.outcome == 'out of images'"
    past = so_far(base)
    line = past.transform_filter(there).mark_line(strokeWidth=2).encode(color=color)
    dots = past.transform_filter(there).mark_point(filled=True, size=90, opacity=1).encode(color=color, tooltip=tip)
    crosses = past.transform_filter(lost).mark_point(shape="cross", angle=45, filled=True, size=130, opacity=1)
    going = now(base).transform_filter("datum.outcome == 'running'").mark_point(size=110, strokeWidth=2)
    level = alt.Chart(alt.InlineData(values=[{"at": min(max(critical, domain[0]), domain[1]), "words": "critical"}]))
    at = alt.X("at:Q", scale=sideways)
    rule = level.mark_rule(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5).encode(x=at)
    word = level.mark_text(color=QUIET, align="left", dx=4, baseline="top", dy=2).encode(
        x=at, y=alt.YValue(0), text=alt.Text("words:N")
    )
    return layers(
        rule,
        word,
        line,
        dots,
        crosses.encode(color=color, tooltip=tip),
        going.encode(color=color, tooltip=tip),
        height=height,
    )
