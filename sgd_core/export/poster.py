"""A regime map as a picture to take home: PNG, with its link and settings inside."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sgd_core.charts.palette import QUIET, REGIMES
from sgd_core.descent.regime_map import Outcome, RegimeMap

OUTCOME_COLORS = {
    Outcome.WAITING: "#ffffff",
    Outcome.ARRIVED: REGIMES["good"].color,
    Outcome.ENDLESS_BOUNCE: REGIMES["bouncing"].color,
    Outcome.UNDER_WAY: REGIMES["too low"].color,
    Outcome.DIVERGED: REGIMES["diverging"].color,
    Outcome.LEFT_DOMAIN: QUIET,
}
"""The colour of each outcome; the regimes' colours where they mean the same."""
PALEST = 0.75  # how far towards white the slowest arrival fades; the quickest has the full colour


def map_pixels(regimes: RegimeMap) -> NDArray[np.uint8]:
    """Return the map as an image (size, size, 3) uint8, the highest learning rate on top.

    Outcomes have `OUTCOME_COLORS`; runs that arrive or are lost are the paler, the more steps it took (logarithmic).
    """
    table = np.array([[int(OUTCOME_COLORS[o][at : at + 2], 16) for at in (1, 3, 5)] for o in Outcome], dtype=float)
    colors = table[regimes.outcome]
    share = np.log1p(np.maximum(regimes.needed, 0)) / math.log1p(regimes.window.steps)
    fade = np.where(regimes.needed >= 0, PALEST * share, 0.0)[..., None]
    return np.round(colors + (255 - colors) * fade)[::-1].astype(np.uint8)


def poster_png(regimes: RegimeMap, title: str, link: str, *, width: int = 2048) -> bytes:
    """Return the map as a PNG of about `width` pixels each way, without smoothing; its text fields say what it is.

    The fields are those that the PNG standard names: Title, Description (window and steps), Source (the link), Software.
    """
    size, window = regimes.window.size, regimes.window
    times = max(1, round(width / size))
    image = Image.fromarray(map_pixels(regimes)).resize((size * times, size * times), Image.Resampling.NEAREST)
    about = PngInfo()
    about.add_itxt("Title", title)
    about.add_itxt(
        "Description",
        f"Gradient descent with {window.steps} steps: starts from {window.start[0]:g} to {window.start[1]:g} across, "
        f"learning rates from {window.lr[0]:g} to {window.lr[1]:g} "
        f"({'logarithmic' if window.logarithmic else 'linear'}) upwards.",
    )
    about.add_itxt("Source", link)
    about.add_itxt("Software", "SGD Lab")
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=about, optimize=True)
    return out.getvalue()


def map_url(regimes: RegimeMap) -> str:
    """Return the map as a PNG inside an address, as a chart takes it: a pixel a run, the highest learning rate on top."""
    out = io.BytesIO()
    Image.fromarray(map_pixels(regimes)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
