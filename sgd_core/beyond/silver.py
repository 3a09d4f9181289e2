"""Silver steps: a fixed pattern of step sizes, many of them far beyond 2/L, that beats every constant step.

J. Altschuler and P. Parrilo, Acceleration by stepsize hedging I (strongly convex, 2023, arXiv 2309.07879) and II
(convex, 2023, arXiv 2309.16530). L is the largest eigenvalue of the Hessian, mu the smallest, kappa = L / mu.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from sgd_core.digits.datasets import Digits
from sgd_core.numbers import number

Array = NDArray[np.float64]

RHO = 1 + math.sqrt(2)  # the silver ratio
RATE = math.log(2, RHO)  # 0.786: steps needed grow like kappa to this power
MOST_STEPS = 2**20
CONSTANT_RATES = np.linspace(1, 1.999, 334)  # in units of 1/L, of which the best is looked for


def silver_schedule(steps: int) -> Array:
    """Return the step sizes (steps,) in units of 1/L for a convex loss: step t is 1 + rho^(nu(t) - 1), rho = 1 + sqrt 2.

    nu(t) is how often 2 divides t = 1, 2, 3 ...; after 2^k - 1 steps the loss is at most L |x0 - x*|² /
    (1 + sqrt(4 rho^(2k) - 3)) above its minimum (part II, theorem 1.1). Raises ValueError on fewer than one step.
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"The number of steps must be a whole number from 1 to {MOST_STEPS:,}, not {steps!r}.")
    t = np.arange(1, steps + 1)
    powers = np.log2(t & -t)
    schedule: Array = 1 + RHO ** (powers - 1)
    return schedule


def silver_bound(doublings: int) -> float:
    """Return the factor of L |x0 - x*|² that the loss is at most above its minimum after 2^doublings - 1 steps."""
    return 1 / (1 + math.sqrt(4 * RHO ** (2 * doublings) - 3))


def strongly_convex_schedule(kappa: float, doublings: int) -> tuple[Array, float]:
    """Return 2^doublings step sizes in units of 1/L, and the factor by which they shrink the distance at least.

    Part I, section 3: from z, at first 1/kappa, two copies of the pattern are joined by a step of psi(y) and closed by
    one of psi(z'), with psi(t) = (1 + kappa t) / (1 + t), z' = z (xi + sqrt(1 + xi²)), xi = 1 - z, and
    y = z' - 2 (z - z²). The factor is (1 - z) / (1 + z). Raises ValueError unless kappa is above 1.
    """
    if not kappa > 1 or doublings < 0:
        raise ValueError("The condition number must be above 1, and the number of doublings not below 0.")

    def psi(t: float) -> float:
        return (1 + kappa * t) / (1 + t)

    z = 1 / kappa
    pattern = [psi(z)]
    for _ in range(doublings):
        xi = 1 - z
        longer = z * (xi + math.sqrt(1 + xi * xi))
        joint = psi(longer - 2 * (z - z * z))
        pattern = [*pattern[:-1], joint, *pattern[:-1], psi(longer)]
        z = longer
    return np.array(pattern), (1 - z) / (1 + z)


def steps_needed(kappa: float, closeness: float = 1e-6) -> tuple[float, float]:
    """Return how many steps shrink every distance to `closeness` of itself: silver ones, and the best constant one.

    The silver pattern is repeated at about its natural period kappa^0.786; both counts are exact worst cases.
    """
    doublings = math.ceil(RATE * math.log2(kappa))
    pattern, factor = strongly_convex_schedule(kappa, doublings)
    constant = (kappa - 1) / (kappa + 1)
    return len(pattern) * math.log(closeness) / math.log(factor), math.log(closeness) / math.log(constant)


def worst_cases(kappas: Array) -> pd.DataFrame:
    """Return how many steps each rule needs in the worst case: `kappa, silver, constant`."""
    rows = [(kappa, *steps_needed(float(kappa))) for kappa in kappas]
    return pd.DataFrame(rows, columns=["kappa", "silver", "constant"])


@dataclass(frozen=True, eq=False)
class SilverMoment:
    """Least squares after `step` steps: each rule's gap in loss to the minimum, and the step just taken (units of 1/L)."""

    step: int
    gaps: Mapping[str, float]
    taken: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Half the mean squared error of a linear model on digits, as a quadratic along its eigenvectors.

    `curvatures` (d,) are the Hessian's eigenvalues, descending; `distances` (d,) are the weights' coordinates from the
    minimum, at zero weights; in them each descent step multiplies coordinate i by 1 - lr curvature_i, exactly.
    """

    curvatures: Array
    distances: Array

    @property
    def largest(self) -> float:
        """L, the largest eigenvalue."""
        return float(self.curvatures[0])

    def gap(self, distances: Array) -> float:
        """How far the loss is above its minimum."""
        return float((self.curvatures * distances**2).sum() / 2)


def least_squares(digits: Digits) -> LeastSquares:
    """Return the least-squares task of two classes, targets 1 (the first class) and -1, weights and bias from zero.

    Raises ValueError on digits of more than two classes.
    """
    if len(digits.classes) != 2:
        raise ValueError("Least squares is for two classes here, such as 3 and 7.")
    pixels = digits.train_images.flatten(1).double()
    inputs = torch.cat([pixels, torch.ones(len(pixels), 1, dtype=torch.float64)], 1)
    targets = 1 - 2 * digits.train_labels.double().unsqueeze(1)
    values, vectors = torch.linalg.eigh(inputs.T @ inputs / len(inputs))
    slope = vectors.T @ (-inputs.T @ targets / len(inputs)).squeeze(1)
    values, slope = values.flip(0), slope.flip(0)
    bent = values > 1e-12 * values[0]  # blank pixels bend nothing, and no step moves their weights
    distances = torch.where(bent, slope / values.clamp_min(1e-300), 0.0)
    return LeastSquares(values.clamp_min(0).numpy(), distances.numpy())


def silver_race(task: LeastSquares, steps: int) -> Generator[SilverMoment, None, None]:
    """Race silver steps against 1/L, 1.9/L and the best constant step; yield a moment before and after each step.

    "best" is the constant step with the smallest gap after all steps.
    """
    ends = np.array([_gap_after(task, rate, steps) for rate in CONSTANT_RATES])
    best = float(CONSTANT_RATES[ends.argmin()])
    rules = {
        "1/L": np.full(steps, 1.0),
        "1.9/L": np.full(steps, 1.9),
        f"best, {number(best)}/L": np.full(steps, best),
        "silver": silver_schedule(steps),
    }
    shares = task.curvatures / task.largest
    distances = dict.fromkeys(rules, task.distances)
    yield SilverMoment(0, {name: task.gap(at) for name, at in distances.items()}, dict.fromkeys(rules, 0.0))
    for step in range(steps):
        distances = {name: at * (1 - rules[name][step] * shares) for name, at in distances.items()}
        gaps = {name: task.gap(at) for name, at in distances.items()}
        yield SilverMoment(step + 1, gaps, {name: float(rule[step]) for name, rule in rules.items()})


def _gap_after(task: LeastSquares, rate: float, steps: int) -> float:
    return task.gap(task.distances * (1 - rate * task.curvatures / task.largest) ** steps)
