"""Rows on a way of their own: a moving chart's specification stays as it is while the browser is given other rows.

A chart with its rows inside has to be read anew for each change of a row. Here each frame of a chart is taken out; the chart
reads it from the property `value` of the page's body, by the name of its clock, and hears of new rows by an event of its own,
`sgd-fed-<name>-<place>`, so that not all charts are drawn in one frame. That is Vega's binding of a parameter to an element
(https://vega.github.io/vega/docs/signals/#bind-external).

Frames are given to the specifications that they were made for, which are told apart by a stamp: a new chart that met the rows of
the run before, with other axes, would shrink to make room for what lies beside its plot, and stay so.
"""

import base64
import hashlib
import json
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sgd_core.charts.vega import CLOCK, NOW

UNSTAMPED = "unstamped"  # for which frames a chart asks before its specification is stamped
FED = "fed"  # the parameter of a chart that holds the frames of its clock
# Beside its columns each frame has its rows moment by moment (feed.js): to look for those of one moment among all, at each
# moment, would take most of a moment's time.
PRESENT = "sgd_present"
# What a chart begins with, before it has read a frame. It is the same for all layers: Vega-Lite then does what several of them
# do with a frame only once, which a sequence, without a name, would not allow.
_ONE = [{FED: 0}]


def fed(chart: Any, name: str, frames: list[pd.DataFrame], place: int = 0) -> Any:
    """Take the frames out of a chart, and return the chart, which is changed.

    `name` is the clock's, `place` which of its charts this is. Each frame that is not yet in `frames` is added there; the chart
    says only which one it reads.
    """
    taken = sorted(_take(chart, frames))
    if not taken:
        return chart
    bound = alt.VariableParameter(FED, bind=alt.BindDirect(element="body", event=f"sgd-fed-{name}-{place}"))
    rows = [
        alt.VariableParameter(
            _rows(i),
            expr=f"isValid({FED}) && isValid({FED}['{name}']) && isValid({FED}['{name}']['{UNSTAMPED}'])"
            f" ? {FED}['{name}']['{UNSTAMPED}'][{i}] : null",
        )
        for i in taken
    ]
    others = [] if chart.params is alt.Undefined else list(chart.params)
    chart.params = [bound, *rows, *others]
    return chart


def stamped(specification: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a fed chart's specification with its own stamp in the place of `UNSTAMPED`, and the stamp.

    What short tables hold does not count, though it is in their names: a specification that is the same but for these stays
    in the browser, too.
    """
    told = json.dumps({name: part for name, part in specification.items() if name != "datasets"})
    for place, table in enumerate(specification.get("datasets", ())):
        told = told.replace(table, str(place))
    stamp = hashlib.sha256(told.encode()).hexdigest()[:12]
    params = [
        one | {"expr": one["expr"].replace(f"['{UNSTAMPED}']", f"['{stamp}']")}
        if UNSTAMPED in one.get("expr", "")
        else one
        for one in specification.get("params", [])
    ]
    return specification | {"params": params}, stamp


def _rows(place: int) -> str:
    return f"{FED}_{place}"


def _take(chart: Any, frames: list[pd.DataFrame]) -> set[int]:
    """Take the frames out of a chart and its parts; return their places in `frames`."""
    parts = [part for kind in ("layer", "hconcat", "vconcat", "concat") for part in _listed(chart, kind)]
    found = set[int]().union(*(_take(part, frames) for part in parts))
    frame = chart.data
    if not isinstance(frame, pd.DataFrame):
        return found
    place = next((i for i, known in enumerate(frames) if known is frame), len(frames))
    if place == len(frames):
        frames.append(frame)
    rows, columns = _rows(place), [str(column) for column in frame.columns]
    known, source = f"isValid({rows})", rows
    if _is_of_present(chart):
        known, source = f"{known} && isValid({rows}['{PRESENT}'][{CLOCK}])", f"{rows}['{PRESENT}'][{CLOCK}]"
    taken = [
        alt.CalculateTransform(
            calculate=f"{known} && isValid({source}['{column}']) ? {source}['{column}'] : []", **{"as": f"sgd{i}"}
        )
        for i, column in enumerate(columns)
    ]
    spread = alt.FlattenTransform(flatten=[f"sgd{i}" for i in range(len(columns))], **{"as": columns})
    chart.data = alt.InlineData(values=_ONE)
    chart.transform = [*taken, spread, *_listed(chart, "transform")]
    return {place, *found}


def _is_of_present(chart: Any) -> bool:
    """Tell whether a chart shows the rows of the present moment alone, whatever is done to each row before."""
    transforms = _listed(chart, "transform")
    each = all(isinstance(one, alt.FilterTransform | alt.CalculateTransform) for one in transforms)
    # Altair's own expressions (`alt.datum.part == "path"`) are no strings, and to compare one with anything is true.
    filters = [one.filter for one in transforms if isinstance(one, alt.FilterTransform)]
    return each and any(isinstance(one, str) and one == NOW for one in filters)


def _listed(chart: Any, kind: str) -> list[Any]:
    parts: Any = getattr(chart, kind, alt.Undefined)
    return [] if parts is alt.Undefined else list(parts)


def packed(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a frame as the browser gets it, by column: numbers as they are in memory, anything else as a code a row.

    A number is 8 bytes (float64, little-endian), so that none loses a digit and NaN stays NaN; a code is 4 bytes, a place in
    the column's own list of values. Both are written in base 64.
    """
    return {str(name): _column(column) for name, column in frame.items()}


def _column(column: pd.Series) -> dict[str, Any]:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return {"numbers": _base64(column.to_numpy(dtype="<f8", na_value=np.nan))}
    codes, values = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=False)
    known = [None if pd.isna(value) else value.item() if isinstance(value, np.generic) else value for value in values]
    return {"codes": _base64(codes.astype("<u4")), "values": known}


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()
