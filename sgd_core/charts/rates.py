"""What becomes of each learning rate: pictures with a logarithmic axis of learning rates, its regimes and borders.

One tidy frame feeds a picture: `part` ("run", "band", "border", "marker") says what a row is.
"""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import ACCENT, QUIET, REGIMES, UNNAMED, look
from sgd_core.charts.vega import layers

_NAMES = [*REGIMES, "other"]
_LOOKS = [*REGIMES.values(), UNNAMED]
REGIME_COLORS = alt.Scale(domain=_NAMES, range=[style.color for style in _LOOKS])
REGIME_SHAPES = alt.Scale(domain=_NAMES, range=[style.shape for style in _LOOKS])
REGIME_DASHES = alt.Scale(domain=_NAMES, range=[list(style.dash) for style in _LOOKS])
NARROW = 0.045  # a band narrower than this share of the axis has only its sign written over it


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
    column: str,
    *,
    y_domain: tuple[float, float],
    borders: Sequence[tuple[str, float]] = (),
    markers: Sequence[tuple[str, float]] = (),
) -> pd.DataFrame:
    """Return the rows of `axis_picture` for a table with `lr`, `regime` and `column`.

    Values outside of `y_domain` stand at its edge with an arrow and keep their true value in `value`; values that are
    not finite stand at the top. Borders and markers outside of the learning rates are left out.
    """
    low, high = y_domain
    value = table[column].to_numpy(dtype=float)
    shown = np.where(np.isfinite(value), value, np.inf)
    runs = pd.DataFrame(
        {
            "part": "run",
            "lr": table["lr"].to_numpy(),
            "value": value,
            "y": np.clip(shown, low, high),
            "edge": np.where(shown > high, "↑", np.where(shown < low, "↓", "")),
            "name": table["regime"].to_numpy(),
            "regime": regime_group(list(table["regime"])),
        }
    )
    first, last = float(table["lr"].min()), float(table["lr"].max())
    parts = [band_part(table["lr"].to_numpy(), list(table["regime"])), runs]
    for name, places in (("border", borders), ("marker", markers)):
        inside = [(word, place) for word, place in places if first <= place <= last]
        rows = [{"part": name, "lr": place, "words": word, "order": i} for i, (word, place) in enumerate(inside)]
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


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
) -> alt.LayerChart:
    """Draw `axis_frame`: points by regime (colour and shape) over labelled bands, with borders, markers and a level.

    `pick=True` adds the selection "pick": a click takes the `lr` of the nearest point.
    """
    x_scale = alt.Scale(type="log", domain=list(x_domain), nice=False)
    y_scale = alt.Scale(type="log" if log else "linear", domain=list(y_domain), nice=False)
    x = alt.X("lr:Q", title="learning rate", scale=x_scale, axis=alt.Axis(format="~g", grid=False, tickCount=7))
    # the same room for the labels in every picture, so that pictures above each other share their x
    ticks: dict[str, Any] = {"format": "~%" if percent else "~g", "minExtent": 56, "maxExtent": 56}
    axis = alt.Axis(values=powers(*y_domain), **ticks) if log else alt.Axis(tickCount=5, **ticks)
    y = alt.Y("y:Q", title=y_title, scale=y_scale, axis=axis)
    color = alt.Color("regime:N", scale=REGIME_COLORS, legend=None)
    base = alt.Chart(frame)

    def only(part: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == part)

    tip = [
        alt.Tooltip("lr:Q", format=".4g", title="learning rate"),
        alt.Tooltip("value:Q", format=".3%" if percent else ".4g", title=y_title),
        alt.Tooltip("name:N", title="regime"),
    ]
    bands = only("band").mark_rect(opacity=0.13).encode(x=x, x2="lr2", color=color)
    words = (
        only("band")
        .mark_text(fontSize=12, fontWeight="bold", baseline="bottom")
        .encode(x=alt.X("middle:Q", scale=x_scale), y=alt.value(-4), text="words:N", color=color)
    )
    runs = only("run")
    dots = runs.transform_filter(alt.datum.edge == "").mark_point(filled=True, size=55, opacity=1)
    dots = dots.encode(
        x=x, y=y, color=color, shape=alt.Shape("regime:N", scale=REGIME_SHAPES, legend=None), tooltip=tip
    )
    outside = runs.transform_filter(alt.datum.edge != "").mark_text(fontSize=13, fontWeight="bold")
    signs = outside.encode(x=x, y=y, text="edge:N", color=color, tooltip=tip)
    rules = only("border").mark_rule(color=QUIET, strokeWidth=2, strokeDash=[5, 3]).encode(x=x)
    named = only("border").mark_text(
        color=QUIET,
        fontSize=12,
        fontWeight="bold",
        align="right",
        dx=-4,
        baseline="top",
        dy=alt.expr("3 + 15 * datum.order"),
    )
    named = named.encode(x=x, y=alt.value(0), text="words:N")
    lines = only("marker").mark_rule(color=ACCENT, strokeWidth=2).encode(x=x)
    letters = only("marker").mark_text(
        color=ACCENT,
        fontSize=14,
        fontWeight="bold",
        align="left",
        dx=4,
        baseline="bottom",
        dy=alt.expr("-16 * datum.order"),
    )
    letters = letters.encode(x=x, y=alt.value("height"), text="words:N")
    drawn = [bands, words, rules, named, lines, letters, dots, signs]
    if level is not None:
        at = alt.Chart(alt.InlineData(values=[{"level": level, "name": level_name}])).encode(
            y=alt.Y("level:Q", scale=y_scale)
        )
        drawn += [
            at.mark_rule(color=QUIET, strokeDash=[2, 3]),
            at.mark_text(color=QUIET, align="left", baseline="bottom", dx=4, dy=-2).encode(
                x=alt.value(0), text="name:N"
            ),
        ]
    if pick:
        choice = alt.selection_point(name="pick", fields=["lr"], on="click", nearest=True, clear=False, toggle=False)
        drawn.append(runs.mark_circle(opacity=0, size=30).encode(x=x, y=y, tooltip=tip).add_params(choice))
    return layers(*drawn, height=height, padding={"top": 22, "left": 5, "right": 8, "bottom": 5})


def powers(low: float, high: float) -> list[float]:
    """Return the powers of ten from `low` to `high`, thinned to at most seven."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**power for power in range(first, last + 1, max(1, math.ceil((last - first) / 6)))]


def legend(regimes: Sequence[str]) -> str:
    """Return the regimes' signs and names as Markdown, each in its colour."""
    there = list(dict.fromkeys(regimes))
    return "   ".join(f":{look(name).name}[{look(name).sign} {name}]" for name in there)
