"""Functions of many weights: a vector added up to one number, and two weights on a surface."""

import math
from typing import NamedTuple

import pandas as pd
import torch

from sgd_core.calculus.derivative import derivative, recording
from sgd_core.calculus.formula import Function, parse_function
from sgd_core.calculus.sampling import check_points, sample

MOST_ELEMENTS = 1000
VARIABLES = ("a", "b")


def read_vector(text: str) -> list[float]:
    """Read numbers separated by commas or spaces; raise ValueError with a sentence on anything else.

    Between 1 and 1,000 finite numbers.
    """
    words = text.replace(";", ",").strip().strip("[]()").replace(",", " ").split()
    if not words:
        raise ValueError("The vector is empty; write at least one number, such as 3, 4, 10.")
    if len(words) > MOST_ELEMENTS:
        raise ValueError(f"The vector has {len(words):,} elements; shorten it to at most {MOST_ELEMENTS:,}.")
    return [_element(word, place) for place, word in enumerate(words, start=1)]


def _element(word: str, place: int) -> float:
    shown = word if len(word) <= 20 else word[:20] + "…"
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"Element {place}, “{shown}”, is not a number; write one, such as 3 or -0.5.") from None
    if not math.isfinite(number):
        raise ValueError(f"Element {place}, “{shown}”, is not a finite number; write one, such as 3 or -0.5.")
    return number


class Elements(NamedTuple):
    """A function at every element of a vector: `frame` has `element, x, value, gradient`, `total` is the sum."""

    frame: pd.DataFrame
    total: float


def elementwise(function: Function, values: list[float]) -> Elements:
    """Return f at every element, their sum, and the gradient of the sum.

    In float32, as the session beside it; NaN or infinite where the function is undefined.
    """
    x = torch.tensor(values, dtype=torch.float32)
    with torch.no_grad():
        value = function(x)
    columns = {"x": x, "value": value, "gradient": derivative(function, x)}
    frame = pd.DataFrame({name: column.numpy() for name, column in columns.items()})
    frame.insert(0, "element", range(1, len(values) + 1))
    return Elements(frame, float(value.sum()))


def curve_around(function: Function, values: list[float]) -> pd.DataFrame:
    """Return the curve `x, value` around these places and 0, with some room; NaN where it has no finite value."""
    low, high = min([*values, 0.0]), max([*values, 0.0])
    room = 0.1 * (high - low) or 1.0
    curve = sample(function, (low - room, high + room), points=241)
    return curve.where(curve["value"].abs() < math.inf)


def two_weights(text: str) -> Function:
    """Return a formula of the two weights a and b, drawn from -3 to 3 in both; raise FormulaError as `parse_function`."""
    return parse_function(text, variables=VARIABLES, domain=(-3, 3))


class Slope(NamedTuple):
    """A surface at a point: the weights, the value, and both partial derivatives by autograd."""

    a: float
    b: float
    value: float
    by_a: float
    by_b: float

    @property
    def length(self) -> float:
        """The length of the gradient: how steep the surface is straight uphill."""
        return math.hypot(self.by_a, self.by_b)


def slope_at(function: Function, a: float, b: float) -> Slope:
    """Return value and partial derivatives of a function of two weights, in float64, by one backward pass."""
    with recording():
        point = [torch.tensor(weight, dtype=torch.float64, requires_grad=True) for weight in (a, b)]
        value = function(*point)
        slopes = torch.autograd.grad(value, point)
    no_value = math.isnan(float(value.detach()))  # and so no slope either, whatever its rule computes
    by_a, by_b = (math.nan if no_value else float(slope) for slope in slopes)
    return Slope(a, b, float(value.detach()), by_a, by_b)


def change_along(function: Function, at: Slope, step: float) -> float:
    """Return how much f changes by a step of this length along the gradient."""
    share = step / at.length
    return slope_at(function, at.a + share * at.by_a, at.b + share * at.by_b).value - at.value


def slices(function: Function, a: float, b: float, points: int = 121) -> dict[str, pd.DataFrame]:
    """Return the curves `x, value` along each weight while the other one is held: {"a": ..., "b": ...}."""
    axis = torch.linspace(*function.domain, check_points(points), dtype=torch.float64)
    held_a, held_b = (torch.full_like(axis, weight) for weight in (a, b))
    with torch.no_grad():
        along = {"a": function(axis, held_b), "b": function(held_a, axis)}
    return {name: pd.DataFrame({"x": axis.numpy(), "value": value.numpy()}) for name, value in along.items()}
