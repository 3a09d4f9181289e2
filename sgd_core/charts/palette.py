"""Colour roles and locked scales, said once for every picture.

Every colour keeps a contrast of at least 3:1 on the white and on the dark page, so a chart's specification does not
depend on the theme. What a colour says is always said a second way too: by a dash, a shape, a letter or a word.
"""

import math
from typing import NamedTuple

ACCENT = "#3f6ad8"  # the one accent: the present point, the training curve, the thing to look at
SECOND = "#d4620a"  # its only companion: validation, the tangent
POINT = "#dc3545"  # the point of a curve that a derivative is taken at
QUIET = "#7f8ba0"  # what stands still: the function's curve, baselines

TRAINING = ACCENT
VALIDATION = SECOND


class Look(NamedTuple):
    """How one regime is drawn: a colour, a point shape, a line dash, a sign for words, and the words' colour by name.

    Words need more contrast than marks do (4.5:1 against 3:1), which no one colour has on light and dark pages both;
    the name is that of a colour that the page's theme has in two shades.
    """

    color: str
    shape: str
    dash: tuple[int, ...]
    sign: str
    name: str = "gray"


REGIMES = {
    "too low": Look("#7d6bd6", "triangle-right", (2, 2), "◔", "violet"),
    "good": Look("#2a9350", "circle", (1, 0), "●", "green"),
    "bouncing": Look("#bf7d00", "diamond", (6, 2), "◆", "orange"),
    "diverging": Look("#dc3545", "triangle-up", (8, 3), "▲", "red"),
}
UNNAMED = Look(QUIET, "square", (1, 0), "■")  # a regime outside the four, such as a run that left the domain

# Runs side by side, told apart by a letter, a colour, a shape and a dash.
RACERS = {
    "A": Look(ACCENT, "circle", (1, 0), "A", "blue"),
    "B": Look(SECOND, "square", (6, 2), "B", "orange"),
    "C": Look("#2a9350", "diamond", (2, 2), "C", "green"),
    "D": Look("#7d6bd6", "triangle-up", (8, 3, 2, 3), "D", "violet"),
    "E": Look("#bf7d00", "triangle-down", (4, 4), "E", "orange"),
    "F": Look("#dc3545", "cross", (10, 3), "F", "red"),
}

# ColorBrewer's RdBu with eleven classes, turned so that negative is blue, positive red, and zero exactly white.
DIVERGING = (
    "#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#ffffff",
    "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f",
)  # fmt: skip


def look(regime: str) -> Look:
    """Return how a regime is drawn; an unknown name gets the neutral look."""
    return REGIMES.get(regime, UNNAMED)


ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def ceiling(value: float, *, steps: tuple[float, ...] = ROUND) -> float:
    """Return the next round number at or above `value`: an axis end that stays put while the data move below it.

    `steps` are the mantissas allowed. Zero, negative and non-finite values give 1.
    """
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    for step in steps:
        if value <= step * power * (1 + 1e-9):
            return step * power
    return 10.0 * power


def weight_limit(largest: float) -> float:
    """Return the end of a weight map's colour scale, the same on both sides of zero.

    Coarse steps (1, 3, 10), so that the scale moves at most a few times in a whole run.
    """
    return ceiling(largest, steps=(1.0, 3.0, 10.0))
