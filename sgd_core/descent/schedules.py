"""Learning rates that change while one trains: torch.optim.lr_scheduler, asked for its numbers and never rebuilt.

In each schedule `lr` is the largest learning rate it uses, and its lengths are set by the number of steps: a third of
the run, a tenth of it, all of it.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import lr_scheduler

from sgd_core.calculus.derivative import derivative

MAX_STEPS = 1_000_000


@dataclass(frozen=True)
class Schedule:
    """One schedule: its name in code, its title, one line about it, and the scheduler of torch that computes it.

    `options(lr, steps)` are the arguments of the scheduler; `options` is None where torch needs no scheduler.
    """

    key: str
    title: str
    about: str
    scheduler: str = ""
    options: Callable[[float, int], dict[str, Any]] | None = None


SCHEDULES: dict[str, Schedule] = {
    schedule.key: schedule
    for schedule in (
        Schedule("constant", "Constant", "The same learning rate from the first step to the last."),
        Schedule(
            "step",
            "Step",
            "Divided by ten after each third of the run, and level in between.",
            "StepLR",
            lambda lr, steps: {"step_size": math.ceil(steps / 3), "gamma": 0.1},
        ),
        Schedule(
            "exponential",
            "Exponential",
            "Shrinks by the same factor at every step, to a hundredth at the end.",
            "ExponentialLR",
            lambda lr, steps: {"gamma": 0.01 ** (1 / max(steps - 1, 1))},
        ),
        Schedule(
            "cosine",
            "Cosine",
            "Half a cosine wave down to nearly zero: slow, fast, slow.",
            "CosineAnnealingLR",
            lambda lr, steps: {"T_max": steps},
        ),
        Schedule(
            "warm_up",
            "Warm-up",
            "Rises from a tenth in the first tenth of the run, then stays.",
            "LinearLR",
            lambda lr, steps: {"start_factor": 0.1, "total_iters": math.ceil(steps / 10)},
        ),
        Schedule(
            "one_cycle",
            "One-cycle",
            "Up from a twenty-fifth until 30 % of the run, then down to nearly zero.",
            "OneCycleLR",
            # torch divides by the length of each phase, which two steps at least do not make zero; the momentum,
            # which it would move the other way, is the optimizer's own business here
            lambda lr, steps: {"max_lr": lr, "total_steps": max(steps, 2), "cycle_momentum": False},
        ),
    )
}


def learning_rates(schedule: str, lr: float, steps: int) -> NDArray[np.float64]:
    """Return the learning rate of each step, (steps,) float64, read-only and all above 0.

    Computed by running the scheduler of `torch.optim.lr_scheduler` that `SCHEDULES[schedule]` names, one
    `scheduler.step()` a step, on an optimizer that has nothing to do. Raises ValueError on an unknown schedule, on a
    learning rate that is not a finite number above 0, and on a number of steps outside 1 to 1,000,000.
    """
    return _run(*_checked(schedule, lr, steps))


def scheduler_code(schedule: str, lr: float, steps: int, lr_source: str | None = None) -> str:
    """Return the PyTorch source that makes the scheduler of `optimizer`; empty for "constant". Raises as above.

    `lr_source` stands where the learning rate would: the name of a variable, for a script with several of them.
    """
    name, rate, count = _checked(schedule, lr, steps)
    options = _options(name, rate, count)
    if options is None:
        return ""
    source = {key: lr_source if lr_source and value is rate else repr(value) for key, value in options.items()}
    arguments = "".join(f", {key}={value}" for key, value in source.items())
    return f"torch.optim.lr_scheduler.{SCHEDULES[name].scheduler}(optimizer{arguments})"


def descend_on_schedules(
    f: Callable[[Tensor], Tensor], start: float, lr: float, steps: int, schedules: Sequence[str]
) -> pd.DataFrame:
    """Walk down a function of one weight by plain gradient descent, once with each schedule, all side by side.

    Returns the columns of `descend` and `schedule`: a row for each run and step 0..steps. `lr` is the learning rate of
    the row's own step (in the last row, after which no step follows, the one before). A run whose numbers are no longer
    finite is "diverged" and stands still. Raises ValueError as `learning_rates` does, and on a start that is not finite.
    """
    if not math.isfinite(start) or not schedules:
        raise ValueError("Give a finite start and at least one schedule.")
    rates = np.stack([learning_rates(schedule, lr, steps) for schedule in schedules], axis=1)
    rates = np.concatenate([rates, rates[-1:]])
    x = torch.full((len(schedules),), float(start), dtype=torch.float64)
    alive = torch.ones(len(schedules), dtype=torch.bool)
    rows = []
    for rate in torch.tensor(rates):
        with torch.no_grad():
            value = torch.as_tensor(f(x)).expand_as(x)
        slope = derivative(f, x)
        alive = alive & x.isfinite() & value.isfinite() & slope.isfinite()
        update = torch.where(alive, -rate * slope, 0.0)
        rows.append(torch.stack([rate, x, value, slope, update, alive.double()]))
        x = x + update
    columns = dict(zip(("lr", "x", "loss", "gradient", "update"), torch.stack(rows, 2).numpy(), strict=False))
    runs, count = columns["x"].shape
    last = np.where(np.arange(count) == count - 1, "finished", "running")[None]
    frame: dict[str, Any] = {
        "run": np.arange(runs).repeat(count),
        "schedule": np.array(schedules).repeat(count),
        "step": np.tile(np.arange(count), runs),
        **{name: values.ravel() for name, values in columns.items()},
        "status": np.where(torch.stack(rows, 2)[5].numpy() > 0, last, "diverged").ravel(),
    }
    return pd.DataFrame(frame)


def _options(schedule: str, lr: float, steps: int) -> dict[str, Any] | None:
    make = SCHEDULES[schedule].options
    return None if make is None else make(lr, steps)


@lru_cache(maxsize=64)
def _run(schedule: str, lr: float, steps: int) -> NDArray[np.float64]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    options = _options(schedule, lr, steps)
    scheduler = None if options is None else getattr(lr_scheduler, SCHEDULES[schedule].scheduler)(optimizer, **options)
    rates = np.empty(steps)
    for step in range(steps):
        rates[step] = optimizer.param_groups[0]["lr"]
        optimizer.step()
        if scheduler is not None and step < steps - 1:  # the rate after the last step is nobody's
            scheduler.step()
    rates.setflags(write=False)
    return rates


def _checked(schedule: object, lr: object, steps: object) -> tuple[str, float, int]:
    if not isinstance(schedule, str) or schedule not in SCHEDULES:
        raise ValueError(f"There is no schedule {schedule!r}; choose one of: {', '.join(SCHEDULES)}.")
    try:
        rate = float(lr) if isinstance(lr, Real) and not isinstance(lr, bool) else math.nan
    except OverflowError:  # a whole number too large for a float
        rate = math.inf
    if not math.isfinite(rate) or rate <= 0:
        raise ValueError(f"The learning rate must be a finite number above 0, not {lr!r}.")
    try:
        count = -1 if isinstance(steps, bool) else operator.index(steps)  # type: ignore[arg-type]
    except TypeError:
        count = -1
    if not 1 <= count <= MAX_STEPS:
        raise ValueError(f"The number of steps must be a whole number from 1 to {MAX_STEPS:,}, not {steps!r}.")
    return schedule, rate, count
