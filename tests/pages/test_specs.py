"""What travels to the browser: the same picture, whether its parts go together or apart."""

import io
import json
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import vl_convert

from pages.ui.specs import LONG, REST, Blueprint, specification
from sgd_core.charts import curve

WINDOW = {"x_domain": (-3.0, 3.0), "y_domain": (-1.0, 10.0)}
X = np.linspace(-3, 3, 21)
PARABOLA = pd.DataFrame({"x": X, "value": X**2, "slope": 2 * X})
RUN = pd.DataFrame({"step": [0, 1], "x": [-1.5, 4.0], "loss": [2.25, 16.0], "gradient": [-3, 8.0], "update": [5.5, 1]})

CASES = {
    "a descent": (curve.curve_picture, curve.descent_frame(PARABOLA, RUN, 1, (-1.0, 10.0))),
}


def rows(packed: bytes) -> list[dict]:
    return pa.ipc.open_stream(io.BytesIO(packed)).read_all().to_pylist()


def drawn(spec: dict) -> list[tuple]:
    """Every mark and every word of the picture: its shape, where it stands, its colours."""
    svg = vl_convert.vegalite_to_svg(
        {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", **spec, "width": 400}
    )
    looks = ("d", "transform", "fill", "stroke", "stroke-dasharray")
    return [(*map(one.get, looks), one.text) for one in ElementTree.fromstring(svg).iter() if one.get("d") or one.text]


@pytest.mark.parametrize("case", CASES)
def test_a_picture_in_parts_is_the_picture_drawn_by_altair(case: str) -> None:
    chart, frame = CASES[case]
    data, spec = specification(Blueprint(chart, WINDOW, frame, live=False)).filled(frame)
    assert data is None and set(spec["datasets"]) - {REST} <= set(LONG) and len(spec["datasets"]) > 1
    unpacked = {name: rows(packed) for name, packed in spec["datasets"].items()}
    assert sum(map(len, unpacked.values())) == len(frame) and all(unpacked.values())
    whole = json.loads(chart(frame, **WINDOW).to_json())
    assert drawn({**spec, "config": {}, "datasets": unpacked}) == drawn({**whole, "config": {}})


def test_only_the_part_that_moves_gets_other_bytes() -> None:
    sets = []
    for step in (0, 1):
        frame = curve.descent_frame(PARABOLA, RUN, step, (-1.0, 10.0))
        spec = specification(Blueprint(curve.curve_picture, WINDOW, frame, live=True)).filled(frame)[1]
        sets.append(spec["datasets"])
    assert sets[0]["curve"] == sets[1]["curve"] and sets[0]["path"] != sets[1]["path"]


def test_a_part_that_a_layer_reads_with_others_stays_with_them() -> None:
    def chart(frame: pd.DataFrame) -> alt.LayerChart:
        base = alt.Chart(frame).encode(x="x:Q", y="y:Q")
        both = base.transform_filter((alt.datum.part == "path") | (alt.datum.part == "point")).mark_circle()
        return alt.layer(base.transform_filter(alt.datum.part == "path").mark_line(), both)

    def careless(frame: pd.DataFrame) -> alt.LayerChart:
        base = alt.Chart(frame).encode(x="x:Q", y="y:Q")
        return alt.layer(base.transform_filter(alt.datum.part == "path").mark_line(), base.mark_circle())

    frame = curve.part("path", [0.0], [0.0])
    for one in (chart, careless):
        found = specification(Blueprint(one, {}, frame, live=False))
        assert found.apart == () and found.filled(frame)[0].to_pylist() == frame.to_dict("records")


def test_frames_in_motion_go_without_tooltips_and_pictures_at_rest_with_them() -> None:
    chart, frame = CASES["a descent"]
    moving, still = (str(specification(Blueprint(chart, WINDOW, frame, live=live)).spec) for live in (True, False))
    assert "tooltip" in still and "tooltip" not in moving
