"""What the pictures of Stepping are made of: thinned runs, races, surfaces seen from above."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sgd_core.charts.downsample import downsample as thin
from sgd_core.charts.race import gap_window, race_frame
from sgd_core.charts.steps import rate_frame, ruler_ends
from sgd_core.charts.surface import BANDS, levels, surface_frame, surface_url


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


def test_a_race_keeps_each_run_in_view_with_its_letter():
    curve = pd.DataFrame({"x": [-1.0, 0.0, 1.0], "value": [1.0, 0.0, 1.0]})
    paths = {"A": (np.array([0.5]), np.array([0.25])), "B": (np.array([0.5, 9.0]), np.array([0.25, 81.0]))}
    frame = race_frame(curve, paths, (0.0, 2.0))
    points = frame[frame["part"] == "point"].set_index("racer")
    assert points.loc["A", "edge"] == "" and points.loc["B", "edge"] == "↗"
    assert points.loc["B", "label"] == "x = 9, f(x) = 81" and points.loc["B", ["x", "y"]].tolist() == [1.0, 2.0]


def test_gaps_get_whole_decades_that_hold_them():
    low, high = gap_window(np.array([[3.0, 0.5, 0.02], [3.0, 50.0, np.inf]]))
    assert (low, high) == (0.01, 10.0)
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
    frame = surface_frame({"A": path}, (-1.0, 1.0), (-1.0, 1.0), [(0.5, 0.5)])
    point = frame[frame["part"] == "point"].iloc[0]
    assert (point["edge"], point["label"], point["x"], point["y"]) == ("→", "x = 50, y = -0.5", 1.0, -0.5)
    assert (frame["part"] == "minimum").sum() == 1


def test_a_ruler_leaves_out_what_is_no_rate_and_has_room():
    frame = rate_frame({"A": 0.09, "best": float("nan"), "2/λ max": 0.1})
    assert frame["name"].tolist() == ["A", "2/λ max"]
    low, high = ruler_ends(frame)
    assert low <= 0.03 and high >= 0.4
