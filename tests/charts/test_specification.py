"""Our way from a chart to Vega-Lite says what Altair's own says."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest

from sgd_core.charts.specification import specification
from sgd_core.charts.vega import layers, moved_by_clock, so_far
from tests.altair_says import assert_same

ROWS = pd.DataFrame({"moment": [0, 1], "x": [0.5, 1.0], "name": ["a", "b"]})
PICK = alt.selection_point(name="pick", fields=["x"], on="click", empty=False)


def lines() -> alt.Chart:
    x = alt.X("x:Q", scale=alt.Scale(domain=list(np.array([0, 2.5])), nice=False), axis=alt.Axis(values=[0.0, 1]))
    tip = [alt.Tooltip("x:Q", format=".2f", title="place"), alt.Tooltip("name:N")]
    y2, end = alt.Y2("x:Q"), alt.X2("moment:Q")
    return alt.Chart(ROWS).mark_rule(clip=True).encode(x=x, x2=end, y=alt.Y("mean(x):Q"), y2=y2, tooltip=tip)


def values() -> alt.LayerChart:
    rule = alt.Chart(alt.InlineData(values=[{"at": 1, "words": "here"}, {"at": 0.5, "words": "there"}])).mark_rule()
    alone = alt.Chart(alt.InlineData(values=[{}])).mark_text(text="alone").encode(x=alt.XValue("width"))
    return layers(
        lines(), rule.encode(y=alt.Y("at:Q", sort=["b", "a"])), alone, alt.Chart().mark_point(), height=np.int64(70)
    )


def picked() -> alt.LayerChart:
    width = alt.StrokeWidthValue(0.5, condition={"param": "pick", "empty": False, "value": 3})
    color = alt.ColorValue("grey", condition={"test": "datum.x > 0.3", "value": "white"})
    dots = alt.Chart(ROWS).mark_point(dy=alt.expr("datum.x > 0 ? 8 : -8")).encode(strokeWidth=width, color=color)
    return layers(dots.add_params(PICK), so_far(alt.Chart(ROWS).transform_calculate(a="datum.x * 2")).mark_line())


def beside() -> alt.HConcatChart:
    return (lines() | alt.Chart(ROWS).mark_bar().encode(y=alt.Y("name:N", title=None))).configure_view(stroke=None)


@pytest.mark.parametrize("chart", [lines, values, picked, beside])
def test_a_chart_says_the_same(chart: Any) -> None:
    for made in (chart(), moved_by_clock(chart(), 3)):
        assert_same(made)


def test_a_table_is_turned_once_for_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    alt.data_transformers.register("counting", lambda data: seen.append(data) or {"name": "rows"})
    with alt.data_transformers.enable("counting"):
        specification(layers(lines(), lines(), alt.Chart(pd.DataFrame({"y": [1]})).mark_rule()))
    assert len(seen) == 2


def test_a_field_without_a_type_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' of a chart has to say its type"):
        specification(alt.Chart(ROWS).mark_point().encode(x=alt.X("x")))
