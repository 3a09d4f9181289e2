"""A chart's specification by Altair itself, which ours (sgd_core/charts/specification.py) is held against."""

import json
from typing import Any

import altair as alt
import pandas as pd

from sgd_core.charts.specification import specification


def in_place(data: Any) -> dict[str, Any]:
    """Take the place of Altair's transformer of tables: the rows stay where they are used."""
    frame = data if isinstance(data, pd.DataFrame) else data.to_pandas()
    return {"values": json.loads(frame.to_json(orient="records"))}


alt.data_transformers.register("in_place", in_place)


def told(spec: dict[str, Any]) -> Any:
    """Return a specification with each table in the place where it is used."""
    tables = spec.get("datasets", {})

    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            if part.get("name") in tables:
                rows = tables[part["name"]]
                if rows == [{}]:  # a mark without rows
                    return {"values": rows}
                return in_place(pd.DataFrame(rows) if isinstance(rows, list) else rows)
            return {name: walk(one) for name, one in part.items() if name not in ("datasets", "$schema")}
        return [walk(one) for one in part] if isinstance(part, list) else part

    return json.loads(json.dumps(walk(spec)))


def by_altair(chart: Any) -> Any:
    """Return a chart's specification as Altair writes it, its rows inside."""
    with alt.data_transformers.enable("in_place"), alt.theme.enable("none"):
        return told(chart.to_dict(validate=False))


def assert_same(chart: Any) -> None:
    """Fail if our specification of a chart says anything else than Altair's."""
    with alt.data_transformers.enable("in_place"), alt.theme.enable("none"):
        assert told(specification(chart)) == by_altair(chart)
