"""Walking downhill: one engine for one run or for sixty-four, since runs are an axis of every tensor."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from sgd_core.calculus.formula import Function
from sgd_core.descent.optimizers import Optimizer, as_optimizer
from sgd_core.descent.update_rules import START
from sgd_core.status import Status

MAX_STEPS = 1_000_000
MAX_NUMBERS = 20_000_000  # positions kept per call: runs x (steps + 1) x weights, about 160 MB a column
_CHUNK = 64

Loss = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Paths:
    """Every step of every run: arrays over (run, step 0..steps), followed by the shape of one point.

    `update` is what the optimizer adds to a row's x to get the next row's. `diverged_at` (run,) is the first step
    at which a run's x, loss or gradient was not finite, or -1; from there on the run stands still, with update 0.
    """

    x: NDArray[Any]
    loss: NDArray[Any]
    gradient: NDArray[Any]
    update: NDArray[Any]
    diverged_at: NDArray[np.int64]


def descend(
    f: Loss,
    start: ArrayLike,
    lr: ArrayLike,
    steps: int,
    optimizer: str | Optimizer | Sequence[str | Optimizer] = "sgd",
    *,
    dtype: torch.dtype = torch.float64,
    **options: Any,
) -> pd.DataFrame:
    """Walk down a function of one weight and return a row for each run and step 0..steps.

    Columns: run, lr, step, x, loss, gradient, update (what this step adds to x), status ("running", "finished" in
    the last row, "diverged" from the step on at which x, loss or gradient is not finite); where the runs differ in
    their optimizer, also `optimizer` (its label). `f` is a `Function` or any torch callable that works element by
    element. `start`, `lr` and `optimizer` broadcast; options have torch's names, e.g. momentum=0.9.
    Raises ValueError on values that make no sense.
    """
    starts, lrs = _numbers("start", start), _numbers("learning rate", lr)
    given = [optimizer] if isinstance(optimizer, str | Optimizer) else _listed(optimizer)
    chosen = [as_optimizer(one, **options) for one in given]
    if not chosen:
        raise ValueError("Give at least one optimizer, such as 'sgd'.")
    places = np.arange(len(chosen)) if len(chosen) > 1 else np.asarray(0)
    try:
        size = np.broadcast(starts, lrs, places).size
    except ValueError:
        raise ValueError("Give as many starts, learning rates and optimizers as runs, or one for all runs.") from None
    steps = _check_size(size, steps)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError(f"Compute in floating-point numbers, such as torch.float64, not {dtype!r}.")
    starts, lrs, places = (part.ravel() for part in np.broadcast_arrays(starts, lrs, places))
    points = torch.tensor(starts, dtype=dtype)
    paths = descend_many(f, points, lrs, steps, [chosen[place] for place in places])

    runs, rows = paths.loss.shape
    step = np.arange(rows)
    status = np.where(step == rows - 1, Status.FINISHED, Status.RUNNING)[None].repeat(runs, 0)
    at = paths.diverged_at[:, None]
    columns: dict[str, Any] = {
        "run": np.arange(runs).repeat(rows),
        "lr": lrs.repeat(rows),
        "step": np.tile(step, runs),
        "x": paths.x.ravel(),
        "loss": paths.loss.ravel(),
        "gradient": paths.gradient.ravel(),
        "update": paths.update.ravel(),
        "status": np.where((at >= 0) & (step >= at), Status.DIVERGED, status).ravel(),
    }
    if len(set(chosen)) > 1:
        columns["optimizer"] = np.array([chosen[place].label for place in places]).repeat(rows)
    return pd.DataFrame(columns)


def descend_many(
    loss: Loss, points: Tensor, lr: ArrayLike, steps: int, optimizer: Optimizer | Sequence[Optimizer]
) -> Paths:
    """Walk down from many points at once.

    `points` (runs, ...) are the starts in the precision to compute in; `loss` takes such a tensor and answers one
    value a run, (runs,), each from its own point alone; a `Function` of several variables takes points (runs, variables).
    `lr` is one number or (runs,), and so is `optimizer`. Raises ValueError on values that make no sense.
    """
    runs = len(points)
    optimizers = [optimizer] * runs if isinstance(optimizer, Optimizer) else list(optimizer)
    lrs = np.broadcast_to(np.asarray(lr, dtype=np.float64), (runs,))
    steps = _checked(points, lrs, steps, optimizers)

    # Runs of one optimizer stand side by side while we compute, so that each optimizer works on one slice.
    kinds = list(dict.fromkeys(optimizers))
    order = sorted(range(runs), key=lambda run: kinds.index(optimizers[run]))
    with torch.inference_mode(isinstance(loss, Function)):  # autograd, which other losses need, does not work in it
        record = _walk(
            _with_slope(loss),
            points.detach()[order],
            torch.tensor(lrs[order], dtype=points.dtype).reshape(-1, *[1] * (points.ndim - 1)),
            steps,
            [(kind, optimizers.count(kind)) for kind in kinds],
        )
    back = np.argsort(order)
    x, values, gradient, update = (part.transpose(0, 1).numpy()[back] for part in record)
    return _freeze(x, values, gradient, update)


def _with_slope(loss: Loss) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """The loss and its gradient at points: a formula knows its slope, of all others autograd finds it."""

    def of_formula(x: Tensor) -> tuple[Tensor, Tensor]:
        value, (slope,) = loss.with_slopes(x)  # type: ignore[attr-defined]
        return value, slope

    def of_variables(points: Tensor) -> tuple[Tensor, Tensor]:
        value, slopes = loss.with_slopes(*points.unbind(-1))  # type: ignore[attr-defined]
        return value, torch.stack(slopes, -1)

    def by_autograd(x: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            value = loss(x.requires_grad_())
        if not isinstance(value, Tensor) or value.shape != x.shape[:1]:
            raise ValueError("The function must return one value for each run; let it work element by element.")
        gradient = None
        if value.requires_grad:
            (gradient,) = torch.autograd.grad(value, x, torch.ones_like(value), allow_unused=True)
        return value, torch.zeros_like(x) if gradient is None else gradient

    if not isinstance(loss, Function):
        return by_autograd
    return of_formula if len(loss.variables) == 1 else of_variables


@torch.no_grad()
def _walk(
    with_slope: Callable[[Tensor], tuple[Tensor, Tensor]],
    x: Tensor,
    lr: Tensor,
    steps: int,
    groups: list[tuple[Optimizer, int]],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Take every step without looking back: what happens after a run has diverged is put right afterwards."""
    runs, sizes = len(x), [size for _, size in groups]
    rules = [(kind.row.rule, kind.options) for kind, _ in groups]
    states, against = [START] * len(groups), -lr
    record = tuple(torch.empty((steps + 1, *shape), dtype=x.dtype) for shape in (x.shape, (runs,), x.shape, x.shape))
    rows: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    alive = torch.ones(runs, dtype=torch.bool)
    for step in range(steps + 1):
        value, gradient = with_slope(x)
        directions = []
        pieces = [both.split_with_sizes(sizes) if len(sizes) > 1 else (both,) for both in (x, gradient)]
        for place, (point, slope) in enumerate(zip(*pieces, strict=True)):
            rule, options = rules[place]
            direction, states[place] = rule(point, slope, states[place], options)
            directions.append(direction)
        direction = torch.cat(directions) if len(directions) > 1 else directions[0]
        rows.append((x, value, gradient, direction))
        x = torch.addcmul(x, direction, against)  # rounded once, as torch.optim's in-place addition is
        if (
            len(rows) == _CHUNK or step == steps
        ):  # stacking now and then is cheaper than a copy a step, while the rows are in the processor's cache
            first = step + 1 - len(rows)
            for whole, parts in zip(record, zip(*rows, strict=True), strict=True):
                torch.stack(list(parts), out=whole[first : step + 1])
            rows.clear()
            alive &= _finite(*(part[first : step + 1] for part in record[:3])).all(0)
            if not alive.any():  # nobody moves any more: leave NaN for `_freeze` to overwrite
                for whole in record:
                    whole[step + 1 :] = math.nan
                break
    record[3].mul_(against)  # from directions to updates
    return record  # type: ignore[return-value]


def _finite(x: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
    """Tell for (step, run) whether everything is finite."""
    parts = [part.isfinite().reshape(*value.shape, -1).all(2) for part in (x, gradient)]
    return value.isfinite() & parts[0] & parts[1]


def _freeze(x: NDArray[Any], value: NDArray[Any], gradient: NDArray[Any], update: NDArray[Any]) -> Paths:
    """Let every run stand still from the first step on at which something is not finite."""
    runs, rows = value.shape
    flat = [part.reshape(runs, rows, -1) for part in (x, value, gradient)]
    broken = ~np.logical_and.reduce([np.isfinite(part).all(2) for part in flat])
    diverged_at = np.where(broken.any(1), broken.argmax(1), -1)
    for run in np.flatnonzero(diverged_at >= 0):
        first = diverged_at[run]
        for part in (x, value, gradient):
            part[run, first + 1 :] = part[run, first]
        update[run, first:] = 0
    return Paths(x, value, gradient, update, diverged_at)


def _numbers(what: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(values)
        if numbers.dtype.kind not in "biuf" and not isinstance(values, list | tuple | np.ndarray | torch.Tensor):
            raise TypeError
        return numbers.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise ValueError(f"Every {what} must be a number, such as 0.1, not {str(values)[:40]!r}.") from None


def _listed(optimizers: Sequence[str | Optimizer]) -> list[str | Optimizer]:
    try:
        return list(optimizers)
    except TypeError:
        raise ValueError(f"Give an optimizer by name, such as 'sgd', not {str(optimizers)[:40]!r}.") from None


def _check_size(numbers: int, steps: int) -> int:
    """Return the number of steps; ValueError unless all positions can be kept."""
    try:
        steps = -1 if isinstance(steps, bool) else operator.index(steps)
    except TypeError:
        steps = -1
    if not 0 <= steps <= MAX_STEPS:
        raise ValueError(f"The number of steps must be a whole number from 0 to {MAX_STEPS:,}.")
    if numbers * (steps + 1) > MAX_NUMBERS:
        raise ValueError(f"Take fewer steps or fewer runs; together at most {MAX_NUMBERS:,} positions can be kept.")
    return steps


def _checked(points: Tensor, lrs: NDArray[np.float64], steps: int, optimizers: Sequence[Optimizer]) -> int:
    if not points.numel() or len(optimizers) != len(points):
        raise ValueError("Give at least one start, and one optimizer for all runs or one for each.")
    steps = _check_size(points.numel(), steps)
    if not points.is_floating_point() or not bool(points.isfinite().all()):
        raise ValueError("Every start must be a finite number in the chosen precision.")
    in_precision = torch.tensor(lrs, dtype=points.dtype)
    if not bool((in_precision.isfinite() & (in_precision > 0)).all()):
        raise ValueError("Every learning rate must be a finite number above 0, such as 0.1.")
    for optimizer in optimizers:
        if optimizer.row.hidden_matrices_only:
            raise ValueError(
                f"{optimizer.row.title} moves the weight matrices of hidden layers, and a point is none: choose another "
                "optimizer, or train the two-layer model of the digits with it."
            )
    return steps
