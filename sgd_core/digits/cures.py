"""What would cure a failing run: each cure is tried, for a while, and counts only if the run with it is named good."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sgd_core.descent.diagnosis import RECENT, Cure, CureKind, Diagnosis, diagnose
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW, UNDECIDED
from sgd_core.digits.config import MOST_EPOCHS, TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.inputs import seen_by_model
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.snapshots import Array, Snapshot, StepRequest
from sgd_core.digits.training import train
from sgd_core.moments import moment_steps
from sgd_core.numbers import number, round_down

MOST_IMAGES = 4096  # that a curvature is measured on
MOST_STEPS = 2000  # of a trial
MORE_EPOCHS = 10  # that a branch from near the end of a run goes on for
SAFE = 1 / 4  # of the border: a learning rate that goes fast and does not bounce


@dataclass(frozen=True)
class Tried:
    """A cure that cures: its button's words, the run it makes, whether it goes on from the present weights, and why."""

    cure: Cure
    config: TrainConfig
    about: str

    @property
    def from_here(self) -> bool:
        """Whether it goes on from the present weights; else it begins again."""
        return self.cure.kind is CureKind.BRANCH


def diagnose_moments(
    moments: Sequence[Snapshot], config: TrainConfig, digits: Digits, border: float | None
) -> Diagnosis:
    """Name what a run does by its moments, the oldest first, of which those count that had the last one's rate.

    `border` is `border_of` the first moment's weights. It says nothing of clipped steps, nor of an optimizer whose steps
    are not in proportion to the gradient.
    """
    if config.clip is not None or config.update_rule.row.sign_like:
        border = None
    now = moments[-1]
    since = [step for step, _ in now.rates if step <= now.step][-1]
    seen = [one for one in moments if one.step >= since] or [now]
    return diagnose(
        [one.train_loss for one in seen],
        steps=[one.step for one in seen],
        valid_losses=[one.valid_loss for one in seen],
        valid_accuracy=[one.valid_accuracy for one in seen],
        lr=now.lr,
        border=border,
        quadratic=border is not None and is_exact(config, digits),
        momentum=_momentum(config),
        status=str(now.status),
    )


def border_of(config: TrainConfig, digits: Digits, weights: Sequence[Array] | None = None) -> float | None:
    """Return 2/λ at some weights (the initial ones of `config` by default), by momentum further out.

    None where it is no number. The curvature is that of 4,096 training images at most, evenly chosen.
    """
    seen, stride = seen_by_model(config.inputs, digits)[0], -(-len(digits.train_images) // MOST_IMAGES)
    some = replace(seen, train_images=seen.train_images[::stride], train_labels=seen.train_labels[::stride])
    try:
        value = sharpness(replace(config, inputs="pixels"), some, weights)
    except (ValueError, RuntimeError):  # no curvature that is a number
        return None
    return 2 * (1 + _momentum(config)) / value if value > 0 else None


def is_exact(config: TrainConfig, digits: Digits) -> bool:
    """Whether 2/λ is the same at all weights and settles what a run does.

    That is so where the loss is quadratic in the weights and each step is in proportion to the gradient.
    """
    flat = LOSSES[config.loss].is_quadratic and len(config.network(digits.image_shape).shapes) == 2
    return flat and config.clip is None and not config.update_rule.row.sign_like


def _momentum(config: TrainConfig) -> float:
    return float(config.update_rule.options.get("momentum", 0.0))


def trying(
    found: Diagnosis, config: TrainConfig, digits: Digits, moments: Sequence[Snapshot], start: Snapshot | None = None
) -> Generator[tuple[list[Tried], float], None, None]:
    """Try the cures of a diagnosis one after the other; yield those that cure so far, and the share that is tried.

    `moments` are the run's up to the present one; `start` is the moment of another run that it began with, as a branch.
    A trial takes the first 2,000 steps of the run that the cure would make. It cures if that is named good, and ends
    lower than the failing run began; of a cure that can be stronger or weaker the first one that cures is taken.
    """
    cures = found.cures if found.name in (TOO_LOW, BOUNCING, DIVERGING) else ()
    working: list[Tried] = []
    for place, cure in enumerate(cures):
        yield list(working), place / len(cures)
        for tried in _doses(cure, config, digits, moments[-1]):
            begin = moments[-1] if tried.from_here else start if tried.config.inputs == config.inputs else None
            named, end = Diagnosis(UNDECIDED, ""), math.inf
            for by_now in _trial(tried.config, digits, begin):
                yield list(working), place / len(cures)
                named, end = by_now
            if named.name == GOOD and end < moments[0].train_loss:
                working.append(tried)
                break
            if cure.kind is CureKind.CLIP_GRADIENT and named.name == TOO_LOW:
                break  # a shorter limit is slower still
    yield working, 1.0


def _trial(config: TrainConfig, digits: Digits, begin: Snapshot | None) -> Iterator[tuple[Diagnosis, float]]:
    """Name a run at its moments, and yield its training loss there.

    Of the earlier ones some are passed over, since each is judged on all images; the last ones say whether it bounces.
    """
    run = train(config, digits, after=begin)
    moments = [next(run)]
    border = border_of(config, digits, moments[0].parameters)
    first, count = moments[0].step, len(digits.train_images)
    per_epoch = -(-count // min(config.batch_size or count, count))
    total = max(1, math.ceil((config.epochs - moments[0].epoch) * per_epoch))
    steps = np.union1d(moment_steps(total), np.arange(0, total, per_epoch))
    steps = steps[(steps > 0) & (steps <= MOST_STEPS)]
    early, late = steps[:-RECENT], steps[-RECENT:]
    for step in [*early[:: max(1, len(early) // (RECENT + 1))], *late]:
        while moments[-1].status == "running" and moments[-1].step < first + step:
            moments.append(run.send(StepRequest(steps=int(first + step - moments[-1].step))))
        yield diagnose_moments(moments, config, digits, border), moments[-1].train_loss


def _doses(cure: Cure, config: TrainConfig, digits: Digits, now: Snapshot) -> Iterator[Tried]:
    """Make the runs that a cure may mean, the first choice first."""
    lr = config.lr
    match cure.kind:
        case CureKind.LOWER_RATE if cure.lr is not None:
            for part in (1, 10, 100):
                lower = round_down(cure.lr / part)
                yield _at_rate(cure, config, lower, f"try {number(lower)}")
        case CureKind.BRANCH:
            more = max(
                config.epochs, min(math.floor(now.epoch) + MORE_EPOCHS, config.epochs + MORE_EPOCHS, MOST_EPOCHS)
            )
            for part, name in ((10, "tenth"), (100, "hundredth")):
                yield _at_rate(cure, replace(config, epochs=more), lr / part, f"branch with a {name}")
        case CureKind.RAISE_RATE if cure.lr is not None:
            border = border_of(config, digits)
            rates = (
                [cure.lr * 10**more for more in range(3)] if border is None else [round_down(border * SAFE), cure.lr]
            )
            yield from (_at_rate(cure, config, rate, f"try {number(rate)}") for rate in rates if rate > lr)
        case CureKind.ADD_MOMENTUM if "momentum" in config.update_rule.row.options:
            options = {**dict(config.optimizer_options), "momentum": 0.9}
            yield Tried(cure, replace(config, optimizer_options=options), "Each step keeps 0.9 of the one before.")
        case CureKind.MORE_EPOCHS:
            yield Tried(cure, replace(config, epochs=min(2 * config.epochs, MOST_EPOCHS)), "Twice as many epochs.")
        case CureKind.CLIP_GRADIENT if config.clip is None and not config.update_rule.row.sign_like:
            yield from _clipped(cure, config, digits)
        case CureKind.SCALE_INPUTS if config.inputs == "pixels":
            yield _scaled(cure, config, digits)


def _at_rate(cure: Cure, config: TrainConfig, lr: float, words: str) -> Tried:
    where = "Goes on from these weights" if cure.kind is CureKind.BRANCH else "Begins again"
    return Tried(
        replace(cure, lr=lr, words=words), replace(config, lr=lr), f"{where} with the learning rate {number(lr)}."
    )


def _clipped(cure: Cure, config: TrainConfig, digits: Digits) -> Iterator[Tried]:
    """Clip so that no step is longer than the first one would be at a safe learning rate, or at a part of that."""
    run = train(config, digits)
    next(run)
    length = float(np.linalg.norm(run.send(StepRequest(steps=1)).gradient))
    border = border_of(config, digits)
    safe = min(config.lr / 10, border * SAFE) if border is not None else config.lr / 10
    if not (math.isfinite(length) and length > 0):
        return
    for part in (4, 16, 64):
        limit = round_down(safe * length / config.lr / part)
        yield Tried(
            cure,
            replace(config, clip=limit),
            f"A gradient longer than {number(limit)} is shortened to that (the first one is {number(length, 3)} long), so "
            f"none moves the weights further than {number(limit * config.lr, 3)}. The border stays where it is: what "
            "clipping bounds is how far a step overshoots.",
        )


def _scaled(cure: Cure, config: TrainConfig, digits: Digits) -> Tried:
    scaled = replace(config, inputs="centred")
    before, after = border_of(config, digits), border_of(scaled, digits)
    moves = f" That moves the border 2/λ from {number(before, 3)} to {number(after, 3)}." if before and after else ""
    return Tried(cure, scaled, f"Takes the mean training image away from every image.{moves}")
