"""One option of an optimizer: its default, the values that are legal, those of use, and words for the screen."""

import math
from dataclasses import dataclass
from typing import Any

LARGEST = 1e6  # of an option without a natural limit: what is far beyond all use, but safe in 32 bits


@dataclass(frozen=True)
class Option:
    """One option of an optimizer, by torch's name.

    Its kind is the default's: a number, a whole number, a pair of numbers, True or False, or one of `choices`.
    `about` is a line for the screen. `low` and `high` are the numbers that are legal, both included; `most` ends the
    range that is of use, which a slider shows; `log`: the range spans many powers of ten.
    """

    default: Any
    about: str
    low: float = 0.0
    high: float = LARGEST
    most: float = 1.0
    log: bool = False
    choices: tuple[str | None, ...] = ()

    def settle(self, owner: str, name: str, value: Any) -> Any:  # noqa: C901  # one kind of value after the other
        """The value in its one spelling (float, int, bool, pair of floats, choice); ValueError on what is illegal."""
        what = f"The option {name} of {owner}"
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{what} is one of {', '.join(map(repr, self.choices))}, not {short(value)}.")
            return value
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"{what} is either True or False, not {short(value)}.")
            return value
        if isinstance(self.default, tuple):
            if (
                not isinstance(value, tuple | list)
                or len(value) != 2
                or not all(_number(b) and 0 <= b < 1 for b in value)
            ):
                raise ValueError(f"{what} is two numbers from 0 to below 1, not {short(value)}.")
            return (float(value[0]), float(value[1]))
        if not _number(value):
            raise ValueError(f"{what} is a finite number, not {short(value)}.")
        if value < 0 <= self.low:
            raise ValueError(f"{what} must not be negative; it is {short(value)}.")
        if not self.low <= value <= self.high:
            raise ValueError(f"{what} lies between {self.low:,.10g} and {self.high:,.10g}; it is {short(value)}.")
        if isinstance(self.default, int):
            if value != int(value):
                raise ValueError(f"{what} is a whole number, not {short(value)}.")
            return int(value)
        return float(value)


def _number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a float
        return False


def short(value: object) -> str:
    """Any value in a sentence, cut off where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        text = "a number of very many digits"
    return text if len(text) <= 40 else f"{text[:40]}…"
