"""What engineers reach for when a run bounces or diverges, each tried on one weight.

The same table serves the digits (`digits.remedies`).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from sgd_core.calculus.derivative import derivative
from sgd_core.calculus.formula import Function
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.schedules import SCHEDULES, descend_on_schedules
from sgd_core.status import Status

LOWER = 0.25  # "a lower rate" is this share of the one that fails
SHRUNK = 0.5  # "scaled inputs" are this share of what they were
LIMIT = 1.0  # the longest gradient that clipping lets through


PLAIN = Optimizer("sgd")


@dataclass(frozen=True)
class Remedy:
    """One remedy: its name in code, its title, what it does, and the optimizer or the schedule that it takes."""

    key: str
    title: str
    about: str
    optimizer: Optimizer = PLAIN
    schedule: str = "constant"


REMEDIES: dict[str, Remedy] = {
    remedy.key: remedy
    for remedy in (
        Remedy("none", "As it is", "The learning rate that fails, from the first step to the last."),
        Remedy("lower", "A lower rate", "A quarter of the learning rate."),
        Remedy("clip", "Clipping", "A gradient longer than 1 is shortened to 1 before the step."),
        Remedy("scale", "Scaled inputs", "The data are scaled, so that the loss bends less sharply."),
        Remedy("momentum", "Momentum", "Each step keeps 0.9 of the one before.", Optimizer("sgd", momentum=0.9)),
        Remedy("adam", "Adam", "Divides each step by the usual size of its gradient.", Optimizer("adam")),
        *(Remedy(key, row.title, row.about, schedule=key) for key, row in SCHEDULES.items() if key != "constant"),
    )
}


def descend_with_remedies(f: Function, start: float, lr: float, steps: int) -> pd.DataFrame:
    """Walk down a function of one weight once with each remedy; the columns of `descend`, and `remedy`.

    With "scale" the input that the weight is multiplied with is halved: the loss of the new weight u is f(u / 2), so that
    its curvature is a quarter. Its row's `x` is u / 2, the old weight. Raises ValueError as `descend` does.
    """
    parts = []
    for key, remedy in REMEDIES.items():
        if key == "clip":
            run = _clipped(f, start, lr, steps)
        elif key == "scale":
            run = _scaled(f, start, lr, steps)
        elif remedy.schedule != "constant":
            run = descend_on_schedules(f, start, lr, steps, [remedy.schedule]).drop(columns="schedule")
        else:
            run = descend(f, start, lr * LOWER if key == "lower" else lr, steps, remedy.optimizer)
        parts.append(run.assign(remedy=key))
    return pd.concat(parts, ignore_index=True)


def _scaled(f: Function, start: float, lr: float, steps: int) -> pd.DataFrame:
    run = descend(lambda u: f(SHRUNK * u), start / SHRUNK, lr, steps)
    return run.assign(x=run["x"] * SHRUNK, gradient=run["gradient"] / SHRUNK, update=run["update"] * SHRUNK)


def _clipped(f: Function, start: float, lr: float, steps: int) -> pd.DataFrame:
    """Plain descent with `torch.nn.utils.clip_grad_norm_`: the slope is shortened to at most `LIMIT`."""
    rows: list[dict[str, Any]] = []
    x, alive = float(start), True
    for step in range(steps + 1):
        point = torch.tensor(x, dtype=torch.float64)
        with torch.no_grad():
            loss = float(f(point))
        slope = float(derivative(f, point))
        alive = alive and math.isfinite(x) and math.isfinite(loss) and math.isfinite(slope)
        update = -lr * float(np.clip(slope, -LIMIT, LIMIT)) if alive else 0.0
        status = Status.DIVERGED if not alive else Status.FINISHED if step == steps else Status.RUNNING
        rows.append(
            {
                "run": 0,
                "lr": lr,
                "step": step,
                "x": x,
                "loss": loss,
                "gradient": slope,
                "update": update,
                "status": status,
            }
        )
        x += update
    return pd.DataFrame(rows)
