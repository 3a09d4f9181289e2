"""What the pictures of Stepping are made of: thinned runs, races, surfaces seen from above."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sgd_core.calculus.formula import parse_function
from sgd_core.charts.descent import descent_on_curve, descent_rows
from sgd_core.charts.downsample import downsample as thin
from sgd_core.charts.momentum import map_axes, map_rows, middles
from sgd_core.charts.over_steps import gap_window
from sgd_core.charts.race import lane_ends, lane_rows, lanes, race_rows, run_rows
from sgd_core.charts.surface import BANDS, levels, surface_rows, surface_url
from sgd_core.descent.descend import descend
from sgd_core.descent.quadratic import convergence_rates
from sgd_core.moments import moment_steps


@given(st.integers(2, 3000), st.integers(20, 400), st.integers(0, 2**31 - 1))
def test_thinning_keeps_first_last_and_every_stretch_s_extremes(steps, most, seed):
    values = np.random.default_rng(seed).normal(size=steps)
    thinned = thin([values], most)
    assert thinned.kept[0] == 0 and thinned.kept[-1] == steps - 1 and len(thinned.kept) <= most + 4
    for begin in range(0, steps, thinned.bucket):
        stretch = np.arange(begin, min(begin + thinned.bucket, steps))
        assert {begin + values[stretch].argmin(), begin + values[stretch].argmax()} <= set(thinned.kept)


def test_one_bounce_in_ten_thousand_steps_is_drawn():
    loss = np.linspace(1, 0, 10_001)
    loss[7777] = 0.9
    for step in (7777, 7778, 10_000):
        assert 7777 in thin([np.zeros(10_001), loss], 160).until(step)


def test_what_is_drawn_ends_now_grows_and_stays_put():
    thinned = thin([np.sin(np.arange(5000))], 200)
    before: set[int] = set()
    for step in range(0, 5000, 7):
        drawn = thinned.until(step)
        assert drawn[-1] == step and (np.diff(drawn) > 0).all() and len(drawn) <= 300
        settled = set(drawn[drawn < step - thinned.bucket])
        assert before <= set(drawn) and settled <= set(thinned.kept)
        before = settled


def test_nan_and_infinity_do_not_disturb_thinning():
    values = np.array([1.0, np.nan, np.inf, -np.inf, 2.0] * 100)
    kept = thin([values], 50).kept
    assert np.isinf(values[kept]).any() and len(kept) <= 60


@pytest.mark.parametrize("small", [False, True])
def test_the_words_of_a_run_that_has_left_stand_on_a_rim_or_under_the_pointer(small: bool):
    function = parse_function("x**2")
    run = descend(function, -1.5, 1.05, 30)
    curve = pd.DataFrame({"x": [-3.0, 0.0, 3.0], "value": [9.0, 0.0, 9.0]})
    frame = descent_rows(curve, run, np.arange(31), (-0.5, 10.0))
    assert frame[frame["part"] == "point"]["label"].iloc[-1].startswith("w = −26.17")
    title = "" if small else "w"
    chart = descent_on_curve(frame, x_domain=(-3.0, 3.0), y_domain=(-0.5, 10.0), x_title=title).to_dict()
    texts = [layer for layer in chart["layer"] if layer["encoding"].get("text", {}).get("field") == "label"]
    assert [("stroke" in layer["mark"]) for layer in texts] == ([] if small else [True, False])
    arrow = next(layer for layer in chart["layer"] if layer["encoding"].get("text", {}).get("field") == "edge")
    assert arrow["encoding"]["tooltip"]["field"] == "label"


def test_a_lost_run_has_no_row_that_a_browser_cannot_place():
    """With lr 7 on x**2 each step is 13 times the one before; a path's numbers end at 3e38."""
    function = parse_function("x**2")
    x = np.linspace(-3, 3, 301)
    curve = pd.DataFrame({"x": x, "value": x**2})
    run, moments = descend(function, 2.7, 7.0, 60), np.arange(61)
    rows = descent_rows(curve, run, moments, (0.0, 9.0))
    numbers = rows[["x", "y"]].to_numpy(dtype=float)
    assert np.nanmax(np.abs(numbers)) <= 1e7
    tangents = rows[rows["part"] == "tangent"]
    for at in (0, 1, 2):
        ends = tangents[tangents["moment"] == at]
        here = run.iloc[at]
        np.testing.assert_allclose(ends["y"], here["loss"] + here["gradient"] * (ends["x"] - here["x"]))


def test_a_race_keeps_each_run_in_view_with_its_letter():
    curve = pd.DataFrame({"x": [-1.0, 0.0, 1.0], "value": [1.0, 0.0, 1.0]})
    paths = {"A": (np.array([0.5, 0.4]), np.array([0.25, 0.16])), "B": (np.array([0.5, 9.0]), np.array([0.25, 81.0]))}
    frame = race_rows(curve, paths, np.arange(2), (0.0, 2.0))
    points = frame[(frame["part"] == "point") & (frame["moment"] == 1)].set_index("run")
    assert points.loc["A", "edge"] == "" and points.loc["B", "edge"] == "↗"
    assert points.loc["B", "label"] == "w = 9, loss = 81" and points.loc["B", ["x", "y"]].tolist() == [1.0, 2.0]


def test_a_run_whose_numbers_have_ended_stays_where_it_was_last_seen():
    curve = pd.DataFrame({"x": [-1.0, 0.0, 1.0], "value": [1.0, 0.0, 1.0]})
    paths = {"A": (np.array([0.5, 0.4, np.nan, np.nan]), np.array([0.25, 0.16, np.nan, np.nan]))}
    frame = race_rows(curve, paths, np.arange(4), (0.0, 2.0))
    assert frame.loc[frame["part"] == "point", "x"].tolist() == [0.5, 0.4, 0.4, 0.4]


def test_no_line_is_drawn_where_a_thinned_run_did_not_go():
    steps = 4001
    bounce = np.where(np.arange(steps) % 2, 1.0, -1.0) * 0.999 ** np.arange(steps)
    glide = 0.999 ** np.arange(steps)
    moments = moment_steps(steps - 1)
    frame = run_rows(
        {"A": (bounce, bounce**2), "B": (glide, glide**2)}, moments, (-1.0, 1.0), (0.0, 1.0), ("w", "loss")
    )
    path = frame[frame["part"] == "path"]
    bouncing, gliding = (path[path["run"] == run] for run in "AB")
    assert bouncing["piece"].nunique() > 50 and gliding["piece"].nunique() == 1
    # the first forty steps of the bounce are all there, in one piece
    assert (bouncing.iloc[:41]["piece"] == 0).all()
    for _, one in bouncing.groupby("piece"):
        assert (np.abs(np.diff(one["x"])) < 2).all() and one["moment"].is_monotonic_increasing


def test_lanes_fall_to_the_right_and_say_who_has_arrived():
    distances = {"A": np.array([2.0, 1.0, 0.01, 0.0]), "B": np.array([2.0, 40.0, np.inf, np.inf])}
    frame = lane_rows(distances, np.arange(4), {"A": "A, SGD", "B": "B, SGD"}, {"A": 2, "B": None}, 2.0)
    near, far = lane_ends(2.0)
    now = frame[frame["part"] == "now"]
    assert now[now["run"] == "A"]["shown"].tolist() == [2.0, 1.0, 0.01, near]
    assert now[now["run"] == "B"]["edge"].tolist() == ["", "←", "←", "←"] and far == 10.0
    arrived = frame[frame["part"] == "arrived"]
    assert (
        arrived["run"].tolist() == ["A"] and arrived["moment"].tolist() == [2] and "step 2" in arrived["words"].iloc[0]
    )
    scale = lanes(frame, letters=["A", "B"], reference=2.0, title="").to_dict()
    (x,) = {str(layer["encoding"]["x"]["scale"]) for layer in scale["layer"] if "shown" in str(layer.get("encoding"))}
    assert "'type': 'log'" in x and "[10.0, 2e-06]" in x


def test_a_diverging_loss_keeps_a_logarithmic_window_within_ten_decades_of_the_start():
    low, high = gap_window(np.array([[3.0, 1e40, 1e300, np.inf]]))
    assert low == 1.0 and high == pytest.approx(1e11)


def test_the_bet_s_marker_stands_at_its_moment_and_shows_its_error_at_the_next():
    curve = pd.DataFrame({"x": np.linspace(-3, 3, 61), "value": np.linspace(-3, 3, 61) ** 2})
    run = descend(parse_function("x**2"), -1.5, 0.1, 4)
    frame = descent_rows(curve, run, np.arange(5), (-1.0, 10.0), taken=True, bet=(1, -0.5, 0.25))
    assert frame.loc[frame["part"] == "bet", "moment"].tolist() == [1, 2]
    miss = frame[frame["part"] == "miss"]
    assert miss["moment"].tolist() == [2, 2] and miss["x"].tolist() == pytest.approx([-0.5, -1.5 * 0.8**2])
    arrows = frame[frame["part"] == "arrow-head"]
    assert arrows["moment"].tolist() == [1, 2, 3, 4], "the coming step would be the answer"


def test_the_map_holds_the_best_pair_and_its_colours_are_the_rates():
    lrs, momenta = map_axes(1.0, 20.0)
    rates = convergence_rates(middles(lrs, log=True), middles(momenta), [1.0, 20.0])
    rows = map_rows(lrs, momenta, rates)
    best = 4 / (1 + np.sqrt(20)) ** 2, ((np.sqrt(20) - 1) / (np.sqrt(20) + 1)) ** 2
    fastest = rows.loc[rows["rate"].idxmin()]
    assert fastest["lr"] == pytest.approx(best[0], rel=0.15) and fastest["momentum"] == pytest.approx(best[1], abs=0.05)
    stable = rows["rate"] < 1
    border = 2 * (1 + middles(momenta)) / 20
    inside = middles(lrs, log=True)[None, :] < border[:, None]
    assert (stable.to_numpy() == inside.ravel()).all()


def test_gaps_get_whole_decades_that_hold_them():
    low, high = gap_window(np.array([[3.0, 0.5, 0.02], [3.0, 50.0, np.inf]]))
    assert (low, high) == (0.01, 100.0)
    assert gap_window(np.zeros((1, 3)))[0] < gap_window(np.zeros((1, 3)))[1]
    assert all(type(end) is float for end in (low, high))


def test_a_surface_s_levels_rise_from_the_lowest_to_the_highest():
    x = np.linspace(-2, 2, 60)
    for heights in (x[:, None] ** 2 + x**2, 100 * (x[:, None] - x**2) ** 2 + (1 - x) ** 2, np.full((5, 5), 3.0)):
        marks = levels(heights)
        assert len(marks) == BANDS + 1 and (np.diff(marks) > 0).all() and marks[0] == pytest.approx(heights.min())


def test_the_surface_s_picture_has_low_on_the_right_place_and_holes_empty():
    y, x = np.meshgrid(np.linspace(-1, 1, 50), np.linspace(-1, 1, 50), indexing="ij")
    heights = (x - 1) ** 2 + (y - 1) ** 2  # lowest at the top right
    heights[:10, :10] = np.nan  # a hole at the bottom left
    url = surface_url(heights, size=100)
    alpha = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))[..., 3]
    assert alpha[5, 95] < alpha[60, 40] and alpha[95, 5] == 0
    assert len(url) < 60_000


def test_runs_over_a_surface_leave_it_with_an_arrow_and_their_place():
    path = (np.array([0.0, 50.0]), np.array([0.0, -0.5]))
    frame = surface_rows({"A": path}, np.arange(2), (-1.0, 1.0), (-1.0, 1.0), [(0.5, 0.5)])
    point = frame[(frame["part"] == "point") & (frame["moment"] == 1)].iloc[0]
    assert (point["edge"], point["label"], point["x"], point["y"]) == ("→", "x = 50, y = −0.5", 1.0, -0.5)
    assert (frame["part"] == "minimum").sum() == 1
