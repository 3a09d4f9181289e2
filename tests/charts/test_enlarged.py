"""A chart for the back row, as Vega-Lite itself lays it out."""

import re

import altair as alt
import pandas as pd
import pytest
import vl_convert

from sgd_core.charts.enlarged import enlarged
from sgd_core.charts.vega import compact


def drawn(spec: dict) -> str:
    return str(vl_convert.vegalite_to_svg(spec))


def sizes(svg: str, name: str) -> list[float]:
    return [float(found) for found in re.findall(rf'{name}="([\d.]+)(?:px)?"', svg)]


@pytest.mark.parametrize("by", [1.0, 1.25, 2.0])
def test_words_lines_and_marks_grow_and_the_picture_and_its_rows_do_not(by: float) -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    base = alt.Chart(frame).encode(x="x:Q", y="y:Q")
    chart = compact(
        base.mark_line(strokeWidth=2) + base.mark_point(size=40, filled=True) + base.mark_text(fontSize=10, text="a")
    )
    spec = chart.properties(height=100, width=200).to_dict()
    before, after = drawn(enlarged(spec, 1.0)), drawn(enlarged(spec, by))
    for name in ("font-size", "stroke-width"):
        assert max(sizes(after, name)) == by * max(sizes(before, name)) > by
    assert sorted(set(sizes(after, "font-size"))) == [by * size for size in sorted(set(sizes(before, "font-size")))]
    radius = [float(r) for r in re.findall(r'd="M([\d.]+),0A', after)]
    assert radius == pytest.approx([by * float(r) for r in re.findall(r'd="M([\d.]+),0A', before)], abs=0.01) and radius
    assert enlarged(spec, by)["height"] == 100 and enlarged(spec, by)["datasets"] == spec["datasets"]
