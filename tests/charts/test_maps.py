"""The two forms of a weight map look the same, and zero is white."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from sgd_core.charts import digit_images, maps, tiles
from sgd_core.charts.palette import DIVERGING


def pixels_of(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))


def test_zero_is_white_and_the_ends_are_the_scales_ends() -> None:
    rgb = tiles.colors(np.array([0.0, -2.0, 2.0, -99.0, 99.0]), 2.0)
    ends = [tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (DIVERGING[0], DIVERGING[-1])]
    assert tuple(rgb[0]) == (255, 255, 255)
    assert tuple(rgb[1]) == tuple(rgb[3]) == ends[0]
    assert tuple(rgb[2]) == tuple(rgb[4]) == ends[1]


def test_colours_interpolate_as_numpy_does() -> None:
    values = np.linspace(-1, 1, 101)
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in DIVERGING])
    places = np.linspace(-1, 1, len(DIVERGING))
    wanted = np.stack([np.interp(values, places, stops[:, k]) for k in range(3)], axis=1)
    assert np.abs(tiles.colors(values, 1.0) - wanted).max() <= 0.5 + 1e-9


def test_a_live_map_is_the_weights_pixel_by_pixel() -> None:
    weights = np.random.default_rng(0).normal(size=(2, 8, 6)).astype(np.float32)
    frame = maps.live_frame(weights, ["a", "b"], limit=1.5, columns=2)
    for row, one in zip(frame.itertuples(), weights, strict=True):
        assert np.array_equal(pixels_of(row.url), tiles.colors(one, 1.5))


def test_the_still_form_lies_on_the_tiles_of_the_live_one() -> None:
    weights = np.arange(2 * 4 * 4, dtype=np.float32).reshape(2, 4, 4)
    live = maps.live_frame(weights, ["a", "b"], limit=40, columns=1)
    still = maps.still_frame(weights, ["a", "b"], columns=1)
    for title, tile in still.groupby("title"):
        image = live[live["title"] == title].iloc[0]
        assert np.allclose([tile["x"].min(), tile["x2"].max()], [image["x"], image["x2"]])
        assert np.allclose([tile["y"].min(), tile["y2"].max()], [image["y"], image["y2"]])
    corner = still[(still["title"] == "b") & (still["row"] == 3) & (still["column"] == 0)].iloc[0]
    assert corner["value"] == weights[1, 3, 0] and np.isclose(corner["y2"], live.iloc[1]["y2"])


def test_the_still_scale_has_the_live_colours_at_its_stops() -> None:
    frame = maps.still_frame(np.zeros((1, 2, 2), dtype=np.float32), ["a"], columns=1)
    spec = maps.still_maps(frame, count=1, columns=1, tile=100, limit=3.0).to_dict()
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["interpolate"] == "rgb" and scale["clamp"]
    got = tiles.colors(np.array(scale["domain"]), 3.0)
    assert [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in got] == [c.lower() for c in scale["range"]]


def test_digit_captions_say_right_and_wrong_in_signs() -> None:
    drawn = digit_images.digit_strip(
        np.zeros((2, 8, 8)),
        *digit_images.verdicts([0, 1], [0, 0], ["<3>", "7"]),
        columns=2,
        tile=72,
        alt='two "digits"',
    )
    strip = ElementTree.fromstring(drawn)
    assert "".join(strip.itertext()) == "✓ <3>✗ 7, is <3>" and strip.get("aria-label") == 'two "digits"'
    assert all((pixels_of(image.get("src", "")) == 255).all() for image in strip.iter("img"))


def test_a_moving_map_is_the_weights_pixel_by_pixel_on_the_tiles_of_the_others() -> None:
    weights = np.random.default_rng(1).normal(size=(3, 8, 6)).astype(np.float32)
    weights[0, 2, :3] = np.nan, np.inf, -np.inf
    drawn = ElementTree.fromstring(maps.moving_html(weights, ["a", "b", "<c>"], limit=1.5, columns=2, tile=80))
    assert "".join(drawn.itertext()) == "ab<c>"
    images, titles = list(drawn.iter("img")), list(drawn.iter("span"))
    shown = np.stack([pixels_of(image.get("src", "")) for image in images])
    finite = np.isfinite(weights)
    assert np.array_equal(shown[finite], tiles.colors(weights[finite], 1.5))
    assert np.array_equal(shown[0, 2, :3], tiles.colors(np.array([0.0, 9.0, -9.0]), 1.5))
    places = [
        [float(re.findall(rf"{side}:([\d.]+)px", e.get("style", ""))[0]) for side in ("left", "top")] for e in images
    ]
    margin = [tiles.PADDING["left"], tiles.PADDING["top"]]
    assert np.allclose(places, np.array(tiles.corners(3, 2)) * 80 + margin, atol=0.01)
    assert all(f"left:{x:.2f}px;top:{y:.2f}px" in e.get("style", "") for e, (x, y) in zip(titles, places, strict=True))
