"""Questions about learning rates: a function, a start, a learning rate; what will happen? The same number, the same one."""

from dataclasses import dataclass

import numpy as np

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.formula import Function, parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW
from sgd_core.descent.regimes import Regime, classify_runs

REGIMES = (TOO_LOW, GOOD, BOUNCING, DIVERGING)
STEPS = 30
_FUNCTIONS = ("two_valleys", "kink", "flat_bottom", "plateau", "steep", "quadratic")
_TRIED = np.array([float(f"{m}e{power}") for power in range(-4, 2) for m in (1, 1.5, 2, 3, 4, 5, 6, 7.5, 9)])


@dataclass(frozen=True)
class Question:
    """What is asked, and the answer by `classify` on the run itself."""

    number: int
    function: Function
    start: float
    lr: float
    answer: Regime


def question(number: int) -> Question:
    """Return the question of that number (from 0), drawn by a generator seeded with it; any of the four regimes alike.

    The learning rate is one whose neighbours up and down share its regime, so that no question hangs by a hair. Raises
    ValueError on a number below 0.
    """
    if number < 0:
        raise ValueError(f"Questions are numbered from 0, not {number}.")
    random = np.random.default_rng(number)
    wanted = REGIMES[int(random.integers(4))]
    for _ in range(100):
        function, start = _place(random)
        answers = classify_runs(descend(function, start, _TRIED, STEPS), function)
        names = np.array([str(answer.name) for answer in answers])
        fits = names == wanted
        solid = np.flatnonzero(fits & np.append(fits[1:], True) & np.insert(fits[:-1], 0, True))
        if solid.size:
            place = _telling(solid, wanted, random)
            return Question(number, function, start, float(_TRIED[place]), answers[place])
    raise RuntimeError("No function showed the wanted regime.")  # cannot happen: a parabola has all four


def _place(random: np.random.Generator) -> tuple[Function, float]:
    """Return a function and a start: half of the time a parabola of random shape, else one of the catalogue."""
    if random.random() < 0.5:
        a, middle = random.choice([0.2, 0.5, 1, 2, 4, 8]), int(random.integers(-2, 3))
        inner = f"(x {'-' if middle > 0 else '+'} {abs(middle)})**2" if middle else "x**2"
        function = parse_function(f"{a:g}*{inner}", domain=(middle - 3.0, middle + 3.0))
        return function, middle + float(random.choice([-1, 1]) * random.integers(5, 26) / 10)
    entry = CATALOGUE[_FUNCTIONS[int(random.integers(len(_FUNCTIONS)))]]
    return entry.function, entry.start


def _telling(places: np.ndarray, wanted: str, random: np.random.Generator) -> int:
    """Return one of the places: near the border where a question is worth asking, not decades away from it."""
    near = places[-8:] if wanted == TOO_LOW else places[:8] if wanted == DIVERGING else places
    return int(random.choice(near))
