"""The strip of learning rates: its zones by what a step does on a parabola, its marker, and whose zones they are."""

import numpy as np
import pytest

from sgd_core.charts.rate_strip import WHOSE, rate_strip


def parts(lr: float, border: float) -> tuple[dict, dict, list]:
    """The zones by name, the marked places by their words, and the layers of the strip."""
    spec = rate_strip(lr, border).to_dict()
    tables = list(spec.get("datasets", {}).values())
    tables += [layer["data"]["values"] for layer in spec["layer"] if "values" in layer.get("data", {})]
    rows = [row for table in tables for row in table]
    zones = {row["name"]: row for row in rows if "name" in row}
    return zones, {row["words"]: row["at"] for row in rows if "at" in row}, spec["layer"]


@pytest.mark.parametrize("border", [0.024, 3.0, 250.0])
def test_a_zone_ends_where_a_step_on_a_parabola_begins_to_do_something_else(border):
    zones, _, _ = parts(border / 3, border)
    curvature = 2 / border
    after = {name: [1 - zones[name][end] * curvature for end in ("from", "to")] for name in zones}  # x₁ / x₀
    assert after["too low"][1] == after["good"][0] == pytest.approx(0.9), "a tenth of the way"
    assert after["good"][1] == after["bouncing"][0] == pytest.approx(0, abs=1e-12), "the minimum at once"
    assert after["bouncing"][1] == after["diverging"][0] == pytest.approx(-1), "as far on the other side"


@pytest.mark.parametrize("share", np.geomspace(1e-6, 1e6, 13))
def test_the_marker_is_on_the_strip_and_the_words_are_where_it_is_not(share):
    zones, marked, layers = parts(0.1 * share, 0.1)
    low, high = zones["too low"]["from"], zones["diverging"]["to"]
    assert marked["▼"] == 0.1 * share and low < marked["▼"] < high
    assert marked["2/λ = 0.1"] == 0.1
    (words,) = [layer for layer in layers if WHOSE in str(layer["mark"].get("text"))]
    on_the_left = np.log(marked["▼"]) < (np.log(low) + np.log(high)) / 2
    assert words["mark"]["align"] == ("right" if on_the_left else "left")
