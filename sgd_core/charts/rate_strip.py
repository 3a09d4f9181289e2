"""A thin logarithmic strip of learning rates: the zones along the steepest direction, the border, and where a run stands."""

import math

import altair as alt

from sgd_core.charts.palette import POINT, QUIET, look
from sgd_core.charts.vega import bare, layers
from sgd_core.numbers import number

WHOSE = "the next step along the steepest direction"
ROOM_FOR_WORDS = 2 * 180  # pixels of a strip whose half holds these words; a narrower one says it in its tooltip
NARROW = 25  # pixels of a zone that has room for its sign only
TOO_LOW, OVERSHOOTS = 1 / 20, 1 / 2  # of the border: below the first each step makes less than a tenth of the way


def rate_strip(lr: float, border: float, *, height: int = 34) -> alt.LayerChart:
    """Draw the zones of a parabola whose border is 2/λ, with a marker at the learning rate `lr`.

    It says whose zones these are: a run may go another way than its steepest direction does at the present weights.
    """
    low, high = min(border / 400, lr / 2), max(border * 8, lr * 2)
    ends = [low, border * TOO_LOW, border * OVERSHOOTS, border, high]
    names = ["too low", "good", "bouncing", "diverging"]
    zones = [
        {
            "name": name,
            "sign": look(name).sign,
            "from": begin,
            "to": end,
            "middle": (begin * end) ** 0.5,
            "share": math.log(end / begin) / math.log(high / low),
            "whose": WHOSE,
        }
        for name, begin, end in zip(names, ends, ends[1:], strict=False)
    ]
    right = lr < (low * high) ** 0.5  # where the marker is not
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    none = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)
    base = alt.Chart(alt.InlineData(values=zones))
    color = alt.Color("name:N", scale=alt.Scale(domain=names, range=[look(name).color for name in names]), legend=None)
    marker = alt.Chart(
        alt.InlineData(values=[{"at": border, "words": f"2/λ = {number(border, 3)}"}, {"at": lr, "words": "▼"}])
    )
    y = alt.YValue((height + 10) / 2)
    return bare(
        layers(
            base.mark_rect(opacity=0.28).encode(
                x=alt.X("from:Q", scale=scale, axis=none),
                x2=alt.X2("to:Q"),
                y=alt.YValue(12),
                y2=alt.Y2Value(height - 2),
                color=color,
                tooltip=[alt.Tooltip("name:N", title="zone"), alt.Tooltip("whose:N", title="of")],
            ),
            marker.transform_filter("datum.words == '▼'")
            .mark_text(
                color=QUIET,
                fontSize=10,
                baseline="top",
                dx=-4 if right else 4,
                align="right" if right else "left",
                text=alt.expr(f"width < {ROOM_FOR_WORDS} ? '' : {WHOSE!r}"),
            )
            .encode(x=alt.XValue("width") if right else alt.XValue(0), y=alt.YValue(0)),
            base.mark_text(
                fontSize=11, color=QUIET, text=alt.expr(f"width * datum.share < {NARROW} ? datum.sign : datum.name")
            ).encode(x=alt.X("middle:Q", scale=scale), y=y),
            marker.transform_filter("datum.words != '▼'")
            .mark_rule(color=QUIET, strokeWidth=2)
            .encode(x=alt.X("at:Q", scale=scale), tooltip=alt.Tooltip("words:N")),
            marker.transform_filter("datum.words == '▼'")
            .mark_text(color=POINT, fontSize=16, fontWeight="bold")
            .encode(x=alt.X("at:Q", scale=scale), y=alt.YValue(5), text=alt.Text("words:N")),
            height=height,
        )
    )
