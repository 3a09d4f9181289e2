"""Pictures of the walk on the Home page: the ink that decides, and images on the curve of their loss."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.palette import ACCENT, DIVERGING, QUIET, ceiling
from sgd_core.charts.tiles import png
from sgd_core.charts.vega import ROOM, layers
from sgd_core.numbers import number, signed

AGAINST, FOR = DIVERGING[2], DIVERGING[8]  # the maps' blue and red


def ink_bar(for_first: float, for_second: float, bias: float, names: tuple[str, str]) -> alt.LayerChart:
    """Draw the ink for the second class to the left, for the first to the right, and the score that is left of both."""
    score = for_first - for_second + bias
    reach = ceiling(max(for_first, for_second, abs(score), 1e-6) * 1.3)
    x_scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(title=f"← says {names[1]} · score · says {names[0]} →", tickCount=5, grid=False)
    rows = pd.DataFrame(
        {
            "row": ["ink", "ink", "score"],
            "begin": [0.0, 0.0, 0.0],
            "end": [for_first, -for_second, score],
            "color": [FOR, AGAINST, FOR if score > 0 else AGAINST],
            "said": [
                signed(for_first),
                signed(-for_second),
                f"{signed(score)}: a {names[0] if score > 0 else names[1]}",
            ],
            "right": [True, False, score > 0],
        }
    )
    base = alt.Chart(rows).encode(
        y=alt.Y("row:N", title=None, sort=["ink", "score"], axis=alt.Axis(ticks=False, domain=False))
    )
    bars = base.mark_bar(height={"band": 0.62}, stroke=QUIET, strokeWidth=0.75).encode(
        x=alt.X("begin:Q", scale=x_scale, axis=axis), x2=alt.X2("end:Q"), color=alt.Color("color:N", scale=None)
    )
    words: list[Any] = [
        base.transform_filter(f"datum.right == {side}")
        .mark_text(align="left" if dx > 0 else "right", dx=dx, fontSize=13, fontWeight="bold", color=QUIET)
        .encode(x=alt.X("end:Q", scale=x_scale), text=alt.Text("said:N"))
        for side, dx in (("true", 6), ("false", -6))
    ]
    zero = (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_rule(color=QUIET, strokeWidth=2)
        .encode(x=alt.XDatum(0, scale=x_scale))
    )
    return layers(bars, zero, *words, height=124)


def loss_curve(
    images: NDArray[np.float32], margins: NDArray[np.float64], losses: NDArray[np.float64], mean: float
) -> alt.LayerChart:
    """Draw images (n, H, W) at their place on the curve of the loss, from the worst to the best, and the mean loss."""
    low, high = float(margins.min()), float(margins.max())
    room = 0.1 * (high - low) or 1.0
    x_domain = [low - room, high + room]
    y_domain = [-0.07 * float(losses.max()), 1.12 * float(losses.max())]
    x_scale, y_scale = alt.Scale(domain=x_domain, nice=False), alt.Scale(domain=y_domain, nice=False)
    x = alt.X(
        "margin:Q",
        title="← wrong · score for the right answer · right →",
        scale=x_scale,
        axis=alt.Axis(grid=False),
    )
    y = alt.Y("loss:Q", title="loss", scale=y_scale, axis=alt.Axis(tickCount=5, minExtent=ROOM))
    line = np.linspace(x_domain[0], x_domain[1], 121)
    curve = pd.DataFrame({"margin": line, "loss": np.logaddexp(0.0, -line)})
    urls = [png(np.rint((1 - np.clip(image, 0, 1)) * 255).astype(np.uint8)) for image in images]
    pictures = pd.DataFrame(
        {"margin": margins, "loss": losses, "url": urls, "said": [number(loss, 3) for loss in losses]}
    )
    level = alt.Chart(pd.DataFrame({"loss": [mean], "said": [f"the mean of all: {number(mean)}"]}))
    side = alt.expr("width < 500 ? 26 : 44")
    return layers(
        alt.Chart(curve).mark_line(color=ACCENT, strokeWidth=2.5, clip=True).encode(x=x, y=y),
        level.mark_rule(color=QUIET, strokeDash=[3, 3]).encode(y=y),
        level.mark_text(color=QUIET, align="right", dx=-4, dy=-8, fontSize=12).encode(
            x=alt.XValue(alt.ExprRef("width")), y=y, text=alt.Text("said:N")
        ),
        alt.Chart(pictures).mark_image(width=side, height=side, smooth=False).encode(x=x, y=y, url=alt.Url("url:N")),
        alt.Chart(pictures)
        .mark_rect(fillOpacity=0, stroke=QUIET, strokeWidth=0.75, width=side, height=side)
        .encode(x=x, y=y, tooltip=[alt.Tooltip("said:N", title="its loss")]),
        alt.Chart(pictures.head(3))
        .mark_text(align="left", dx=alt.expr("width < 500 ? 18 : 27"), fontSize=13, fontWeight="bold", color=QUIET)
        .encode(x=x, y=y, text=alt.Text("said:N")),
        height=350,
    )
