"""Cures of failing runs: the whole run that each one makes, judged by its own moments, is good and ends lower."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sgd_core.descent.diagnosis import CureKind
from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.cures import _rates, at_once, border_of, diagnose_moments, is_exact, tell_none, trying
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.models import MODELS
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.snapshots import StepRequest
from sgd_core.digits.training import train
from sgd_core.moments import moment_steps

UCI = load_digits("uci", (3, 7))


def whole(config, digits, after=None):
    """The run to its end, recorded as Digit training records it."""
    count = len(digits.train_images)
    per_epoch = -(-count // min(config.batch_size or count, count))
    run = train(config, digits, after=after)
    moments = [next(run)]
    begin, left = moments[0].step, max(1, math.ceil((config.epochs - moments[0].epoch) * per_epoch))
    for step in np.union1d(moment_steps(left), np.arange(0, left, per_epoch)):
        while step > 0 and moments[-1].status == "running" and moments[-1].step < begin + step:
            moments.append(run.send(StepRequest(steps=int(begin + step - moments[-1].step))))
    return moments


def named(moments, config, digits):
    return diagnose_moments(moments, config, digits, border_of(config, digits, moments[0].parameters))


def cures_of(config, digits):
    """The name of a run, and its cures with the name and the last moment of the run after each."""
    failing = whole(config, digits)
    found = named(failing, config, digits)
    *_, (working, share) = trying(found, config, digits, failing)
    assert share == 1.0
    after = {}
    for tried in working:
        moments = whole(tried.config, digits, failing[-1] if tried.from_here else None)
        after[tried.cure.kind] = named(moments, tried.config, digits).name, moments[-1], tried
    return found.name, failing, after


@pytest.mark.parametrize("batch_size", [16, 64, None])
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error", "mean_absolute_error"])
def test_each_cure_pressed_cures(loss, batch_size):
    for lr in (0.001, 0.1, 1.0, 10.0):
        config = TrainConfig(loss=loss, batch_size=batch_size, lr=lr, epochs=10 if batch_size else 40)
        name, failing, after = cures_of(config, UCI)
        if name in ("good", "undecided"):
            assert not after
            continue
        assert after, (config, "something cures")
        for kind, (cured, last, _) in after.items():
            assert cured == "good" and last.train_loss < failing[0].train_loss, (config, kind)


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error", "mean_absolute_error"])
def test_each_cure_pressed_cures_on_all_ten_digits(loss):
    digits = load_digits("uci", None)
    for lr in (0.001, 30.0):
        config = TrainConfig(classes=None, loss=loss, lr=lr, epochs=10)
        name, failing, after = cures_of(config, digits)
        assert bool(after) == (name not in ("good", "undecided")), (config, "something cures")
        for kind, (cured, last, _) in after.items():
            assert cured == "good" and last.train_loss < failing[0].train_loss, (config, kind)


@pytest.mark.mnist
def test_each_cure_pressed_cures_on_mnist(mnist):
    kinds = set()
    for loss, lr, batch_size in (
        ("mean_squared_error", 1.0, 256),
        ("cross_entropy", 1.0, 64),
        ("mean_absolute_error", 0.001, 256),
        ("huber", 1.0, 64),
    ):
        config = TrainConfig(dataset="mnist", loss=loss, batch_size=batch_size, lr=lr, epochs=2)
        name, failing, after = cures_of(config, mnist)
        assert name not in ("good", "undecided") and after, config
        for kind, (cured, last, _) in after.items():
            assert cured == "good" and last.train_loss < failing[0].train_loss, (config, kind)
        kinds |= set(after)
    assert {CureKind.LOWER_RATE, CureKind.BRANCH, CureKind.CLIP_GRADIENT, CureKind.SCALE_INPUTS} <= kinds


def test_clipping_bounds_the_overshoot_at_a_rate_far_beyond_the_border_and_scaling_moves_the_border():
    """Squared error at 12 times the border: clipping cures, scaled pixels do not; at 1.2 times both do."""
    config = TrainConfig(loss="mean_squared_error", lr=1.0)
    border = border_of(config, UCI)
    assert border == pytest.approx(2 / sharpness(config, UCI), rel=1e-3)
    _, _, far = cures_of(config, UCI)
    assert CureKind.CLIP_GRADIENT in far and CureKind.SCALE_INPUTS not in far
    clipped = far[CureKind.CLIP_GRADIENT][2]
    assert clipped.config == replace(config, clip=clipped.config.clip) and "none moves the weights" in clipped.about
    _, _, near = cures_of(replace(config, lr=1.2 * border), UCI)
    scaled = near[CureKind.SCALE_INPUTS][2]
    assert scaled.config == replace(config, lr=1.2 * border, inputs="centred")
    assert border_of(scaled.config, UCI) > 5 * border and "moves the border" in scaled.about


def test_a_cure_changes_what_it_says_and_nothing_else():
    config = TrainConfig(lr=0.01, batch_size=None, epochs=40)
    name, _, after = cures_of(config, UCI)
    assert name == "too low"
    momentum = after[CureKind.ADD_MOMENTUM][2].config
    assert momentum == replace(config, optimizer_options={"momentum": 0.9})
    raised = after[CureKind.RAISE_RATE][2]
    assert raised.config == replace(config, lr=raised.cure.lr) and f"{raised.cure.lr:g}" in raised.cure.words


def test_the_border_settles_a_run_only_where_it_is_the_same_everywhere():
    squares = TrainConfig(loss="mean_squared_error")
    assert is_exact(squares, UCI)
    momentum = replace(squares, optimizer_options={"momentum": 0.9})
    assert border_of(momentum, UCI) == pytest.approx(1.9 * border_of(squares, UCI)) and is_exact(momentum, UCI)
    curved = replace(squares, model="two_layer", init="default")
    adam = replace(squares, optimizer="adam")
    for other in (replace(squares, loss="cross_entropy"), replace(squares, clip=0.1), curved, adam):
        assert not is_exact(other, UCI)
    assert border_of(replace(squares, loss="mean_absolute_error"), UCI) is None, "flat at weights of zero"


@pytest.mark.parametrize("optimizer", [key for key, row in OPTIMIZERS.items() if not row.hidden_matrices_only])
def test_cures_are_tried_with_every_optimizer(optimizer):
    config = TrainConfig(optimizer=optimizer, lr=50.0, epochs=2, init="normal", batch_size=200)
    _, failing, after = cures_of(config, UCI)
    for kind, (cured, last, _) in after.items():
        assert cured == "good" and last.train_loss < failing[0].train_loss, (optimizer, kind)


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.01, "batch_size": None},
        {"lr": 1e-4, "batch_size": 1, "epochs": 2},
        {"lr": 1e-4, "batch_size": None, "loss": "mean_absolute_error"},
        {"lr": 30.0, "optimizer": "adam", "loss": "mean_squared_error"},
        {"lr": 30.0, "optimizer": "rmsprop", "loss": "huber", "batch_size": None},
        {"lr": 1e-4, "optimizer": "adam", "loss": "huber", "batch_size": None},
    ],
)
def test_a_rate_that_works_is_found_however_far_off_it_is(settings):
    """None of these had a cure: the rates tried were at most a hundredth, or a hundred times, of the first guess."""
    config = TrainConfig(**{"epochs": 10, "batch_size": 64, **settings})
    _, failing, after = cures_of(config, UCI)
    kind = CureKind.RAISE_RATE if config.lr < 1 else CureKind.LOWER_RATE
    cured, last, tried = after[kind]
    assert cured == "good" and last.train_loss < failing[0].train_loss
    assert tried.config == replace(config, lr=tried.cure.lr)


@pytest.mark.parametrize("works", 10.0 ** np.arange(-4, 3))
@pytest.mark.parametrize("lr", 10.0 ** np.arange(-6, 5))
def test_the_search_comes_to_a_window_of_half_a_decade(works, lr):
    if works / 1e5 < lr < 1e5 * works and not 0.5 * works <= lr <= 2.5 * works:
        name = "too low" if lr < works else "bouncing"
        search = _rates(lr * 10 if lr < works else lr / 10, lr, name)
        rate = next(search)
        while not 0.5 * works <= rate <= 2.5 * works:
            rate = search.send("too low" if rate < works else "diverging")


@pytest.mark.parametrize("model", ["two_layer", "cnn"])
@pytest.mark.parametrize(("loss", "lr"), [("cross_entropy", 0.1), ("cross_entropy", 3.0), ("mean_squared_error", 0.05)])
def test_a_network_of_zeros_is_not_called_good_and_is_cured_by_random_weights(model, loss, lr):
    """With squared error the last bias alone halves the loss."""
    config = TrainConfig(model=model, init="zeros", loss=loss, lr=lr, epochs=30)
    failing = whole(config, UCI)
    found = named(failing, config, UCI)
    assert found.name == "undecided" and "stay alike" in found.reason
    hidden = failing[-1].parameters[0]
    assert np.abs(hidden - hidden[:1]).max() == 0 and failing[-1].valid_accuracy < 0.6, "the units are alike"
    (tried,) = at_once(found, config, UCI, failing[-1])
    assert tried.config == replace(config, init=MODELS[model].usual_init)
    if lr < 1:
        after = whole(tried.config, UCI)
        assert named(after, tried.config, UCI).name == "good" and after[-1].valid_accuracy > 0.9


def test_a_single_hidden_unit_that_learns_is_not_told_that_it_does_not():
    config = TrainConfig(model="two_layer", hidden=1, init="default", epochs=10)
    moments = whole(config, UCI)
    assert moments[-1].train_loss < moments[0].train_loss and named(moments, config, UCI).name != "undecided"


def test_where_nothing_cures_it_is_said_what_was_tried():
    config = TrainConfig(
        model="two_layer", init="default", loss="mean_absolute_error", optimizer="rmsprop", batch_size=None, lr=1.0
    )
    failing = whole(config, UCI)
    found = named(failing, config, UCI)
    *_, (working, share) = trying(found, config, UCI, failing)
    assert (working, share) == ([], 1.0)
    assert all(cure.words in tell_none(found) for cure in found.cures) and "2,000 steps" in tell_none(found)


def test_a_guess_on_the_wrong_side_ends_the_search():
    assert list(_rates(0.5, 0.1, "bouncing")) == [] == list(_rates(0.01, 0.1, "too low"))
