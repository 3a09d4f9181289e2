"""What is descended on one weight: the function, the start, the number of steps, and the minimum downhill."""

import math
from dataclasses import dataclass
from functools import cached_property

from sgd_core.calculus.formula import Function
from sgd_core.descent.minimum import Minimum, find_minimum


@dataclass(frozen=True)
class Objective:
    """A function of one weight, a start and a number of steps."""

    function: Function
    start: float
    steps: int

    @cached_property
    def minimum(self) -> Minimum | None:
        """The minimum downhill from the start, None where there is none."""
        return find_minimum(self.function, self.start)

    @property
    def distance(self) -> float:
        """How far the start is from the minimum, NaN where there is none."""
        return abs(self.start - self.minimum.x) if self.minimum else math.nan

    @property
    def borders(self) -> list[tuple[str, float]]:
        """The learning rates 1/a and 2/a with their names, where there is a curvature a."""
        found = self.minimum.borders if self.minimum else None
        return [("1/a", found[0]), ("2/a", found[1])] if found else []
