"""Charts that the clock moves: the parameter and the close words."""

import json
import re
from typing import Any

import altair as alt
import pandas as pd

from sgd_core.charts.vega import CLOCK, bare, compact, layers, moved_by_clock, so_far


def picture() -> alt.LayerChart:
    base = alt.Chart(pd.DataFrame({"moment": [0, 1], "x": [0, 1]}))
    return layers(so_far(base).mark_line().encode(x="x:Q"), base.mark_point().encode(x="x:Q"))


def params(chart: alt.LayerChart) -> list[tuple[str, int]]:
    return [(one["name"], one["value"]) for one in chart.to_dict()["params"]]


def test_a_moved_chart_has_the_clocks_parameter_once_and_says_what_altairs_own_way_says() -> None:
    bound = alt.binding_range(min=0, max=100_000, step=1, name=CLOCK)
    own = picture().add_params(alt.param(name=CLOCK, value=3, bind=bound)).to_dict()
    assert moved_by_clock(picture(), 3).to_dict() == own
    chart = moved_by_clock(moved_by_clock(picture(), 3), 5)
    assert params(chart) == [(CLOCK, 5)]


def test_another_parameter_stays() -> None:
    chart = picture().add_params(alt.param(name="other", value=1))
    assert params(moved_by_clock(chart, 2)) == [("other", 1), (CLOCK, 2)]


def test_a_compact_chart_keeps_what_else_is_configured() -> None:
    own = bare(picture()).configure_axis(titlePadding=3, labelPadding=3)
    own = own.configure_legend(padding=0, offset=4, titlePadding=2).to_dict()
    assert compact(bare(picture())).to_dict() == own


def named(spec: dict[str, Any]) -> str:
    """Return the specification as text, with Altair's name of the view that a selection is made in as ours."""
    return re.sub(r"view_\w+", "pick_view", json.dumps(spec, sort_keys=True))


def test_layers_say_what_altairs_own_layers_say() -> None:
    rows = pd.DataFrame({"moment": [0, 1], "x": [0, 1]})
    base, other = alt.Chart(rows), alt.Chart(alt.InlineData(values=[{"y": 1}]))
    pick = alt.selection_point(name="pick", fields=["x"], on="click")
    line = base.mark_line().encode(x=alt.X("x:Q"))
    dots = base.mark_point().encode(x=alt.X("x:Q")).add_params(pick)
    rule = other.mark_rule().encode(y=alt.Y("y:Q"))
    for parts in ([line], [line, dots], [dots, line], [line, dots, rule], [line.properties(height=70), rule]):
        assert named(layers(*parts, width=50).to_dict()) == named(alt.layer(*parts, width=50).to_dict())
    nested, own = layers(layers(line, dots), rule, height=9), alt.layer(alt.layer(line, dots), rule, height=9)
    assert named(nested.to_dict()) == named(own.to_dict())
    assert line.data is rows  # what the layers are made of stays as it was
    assert dots.params is not alt.Undefined
