"""The poster is the map, pixel by pixel, and carries its link."""

import io

import numpy as np
from PIL import Image

import sgd_core
from sgd_core.descent.regime_map import MapWindow, Outcome, regime_map
from sgd_core.export.poster import OUTCOME_COLORS, map_pixels, poster_png


def test_the_poster_is_the_map_and_carries_its_link() -> None:
    window = MapWindow((-2.0, 2.0), (0.01, 0.6), size=64, steps=60)
    whole = regime_map(sgd_core.parse_function("x**4 - 2*x**2"), window)
    png = poster_png(whole, "x⁴ − 2x²", "https://example.org/?map=1&f=x", width=256)
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG" and image.size == (256, 256)
    assert image.text["Source"] == "https://example.org/?map=1&f=x" and image.text["Title"] == "x⁴ − 2x²"
    assert "starts from -2 to 2" in image.text["Description"]
    np.testing.assert_array_equal(np.asarray(image)[::4, ::4], map_pixels(whole))


def test_the_colour_says_the_outcome_and_pales_with_the_steps() -> None:
    window = MapWindow((-1.0, 1.0), (0.01, 1.2), size=64, steps=100)
    whole = regime_map(sgd_core.parse_function("x**2"), window)
    pixels = map_pixels(whole)[::-1].astype(int)
    bounce = whole.outcome == Outcome.ENDLESS_BOUNCE
    if bounce.any():
        assert "#{:02x}{:02x}{:02x}".format(*pixels[bounce][0]) == OUTCOME_COLORS[Outcome.ENDLESS_BOUNCE]
    arrived = whole.outcome == Outcome.ARRIVED
    order = np.argsort(whole.needed[arrived])
    assert (np.diff(pixels[arrived][order].sum(1)) >= 0).all()
    assert set(OUTCOME_COLORS) == set(Outcome)
