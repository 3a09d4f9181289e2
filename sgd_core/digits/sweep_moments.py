"""A sweep of learning rates that is watched: which rates, and what each is called at every recorded moment."""

from collections.abc import Generator
from typing import NamedTuple

import numpy as np
import pandas as pd

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sweep import SweepMoment, run_regimes, sweep_frame, sweeping
from sgd_core.moments import moment_steps

RATES = 64
CLIFF = (0.86, 1.14)  # from where to where a sweep of the cliff reaches, in borders


class Sweep(NamedTuple):
    """One sweep: what is trained, the learning rates, the border from theory, and whether it looks at the cliff."""

    config: TrainConfig
    rates: tuple[float, ...]
    border: float
    zoomed: bool


class Swept(NamedTuple):
    """A moment of a sweep, and what each learning rate is called by then."""

    epoch: int
    moment: SweepMoment
    regimes: pd.DataFrame


def wide_sweep(config: TrainConfig, border: float) -> Sweep:
    """Return the sweep over six decades around the border, lower for a loss that bends alike everywhere."""
    low = round(np.log10(border)) - (4 if LOSSES[config.loss].is_quadratic else 3)  # cross-entropy endures more
    return Sweep(config, tuple(np.geomspace(10.0**low, 10.0 ** (low + 6), RATES).tolist()), border, False)


def cliff_sweep(config: TrainConfig, border: float) -> Sweep:
    """Return the sweep close to the border, below and above."""
    return Sweep(config, tuple((border * np.linspace(*CLIFF, RATES)).tolist()), border, True)


def sweep_moments(sweep: Sweep, digits: Digits) -> Generator[Swept, None, None]:
    """Train with all learning rates in lock-step; yield the recorded epochs."""
    history: list[SweepMoment] = []
    recorded = set(moment_steps(sweep.config.epochs).tolist())
    for moment in sweeping(sweep.config, sweep.rates, digits):
        if moment.losses is None:
            continue
        history.append(moment)
        epoch = round(moment.epoch)
        if epoch in recorded:
            yield Swept(epoch, moment, run_regimes(sweep_frame(sweep.rates, history, sweep.config.epochs)))
