"""Surfaces worth walking down: losses of two weights. To add one, add a row to `_SURFACES`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.calculus.formula import Function, parse_function
from sgd_core.descent.descend import descend_many
from sgd_core.descent.optimizers import Optimizer

VARIABLES = ("x", "y")
Range = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A named function of x and y with the window to draw, a start and a learning rate that show what it teaches.

    `minima` are its lowest points as far as they are known in closed form.
    """

    key: str
    title: str
    formula: str
    x_domain: Range
    y_domain: Range
    start: tuple[float, float]
    lr: float
    lesson: str
    minima: tuple[tuple[float, float], ...] = ()

    @cached_property
    def function(self) -> Function:
        """The formula, read once; raises FormulaError where it cannot be used."""
        return parse_function(self.formula, variables=VARIABLES)

    def in_variables(self, first: str, second: str) -> Function:
        """Return the same function with other names for x and y, such as the weights a and b."""
        names = dict(zip(VARIABLES, (first, second), strict=True))
        formula = re.sub(r"\b[xy]\b", lambda name: names[name[0]], self.formula)
        return parse_function(formula, variables=(first, second))


_SURFACES = (
    Surface(
        "bowl",
        "Round bowl",
        "x**2 + y**2",
        (-3.0, 3.0),
        (-2.4, 2.4),
        (-2.4, 1.6),
        0.1,
        "Equally steep all around, so every step heads straight for the bottom.",
        ((0.0, 0.0),),
    ),
    Surface(
        "valley",
        "Narrow valley",
        "x**2/2 + 10*y**2",
        (-5.0, 5.0),
        (-3.0, 3.0),
        (-4.5, 1.5),
        0.09,
        "Twenty times as steep across as along: what is nearly too much for y is still slow for x.",
        ((0.0, 0.0),),
    ),
    Surface(
        "turned_valley",
        "Turned valley",
        "x**2 + y**2 + 1.6*x*y",
        (-3.0, 3.0),
        (-2.4, 2.4),
        (-2.6, 0.8),
        0.3,
        "The valley lies askew, so each weight's slope depends on the other weight, too.",
        ((0.0, 0.0),),
    ),
    Surface(
        "saddle",
        "Saddle",
        "x**2/2 - y**2/2",
        (-3.0, 3.0),
        (-2.4, 2.4),
        (-2.5, 0.01),
        0.2,
        "Down along x, then almost flat, then ever steeper down along y: the slope is zero without a minimum.",
    ),
    Surface(
        "two_dips",
        "Two dips",
        "x**4/4 - 2*x**2 + y**2 + x*y/2",
        (-3.0, 3.0),
        (-2.4, 2.4),
        (0.3, 2.0),
        0.1,
        "Two dips with a pass between them: which one a descent ends in depends on where it starts.",
        ((2.0310097, -0.5077524), (-2.0310097, 0.5077524)),
    ),
    Surface(
        "rosenbrock",
        "Rosenbrock",
        "(1 - x)**2 + 100*(y - x**2)**2",
        (-2.0, 2.0),
        (-0.7, 2.6),
        (-1.5, 2.0),
        0.001,
        "A bent, narrow valley with an almost flat floor: into it is quick, along it takes ages.",
        ((1.0, 1.0),),
    ),
    Surface(
        "himmelblau",
        "Himmelblau",
        "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        (-6.0, 6.0),
        (-5.0, 5.0),
        (-0.5, -0.5),
        0.01,
        "Four lowest points, all equally deep: the start decides which one it will be.",
        ((3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)),
    ),
    Surface(
        "beale",
        "Beale",
        "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
        (-4.5, 4.5),
        (-3.5, 3.5),
        (1.0, 1.5),
        0.01,
        "Steep walls around a flat plain: one learning rate has to suit both.",
        ((3.0, 0.5),),
    ),
    Surface(
        "ripples",
        "Ripples",
        "sin(2*x)*sin(2*y) + (x**2 + y**2)/10",
        (-5.0, 5.0),
        (-4.0, 4.0),
        (3.6, 3.0),
        0.1,
        "Many small hollows: plain descent stops in the first, momentum may roll through.",
    ),
)

SURFACES: dict[str, Surface] = {entry.key: entry for entry in _SURFACES}


def of_points(function: Function) -> Callable[[Tensor], Tensor]:
    """Return a function of x and y as a loss over points (..., 2) -> (...)."""
    return lambda points: function(points[..., 0], points[..., 1])


def height_grid(function: Function, x_domain: Range, y_domain: Range, points: int = 480) -> NDArray[np.float64]:
    """Return the values (points, points) over the window; rows from the lowest y up.

    NaN where there is no value; what is beyond 1e30 is drawn as 1e30.
    """
    x = torch.linspace(*x_domain, points, dtype=torch.float64)
    y = torch.linspace(*y_domain, points, dtype=torch.float64)
    with torch.no_grad():
        values = function(x.expand(points, points), y[:, None].expand(points, points)).numpy()
    return np.where(np.isfinite(values), values.clip(-1e30, 1e30), np.nan)


def steepest_on(heights: NDArray[np.float64], width: float) -> float:
    """Return the length of the steepest gradient on a grid of heights (n, n), `width` wide both ways; 1 on level ground."""
    slopes = np.hypot(*np.gradient(heights, width / (len(heights) - 1)))
    finite = slopes[np.isfinite(slopes)]
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def descend_surface(
    function: Function,
    start: tuple[float, float],
    lrs: Sequence[float],
    steps: int,
    optimizers: Sequence[Optimizer],
) -> pd.DataFrame:
    """Walk down a function of x and y from one start, a run for each learning rate with its optimizer.

    A row for each run and step 0..steps: run, lr, step, x, y, loss, gradient_x, gradient_y, update_x, update_y,
    status (as in `descend`). Raises ValueError on values that make no sense.
    """
    points = torch.tensor(start, dtype=torch.float64).repeat(len(lrs), 1)
    paths = descend_many(function, points, lrs, steps, optimizers)
    runs, rows = paths.loss.shape
    step = np.tile(np.arange(rows), runs)
    at = paths.diverged_at.repeat(rows)
    columns = {"run": np.arange(runs).repeat(rows), "lr": np.asarray(lrs, dtype=float).repeat(rows), "step": step}
    columns |= {name: paths.x[..., i].ravel() for i, name in enumerate(VARIABLES)} | {"loss": paths.loss.ravel()}
    columns |= {f"gradient_{name}": paths.gradient[..., i].ravel() for i, name in enumerate(VARIABLES)}
    columns |= {f"update_{name}": paths.update[..., i].ravel() for i, name in enumerate(VARIABLES)}
    status = np.where(step == rows - 1, "finished", "running")
    return pd.DataFrame(columns | {"status": np.where((at >= 0) & (step >= at), "diverged", status)})


@lru_cache(maxsize=8)
def walk_surface(
    function: Function,
    start: tuple[float, float],
    lrs: tuple[float, ...],
    steps: int,
    optimizers: tuple[Optimizer, ...],
) -> list[pd.DataFrame]:
    """Return one frame of `descend_surface` a run; not to be changed, since visitors share them."""
    frame = descend_surface(function, start, lrs, steps, optimizers)
    return [run.reset_index(drop=True) for _, run in frame.groupby("run")]


def sharp_turns(run: pd.DataFrame) -> int:
    """Return how many steps of one run turn back, by more than a right angle to the step before."""
    moves = np.diff(run[["x", "y"]].to_numpy(), axis=0)
    moves = np.clip(moves[np.isfinite(moves).all(1)], -1e100, 1e100)  # their products are not to overflow
    return int(((moves[1:] * moves[:-1]).sum(1) < 0).sum())
