"""What Digit training calls a run against what the run does later: learning rates x losses x batch sizes, two data sets."""

from dataclasses import dataclass

import numpy as np
import pytest

from sgd_core.descent.diagnosis import diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.cures import border_of, is_exact
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.snapshots import StepRequest
from sgd_core.digits.sweep import sweeping
from sgd_core.moments import moment_steps

RATES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
SEEN, WHOLE = 2, 6  # epochs: those that are judged, and as far as the run is followed
FULL = 30  # times as many where an epoch is one step


@dataclass
class Followed:
    """A run at its moments (n,): steps, losses and accuracy, and whether it is alive."""

    steps: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    accuracy: np.ndarray
    alive: np.ndarray


def follow(config, digits):
    """Every learning rate's run, recorded as the page records it."""
    count = len(digits.train_images)
    per_epoch = -(-count // min(config.batch_size or count, count))
    last = config.epochs * per_epoch
    ends = np.arange(0, last, per_epoch) if per_epoch > 1 else []
    run = sweeping(config, RATES, digits)
    moments = [next(run)]
    try:
        for step in np.union1d(moment_steps(last), ends)[1:].astype(int):
            while moments[-1].step < step:
                moments.append(run.send(StepRequest(steps=int(step - moments[-1].step))))
    except StopIteration:  # all have diverged
        pass
    kept = [one for one in moments if one.losses is not None]
    columns = [
        np.array([getattr(one.losses, name).numpy() for one in kept])
        for name in ("train_loss", "valid_loss", "valid_accuracy")
    ]
    steps, alive = np.array([one.step for one in kept]), np.array([one.alive for one in kept])
    return [Followed(steps, *(column[:, i] for column in columns), alive[:, i]) for i in range(len(RATES))]


def judge(run, config, digits, lr, border, until):
    """The name of a run by its moments up to a step."""
    end = int(np.searchsorted(run.steps, until, side="right"))
    broken = np.flatnonzero(~run.alive[:end])
    end = int(broken[0]) + 1 if len(broken) else end
    return diagnose(
        run.train[:end],
        lr=lr,
        steps=run.steps[:end],
        valid_losses=run.valid[:end],
        valid_accuracy=run.accuracy[:end],
        border=border,
        quadratic=border is not None and is_exact(config, digits),
        status="diverged" if len(broken) else "running",
    )


def contradicts(name, run, until):
    """Whether what a run does after a step contradicts its name."""
    place = int(np.searchsorted(run.steps, until, side="right"))
    seen, later, survives = run.train[:place], run.train[place:], bool(run.alive[-1])
    if name == "diverging":
        return survives and later.max() <= seen[0]
    if name == "good":
        return not survives or later.max() > 1.5 * seen.min() + 1e-3
    if name == "too low":  # much of the way was still to come
        return not survives or seen[-1] - later[-1] < 0.5 * (seen[0] - seen[-1])
    return not survives  # it bounces, or nobody can tell


def grid(dataset, digits, loss):
    names = {}
    for batch_size in (64, 256, None):
        times = 1 if batch_size else FULL
        config = TrainConfig(dataset=dataset, loss=loss, batch_size=batch_size, epochs=WHOLE * times)
        border, count = border_of(config, digits), len(digits.train_images)
        until = SEEN * times * -(-count // min(batch_size or count, count))
        for lr, run in zip(RATES, follow(config, digits), strict=True):
            found = judge(run, config, digits, lr, border, until)
            assert not contradicts(found.name, run, until), (batch_size, lr, found, run.train[[0, -1]], run.train.max())
            names[batch_size, lr] = str(found.name)
    return set(names.values())


LOSSES = {
    "cross_entropy": {"too low", "good", "bouncing"},
    "mean_squared_error": {"too low", "good", "diverging"},
    "mean_absolute_error": {"too low", "good", "bouncing"},
}


@pytest.mark.parametrize("loss", LOSSES)
def test_no_name_is_contradicted_by_what_follows(loss):
    assert grid("uci", load_digits("uci", (3, 7)), loss) >= LOSSES[loss]


@pytest.mark.mnist
@pytest.mark.parametrize("loss", LOSSES)
def test_no_name_is_contradicted_by_what_follows_on_mnist(loss, mnist):
    assert grid("mnist", mnist, loss) >= LOSSES[loss] - {"too low"}


def test_a_run_that_sharpens_is_not_praised_before_its_leap():
    """All images, cross-entropy, a rate far beyond the first border: the losses alone fall without a rise."""
    falling = 0.693 * 0.97 ** np.arange(60)
    told = diagnose(falling, lr=10.0, border=0.19)
    assert told.name == "undecided" and "52.6 times the border 0.19 of the first weights" in told.reason
    assert diagnose(falling, lr=1.0, border=0.19).name == "good"


def test_a_run_that_has_leapt_is_neither_good_nor_too_low():
    """Its loss rose to 20 times its start and falls in a straight line: once called too low."""
    leapt = np.concatenate([[0.693, 14.0], np.linspace(13.0, 0.444, 60)])
    told = diagnose(leapt, lr=20.0)
    assert told.name == "bouncing" and "20 times its start" in told.reason
