"""Answers of a classifier: how sure of each class, and which classes it takes for which."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.palette import ACCENT, DIVERGING, QUIET, SECOND, TRAINING, VALIDATION
from sgd_core.charts.tiles import png
from sgd_core.charts.vega import bare, layers, now, so_far
from sgd_core.numbers import AXIS_LABEL

FOREVER = 10**9  # a moment that no run comes to


def probability_bars(
    frame: pd.DataFrame, *, names: tuple[str, ...], title: str, threshold: float | None = None
) -> alt.LayerChart:
    """Draw one bar a class at the moment shown; `threshold` is a line across: right of it the first class wins.

    `frame` has `moment`, `name`, `value` (0 to 1), `shown` (the value in words) and `truth`.
    """
    y = alt.Y("name:N", sort=list(names), title=None, axis=alt.Axis(ticks=False, domain=False, labelFontSize=12))
    room = alt.Scale(domain=[0, 1.2], nice=False)  # for the words beside a bar that is full
    x = alt.X("value:Q", title=title, scale=room, axis=alt.Axis(format="%", values=[0, 0.5, 1]))
    color = alt.Color("truth:N", scale=alt.Scale(domain=[True, False], range=[ACCENT, QUIET]), legend=None)
    present = now(alt.Chart(frame))
    bars = present.mark_bar(height={"band": 0.7}).encode(x=x, y=y, color=color)
    words = present.mark_text(align="left", dx=4, fontSize=11, color=QUIET).encode(
        x=alt.X("value:Q"), y=y, text=alt.Text("shown:N")
    )
    drawn: list[alt.Chart] = [bars, words]
    if threshold is not None:
        line = alt.Chart(alt.InlineData(values=[{"threshold": threshold}]))
        drawn.append(line.mark_rule(color=QUIET, strokeDash=[2, 3]).encode(x=alt.X("threshold:Q")))
    return layers(*drawn, height=80 + 24 * len(names))


def answer_rows(decided: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return the frame of `answer_strip` from the class decided for each image at each moment, (moments, n)."""
    new = np.vstack([np.ones((1, decided.shape[1]), dtype=bool), decided[1:] != decided[:-1]])
    image, moment = np.nonzero(new.T)
    said = decided[moment, image]
    until = np.append(moment[1:], FOREVER)
    until[np.append(image[1:] != image[:-1], True)] = FOREVER  # the last answer of an image
    return pd.DataFrame(
        {
            "moment": moment,
            "until": until,
            "image": image,
            "said": np.array(names, dtype=object)[said],
            "right": said == truth[image],
        }
    )


def answer_strip(frame: pd.DataFrame, images: np.ndarray, *, columns: int, tile: int = 60) -> alt.LayerChart:
    """Draw images (n, H, W) with what the model says of each at the moment shown.

    `frame` has a row an answer: `image` (the number of the image), `said` (the answer), `right`, and the moments at which it
    holds, from `moment` on and before `until`. Right and wrong answers are told apart by sign and colour.
    """
    high = tile + 20
    places = [
        {"image": i, "url": png(np.rint((1 - one) * 255).astype(np.uint8)), "x": i % columns, "y": i // columns}
        for i, one in enumerate(images)
    ]
    rows = -(-len(images) // columns)
    x = alt.Scale(domain=[0, columns], nice=False)
    y = alt.Scale(domain=[0, rows], nice=False, reverse=True)
    pictures = (
        alt.Chart(alt.InlineData(values=places))
        .transform_calculate(
            right="datum.x + 0.92", top=f"datum.y + {18 / high}", bottom=f"datum.y + {(18 + 0.92 * tile) / high}"
        )
        .mark_image(smooth=False, aspect=False)
        .encode(
            x=alt.X("x:Q", scale=x, axis=None),
            x2=alt.X2("right:Q"),
            y=alt.Y("top:Q", scale=y, axis=None),
            y2=alt.Y2("bottom:Q"),
            url=alt.Url("url:N"),
        )
    )
    words = (
        so_far(alt.Chart(frame))
        .transform_filter("t < datum.until")
        .transform_calculate(
            x=f"datum.image % {columns}",
            y=f"floor(datum.image / {columns}) + {14 / high}",
            words="(datum.right ? '✓ ' : '✗ ') + datum.said",
        )
        .mark_text(align="left", baseline="bottom", fontSize=12, fontWeight="bold")
        .encode(
            x=alt.X("x:Q", scale=x, axis=None),
            y=alt.Y("y:Q", scale=y, axis=None),
            text=alt.Text("words:N"),
            color=alt.Color(
                "right:N", scale=alt.Scale(domain=[True, False], range=[TRAINING, VALIDATION]), legend=None
            ),
        )
    )
    return bare(layers(pictures, words, width=columns * tile, height=rows * high))


def waterfall(frame: pd.DataFrame, *, title: str, height: int) -> alt.LayerChart:
    """Draw what adds up to a score, a bar a row from where the one above ended.

    `frame` has `name`, `begin`, `end`, `shown` (the amount in words) and `kind`: "for", "against" or "sum".
    """
    y = alt.Y(
        "name:N",
        sort=list(frame["name"]),
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelLimit=170, labelOverlap=False, labelFlush=False),
    )
    base = alt.Chart(frame).encode(y=y)
    kinds = alt.Scale(domain=["for", "against", "sum"], range=[DIVERGING[8], DIVERGING[2], QUIET])
    ends = frame[["begin", "end"]].to_numpy()
    span = float(ends.max() - ends.min()) or 1.0
    scale = alt.Scale(domain=[float(ends.min()) - 0.02 * span, float(ends.max()) + 0.16 * span], nice=False)
    x = alt.X("begin:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, labelExpr=AXIS_LABEL))
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x=x,
        x2=alt.X2("end:Q"),
        color=alt.Color("kind:N", scale=kinds, legend=None),
        tooltip=[alt.Tooltip("name:N"), alt.Tooltip("shown:N", title="adds")],
    )
    words = base.transform_calculate(place="max(datum.begin, datum.end)").mark_text(
        align="left", dx=4, fontSize=11, color=QUIET
    )
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=QUIET, strokeDash=[2, 3])
    return layers(
        zero.encode(x=alt.X("zero:Q", scale=scale)),
        bars,
        words.encode(x=alt.X("place:Q", scale=scale), text=alt.Text("shown:N")),
        height=height,
    )


def confusion_matrix(frame: pd.DataFrame, *, names: tuple[str, ...], side: int) -> alt.LayerChart:
    """Draw a cell for each truth (row) and answer (column), to be clicked (selection "pick": `truth`, `answer`).

    `frame` has `truth`, `answer`, `count`, `share` (of the row) and `right`. Right answers are blue, mistakes orange;
    the darker, the larger their share of the row.
    """
    pick = alt.selection_point(name="pick", fields=["truth", "answer"], on="click", empty=False)
    x = alt.X("answer:N", sort=list(names), title="the model says", axis=alt.Axis(orient="top", labelAngle=0))
    y = alt.Y("truth:N", sort=list(names), title="it is")
    cells = (
        alt.Chart(frame)
        .mark_rect(stroke=QUIET, strokeWidth=0.5, cursor="pointer")
        .encode(
            x=x,
            y=y,
            fill=alt.Color("right:N", scale=alt.Scale(domain=[True, False], range=[ACCENT, SECOND]), legend=None),
            # mistakes are few: the square root lets a share of one percent be seen
            fillOpacity=alt.FillOpacity(
                "share:Q", scale=alt.Scale(type="sqrt", domain=[0, 1], range=[0, 0.95]), legend=None
            ),
            strokeWidth=alt.StrokeWidthValue(0.5, condition={"param": "pick", "empty": False, "value": 3}),
            tooltip=[
                alt.Tooltip("truth:N", title="it is"),
                alt.Tooltip("answer:N", title="the model says"),
                alt.Tooltip("count:Q", title="images"),
                alt.Tooltip("share:Q", format=".1%", title="of this row"),
            ],
        )
        .add_params(pick)
    )
    words = (
        alt.Chart(frame)
        .mark_text(fontSize=13, fontWeight="bold")
        .encode(
            x=x,
            y=y,
            text=alt.Text("count:Q"),
            color=alt.ColorValue(QUIET, condition={"test": "datum.share > 0.3", "value": "white"}),
        )
    )
    return layers(cells, words, width=side, height=side)
