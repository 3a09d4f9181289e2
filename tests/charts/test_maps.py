"""A still weight map is its weights, pixel by pixel, and zero is white."""

import base64
import io
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
