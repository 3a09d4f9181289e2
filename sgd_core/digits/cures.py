"""What would cure a failing run: each cure is tried, for a while, and counts only if the run with it is named good."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sgd_core.descent.diagnosis import ENOUGH, OFTEN, RECENT, Cure, CureKind, Diagnosis, diagnose
from sgd_core.descent.regime_names import BOUNCING, DIVERGING, GOOD, TOO_LOW, UNDECIDED, RegimeName
from sgd_core.digits.config import MOST_EPOCHS, TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.inputs import seen_by_model
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.snapshots import Array, Snapshot, StepRequest
from sgd_core.digits.training import train
from sgd_core.moments import moment_steps
from sgd_core.numbers import number, round_down

MOST_IMAGES = 4096  # of a set, that a curvature is measured on, and a trial judged
MOST_STEPS = 2000  # of a trial
MORE_EPOCHS = 10  # that a branch from near the end of a run goes on for
ALIKE = "Nothing is learned, at any learning rate: hidden units whose weights are all zero get the same gradient, and stay alike."
FAILING = (TOO_LOW, BOUNCING, DIVERGING)
MOST_RATES = 6  # that are tried to find one
STRICT = 0.75  # of the rises that a run may have, where a trial is judged on some images only
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
    moments: Sequence[Snapshot], config: TrainConfig, digits: Digits, border: float | None, often: float = OFTEN
) -> Diagnosis:
    """Name what a run does by its moments, the oldest first, of which those count that had the last one's rate.

    `border` is `border_of` the first moment's weights. It says nothing of clipped steps, nor of an optimizer whose steps
    are not in proportion to the gradient. `often` is as for `diagnose`.
    """
    if config.clip is not None or config.update_rule.row.sign_like:
        border = None
    now = moments[-1]
    since = [step for step, _ in now.rates if step <= now.step][-1]
    seen = [one for one in moments if one.step >= since] or [now]
    found = diagnose(
        [one.train_loss for one in seen],
        steps=[one.step for one in seen],
        valid_losses=[one.valid_loss for one in seen],
        valid_accuracy=[one.valid_accuracy for one in seen],
        lr=now.lr,
        border=border,
        quadratic=border is not None and is_exact(config, digits),
        momentum=_momentum(config),
        status=str(now.status),
        often=often,
    )
    if len(seen) >= ENOUGH and now.hidden_zeros:
        return Diagnosis(UNDECIDED, ALIKE, (Cure(CureKind.OTHER_WEIGHTS, "begin with random weights"),))
    return found


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
    cures = found.cures if found.name in FAILING else ()
    working: list[Tried] = []
    for place, cure in enumerate(cures):
        yield list(working), place / len(cures)
        doses = _doses(cure, config, digits, moments[-1], found.name)
        tried = next(doses, None)
        while tried is not None:
            same = (tried.config.inputs, tried.config.init) == (config.inputs, config.init)
            begin = moments[-1] if tried.from_here else start if same else None
            named, end = Diagnosis(UNDECIDED, ""), math.inf
            for by_now in _trial(tried.config, digits, begin):
                yield list(working), place / len(cures)
                named, end = by_now
            if named.name == GOOD and end < moments[0].train_loss:
                working.append(tried)
                break
            try:
                tried = doses.send(named.name)
            except StopIteration:
                break
    yield working, 1.0


def at_once(found: Diagnosis, config: TrainConfig, digits: Digits, now: Snapshot) -> list[Tried]:
    """Return what is offered to a run that does not fail, without a trial."""
    if found.name in FAILING:
        return []
    return [next(_doses(cure, config, digits, now, found.name)) for cure in found.cures]


def tell_none(found: Diagnosis) -> str:
    """Say that all cures of a diagnosis were tried and that none works."""
    tried = ", ".join(cure.words for cure in found.cures)
    return (
        f"Tried, for {MOST_STEPS:,} steps at most each: {tried}, and stronger doses. None of these runs is named good. Begin "
        "with a learning rate near the border 2/λ, the default settings, or a larger mini-batch."
    )


def _trial(config: TrainConfig, digits: Digits, begin: Snapshot | None) -> Iterator[tuple[Diagnosis, float]]:
    """Name a run at its moments, and yield its training loss there.

    Of the earlier ones some are passed over, since judging takes time; the last ones say whether it bounces. Each is judged
    on as many images as a curvature is measured on.
    """
    run = train(config, digits, after=begin, judged=MOST_IMAGES)
    moments = [next(run)]
    border = border_of(config, digits, moments[0].parameters)
    first, count = moments[0].step, len(digits.train_images)
    often = OFTEN if count <= MOST_IMAGES else STRICT * OFTEN  # on all of them it may rise a little more often
    per_epoch = -(-count // min(config.batch_size or count, count))
    total = max(1, math.ceil((config.epochs - moments[0].epoch) * per_epoch))
    steps = np.union1d(moment_steps(total), np.arange(0, total, per_epoch))
    steps = steps[(steps > 0) & (steps <= MOST_STEPS)]
    early, late = steps[:-RECENT], steps[-RECENT:]
    for step in [*early[:: max(1, len(early) // (RECENT + 1))], *late]:
        while moments[-1].status == "running" and moments[-1].step < first + step:
            moments.append(run.send(StepRequest(steps=int(first + step - moments[-1].step))))
        yield diagnose_moments(moments, config, digits, border, often), moments[-1].train_loss


Doses = Generator[Tried, RegimeName, None]


def _doses(cure: Cure, config: TrainConfig, digits: Digits, now: Snapshot, failed: RegimeName) -> Doses:
    """Make the runs that a cure may mean, the first choice first; each is answered by what the run with it is named."""
    lr = config.lr
    match cure.kind:
        case CureKind.LOWER_RATE | CureKind.RAISE_RATE if cure.lr is not None:
            border = border_of(config, digits) if cure.kind is CureKind.RAISE_RATE else None
            first = border * SAFE if border is not None and border * SAFE > lr else cure.lr
            rates = _rates(round_down(first), lr, failed)
            with contextlib.suppress(StopIteration):  # it finds no further rate
                rate = next(rates)
                while True:
                    rate = rates.send((yield _at_rate(cure, config, rate, f"try {number(rate)}")))
        case CureKind.BRANCH:
            more = max(
                config.epochs, min(math.floor(now.epoch) + MORE_EPOCHS, config.epochs + MORE_EPOCHS, MOST_EPOCHS)
            )
            for part, name in ((10, "tenth"), (100, "hundredth")):
                yield _at_rate(cure, replace(config, epochs=more), lr / part, f"branch with a {name}")
        case CureKind.ADD_MOMENTUM if "momentum" in config.update_rule.row.options:
            options = {**dict(config.optimizer_options), "momentum": 0.9}
            yield Tried(cure, replace(config, optimizer_options=options), "Each step keeps 0.9 of the one before.")
        case CureKind.MORE_EPOCHS:
            yield Tried(cure, replace(config, epochs=min(2 * config.epochs, MOST_EPOCHS)), "Twice as many epochs.")
        case CureKind.CLIP_GRADIENT if config.clip is None and not config.update_rule.row.sign_like:
            yield from _clipped(cure, config, digits)
        case CureKind.SCALE_INPUTS if config.inputs == "pixels":
            yield _scaled(cure, config, digits)
        case CureKind.OTHER_WEIGHTS:
            yield Tried(
                cure,
                replace(config, init=MODELS[config.model].usual_init),
                "Begins again; the hidden units differ then.",
            )


def _rates(rate: float, lr: float, failed: RegimeName) -> Generator[float, RegimeName, None]:
    """Search for a learning rate that is neither too low nor too high: by tenfold, and in the middle of two that are.

    It begins with `rate`; `lr` is one that has `failed`. Each one is answered by the name of its run.
    """
    low, high = (lr, math.inf) if failed == TOO_LOW else (0.0, lr)
    for _ in range(MOST_RATES):
        if not low < rate < high:
            return
        low, high = (rate, high) if (yield rate) == TOO_LOW else (low, rate)
        rate = round_down(math.sqrt(low * high) if low and high < math.inf else low * 10 if low else high / 10)


def _at_rate(cure: Cure, config: TrainConfig, lr: float, words: str) -> Tried:
    where = "Goes on from these weights" if cure.kind is CureKind.BRANCH else "Begins again"
    return Tried(
        replace(cure, lr=lr, words=words), replace(config, lr=lr), f"{where} with the learning rate {number(lr)}."
    )


def _clipped(cure: Cure, config: TrainConfig, digits: Digits) -> Doses:
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
        named = yield Tried(
            cure,
            replace(config, clip=limit),
            f"A gradient longer than {number(limit)} is shortened to that (the first one is {number(length, 3)} long), so "
            f"none moves the weights further than {number(limit * config.lr, 3)}. The border stays where it is: what "
            "clipping bounds is how far a step overshoots.",
        )
        if named == TOO_LOW:
            return  # a shorter limit is slower still


def _scaled(cure: Cure, config: TrainConfig, digits: Digits) -> Tried:
    scaled = replace(config, inputs="centred")
    before, after = border_of(config, digits), border_of(scaled, digits)
    moves = f" That moves the border 2/λ from {number(before, 3)} to {number(after, 3)}." if before and after else ""
    return Tried(cure, scaled, f"Takes the mean training image away from every image.{moves}")
