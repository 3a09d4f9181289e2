"""A training run's regime, read off its losses, with the reason in numbers and what would cure it.

`regimes.classify` looks ahead on a function of one weight. A training run has thousands of weights and a loss that costs
time, so here the name comes from the history itself, and from the border 2/λ where it is known: exactly where the loss
is quadratic in the weights, as a first estimate elsewhere. No PyTorch is needed.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW, UNDECIDED, RegimeName
from sgd_core.numbers import number, percent, round_down

RECENT = 50  # the changes that a bounce is judged by
ROSE = 0.01  # a rise by less than this share of the loss is the noise of mini-batches
OFTEN = 0.2  # share of rises among the recent changes from which on a run bounces
STRAIGHT = 0.6  # second half of the run against the first: so much of its fall means that it has hardly begun
WORSE = 1.5  # times the best loss so far
ENOUGH = 4  # losses before anything is said
IDLE = 0.02  # a smaller rise of the accuracy is none
HIDES = 0.8  # accuracy: a lower one looks as bad as the run is
FAR = 10  # times the border of the first weights: from there on what has not leapt yet may


class CureKind(StrEnum):
    """What to do about a run, as a kind that a page knows how to carry out."""

    LOWER_RATE = "lower_rate"  # train again from the start with `lr`
    BRANCH = "branch"  # go on from here with `lr`
    RAISE_RATE = "raise_rate"  # train again from the start with `lr`
    CLIP_GRADIENT = "clip_gradient"
    SCALE_INPUTS = "scale_inputs"
    ADD_MOMENTUM = "add_momentum"
    MORE_EPOCHS = "more_epochs"
    OTHER_WEIGHTS = "other_weights"  # train again from weights that differ


@dataclass(frozen=True)
class Cure:
    """One thing to do: its kind, the words for its button, and the learning rate where it sets one."""

    kind: CureKind
    words: str
    lr: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    """The regime of a training run, the reason in one sentence with its numbers, and cures, the best one first."""

    name: RegimeName
    reason: str
    cures: tuple[Cure, ...] = ()


def diagnose(
    losses: ArrayLike,
    *,
    lr: float,
    steps: ArrayLike | None = None,
    valid_losses: ArrayLike | None = None,
    valid_accuracy: ArrayLike | None = None,
    border: float | None = None,
    quadratic: bool = False,
    momentum: float = 0.0,
    status: str = "running",
    often: float = OFTEN,
) -> Diagnosis:
    """Name what a training run does at the learning rate `lr`.

    `losses` are those of the whole training set at the recorded moments of one learning rate, the oldest first, and
    `steps` their step numbers (evenly spaced where not given); `valid_losses` and `valid_accuracy` go with them.
    `border` is 2/λ (with momentum 2(1 + momentum)/λ) at the first weights, where it is known; on a `quadratic` loss, where
    it is the same at all weights, it settles the matter. `status` is the snapshot's. `often` is the share of rises among
    the recent changes from which on a run bounces.

    - "diverging": the numbers have overflowed, or the loss is quadratic and the learning rate beyond its border, or the
      loss is above its start and has risen ever since its best.
    - "bouncing": a fifth or more of the recent changes are rises by 1 % or more, or the loss has been 1.5 times as high
      as at the start (at a learning rate that is not known to be below the border).
    - "too low": the loss still falls nearly as fast as at first, more than half of it is left, and the learning rate is far below the border.
    - "good": it falls, and none of that. "undecided": fewer than 4 losses; or it would be good, but the learning rate is
      more than 10 times the border, and nothing but weights where the loss is flatter keeps it from leaping.

    Raises ValueError on no losses, on lists of different lengths and on a learning rate that is no number above 0.
    """
    loss = np.asarray(losses, dtype=np.float64).ravel()
    step = np.arange(len(loss), dtype=np.float64) if steps is None else np.asarray(steps, dtype=np.float64).ravel()
    valid = None if valid_losses is None else np.asarray(valid_losses, dtype=np.float64).ravel()
    accuracy = None if valid_accuracy is None else np.asarray(valid_accuracy, dtype=np.float64).ravel()
    if not len(loss) or any(part is not None and len(part) != len(loss) for part in (step, valid, accuracy)):
        raise ValueError("Give at least one loss, and as many steps and validation losses as losses.")
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"The learning rate must be a finite number above 0, not {lr!r}.")
    beyond = lr / border if border is not None and math.isfinite(border) and border > 0 else None

    if status == "diverged" or not np.isfinite(loss[-1]):
        finite = loss[np.isfinite(loss)]
        grew = f"The loss grew from {number(loss[0])}" + (f" to {number(finite[-1])}" if len(finite) > 1 else "")
        reason = f"{grew}, until the numbers were too large for the computer"
        return Diagnosis(DIVERGING, _caused(reason, beyond, border, quadratic), _gentler(lr, border, broken=True))
    if quadratic and beyond is not None and beyond > 1:
        times = "longer than" if momentum else f"{number(abs(1 - 2 * beyond), 3)} times"
        each = f"along the steepest direction each step is {times} the one before"
        reason = f"The loss went from {number(loss[0])} to {number(loss[-1])}; {each}" if len(loss) > 1 else each
        return Diagnosis(DIVERGING, _caused(reason, beyond, border, quadratic), _gentler(lr, border, broken=False))
    if len(loss) < ENOUGH:
        return Diagnosis(UNDECIDED, "Too little has happened to tell; train on.")
    return _by_history(loss, step, valid, accuracy, lr, border, beyond, momentum, quadratic, often)


def _by_history(
    loss: NDArray[np.float64],
    step: NDArray[np.float64],
    valid: NDArray[np.float64] | None,
    accuracy: NDArray[np.float64] | None,
    lr: float,
    border: float | None,
    beyond: float | None,
    momentum: float,
    quadratic: bool,
    often: float,
) -> Diagnosis:
    best, changes = int(loss.argmin()), np.diff(loss)
    if loss[-1] > loss[0] and len(loss) - best > ENOUGH and (changes[best:] > 0).all():
        reason = f"The loss has risen ever since it was {number(loss[best])}, and is {number(loss[-1])} now"
        return Diagnosis(DIVERGING, _caused(reason, beyond, border, quadratic), _gentler(lr, border, broken=False))

    recent = changes[-min(RECENT, max(ENOUGH, len(changes) // 2)) :]
    rises = float((recent > ROSE * loss[-len(recent) - 1 : -1]).mean())
    worse = float(loss[-1] / loss[best]) if loss[best] > 0 else 1.0
    peak = float(loss.max() / loss[0]) if loss[0] > 0 else 1.0
    # no gentle step lifts the loss that far above its start
    leapt = peak > WORSE if beyond is None else beyond > 1 and (peak > WORSE or _rise(valid) > WORSE)
    if rises >= often or loss[-1] > loss[0] or leapt:
        reason = f"The loss rose in {percent(rises, 2)} of the last {len(recent)} changes"
        if not rises and peak > WORSE:
            reason = f"The loss leapt to {number(peak, 2)} times its start before it fell"
        elif peak > WORSE:
            reason += f" and has been {number(peak, 2)} times its start"
        elif not rises and loss[-1] > loss[0]:
            reason = f"The loss went from {number(loss[0])} to {number(loss[-1])}, above its start"
        if worse > WORSE:
            reason += f", and is {number(worse, 2)} times its best"
        reason += _validation(valid, accuracy)
        return Diagnosis(
            BOUNCING,
            _caused(reason, beyond, border, quadratic),
            _gentler(lr, border, broken=False, bounce=True),
        )

    middle = float(np.interp((step[0] + step[-1]) / 2, step, loss))
    first, second = float(loss[0] - middle), float(middle - loss[-1])
    straight = (second > STRAIGHT * first or first <= 0) and loss[-1] > loss[0] / 2 and peak <= 1 + ROSE
    if straight and (beyond is None or beyond < 0.25):
        reason = f"The loss fell from {number(loss[0])} to {number(loss[-1])}, in the second half of the run "
        reason += f"{percent(second / first, 2)} as much as in the first: it has hardly begun" if first > 0 else "only"
        below = (
            f"; the learning rate is {number(beyond, 2)} of {_whose(quadratic)} {number(border or 0, 3)}"
            if beyond
            else ""
        )
        return Diagnosis(TOO_LOW, f"{reason}{below}.", _bolder(lr, border, momentum))
    fell = f"The loss fell from {number(loss[0])} to {number(loss[-1])}"
    rose = f" and rose in {percent(rises, 2)} of the last {len(recent)} changes" if rises else " and does not bounce"
    if beyond is not None and beyond > FAR and not quadratic:
        reason = (
            f"{fell}{rose}, but the learning rate is {number(beyond, 3)} times the border {number(border or 0, 3)} of "
        )
        reason += "the first weights: it holds only as long as the loss is flatter where the weights are now"
        return Diagnosis(UNDECIDED, f"{reason}{_validation(valid, accuracy)}.")
    idle = ""
    if accuracy is not None and accuracy[-1] < min(HIDES, accuracy[0] + IDLE):
        idle = f", but the accuracy, {percent(accuracy[-1])}, has not risen yet"
    more = (Cure(CureKind.MORE_EPOCHS, "train longer"),) if second > 0.05 * first else ()
    return Diagnosis(GOOD, f"{fell}{rose}{idle}{_validation(valid, accuracy)}.", more)


def _validation(valid: NDArray[np.float64] | None, accuracy: NDArray[np.float64] | None) -> str:
    """Say that the validation loss is far above its best, and whether the accuracy hides it; "" where it is not."""
    rise = _rise(valid)
    if rise <= WORSE:
        return ""
    words = f"; the validation loss is {number(rise, 2)} times its best"
    hidden = accuracy is not None and accuracy[-1] > max(accuracy.max() - 0.02, HIDES)
    return words + (f", which the accuracy, {percent(accuracy[-1])}, hides" if hidden and accuracy is not None else "")


def _rise(valid: NDArray[np.float64] | None) -> float:
    """Return how many times its best the validation loss is; 1 where that cannot be said."""
    usable = valid is not None and bool(np.isfinite(valid).all()) and valid.min() > 0
    return float(valid[-1] / valid.min()) if usable and valid is not None else 1.0


def _caused(reason: str, beyond: float | None, border: float | None, quadratic: bool) -> str:
    """Say how far the learning rate is beyond the border, if it is, and then the reason: a card may cut what comes last."""
    if beyond is None or border is None or beyond <= 1:
        return f"{reason}."
    cause = f"The learning rate is {number(beyond, 3)} times {_whose(quadratic)} {number(border, 3)}"
    return f"{cause}: {reason[0].lower()}{reason[1:]}."


def _whose(quadratic: bool) -> str:
    return "the border" if quadratic else "the first weights' border"


def _gentler(lr: float, border: float | None, *, broken: bool, bounce: bool = False) -> tuple[Cure, ...]:
    known = border is not None and math.isfinite(border) and border > 0
    lower = round_down(min(lr / 4, border / 4)) if known and border is not None else round_down(lr / 10)
    cures = [Cure(CureKind.LOWER_RATE, f"try {number(lower)}", lower)]
    if not broken:
        branch = Cure(CureKind.BRANCH, "branch with a tenth", lr / 10)
        cures = [branch, *cures] if bounce else [*cures, branch]
    cures += [Cure(CureKind.CLIP_GRADIENT, "clip the gradient"), Cure(CureKind.SCALE_INPUTS, "scale the pixels")]
    return tuple(cures)


def _bolder(lr: float, border: float | None, momentum: float) -> tuple[Cure, ...]:
    known = border is not None and math.isfinite(border) and border > 0
    higher = min(10 * lr, round_down(border / 2)) if known and border is not None else 10 * lr
    cures = [Cure(CureKind.RAISE_RATE, f"try {number(higher)}", higher)] if higher > lr else []
    if not momentum:
        cures.append(Cure(CureKind.ADD_MOMENTUM, "add momentum"))
    return (*cures, Cure(CureKind.MORE_EPOCHS, "train longer"))
