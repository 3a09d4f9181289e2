"""Each picture of each section is sent as Altair itself would send it."""

import json
from typing import Any

import altair as alt
import pandas as pd
import pytest

from pages.ui import player
from sgd_core.charts.specification import specification


def in_place(data: Any) -> dict[str, Any]:
    """Take the place of Altair's transformer of tables: the rows stay where they are used."""
    frame = data if isinstance(data, pd.DataFrame) else data.to_pandas()
    return {"values": json.loads(frame.to_json(orient="records"))}


def told(spec: dict[str, Any]) -> Any:
    """Return the specification with each table in the place where it is used."""
    tables = spec.get("datasets", {})

    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            if part.get("name") in tables:
                rows = tables[part["name"]]
                return (
                    {"values": rows}
                    if rows == [{}]
                    else in_place(pd.DataFrame(rows) if isinstance(rows, list) else rows)
                )
            return {name: walk(one) for name, one in part.items() if name not in ("datasets", "$schema")}
        return [walk(one) for one in part] if isinstance(part, list) else part

    return json.loads(json.dumps(walk(spec)))


@pytest.mark.parametrize("page", ["home", "derivatives", "stepping", "pitfalls", "training", "beyond"])
def test_every_picture_says_what_altair_says(app, page, monkeypatch) -> None:
    alt.data_transformers.register("in_place", in_place)
    compared = []

    def both(chart: Any) -> dict[str, Any]:
        with alt.data_transformers.enable("in_place"), alt.theme.enable("none"):
            assert told(specification(chart)) == told(chart.to_dict(validate=False))
        compared.append(chart)
        return specification(chart)

    monkeypatch.setattr(player, "specification", both)
    at = app(page)
    sections = [one for one in at.get("button_group") if one.key == f"{page}_section"]
    for section in [option.content for option in sections[0].proto.options] if sections else []:
        before = len(compared)
        app(page, **{f"{page}_section": section})
        assert len(compared) > before, section
