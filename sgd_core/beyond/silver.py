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


def silver_numbers(race: list[SilverMoment], names: list[str], moments: np.ndarray) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for step in moments:
        moment = race[int(step)]
        row = {"step": number(int(step)), "silver step × L": number(moment.taken["silver"], 4) if step else "–"}
        rows.append(row | {f"gap {name.rpartition(' ')[2]}": number(moment.gaps[name], 3) for name in names})
    return pd.DataFrame(rows)


def silver_table(race: list[SilverMoment], names: list[str]) -> pd.DataFrame:
    """Return a row a step: each rule's step and its distance from the lowest loss."""
    return pd.DataFrame(
        [(m.step, m.taken["silver"], *(m.gaps[name] for name in names)) for m in race],
        columns=["step", "silver step", *names],
    )


def tell_silver(race: list[SilverMoment], names: list[str], step: int) -> list[str]:
    """Say how the race stands at a step."""
    now, ends = race[step], race[-1]
    beyond = sum(moment.taken["silver"] > 2 for moment in race[1:])
    longest = max(race, key=lambda moment: moment.taken["silver"])
    sentences = [
        f"A constant step above 2/L diverges. {number(beyond)} of the {number(len(race) - 1)} silver steps are longer than 2/L; the longest, "
        f"{number(longest.taken['silver'], 4)}/L, is step {number(longest.step)}. The **gap** is the loss above the lowest loss there is.",
    ]
    if step == 0:
        return [*sentences, "Press **Play** and watch the gap at each long step."]
    gap = now.gaps["silver"]
    leader = min(names, key=lambda name: now.gaps[name])
    sentences.append(
        f"At step {number(step)} the silver gap is {number(gap, 3)}; the lowest is {number(now.gaps[leader], 3)} (**{leader}**)."
    )
    highest = max(race[1 : step + 1], key=lambda moment: moment.gaps["silver"] / race[moment.step - 1].gaps["silver"])
    times = highest.gaps["silver"] / race[highest.step - 1].gaps["silver"]
    if times > 1:
        sentences.append(
            f"Its worst moment was step {number(highest.step)}: a step of {number(highest.taken['silver'], 3)}/L made the gap "
            f"{number(times, 3)} times as large. Long steps clear the flat directions and stir up the sharp ones; the many short "
            "steps between them calm the sharp ones again."
        )
    best = min(gap for name, gap in ends.gaps.items() if name != "silver")
    sentences.append(
        f"After all {number(len(race) - 1)} steps the silver gap is {number(ends.gaps['silver'], 3)}, the best constant step's {number(best, 3)}: "
        f"{number(best / ends.gaps['silver'], 3)} times as much."
    )
    return sentences
