"""Rows on a way of their own: what the browser gets is what the frame holds, and the specification does not know it."""

import base64
import json
import math

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgd_core.charts.fed import PRESENT, fed, packed, stamped
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.specification import specification
from sgd_core.charts.vega import layers, moved_by_clock, now, so_far


def unpacked(column: dict) -> list:
    """Read a column as feed.js does."""
    data = base64.b64decode(column.get("numbers") or column.get("codes") or "")
    if "numbers" in column:
        return np.frombuffer(data, "<f8").tolist()
    return [column["values"][code] for code in np.frombuffer(data, "<u4")]


def frame(count: int) -> pd.DataFrame:
    steps = range(count)
    return pd.DataFrame({"moment": steps, "step": steps, "value": [1 / (1 + i) for i in steps], "now": True})


@given(st.lists(st.floats()), st.lists(st.integers(-(2**53), 2**53)))
def test_no_number_loses_a_digit(floats: list[float], integers: list[int]):
    told = packed(pd.DataFrame({"a": pd.Series(floats, dtype=float)}))["a"]
    np.testing.assert_array_equal(unpacked(told), floats)
    assert unpacked(packed(pd.DataFrame({"a": pd.Series(integers, dtype="int64")}))["a"]) == integers


def test_words_and_truths_and_gaps_arrive():
    table = pd.DataFrame(
        {"word": ["a", "b", "a", None], "right": [True, False, True, True], "gap": [1.0, math.nan, 2, 3]}
    )
    told = {name: unpacked(column) for name, column in packed(table).items()}
    assert told["word"] == ["a", "b", "a", None]
    assert told["right"] == [True, False, True, True] and type(told["right"][0]) is bool
    assert told["gap"][0] == 1 and math.isnan(told["gap"][1])


def test_other_rows_are_no_other_specification():
    made = []
    for count in (3, 30):
        frames: list[pd.DataFrame] = []
        chart = over_steps(frame(count), last=100, y_domain=(0.0, 1.0), title="value")
        made.append(moved_by_clock(fed(chart, "clock", frames)).to_dict())  # checked against Vega-Lite's schema
        assert [len(one) for one in frames] == [count]
    assert made[0] == made[1]
    assert str(made[0]).count("'fed': 0") == 1  # one row, from which all layers begin


def test_another_line_across_is_no_other_specification_either():
    """It is a short table of its own, whose name says what it holds."""

    def made(level: float, top: float = 1.0) -> tuple[dict, str]:
        chart = over_steps(frame(3), last=100, y_domain=(0.0, top), title="value", level=(level, f"lr {level}"))
        return stamped(specification(fed(chart, "clock", [])))

    (first, stamp), (second, same), (_, other) = made(0.1), made(0.2), made(0.1, top=2.0)
    assert set(first["datasets"]) != set(second["datasets"]) and stamp == same != other
    assert f"['{stamp}']" in str(first["params"]) and first["params"] == second["params"]


def test_only_what_shows_single_rows_of_the_present_moment_is_given_these_alone():
    own = alt.Chart(frame(3)).mark_point().transform_calculate(double="2 * datum.value").encode(x="double:Q")
    summed = now(alt.Chart(frame(3)).mark_point().transform_aggregate(value="sum(value)", groupby=["moment"]))
    part = own.transform_filter(alt.datum.part == "a")  # Altair's expressions are equal to anything
    shown = [(now(own), True), (now(part), True), (part, False), (so_far(part), False)]
    shown += [(so_far(own), False), (own, False), (summed, False)]
    for chart, alone in shown:
        told = json.dumps(moved_by_clock(fed(chart, "clock", [])).to_dict())
        assert (f"['{PRESENT}'][t]" in told) == alone


def test_a_colour_that_changes_while_it_plays_is_a_row_s_and_not_the_chart_s():
    specifications = []
    for color in ("#123456", "#654321"):
        frame = pd.DataFrame({"moment": [0, 1], "step": [0, 1], "value": [1.0, 0.5], "now": True, "color": color})
        frames: list[pd.DataFrame] = []
        chart = fed(over_steps(frame, last=1, y_domain=(0.0, 1.0), title="loss"), "clock", frames)
        assert list(frames[0]["color"]) == [color, color]
        specifications.append(chart.to_dict())
    assert specifications[0] == specifications[1]
    line = next(layer for layer in specifications[0]["layer"] if layer["mark"]["type"] == "line")
    assert line["encoding"]["color"] == {"field": "color", "type": "nominal", "scale": None}


def test_frames_are_told_apart_and_counted_once():
    first, second = frame(2), frame(3)
    frames: list[pd.DataFrame] = []
    one = layers(alt.Chart(first).mark_line(), alt.Chart(second).mark_point(), alt.Chart(first).mark_rule())
    fed(one, "clock", frames)
    other = fed(alt.Chart(second).mark_bar(), "clock", frames)
    assert [param.name for param in other.params] == ["fed", "fed_1"]  # what it does not draw is none of its business
    assert [id(known) for known in frames] == [id(first), id(second)]
    rows = [str(layer.transform[0].calculate) for layer in one.layer]
    assert ["fed_0" in text for text in rows] == [True, False, True]


def test_a_chart_without_frames_stays_as_it_is():
    chart = alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_point()
    before = chart.to_dict()
    assert fed(chart, "clock", []).to_dict() == before


def test_what_was_there_comes_after_the_rows():
    chart = alt.Chart(frame(2)).transform_filter("datum.moment == 1").mark_point()
    kinds = [type(step) for step in fed(chart, "clock", []).transform]
    assert kinds[-2:] == [alt.FlattenTransform, alt.FilterTransform]


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_frame_is_packed_too(count: int):
    assert [len(unpacked(column)) for column in packed(frame(count)).values()] == [count] * 4
