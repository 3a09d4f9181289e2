"""Runs in lock-step along the direction that bends most: their moments."""

from collections.abc import Generator
from typing import NamedTuple

import numpy as np

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import run_coefficients
from sgd_core.digits.sweep import SweepMoment, run_regimes, sweep_frame, sweeping
from sgd_core.moments import moment_steps

TIMES = (0.005, 0.4, 0.99, 1.05)  # times 2/λ: too low, good, bouncing, diverging
LETTERS = ("A", "B", "C", "D")


class Lockstep(NamedTuple):
    """The same step of the four runs: how far each lies along the steepest direction, and what it is called by then."""

    moment: SweepMoment
    along: tuple[float, ...]
    names: tuple[str, ...]
    reasons: tuple[str, ...]


def lockstep(
    config: TrainConfig, rates: list[float], digits: Digits, direction: np.ndarray
) -> Generator[Lockstep, None, None]:
    """Train with each learning rate in lock-step; yield each moment, where the runs stand along `direction`, and their regimes."""
    history: list[SweepMoment] = []
    recorded = set(moment_steps(config.epochs).tolist())
    for moment in sweeping(config, rates, digits, keep_parameters=True):
        if moment.losses is None or moment.parameters is None:
            continue
        history.append(moment)
        if moment.step not in recorded:
            continue
        along = tuple(run_coefficients(direction, moment.parameters).tolist())
        named = run_regimes(sweep_frame(rates, history, config.epochs))
        yield Lockstep(moment, along, tuple(map(str, named["regime"])), tuple(named["reason"]))


def lowest_of(top: float, moments: list[Lockstep], rates: list[float]) -> float:
    """Return where along the direction the parabola through the start is lowest."""
    if len(moments) < 2:
        return moments[0].along[0]
    slope = (moments[0].along[0] - moments[1].along[0]) / (rates[0] * (moments[1].moment.step - moments[0].moment.step))
    return moments[0].along[0] - slope / top


def window_of(
    config: TrainConfig, top: float, moments: list[Lockstep], rates: list[float]
) -> tuple[tuple[float, float], float | None]:
    """Return the range of places along the direction to draw, and the lowest one if the loss is one parabola.

    There two zigzags that end are seen whole. With another loss the runs go where they like: all of A, B and C is seen.
    """
    lowest = lowest_of(top, moments, rates)
    if LOSSES[config.loss].is_quadratic:
        reach = 2.3 * abs(lowest - moments[0].along[0]) or 1.0
        return (lowest - reach, lowest + reach), lowest
    along = np.array([one.along[:3] for one in moments])
    low, high = float(np.nanmin(along)), float(np.nanmax(along))
    room = 0.1 * (high - low) or 1.0
    return (low - room, high + room), None
