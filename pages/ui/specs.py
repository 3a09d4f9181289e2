"""What travels when a chart is painted: a specification that stays the same, and only the rows that have changed.

Building an Altair chart costs as much as painting it. So each chart's specification is built once per set of parameters,
with the rows taken out. Of a frame whose rows are told apart by `part`, the parts that hold many rows go as data sets of
their own: the browser leaves alone those whose bytes have not changed, and no layer has to look through another's rows.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ChartFunction = Callable[..., alt.Chart | alt.LayerChart]

LONG = ("curve", "slope", "path", "run", "parent")  # the parts with many rows
REST = "rows"  # the data set of all other parts
_A_PART = re.compile(r"datum\.part ===? '([^']+)'")
_ONE_PART = re.compile(rf"\(?{_A_PART.pattern}\)?")


class Blueprint:
    """A chart function with its parameters and a sample frame; equal by everything but the sample."""

    def __init__(self, chart: ChartFunction, parameters: dict[str, Any], sample: pd.DataFrame, *, live: bool) -> None:
        """`parameters` must be hashable; `live` is for frames in motion, which go without tooltips."""
        self.chart, self.parameters, self.sample = chart, tuple(sorted(parameters.items())), sample
        self._identity = (chart, self.parameters, live)
        self.live = live

    def __hash__(self) -> int:
        """Hash what counts."""
        return hash(self._identity)

    def __eq__(self, other: object) -> bool:
        """Compare what counts."""
        return isinstance(other, Blueprint) and self._identity == other._identity


class Specification(NamedTuple):
    """A chart without its rows: the specification, and the parts that have data sets of their own."""

    spec: dict[str, Any]
    apart: tuple[str, ...]

    def filled(self, frame: pd.DataFrame) -> tuple[pa.Table | None, dict[str, Any]]:
        """Return data and specification as Streamlit takes them."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if not self.apart:
            return table, self.spec
        parts = table["part"]
        sets = {name: table.filter(pc.equal(parts, name)) for name in self.apart}
        sets[REST] = table.filter(pc.invert(pc.is_in(parts, pa.array(self.apart, parts.type))))
        return None, {**self.spec, "datasets": {name: _packed(rows) for name, rows in sets.items()}}


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@lru_cache(maxsize=256)
def specification(blueprint: Blueprint) -> Specification:
    """Build a chart's specification."""
    sample = blueprint.sample.head(1)
    spec = blueprint.chart(sample, **dict(blueprint.parameters)).to_dict()
    # Altair names data sets by their content, those written into the chart itself too.
    ours = set(alt.Chart(sample).mark_point().to_dict().get("datasets", {}))
    _settle_data(spec, {name: rows for name, rows in spec.pop("datasets", {}).items() if name not in ours})
    for layer in _layers(spec):
        _quiet(layer)
        if blueprint.live:  # the browser would write a tooltip for every mark, anew in each frame
            layer.get("encoding", {}).pop("tooltip", None)
    return _with_parts_apart(spec)


def _layers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield spec
    for layer in spec.get("layer", []):
        yield from _layers(layer)


def _settle_data(spec: dict[str, Any], own: dict[str, Any]) -> None:
    """Take the sample's rows out, so that every layer reads the one frame sent; the chart's own values stay."""
    for layer in _layers(spec):
        data = layer.get("data", {})
        if data.get("name") in own:
            layer["data"] = {"values": own[data["name"]]}
        elif not {"values", "sequence"} & set(data):
            layer.pop("data", None)


def _quiet(layer: dict[str, Any]) -> None:
    """Keep marks that have nothing to tell from screen readers: the chart's sentence speaks for them.

    A layer that is empty at the moment, such as the arrow of a step of no length, would be read as a nameless image.
    """
    mark = layer.get("mark")
    if mark is not None and "tooltip" not in layer.get("encoding", {}):
        layer["mark"] = {**(mark if isinstance(mark, dict) else {"type": mark}), "aria": False}


def _with_parts_apart(spec: dict[str, Any]) -> Specification:
    """Give the long parts data sets of their own, where every layer that reads them begins by asking for just one."""
    alone: set[str] = set()
    shared: set[str] = set()
    for layer in spec.get("layer", []):
        if "data" in layer:
            continue
        asked = str((layer.get("transform") or [{}])[0].get("filter", ""))
        if one := _ONE_PART.fullmatch(asked):
            alone.add(one[1])
        else:
            shared |= set(_A_PART.findall(asked)) or set(LONG)
    apart = tuple(name for name in LONG if name in alone - shared)
    if not apart:
        return Specification(spec, ())
    spec = deepcopy(spec) | {"data": {"name": REST}}
    for layer in spec["layer"]:
        transforms = layer.get("transform") or [{}]
        one = _ONE_PART.fullmatch(str(transforms[0].get("filter", "")))
        if "data" not in layer and one and one[1] in apart:
            layer["data"] = {"name": one[1]}
            layer["transform"] = transforms[1:]
    return Specification(spec, apart)
