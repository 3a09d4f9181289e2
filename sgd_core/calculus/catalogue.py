"""Functions worth walking down, each for what it teaches. To add one, add a line to `_EXAMPLES`."""

from dataclasses import dataclass
from functools import cached_property

from sgd_core.calculus.formula import Function, parse_function


@dataclass(frozen=True)
class Example:
    """A named function with the range to draw, a start from which it shows what it teaches, and the lesson."""

    key: str
    title: str
    formula: str
    domain: tuple[float, float]
    start: float
    lesson: str

    @cached_property
    def function(self) -> Function:
        """The formula, read once."""
        return parse_function(self.formula, domain=self.domain)


_EXAMPLES = (
    Example("quadratic", "Quadratic", "x**2", (-3, 3), -1.5, "The slope shrinks towards the minimum, so the steps do."),
    Example(
        "steep",
        "Steep quadratic",
        "10*x**2",
        (-2, 2),
        -1.5,
        "Ten times the curvature allows a tenth of the learning rate.",
    ),
    Example(
        "kink",
        "Kink",
        "abs(x)",
        (-3, 3),
        -1.5,
        "The slope is always 1 or -1, so a fixed learning rate hops over 0 for ever.",
    ),
    Example(
        "two_valleys",
        "Two valleys",
        "x**4/4 - x**2 + x/5",
        (-2.5, 2.5),
        2.0,
        "The gradient knows only its surroundings, so the start decides in which valley a descent ends.",
    ),
    Example(
        "ripples",
        "Ripples",
        "sin(3*x) + x**2/10",
        (-6, 6),
        5.0,
        "A small learning rate stops in the first ripple, a larger one may leap over it.",
    ),
    Example(
        "plateau",
        "Plateau",
        "1 - exp(-x**2)",
        (-4, 4),
        -2.0,
        "Far out the slope is nearly zero, so nearly nothing moves although the minimum is far away.",
    ),
    Example(
        "cubic",
        "Cubic",
        "x**3/3 - x",
        (-3, 3),
        2.5,
        "There is a dip but no floor: a step too far to the left falls for ever.",
    ),
    Example(
        "flat_bottom",
        "Flat bottom",
        "x**4/4",
        (-2.5, 2.5),
        -2.0,
        "The curvature is zero at the minimum, so the last stretch takes ever longer.",
    ),
    Example(
        "narrow",
        "Narrow valley in a wide one",
        "x**2/4 - exp(-20*(x - 1)**2)",
        (-3, 3),
        -2.0,
        "Only a small learning rate can rest in a narrow valley; a larger one leaps across.",
    ),
    Example(
        "edge",
        "Edge of the domain",
        "x - log(x)",
        (0.05, 5),
        4.0,
        "Left of 0 there is no value, so a step too far ends the run with a NaN.",
    ),
    Example(
        "logistic",
        "Loss of one example",
        "log(1 + exp(-x))",
        (-6, 6),
        -4.0,
        "There is no lowest point: the score grows for ever, by ever smaller steps.",
    ),
)

CATALOGUE: dict[str, Example] = {entry.key: entry for entry in _EXAMPLES}


def example(name: str) -> Example:
    """Return the catalogue's entry of that key; raise ValueError with the keys there are."""
    if name not in CATALOGUE:
        raise ValueError(f"The catalogue has no function {name!r}; choose one of {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]
