"""A model fitted to measurements: the data with the present curve, each parameter's way, and which rate is best."""

import math
from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.over_steps import drawn_steps
from sgd_core.charts.palette import ACCENT, QUIET, REGIMES, SECOND
from sgd_core.charts.vega import ROOM, edge_arrows, inside, kept_in_view, layers, now, so_far, step_axis, value_axis
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT

Array = NDArray[np.float64]
Range = tuple[float, float]


def fit_rows(
    time: Array, speed: Array, fine: Array, still: Mapping[str, Array], curves: Array, y_domain: Range
) -> pd.DataFrame:
    """Return the rows of `fit_picture`: `part, moment, x, y, place`.

    The measurements, curves that stand still by name ("start", "best") over `fine` (k,), and the model's curve at each
    moment, `curves` (moments, k), as far as five windows beyond the picture.
    """
    rows = [pd.DataFrame({"part": "data", "moment": 0, "x": time, "y": speed})]
    rows += [pd.DataFrame({"part": name, "moment": 0, "x": fine, "y": y}) for name, y in still.items()]
    low, high = y_domain
    reach = 5 * (high - low)
    seen = np.clip(curves, low - reach, high + reach).round(4)
    moments = np.arange(len(curves)).repeat(len(fine))
    rows.append(pd.DataFrame({"part": "now", "moment": moments, "x": np.tile(fine, len(curves)), "y": seen.ravel()}))
    return pd.concat(rows, ignore_index=True)


def fit_picture(frame: pd.DataFrame, *, x_domain: Range, y_domain: Range, height: int = 380) -> alt.LayerChart:
    """Draw `fit_rows`: measurements as dots, the present curve, and quietly where it began and the best there is."""
    x = alt.X("x:Q", title="time t in seconds", scale=alt.Scale(domain=list(x_domain), nice=False))
    scale = alt.Scale(domain=list(y_domain), nice=False)
    y = alt.Y("y:Q", title="speed", scale=scale, axis=alt.Axis(minExtent=ROOM))
    base = alt.Chart(frame)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    tip = [alt.Tooltip("x:Q", title="time"), alt.Tooltip("y:Q", title="speed", format=TOOLTIP_FORMAT)]
    data = only("data").mark_point(color=QUIET, filled=True, size=70, opacity=1, aria=False)
    start = only("start").mark_line(color=QUIET, strokeDash=[2, 3], strokeWidth=1.5, clip=True, aria=False)
    best = only("best").mark_line(color=SECOND, strokeDash=[6, 4], strokeWidth=2, clip=True, aria=False)
    model = now(only("now")).mark_line(color=ACCENT, strokeWidth=3.5, clip=True, aria=False)
    # A curve that has left the picture altogether would otherwise just be missing.
    low, high = y_domain
    gone = now(only("now")).transform_filter(f"datum.y > {high!r} || datum.y < {low!r}")
    gone = gone.transform_filter("floor(datum.x) % 3 == 0 && datum.x - floor(datum.x) < 0.2").transform_calculate(
        edge=f"datum.y > {high!r} ? '↑' : '↓'", y=f"datum.y > {high!r} ? {high!r} : {low!r}"
    )
    return layers(
        start.encode(x=x, y=y),
        best.encode(x=x, y=y),
        data.encode(x=x, y=y, tooltip=tip),
        model.encode(x=x, y=y),
        edge_arrows(gone, ACCENT).encode(x=x, y=y, text=alt.Text("edge:N")),
        height=height,
    )


def parameter_rows(values: Mapping[str, Array], moments: NDArray[np.int64]) -> pd.DataFrame:
    """Return the rows of `parameter_line` for all parameters: `name, moment, step, value, now`."""
    kept = drawn_steps(list(values.values()), moments)
    rows = [kept.assign(name=name, value=column[kept["step"]]) for name, column in values.items()]
    frame = pd.concat(rows, ignore_index=True)
    frame["now"] = frame["step"].isin(moments)
    return frame[np.isfinite(frame["value"])]


def parameter_window(values: Array, best: float, calm: bool) -> Range:
    """Return the range of a parameter to draw: all of a calm run and its best value, or what lies around the two."""
    values = values[np.isfinite(values)]
    low, high = min(values[0], best), max(values[0], best)
    reach = max(high - low, 1e-6)
    near = values if calm else values[(values > low - 2 * reach) & (values < high + 2 * reach)]
    return float(min(low, near.min()) - 0.1 * reach), float(max(high, near.max()) + 0.1 * reach)


def parameter_line(
    frame: pd.DataFrame, *, name: str, steps: int, y_domain: Range, best: float, height: int = 110
) -> alt.LayerChart:
    """Draw one parameter of `parameter_rows` against the step, with its best value as a dashed level line."""
    scale = alt.Scale(domain=list(y_domain), nice=False, zero=False)
    axis = alt.Axis(tickCount=3, titleAngle=0, titlePadding=12, minExtent=ROOM)
    x, y = step_axis(steps), alt.Y("shown:Q", title=name, scale=scale, axis=axis)
    base = kept_in_view(alt.Chart(frame).transform_filter(alt.datum.name == name), "value", y_domain).encode(x=x, y=y)
    tip = [alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=TOOLTIP_FORMAT, title=name)]
    here = now(base).transform_filter("datum.now")
    dot = inside(here).mark_point(color=ACCENT, filled=True, size=90, opacity=1, stroke="white", aria=False)
    level = alt.Chart(alt.InlineData(values=[{"level": best}]))
    rule = level.mark_rule(color=SECOND, strokeDash=[6, 4], strokeWidth=1.5).encode(y=alt.Y("level:Q", scale=scale))
    return layers(
        rule,
        so_far(base).mark_line(color=ACCENT, strokeWidth=2, aria=False),
        dot.encode(tooltip=tip),
        edge_arrows(here, ACCENT, 14).encode(text=alt.Text("edge:N"), tooltip=tip),
        height=height,
    )


def rates_drawn(lr: float, best: float, border: float) -> Array:
    """Return the learning rates (k,) to draw, over whole decades around these three; more of them near the best one."""
    low = 10.0 ** math.floor(math.log10(min(best / 30, lr)))
    high = 10.0 ** math.ceil(math.log10(max(border * 1.5, lr)))
    return np.unique(np.concatenate([np.geomspace(low, high, 240), best * np.linspace(0.9, 1.1, 21)]))


def rate_window(losses: Array, first: float) -> Range:
    """Return the range of the losses that rates end with: from the least to ten times the `first`, in whole decades."""
    least = float(losses[np.isfinite(losses)].min())
    return 10.0 ** math.floor(math.log10(max(least, 1e-3))), 10.0 ** (math.ceil(math.log10(first)) + 1)


def rate_rows(
    lrs: Array, losses: Array, here: tuple[float, float], best: tuple[float, float], high: float
) -> pd.DataFrame:
    """Return the rows of `rate_picture`: `part, lr, loss`; losses are (rates,), points are (rate, its loss).

    What lies above `high`, the top of the picture, is put there.
    """
    rows = [pd.DataFrame({"part": "curve", "lr": lrs, "loss": losses, "words": ""})]
    for part, (lr, loss) in (("now", here), ("best", best)):
        rows.append(pd.DataFrame({"part": [part], "lr": [lr], "loss": [loss], "words": [part]}))
    frame = pd.concat(rows, ignore_index=True)
    frame["shown"] = np.where(np.isfinite(frame["loss"]), frame["loss"], np.inf).clip(max=high)
    return frame


def rate_picture(
    frame: pd.DataFrame, *, x_domain: Range, y_domain: Range, border: float, title: str, height: int = 170
) -> alt.LayerChart:
    """Draw `rate_rows`: the loss that each learning rate ends with, where the present and the best one stand on it.

    The part above `border`, where descent diverges, is shaded.
    """
    low, high = x_domain
    x_scale = alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)
    y_scale = alt.Scale(type="log", domain=list(y_domain), nice=False, clamp=True)
    ticks = [10.0**power for power in range(round(np.log10(low)), round(np.log10(high)) + 1)]
    x = alt.X(
        "lr:Q",
        title="learning rate",
        scale=x_scale,
        axis=alt.Axis(values=ticks, labelExpr=AXIS_LABEL, grid=False),
    )
    y = alt.Y("shown:Q", title=title, scale=y_scale, axis=value_axis(y_domain, log=True))
    base = alt.Chart(frame).encode(x=x, y=y)
    red = REGIMES["diverging"].color
    region = alt.Chart(alt.InlineData(values=[{"from": min(max(border, low), high), "to": high}]))
    shade = region.mark_rect(color=red, opacity=0.14, aria=False).encode(
        x=alt.X("from:Q", scale=x_scale), x2=alt.X2("to")
    )
    word = region.mark_text(color=red, align="left", baseline="top", dx=4, dy=4, text="diverges", aria=False)
    tip = [
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("loss:Q", format=TOOLTIP_FORMAT, title="loss in the end"),
    ]
    curve = base.transform_filter(alt.datum.part == "curve").mark_line(
        color=QUIET, strokeWidth=2, clip=True, aria=False
    )
    points = base.transform_filter(alt.datum.part != "curve")
    hue = alt.ColorValue(REGIMES["good"].color, condition={"test": "datum.part == 'now'", "value": ACCENT})
    dots = points.mark_point(filled=True, size=140, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
    names = points.mark_text(fontSize=12, fontWeight="bold", dy=alt.expr("datum.part == 'now' ? -14 : 15"), aria=False)
    return layers(
        shade,
        word.encode(x=alt.X("from:Q", scale=x_scale), y=alt.YValue(0)),
        curve,
        dots.encode(color=hue, tooltip=tip),
        names.encode(color=hue, text=alt.Text("words:N")),
        height=height,
    )
