"""Four balls released together: the classical cases to try them on."""

from typing import NamedTuple

LETTERS = ("A", "B", "C", "D")
FOUR_RATES = (0.02, 0.3, 0.95, 1.05)  # on x²: too low, good, bouncing, diverging


class Case(NamedTuple):
    """A classical case: the catalogue's function, the start, the steps, the four learning rates."""

    function: str
    start: float
    steps: int
    rates: tuple[float, float, float, float]


CASES = {
    "The four regimes": Case("quadratic", -1.5, 30, FOUR_RATES),
    "At the borders": Case("quadratic", -1.5, 30, (0.45, 0.5, 1.0, 1.001)),
    "Ten times steeper": Case("steep", -1.5, 30, (0.002, 0.03, 0.095, 0.105)),
    "A kink": Case("kink", -1.5, 30, (0.01, 0.1, 0.5, 1.2)),
    "Two valleys": Case("two_valleys", 2.0, 30, (0.01, 0.15, 0.45, 0.8)),
    "Plateau": Case("plateau", -2.0, 30, (0.1, 1.0, 3.0, 30.0)),
}
