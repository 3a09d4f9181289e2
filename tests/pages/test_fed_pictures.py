"""A picture whose rows come on a way of their own is, at a moment, the picture with the rows inside: drawn by Vega itself."""

import re
from typing import Any

import pandas as pd
import pytest
import vl_convert

from pages.ui import player
from sgd_core.charts.fed import FED, PRESENT, UNSTAMPED, fed
from sgd_core.charts.vega import CLOCK
from tests.altair_says import by_altair, in_place


def svg(spec: dict[str, Any], **values: Any) -> str:
    """Draw a specification; the parameters named have these values and are bound to nothing."""
    params = [one for one in spec.get("params", []) if one["name"] not in values]
    known = [{"name": name, "value": value} for name, value in values.items()]
    drawn = vl_convert.vegalite_to_svg(spec | {"params": [*known, *params]})
    return re.sub(r"(clip|gradient_?)\d+", r"\1", drawn)  # counted on from picture to picture


def as_fed(frame: pd.DataFrame, moment: int) -> dict[str, Any]:
    """Return a frame as feed.js puts it: what is drawn of it by column, and beside them the columns of the moment's rows."""
    rows = in_place(frame)["values"]
    now = [row for row in rows if row.get("moment") == moment]
    columns = {name: [row[name] for row in rows if row.get("drawn", True)] for name in frame.columns}
    return columns | {PRESENT: {str(moment): {name: [row[name] for row in now] for name in frame.columns}}}


@pytest.mark.parametrize("page", ["derivatives", "stepping", "pitfalls", "training", "beyond"])
def test_every_moving_picture_is_drawn_as_with_its_rows_inside(app, page, monkeypatch) -> None:
    compared = []

    def both(chart: Any, clock: str, frames: list[pd.DataFrame], place: int) -> Any:
        inside = by_altair(chart)
        taken = fed(chart, clock, frames, place)
        last = max((int(frame["moment"].max()) for frame in frames if "moment" in frame and len(frame)), default=0)
        moment = -(-last // 2)
        rows = {clock: {UNSTAMPED: [as_fed(frame, moment) for frame in frames]}}
        moved = svg(by_altair(taken), **{CLOCK: moment, FED: rows})
        assert moved == svg(inside, **{CLOCK: moment})
        compared.append(moment)
        return taken

    monkeypatch.setattr(player, "fed", both)
    opened = app(page, **{f"{page}_at": "6"})
    sections = [one for one in opened.get("button_group") if one.key == f"{page}_section"]
    for section in [option.content for option in sections[0].proto.options] if sections else []:
        app(page, **{f"{page}_section": section, f"{page}_at": "6"})
    assert any(moment > 0 for moment in compared)
