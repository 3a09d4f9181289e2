"""The regime of a learning rate, named by a rule that looks at the numbers of the run.

On f(x) = a/2 (x - m)² each step of plain gradient descent multiplies the distance to m by 1 - lr a, and so
each step is 1 - lr a times the step before it. Hence the borders 1/a (there in one step) and 2/a (bounces for ever).
Elsewhere the same factor is read off the steps themselves: their signs, and how their sizes change towards the end.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from .descend import descend

TOO_LOW, GOOD, BOUNCING, DIVERGING = "too low", "good", "bouncing", "diverging"
LEFT_DOMAIN, FALLING, LEAPT_AWAY, AT_REST, UNDECIDED = (
    "left the domain",
    "falling",
    "leapt away",
    "at rest",
    "undecided",
)
ARRIVED = 0.01  # within 1 % of the gap in loss between the start and the minimum
REGIMES = (0.04, 0.6, 1.9, 2.1)  # the four regimes as multiples of 1/a: too low, good, bouncing, diverging

Array = NDArray[Any]


@dataclass(frozen=True)
class Regime:
    """What a learning rate does: its name, the reason in one sentence, and the factor from step to step.

    `factor` is how many times the step before each step is, negative where the direction flips; 1 - lr a on a
    quadratic; NaN where the run is too short to tell. `endless` marks a bounce that neither grows nor shrinks.
    """

    name: str
    reason: str
    factor: float = math.nan
    endless: bool = False


def classify(run: pd.DataFrame) -> Regime:
    """Name the regime of one run of `descend`.

    - "too low": it keeps its direction, but after the last step more than 1 % of the gap in loss between the start
      and the minimum ahead is left. The minimum is estimated from the run itself, as if the steps went on shrinking
      by their last factor (exact on a quadratic); where they do not shrink, none is in sight.
    - "good": it keeps its direction and has come within that 1 %.
    - "bouncing": towards the end its steps flip their direction without growing, be it shrinking or `endless`.
    - "diverging": its steps flip and grow, or its numbers have overflowed.
    - "left the domain": a step landed where the function or its slope has no finite value (log left of 0).
    - "leapt away": a step threw it to where the loss is higher than at the start, and from there it hardly moves.
    - "falling": the loss went down beyond all bounds, since the function has no lowest point that way.
    - "at rest": the slope at the start is 0. "undecided": no step was taken.

    Raises ValueError on a frame that is not exactly one run.
    """
    if run.empty or run["run"].nunique() != 1:
        raise ValueError("Pass exactly one run, such as frame[frame['run'] == 0].")
    x, loss, update = (run[column].to_numpy() for column in ("x", "loss", "update"))
    slope, broken = run["gradient"].to_numpy(), (run["status"] == "diverged").to_numpy()
    if broken.any():
        return _broken(x, loss, int(broken.argmax()))
    if update[0] == 0 and (update == 0).all():
        return Regime(AT_REST, f"The slope at the start, x = {x[0]:.4g}, is 0, so every step is 0.", 0.0)
    steps = len(x) - 1
    if steps == 0:
        return Regime(UNDECIDED, "Nothing has happened yet; take at least one step.")

    eps, far = float(np.finfo(x.dtype).eps), float(np.abs(x).max())
    counted = np.flatnonzero(np.abs(update) > eps**0.6 * far)  # smaller moves no longer tell the factor
    if counted.size == 0:
        counted = np.flatnonzero(update)
    if x[1] == x[0] and x[-1] == x[0]:
        return Regime(TOO_LOW, f"The steps, {abs(update[0]):.2g} long, drown in rounding: nothing moves.", 1.0)
    last, longest = abs(float(update[-1])), float(np.abs(update).max())
    settled = last <= 16 * eps * far and last < 1e-3 * longest  # the last move is lost in rounding: it has arrived
    if settled and loss[-1] > loss[0]:
        return _leapt(loss, float(slope[-1]))
    counted = counted[-max(2, (counted.size + 1) // 2) :]  # what a run does in the end decides, not how it began
    peak = int(np.abs(update[counted]).argmax())
    if peak <= counted.size - 3:
        counted = counted[peak:]
    moves, losses = update[counted], loss[counted]
    if counted.size > 1 and (np.sign(moves[1:]) != np.sign(moves[:-1])).mean() >= 0.1:
        return _bounce(moves, losses, loss)
    ahead = 0.0 if settled else abs(float(slope[-1] * update[-1])) / 2
    return _one_way(moves, losses, loss, float(slope[-1]), ahead)


def _broken(x: Array, loss: Array, at: int) -> Regime:
    if at == 0:
        return Regime(LEFT_DOMAIN, f"The function has no finite value or slope at the start, x = {x[0]:.4g}.")
    before = loss[:at]
    factor = _factor(np.diff(x[: at + 1])) if math.isfinite(x[at]) else _factor(np.diff(x[:at]))
    far = not math.isfinite(x[at]) or abs(x[at]) > 1e3 * max(1.0, abs(x[0]))
    if far and before[-1] < before[0]:
        reason = f"The loss fell from {before[0]:.3g} to {before[-1]:.3g} and on, until the numbers overflowed at step"
        return Regime(FALLING, f"{reason} {at}: there is no lowest point that way.", factor)
    if far or (before[-1] > before[0] and math.isinf(loss[at])):
        reason = f"The loss grew from {before[0]:.3g} to {before[-1]:.3g}, until the numbers overflowed at step {at}"
        growth = f", each step about {abs(factor):.3g} times the one before" if math.isfinite(factor) else ""
        return Regime(DIVERGING, f"{reason}{growth}.", factor)
    return Regime(LEFT_DOMAIN, f"Step {at} landed at x = {x[at]:.4g}, where the function has no finite value.", factor)


def _bounce(moves: Array, losses: Array, loss: Array) -> Regime:
    """Judge a run whose steps flip; `moves` and `losses` belong to its last part, `loss` to the whole run."""
    sizes, factor = np.abs(moves), _factor(moves)
    low, half = loss.min(), (loss.size + 1) // 2
    risen = loss[-1] - low > 4 * (loss[:half].max() - low)
    if (_steady(sizes) and loss[-1] > losses[0]) or (risen and _uneven_ratio(sizes) > 2):
        reason = f"Each step flips its direction and is {abs(factor):.4g} times the one before, so it grows"
        return Regime(DIVERGING, f"{reason}: the loss went from {loss[0]:.3g} to {loss[-1]:.3g}.", factor)
    if _steady(1 / sizes) or _uneven_ratio(sizes) < 0.5:
        reason = f"The steps flip their direction and shrink, each to {abs(factor):.4g} of the one before"
        return Regime(BOUNCING, f"{reason}: it bounces across the minimum, but comes to rest.", factor)
    reason = f"The steps flip their direction and do not shrink, with a length of {sizes[-1]:.3g} in the end"
    return Regime(BOUNCING, f"{reason}: it bounces and does not come to rest.", factor, endless=True)


def _one_way(moves: Array, losses: Array, loss: Array, slope: float, ahead: float) -> Regime:
    """Judge a run whose steps keep their direction; arguments as in `_bounce`, `slope` and `ahead` at its very end.

    `ahead` is half of |slope x step|: the loss still ahead if the slope fell to 0 along the next step alone.
    """
    sizes, steps = np.abs(moves), loss.size - 1
    factor = float(sizes[-1] / sizes[-2]) if sizes.size > 1 else 0.0
    if loss[-1] > loss[0]:
        if loss[-1] > losses[0] and ahead:
            return Regime(DIVERGING, f"The loss grew from {loss[0]:.3g} to {loss[-1]:.3g} in {steps} steps.", factor)
        return _leapt(loss, slope)
    ratio = f"Each step keeps its direction and is {factor:.4g} of the one before" if factor else "One step is enough"
    ahead /= max(1 - factor, 1e-300)  # the steps to come would sum to |step| / (1 - factor)
    gap = float(loss[0] - loss[-1]) + ahead
    left = ahead / gap if gap > 0 else 0.0
    if left > 1 - 1e-9:
        reason = f"The steps keep their direction and do not shrink; after {steps} steps no minimum is in sight"
        return Regime(TOO_LOW, f"{reason}, with the loss at {loss[-1]:.3g}.", factor)
    percent = f"{100 * left:.3g} %" if left >= 1e-4 else "less than 0.01 %"
    if left > ARRIVED:
        return Regime(TOO_LOW, f"{ratio}, yet after {steps} steps {percent} of the way down is left.", factor)
    return Regime(GOOD, f"{ratio}; after {steps} steps {percent} of the way down is left.", factor)


def _leapt(loss: Array, slope: float) -> Regime:
    reason = f"It was thrown to where the loss is {loss[-1]:.4g} instead of {loss[0]:.4g} and the slope {slope:.2g}"
    return Regime(LEAPT_AWAY, f"{reason}, so from there it hardly moves.")


def _steady(sizes: Array) -> bool:
    """Tell whether every size exceeds the one before, at a rate that does not die out as on the way into a cycle."""
    change = np.log(sizes[1:] / sizes[:-1])
    half = max(1, change.size // 2)
    return bool((change > 1e-9).all() and change[-half:].mean() > change[:half].mean() / 2)


def _uneven_ratio(sizes: Array) -> float:
    """Return the largest size in the last third over that in the first third; 1 where there are too few to say."""
    third = sizes.size // 3
    return float(sizes[-third:].max() / sizes[:third].max()) if third >= 5 else 1.0


def _factor(moves: Array) -> float:
    """Return the mean factor from move to move, negative where most of them flip."""
    moves = moves[np.isfinite(moves) & (moves != 0)]
    if moves.size < 2:
        return math.nan
    size = float(np.exp(np.log(np.abs(moves[-1] / moves[0])) / (moves.size - 1)))
    return -size if (np.sign(moves[1:]) != np.sign(moves[:-1])).mean() >= 0.5 else size


def quadratic_regime(lr: float, a: float, steps: int | None = None) -> Regime:
    """Name the regime of `lr` on a parabola of curvature `a` > 0 in closed form, without running anything.

    With `steps` given, a monotone run that leaves more than 1 % of the gap in loss, (1 - lr a)^(2 steps), is
    "too low"; without, every monotone run is "good". Raises ValueError on lr or a not above 0.
    """
    if not (math.isfinite(lr) and math.isfinite(a) and lr > 0 and a > 0):
        raise ValueError("The learning rate and the curvature must be finite numbers above 0.")
    factor = 1 - lr * a
    reason = f"Each step multiplies the distance to the minimum by 1 − {lr:.4g} × {a:.4g} = {factor:.4g}"
    if factor >= 0:
        left = factor ** (2 * steps) if steps is not None else 0.0
        if left > ARRIVED:
            return Regime(
                TOO_LOW, f"{reason}, and after {steps} steps {100 * left:.3g} % of the way down is left.", factor
            )
        return Regime(GOOD, f"{reason}, so it goes straight down.", factor)
    if math.isclose(factor, -1, rel_tol=1e-9):
        return Regime(BOUNCING, f"{reason}, so it bounces for ever.", factor, endless=True)
    if factor > -1:
        return Regime(BOUNCING, f"{reason}, so it bounces across the minimum and comes to rest.", factor)
    return Regime(DIVERGING, f"{reason}, so it goes ever farther away.", factor)


def curvature(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the second derivative of an elementwise `f` at every element of `x` by autograd, twice."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        total = torch.as_tensor(f(leaf)).sum()
        if not total.requires_grad:
            return torch.zeros_like(leaf)
        (slope,) = torch.autograd.grad(total, leaf, create_graph=True, allow_unused=True, materialize_grads=True)
        if not slope.requires_grad:
            return torch.zeros_like(leaf)
        (second,) = torch.autograd.grad(slope.sum(), leaf, allow_unused=True, materialize_grads=True)
    return second


def suggest_rates(f: Callable[[Tensor], Tensor], start: float, steps: int = 30) -> tuple[float, float, float, float]:
    """Propose learning rates that from this start end too low, good, bouncing and diverging, in rising order.

    They begin as multiples of 1/a, with a the curvature at the lowest point that trial descents find. Where
    `classify` names one otherwise (the function is no quadratic), the nearest trial of that name takes its place;
    where no trial has it (`abs(x)` never diverges), the proposal is only a guess. For "diverging" a run that
    falls for ever or leaves the domain will do.
    """
    ideal = [_round(_scale(f, start) * regime) for regime in REGIMES]
    tried = np.unique(
        [_round(rate) for rate in [*ideal, *np.geomspace(1e-5, 1e3, 161), *ideal[0] * np.geomspace(1, 100, 81)]]
    )
    names = np.array([classify(run).name for _, run in descend(f, start, tried, steps).groupby("run")])
    chosen: list[float] = []
    for rate, wanted in zip(ideal, ([TOO_LOW], [GOOD], [BOUNCING], [DIVERGING, FALLING, LEFT_DOMAIN]), strict=True):
        fits = np.isin(names, wanted)
        solid = fits & np.append(fits[1:], True) & np.insert(fits[:-1], 0, True)  # its neighbours have the name too
        pool = tried[solid] if solid.any() else tried[fits]
        if rate not in tried[fits] and pool.size:
            aim = pool.max() / 3 if wanted == [TOO_LOW] else rate  # clearly, not just, too low
            rate = float(pool[np.abs(np.log(pool / aim)).argmin()])
        chosen.append(max(rate, *chosen, 0.0))
    return chosen[0], chosen[1], chosen[2], chosen[3]


def _round(rate: float) -> float:
    return float(f"{rate:.3g}")


def _scale(f: Callable[[Tensor], Tensor], start: float) -> float:
    """Return 1/a at the lowest point that trial descents reach, or the rate that goes there in one step if smaller.

    On a quadratic the two are the same; at a kink or a flat bottom the curvature says nothing.
    """
    trial = descend(f, start, np.geomspace(1e-4, 1e3, 57), 200)
    ends = trial[trial["status"] == "finished"]
    if ends.empty:
        return 1.0
    lowest = float(ends.loc[ends["loss"].idxmin(), "x"])
    a = float(curvature(f, torch.tensor(lowest, dtype=torch.float64)))
    slope = abs(float(trial["gradient"].iloc[0]))
    scales = [1 / a] if math.isfinite(a) and a > 1e-6 else []
    scales += [abs(lowest - start) / slope] if slope > 0 and lowest != start else []
    return min(scales, default=1.0)
