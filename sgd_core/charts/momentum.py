"""Which learning rates and momenta work on a quadratic, and how well: a map that can be clicked."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.charts.palette import ACCENT, POINT, QUIET, RACERS, REGIMES
from sgd_core.charts.vega import ROOM, layers
from sgd_core.numbers import AXIS_LABEL

Array = NDArray[np.float64]
COLUMNS, ROWS = 48, 33
MOST_MOMENTUM = 0.99


def map_axes(least: float, most: float) -> tuple[Array, Array]:
    """Return the edges of the map's cells: learning rates (COLUMNS + 1,) and momenta (ROWS + 1,).

    They hold the best pair and the borders 2 (1 + momentum)/λ of the largest eigenvalue `most`, and those of the
    smallest one as far as two decades reach.
    """
    top = 4.5 / most
    bottom = top / 10 ** min(3.0, max(1.9, math.log10(most / least) / 2 + 1))
    return np.geomspace(bottom, top, COLUMNS + 1), np.linspace(0, MOST_MOMENTUM, ROWS + 1)


def middles(edges: Array, log: bool = False) -> Array:
    """Return the middle of each cell."""
    return np.sqrt(edges[:-1] * edges[1:]) if log else (edges[:-1] + edges[1:]) / 2


def map_rows(lrs: Array, momenta: Array, rates: Array) -> pd.DataFrame:
    """Return a row a cell: `lr, momentum, rate` at its middle and its edges; `rates` are (ROWS, COLUMNS)."""
    column, row = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    i, j = column.ravel(), row.ravel()
    return pd.DataFrame(
        {
            "lr": [float(f"{value:.2g}") for value in middles(lrs, log=True)[i]],
            "momentum": np.round(middles(momenta)[j], 2),
            "rate": rates.ravel(),
            "left": lrs[i],
            "right": lrs[i + 1],
            "low": momenta[j],
            "high": momenta[j + 1],
        }
    )


def momentum_map(
    frame: pd.DataFrame,
    *,
    eigenvalues: Sequence[float],
    best: tuple[float, float],
    runs: Mapping[str, tuple[float, float]],
    height: int = 260,
) -> alt.LayerChart:
    """Draw `map_rows`: the bluer, the faster; what diverges is hatched red; a click takes a cell (selection "pick").

    The borders 2 (1 + momentum)/λ are lines, the `best` pair is a star, and `runs` are their letters at their pairs.
    """
    ends = [float(frame["left"].min()), float(frame["right"].max())]
    x_scale = alt.Scale(type="log", domain=ends, nice=False)
    y_scale = alt.Scale(domain=[0, MOST_MOMENTUM], nice=False)
    ticks = [m * 10.0**power for power in range(-9, 9) for m in (1, 3) if ends[0] <= m * 10.0**power <= ends[1]]
    x = alt.X("left:Q", title="learning rate", scale=x_scale, axis=alt.Axis(values=ticks, labelExpr=AXIS_LABEL))
    y = alt.Y("low:Q", title="momentum", scale=y_scale, axis=alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8], minExtent=ROOM))
    pick = alt.selection_point(name="pick", fields=["lr", "momentum"], on="click", clear=False, toggle=False)
    tip = [
        alt.Tooltip("lr:Q", title="learning rate"),
        alt.Tooltip("momentum:Q"),
        alt.Tooltip("rate:Q", format=".3f", title="a step leaves"),
    ]
    fastest = float(frame["rate"].min())
    strength = alt.FillOpacity(
        "rate:Q",
        scale=alt.Scale(type="pow", exponent=2, domain=[min(fastest, 0.98), 1], range=[0.95, 0.04], clamp=True),
        legend=None,
        condition={"test": "datum.rate >= 1", "value": 0.28},
    )
    hue = alt.ColorValue(ACCENT, condition={"test": "datum.rate >= 1", "value": REGIMES["diverging"].color})
    cells = (
        alt.Chart(frame)
        .mark_rect(aria=False, cursor="pointer")
        .encode(x=x, x2=alt.X2("right"), y=y, y2=alt.Y2("high"), color=hue, fillOpacity=strength, tooltip=tip)
    )
    momenta = np.linspace(0, MOST_MOMENTUM, 40)
    borders = [
        {"border": i, "at": float(2 * (1 + momentum) / value), "momentum": float(momentum)}
        for i, value in enumerate(eigenvalues)
        if value > 0
        for momentum in momenta
        if ends[0] <= 2 * (1 + momentum) / value <= ends[1]
    ]
    drawn: list[Any] = [cells.add_params(pick)]
    at, height_of = alt.X("at:Q", scale=x_scale), alt.Y("momentum:Q", scale=y_scale)
    if borders:
        line = alt.Chart(alt.InlineData(values=borders)).mark_line(color=POINT, strokeWidth=2, aria=False)
        drawn.append(line.encode(x=at, y=height_of, detail=alt.Detail("border:N")))
    marks = [{"at": best[0], "momentum": best[1], "run": "best"}] if math.isfinite(best[0]) else []
    star = alt.Chart(alt.InlineData(values=marks)).mark_point(
        shape="cross", filled=True, size=90, color="white", stroke=QUIET, strokeWidth=1.5, opacity=1, aria=False
    )
    if marks:
        drawn.append(star.encode(x=at, y=height_of))
    seen = [
        {"run": run, "at": lr, "momentum": momentum} for run, (lr, momentum) in runs.items() if ends[0] <= lr <= ends[1]
    ]
    if seen:
        own = alt.Color("run:N", scale=_RUNS, legend=None)
        letters = alt.Chart(alt.InlineData(values=seen))
        point = letters.mark_circle(size=190, opacity=1, stroke="white", strokeWidth=1.5, aria=False)
        word = letters.mark_text(color="white", fontSize=11, fontWeight="bold", aria=False)
        drawn += [point.encode(x=at, y=height_of, color=own), word.encode(x=at, y=height_of, text=alt.Text("run:N"))]
    return layers(*drawn, height=height)


_RUNS = alt.Scale(domain=list(RACERS), range=[style.color for style in RACERS.values()])
