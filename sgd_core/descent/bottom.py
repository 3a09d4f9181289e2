"""The bottom of a surface: where it lies, how it bends there, and what lies around it."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from sgd_core.calculus.formula import Function
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.quadratic import Curvature, curvature_at, is_quadratic
from sgd_core.descent.surfaces import Range, Surface, descend_surface, height_grid, of_points

Point = tuple[float, float]


class Bottom(NamedTuple):
    """The minimum that a surface is judged by: where, how it curves there, and whether it curves so everywhere."""

    x: float
    y: float
    curvature: Curvature
    quadratic: bool


@lru_cache(maxsize=64)
def bottom_of(surface: Surface, start: Point) -> Bottom | None:
    """Return the minimum near `start`: the nearest known one, else where a patient descent ends; None if it is no bowl."""
    if surface.minima:
        x, y = min(surface.minima, key=lambda place: math.dist(place, start))
    else:
        size = surface.x_domain[1] - surface.x_domain[0]
        end = descend_surface(surface.function, start, [size / 200], 600, [Optimizer("adam")]).iloc[-1]
        x, y = float(end["x"]), float(end["y"])
        if end["status"] == "diverged" or math.hypot(end["gradient_x"], end["gradient_y"]) > 1e-3:
            return None
    curvature = curvature_at(of_points(surface.function), torch.tensor([x, y], dtype=torch.float64))
    if curvature is None or not curvature.least > 1e-9 * curvature.most:
        return None
    return Bottom(x, y, curvature, is_quadratic_everywhere(surface.function))


def curvature_here(surface: Surface, x: float, y: float) -> Curvature | None:
    """Return the curvature at a place; None where it has none."""
    return curvature_at(of_points(surface.function), torch.tensor([x, y], dtype=torch.float64))


@lru_cache(maxsize=16)
def heights_of(function: Function, x_domain: Range, y_domain: Range) -> np.ndarray:
    """Return the surface's heights over its window."""
    return height_grid(function, x_domain, y_domain)


@lru_cache(maxsize=16)
def is_quadratic_everywhere(function: Function) -> bool:
    """Tell whether the surface curves the same everywhere."""
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(5, 2, generator=generator, dtype=torch.float64) * 2 - 1
    return is_quadratic(of_points(function), points)


def range_of(heights: np.ndarray) -> Range:
    """Return the lowest and the highest of some heights."""
    finite = heights[np.isfinite(heights)]
    return (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)


def lowest_known(surface: Surface, heights: np.ndarray, runs: list[pd.DataFrame]) -> float:
    """Return the lowest loss anybody knows of: at the known minima, in the picture, or on a path."""
    known = [range_of(heights)[0], *(float(run["loss"].min()) for run in runs)]
    for x, y in surface.minima:
        known.append(float(surface.function(torch.tensor(x).double(), torch.tensor(y).double())))
    return min((value for value in known if math.isfinite(value)), default=0.0)
