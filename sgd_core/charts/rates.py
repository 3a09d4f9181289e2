"""What becomes of each learning rate: pictures with a logarithmic axis of learning rates, its regimes and borders.

One tidy frame feeds a picture: `part` ("run", "band", "border", "marker") says what a row is.
"""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.over_steps import REGIME_LOOKS
from sgd_core.charts.palette import ACCENT, QUIET, REGIMES, look
from sgd_core.charts.vega import CLOCK, UNSEEN, layers
from sgd_core.numbers import AXIS_LABEL, TOOLTIP_FORMAT

NARROW = 0.045  # a band narrower than this share of the axis has only its sign written over it
CLOSE = 0.025  # lines closer than this share of the axis have no room for words between them


def regime_group(names: Sequence[str]) -> list[str]:
    """Return each regime's name, and "other" for a regime outside the four."""
    return [name if name in REGIMES else "other" for name in names]


def band_part(lrs: np.ndarray, regimes: Sequence[str]) -> pd.DataFrame:
    """Return a row a band of neighbouring learning rates with one regime: lr, lr2 (its ends), middle, regime, words."""
    logs = np.log(lrs)
    edges = np.exp(np.concatenate([logs[:1], (logs[1:] + logs[:-1]) / 2, logs[-1:]]))
    width, rows, start = logs[-1] - logs[0], [], 0
    for i in range(1, len(regimes) + 1):
        if i < len(regimes) and regimes[i] == regimes[start]:
            continue
        low, high, name = float(edges[start]), float(edges[i]), regimes[start]
        share = math.log(high / low) / width if width else 1.0
        sign = look(name).sign
        words = "" if share < NARROW / 3 else sign if share < NARROW * 2.2 else f"{sign} {name}"
        rows.append({"lr": low, "lr2": high, "middle": math.sqrt(low * high), "name": name, "words": words})
        start = i
    return pd.DataFrame(rows).assign(part="band", regime=lambda rows: regime_group(rows["name"]))


def axis_frame(
    table: pd.DataFrame,
    column: str | None,
    *,
    y_domain: tuple[float, float] = (0.0, 1.0),
    borders: Sequence[tuple[str, float]] = (),
    markers: Sequence[tuple[str, float]] = (),
) -> pd.DataFrame:
    """Return the rows of `axis_picture` for a table with `lr`, `regime` and `column`, and `moment` if it moves.

    Values outside of `y_domain` stand at its edge with an arrow and keep their true value in `value`; values that are
    not finite stand at the top. Borders and markers outside of the learning rates are left out. Without a column there
    are no values: the rows of `zones_picture`.
    """
    low, high = y_domain
    first, last = float(table["lr"].min()), float(table["lr"].max())
    moments = table.groupby("moment", sort=True) if "moment" in table else [(0, table)]
    parts = [
        band_part(one["lr"].to_numpy(), [str(name) for name in one["regime"]]).assign(moment=moment)
        for moment, one in moments
    ]
    if column is not None:
        value = table[column].to_numpy(dtype=float)
        shown = np.where(np.isfinite(value), value, np.inf)
        runs = pd.DataFrame(
            {
                "part": "run",
                "lr": table["lr"].to_numpy(),
                "value": value,
                "y": np.clip(shown, low, high),
                "edge": np.where(shown > high, "↑", np.where(shown < low, "↓", "")),
                "name": [str(name) for name in table["regime"]],
                "regime": regime_group([str(name) for name in table["regime"]]),
                "moment": table["moment"].to_numpy() if "moment" in table else 0,
            }
        )
        parts.append(runs)
    for name, places in (("border", borders), ("marker", markers)):
        inside = [(word, place) for word, place in places if first <= place <= last]
        parts.append(pd.DataFrame([{"part": name, "lr": place} for _, place in inside]))
    parts.append(_words(borders, markers, (first, last)))
    return pd.concat(parts, ignore_index=True)


def _words(
    borders: Sequence[tuple[str, float]], markers: Sequence[tuple[str, float]], domain: tuple[float, float]
) -> pd.DataFrame:
    """Return where the lines' words go: beside the last (first) of lines that stand close, so that none crosses them."""
    width = math.log(domain[1] / domain[0])
    lines = sorted(place for _, place in (*borders, *markers) if domain[0] <= place <= domain[1])
    labels: dict[tuple[str, float], list[str]] = {}
    for part, places in (("border words", borders), ("marker words", markers)):
        for word, place in sorted(places, key=lambda entry: entry[1]):
            if not domain[0] <= place <= domain[1]:
                continue
            free = place
            for line in lines if part == "marker words" else reversed(lines):
                away = math.log(line / free) if part == "marker words" else math.log(free / line)
                if 0 < away < CLOSE * width:
                    free = line
            labels.setdefault((part, free), []).append(word)
    return pd.DataFrame([{"part": part, "lr": lr, "words": " ".join(words)} for (part, lr), words in labels.items()])


def _rate_axis(domain: tuple[float, float], title: str | None = "learning rate") -> alt.X:
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    ticks: dict[str, Any] = {"values": powers(*domain)} if domain[1] > 20 * domain[0] else {"tickCount": 6}
    axis = alt.Axis(labelExpr=AXIS_LABEL, grid=False, **ticks)
    return alt.X("lr:Q", title=title, scale=scale, axis=axis)


def _zones(base: alt.Chart, x: alt.X, moving: bool) -> tuple[list[Any], list[Any]]:
    """Return the layers below the points (bands and lines) and those that are words."""

    def only(part: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == part)

    bands = only("band")
    if moving:
        bands = bands.transform_filter(f"datum.moment == {CLOCK}")
    color = REGIME_LOOKS.color
    below = [
        bands.mark_rect(opacity=0.13, aria=False).encode(x=x, x2=alt.X2("lr2"), color=color),
        only("border").mark_rule(color=QUIET, strokeWidth=2, strokeDash=[5, 3], aria=False).encode(x=x),
        only("marker").mark_rule(color=ACCENT, strokeWidth=2, aria=False).encode(x=x),
    ]
    named = bands.mark_text(fontSize=12, fontWeight="bold", baseline="bottom", aria=False)
    border = only("border words").mark_text(
        color=QUIET, fontSize=12, fontWeight="bold", align="right", dx=-4, baseline="top", dy=3, aria=False
    )
    letters = only("marker words").mark_text(
        color=ACCENT, fontSize=14, fontWeight="bold", align="left", dx=4, baseline="bottom", dy=-1, aria=False
    )
    words = [
        named.encode(x=alt.X("middle:Q"), y=alt.YValue(-4), text=alt.Text("words:N"), color=color),
        border.encode(x=x, y=alt.YValue(0), text=alt.Text("words:N")),
        letters.encode(x=x, y=alt.YValue("height"), text=alt.Text("words:N")),
    ]
    return below, words


PADDING = {"top": 22, "left": 5, "right": 8, "bottom": 5}


def zones_picture(frame: pd.DataFrame, *, x_domain: tuple[float, float], height: int = 80) -> alt.LayerChart:
    """Draw `axis_frame` without values: a strip of learning rates with its zones, borders and markers."""
    below, words = _zones(alt.Chart(frame), _rate_axis(x_domain, None), moving=False)
    return layers(*below, *words, height=height, padding=PADDING)


def axis_picture(
    frame: pd.DataFrame,
    *,
    x_domain: tuple[float, float],
    y_domain: tuple[float, float],
    y_title: str,
    log: bool = True,
    percent: bool = False,
    level: float | None = None,
    level_name: str = "",
    height: int = 260,
    pick: bool = False,
    moving: bool = False,
) -> alt.LayerChart:
    """Draw `axis_frame`: points by regime (colour and shape) over labelled bands, with borders, markers and a level.

    `pick=True` adds the selection "pick": a click takes the `lr` of the nearest point. `moving=True` shows the clock's
    moment only.
    """
    x, y_scale = _rate_axis(x_domain), alt.Scale(type="log" if log else "linear", domain=list(y_domain), nice=False)
    # the same room for the labels in every picture, so that pictures above each other share their x
    room: dict[str, Any] = {"minExtent": 56, "maxExtent": 56}
    written: dict[str, Any] = {"format": "~%"} if percent else {"labelExpr": AXIS_LABEL}
    axis = alt.Axis(values=powers(*y_domain), **written, **room) if log else alt.Axis(tickCount=5, **written, **room)
    y = alt.Y("y:Q", title=y_title, scale=y_scale, axis=axis)
    base = alt.Chart(frame)
    tip = [
        alt.Tooltip("lr:Q", format=TOOLTIP_FORMAT, title="learning rate"),
        alt.Tooltip("value:Q", format=".3%" if percent else TOOLTIP_FORMAT, title=y_title),
        alt.Tooltip("name:N", title="regime"),
    ]
    below, words = _zones(base, x, moving)
    runs = base.transform_filter(alt.datum.part == "run")
    if moving:
        runs = runs.transform_filter(f"datum.moment == {CLOCK}")
    looks: dict[str, Any] = {"color": REGIME_LOOKS.color, "tooltip": tip}
    dots = runs.transform_filter(alt.datum.edge == "").mark_point(filled=True, size=55, opacity=1)
    outside = runs.transform_filter(alt.datum.edge != "").mark_text(fontSize=13, fontWeight="bold")
    drawn = [
        *below,
        *words,
        dots.encode(x=x, y=y, shape=REGIME_LOOKS.shape, **looks),
        outside.encode(x=x, y=y, text=alt.Text("edge:N"), **looks),
    ]
    if level is not None:
        at = alt.Chart(alt.InlineData(values=[{"level": level, "name": level_name}])).encode(
            y=alt.Y("level:Q", scale=y_scale)
        )
        drawn += [
            at.mark_rule(color=QUIET, strokeDash=[2, 3]),
            at.mark_text(color=QUIET, align="left", baseline="bottom", dx=4, dy=-2).encode(
                x=alt.XValue(0), text=alt.Text("name:N")
            ),
        ]
    if pick:
        choice = alt.selection_point(name="pick", fields=["lr"], on="click", nearest=True, clear=False, toggle=False)
        drawn.append(runs.mark_circle(size=30, **UNSEEN).encode(x=x, y=y, tooltip=tip).add_params(choice))
    return layers(*drawn, height=height, padding=PADDING)


def powers(low: float, high: float) -> list[float]:
    """Return the powers of ten from `low` to `high`, thinned to at most seven."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**power for power in range(first, last + 1, max(1, math.ceil((last - first) / 6)))]


def legend(regimes: Sequence[str]) -> str:
    """Return the regimes' signs and names as Markdown, each in its colour."""
    there = list(dict.fromkeys(regimes))
    return "   ".join(f":{look(name).name}[{look(name).sign} {name}]" for name in there)
