"""A function of two weights from above: a point, the two lines through it that hold one weight, and the gradient."""

import math
from typing import Any, Protocol

import altair as alt
import pandas as pd

from sgd_core.charts.curve import part
from sgd_core.charts.palette import ACCENT, POINT, QUIET, SECOND
from sgd_core.charts.surface import places
from sgd_core.charts.vega import layers

LONGEST = 0.3  # of the window: the arrow where the gradient is longest
SHORTEST = 0.06  # an arrow shorter than this would be hidden by the point


class Steep(Protocol):
    """A point of a surface with its partial derivatives."""

    @property
    def a(self) -> float:
        """The first weight."""

    @property
    def b(self) -> float:
        """The second weight."""

    @property
    def by_a(self) -> float:
        """The partial derivative by the first."""

    @property
    def by_b(self) -> float:
        """The partial derivative by the second."""


def pair_frame(at: Steep, domain: tuple[float, float], steepest: float) -> pd.DataFrame:
    """Return the rows of the picture: the two held lines, the partial derivatives and the gradient as arrows, the point.

    Arrows are proportional to their derivatives; the gradient of length `steepest` has the longest arrow. Where the
    gradient is shorter than a fifth of that, all three are drawn longer by one factor, so that they can be seen.
    """
    low, high = domain
    rows = [
        part("hold b", [low, high], [at.b, at.b]),
        part("hold a", [at.a, at.a], [low, high]),
        part("point", [at.a], [at.b]),
    ]
    length = math.hypot(at.by_a, at.by_b)
    if math.isfinite(length) and length > 0 and math.isfinite(steepest):
        drawn = min(max(length / steepest, SHORTEST / LONGEST), 1.0) * LONGEST * (high - low)
        for name, x, y in (("by a", at.by_a, 0.0), ("by b", 0.0, at.by_b), ("gradient", at.by_a, at.by_b)):
            if not (x or y):
                continue
            tip = at.a + x / length * drawn, at.b + y / length * drawn
            rows.append(part(name, [at.a, tip[0]], [at.b, tip[1]]))
            head = part(f"{name} head", [tip[0]], [tip[1]])
            rows.append(head.assign(angle=math.degrees(math.atan2(x, y))))
    return pd.concat(rows, ignore_index=True)


def pair_picture(
    frame: pd.DataFrame, *, url: str, domain: tuple[float, float], names: tuple[str, str], size: int = 340
) -> alt.LayerChart:
    """Draw `pair_frame` over the picture `url` of the window, a square of `size` pixels; a click picks x and y.

    Both axes have one scale, so that the arrow stands at a right angle to the lines of equal height.
    """
    axis = alt.Axis(grid=False, zindex=1, tickCount=6)
    scale = alt.Scale(domain=list(domain), nice=False, zero=False)
    x, y = (
        alt.X("x:Q", scale=scale, axis=axis, title=names[0]),
        alt.Y("y:Q", scale=scale, axis=axis, title=names[1]),
    )
    whole = alt.InlineData(values=[{"url": url, "x": domain[0], "x2": domain[1], "y": domain[0], "y2": domain[1]}])
    image = (
        alt.Chart(whole)
        .mark_image(aspect=False)
        .encode(url=alt.Url("url:N"), x=x, x2=alt.X2("x2"), y=y, y2=alt.Y2("y2"))
    )
    base = alt.Chart(frame).encode(x=x, y=y)

    def only(name: str) -> alt.Chart:
        return base.transform_filter(alt.datum.part == name)

    def arrow(name: str, color: str, width: float) -> list[Any]:
        line = only(name).mark_line(color=color, strokeWidth=width, clip=True).encode(order=alt.Order("order:Q"))
        head = (
            only(f"{name} head")
            .mark_point(shape="triangle-up", filled=True, color=color, size=45 * width, opacity=1, clip=True)
            .encode(angle=alt.Angle("angle:Q", scale=None))
        )
        return [line, head]

    held: dict[str, Any] = {"strokeWidth": 1.5, "strokeDash": [5, 4], "color": QUIET}
    point = only("point").mark_point(color=POINT, filled=True, size=170, opacity=1, stroke="white", strokeWidth=1.5)
    return layers(
        image,
        places(x, y, domain, domain),
        only("hold b").mark_line(**held),
        only("hold a").mark_line(**held),
        *arrow("by a", ACCENT, 2.5),
        *arrow("by b", ACCENT, 2.5),
        *arrow("gradient", SECOND, 4),
        point.encode(
            tooltip=[alt.Tooltip("x:Q", format=".4g", title=names[0]), alt.Tooltip("y:Q", format=".4g", title=names[1])]
        ),
        width=size,
        height=size,
        autosize=alt.AutoSizeParams(type="pad"),
        padding={"left": 1, "right": 12, "top": 6, "bottom": 2},
    )
