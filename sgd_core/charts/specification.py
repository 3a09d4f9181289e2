"""A chart as the Vega-Lite that the browser draws, in a fraction of the time that Altair's own `to_dict` takes.

Altair copies each part of a chart, asks of each word and number whether it is a piece of a schema, and turns the rows that
several layers share into another table for each of them. Here a chart is walked once, and each table is turned once.
"""

import hashlib
from functools import lru_cache
from typing import Any

import altair as alt
import pyarrow as pa
from altair.utils.core import parse_shorthand
from altair.utils.schemapi import SchemaBase
from altair.vegalite.v6.schema.channels import DatumChannelMixin, FieldChannelMixin, ValueChannelMixin

Rows = dict[int, tuple[pa.Table | None, Any]]  # what stands for tables, by their identity; and what short ones hold
_SET_APART = ("data", "_cached_hash")
_WALKED = {one.to_dict for one in (SchemaBase, FieldChannelMixin, ValueChannelMixin, DatumChannelMixin)}


def specification(chart: alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart) -> dict[str, Any]:
    """Return what `chart.to_dict(validate=False)` does, but for the theme.

    Altair's active data transformer says how frames are named; short tables, written as a list of rows, are named by what
    they hold, so that the browser replaces their rows like any others'. Each field of the chart has to say its type ("x:Q").
    """
    rows: Rows = {}
    made: dict[str, Any] = _chart(chart, rows, has_rows=False)
    if named := {one["name"]: table for table, one in rows.values() if table is not None}:
        made["datasets"] = named
    made.setdefault("$schema", alt.SCHEMA_URL)
    return made


def _chart(chart: Any, rows: Rows, *, has_rows: bool) -> dict[str, Any]:
    made, own = {}, chart._kwds.get("data", alt.Undefined)
    if own is not alt.Undefined:
        made["data"] = _data(own, rows)
    elif not has_rows and isinstance(chart, alt.Chart):
        made["data"] = {"values": [{}]}  # a layer without rows draws its marks once
    for name, value in chart._kwds.items():
        if name in ("layer", "hconcat", "vconcat"):
            made[name] = [_chart(one, rows, has_rows="data" in made or has_rows) for one in value]
        elif value is not alt.Undefined and name not in _SET_APART:
            made[name] = {"type": value} if name == "mark" and isinstance(value, str) else _plain(value)
    return made


def _data(data: Any, rows: Rows) -> Any:
    if isinstance(data, alt.InlineData):
        data = data.values
        if data == [{}]:
            return {"values": data}  # a row without columns
    elif isinstance(data, (SchemaBase, dict)):
        return _plain(data)
    if id(data) not in rows:
        if isinstance(data, list):
            table = _table(data)
            rows[id(data)] = table, {"name": f"rows_{hashlib.sha256(repr(data).encode()).hexdigest()[:16]}"}
        else:
            transform: Any = alt.data_transformers.get()
            rows[id(data)] = None, transform(data)
    return rows[id(data)][1]


def _table(written: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in written for name in row)
    return pa.table({name: [row.get(name) for row in written] for name in names})


def _plain(value: Any) -> Any:
    """Return a piece of a chart as lists, dicts, words and numbers."""
    kind = type(value)
    if kind in (str, float, int, bool) or value is None:
        return value
    if kind in (list, tuple):
        return [_plain(one) for one in value]
    if kind is dict:
        return {name: _plain(one) for name, one in value.items() if one is not alt.Undefined}
    if hasattr(kind, "to_dict"):
        return _piece(value) if kind.to_dict in _WALKED else _plain(value.to_dict())  # an expression says itself
    return _plain(value.tolist())  # a number or an array of numpy


def _piece(piece: SchemaBase) -> Any:
    if piece._args:
        return _plain(piece._args[0])
    made = {name: _plain(one) for name, one in piece._kwds.items() if one is not alt.Undefined}
    if "shorthand" not in made:
        return made
    field = _field(made.pop("shorthand"))
    if "type" not in piece._kwds:  # the other end of a span is of the type of the first
        field = {name: one for name, one in field.items() if name != "type"}
    elif "type" not in field and "type" not in made:
        raise ValueError(f"The field {field['field']!r} of a chart has to say its type, as in 'x:Q'.")
    return {**field, **made}


@lru_cache(maxsize=4096)
def _field(shorthand: str) -> dict[str, Any]:
    """Read "x:Q": a field and its type."""
    return dict(parse_shorthand(shorthand))
