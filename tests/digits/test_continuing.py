"""Going on from a moment, stop rules and schedules: each against a run that was never interrupted, or against torch."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.training import StepRequest, train

CONFIGS = [
    TrainConfig(epochs=4),
    TrainConfig(epochs=4, optimizer_options={"momentum": 0.9, "weight_decay": 0.01}, lr=0.05),
    TrainConfig(epochs=4, optimizer="adam", lr=0.01, model="two_layer", init="default", schedule="one_cycle"),
    TrainConfig(epochs=4, optimizer="rmsprop", lr=0.01, optimizer_options={"momentum": 0.5}, shuffle=False),
    TrainConfig(epochs=4, classes=None, optimizer="adagrad", schedule="cosine", batch_size=100),
    TrainConfig(epochs=4, batch_size=None, init="normal", schedule="step"),
    TrainConfig(epochs=4, patience=2),
]


def same(one, two):
    assert (one.step, one.epoch, one.lr, one.status, one.best, one.rates) == (
        two.step,
        two.epoch,
        two.lr,
        two.status,
        two.best,
        two.rates,
    )
    assert (one.train_loss, one.valid_loss, one.valid_accuracy) == (two.train_loss, two.valid_loss, two.valid_accuracy)
    for a, b in zip(
        (*one.parameters, one.gradient, one.update), (*two.parameters, two.gradient, two.update), strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.optimizer}-{c.schedule}-{c.batch_size}")
@pytest.mark.parametrize("at", [0, 1, 2, 3, -2])
def test_going_on_from_any_moment_equals_the_run_that_was_never_interrupted(config, at):
    digits = load_digits(config.dataset, config.classes)
    whole = list(train(config, digits, snapshot_every=3))
    rest = list(train(config, digits, snapshot_every=3, after=whole[at]))
    begun = whole.index(whole[at])
    assert len(rest) == len(whole) - begun
    for one, two in zip(rest, whole[begun:], strict=True):
        same(one, two)


def test_more_epochs_for_a_finished_run_are_those_of_a_longer_run():
    digits = load_digits("uci")
    short, long = TrainConfig(epochs=2, optimizer="adam", lr=0.01), TrainConfig(epochs=5, optimizer="adam", lr=0.01)
    end = list(train(short, digits))[-1]
    assert end.status == "finished"
    same(list(train(long, digits, after=end))[-1], list(train(long, digits))[-1])


def test_a_branch_with_another_optimizer_begins_its_memory_anew():
    digits = load_digits("uci")
    config = TrainConfig(epochs=3, optimizer="adam", lr=0.01)
    middle = list(train(config, digits))[1]
    branch = replace(config, optimizer="sgd", lr=0.2, batch_size=None, shuffle=False)
    first, second = list(train(branch, digits, after=middle))[:2]
    np.testing.assert_array_equal(first.weights, middle.weights)
    # plain gradient descent by hand: one step of 0.2 against the gradient of the mean cross-entropy
    x, t = digits.train_images.flatten(1).double().numpy(), (digits.train_labels == 0).double().numpy()
    w, b = middle.parameters[0][0].astype(float), float(middle.parameters[1][0])
    error = 1 / (1 + np.exp(-(x @ w + b))) - t
    np.testing.assert_allclose(second.parameters[0][0], w - 0.2 * error @ x / len(x), rtol=1e-5, atol=1e-6)
    assert second.rates == ((0, 0.01), (5, 0.2)) and second.step == 6


def test_a_branch_with_other_mini_batches_sees_the_rest_of_the_epoch():
    digits = load_digits("uci")
    config = TrainConfig(epochs=1, batch_size=50)
    third = list(train(config, digits, snapshot_every=1))[3]
    rest = list(train(replace(config, batch_size=1), digits, snapshot_every=1, after=third))
    assert len(rest) == 1 + len(digits.train_images) - 150
    assert rest[-1].epoch == 1 and rest[-1].status == "finished"


@pytest.mark.parametrize("schedule", ["step", "cosine", "one_cycle", "warm_up", "exponential"])
def test_a_schedule_is_the_scheduler_of_torch(schedule):
    digits = load_digits("uci")
    config = TrainConfig(schedule=schedule, epochs=3, lr=0.4, shuffle=False)
    snapshots = list(train(config, digits, snapshot_every=1))
    steps = 3 * math.ceil(len(digits.train_images) / 64)
    model = nn.Linear(64, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.4)
    scheduler = {
        "step": lambda: torch.optim.lr_scheduler.StepLR(optimizer, math.ceil(steps / 3), 0.1),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps),
        "one_cycle": lambda: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.4, steps, cycle_momentum=False),
        "warm_up": lambda: torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=math.ceil(steps / 10)),
        "exponential": lambda: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.01 ** (1 / (steps - 1))),
    }[schedule]()
    with torch.no_grad():
        model.weight.zero_(), model.bias.zero_()
    pixels, truth = digits.train_images.flatten(1), (digits.train_labels == 0).float()
    batches = [rows for _ in range(3) for rows in torch.arange(len(pixels)).split(64)]
    for snapshot, rows in zip(snapshots[1:], batches, strict=True):
        assert snapshot.lr == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.zero_grad()
        nn.BCEWithLogitsLoss()(model(pixels[rows]).squeeze(1), truth[rows]).backward()
        optimizer.step()
        scheduler.step()
        np.testing.assert_allclose(snapshot.weights.ravel(), model.weight.detach().ravel(), rtol=1e-4, atol=1e-5)


def test_a_schedule_of_too_many_steps_is_refused_in_a_sentence():
    config = TrainConfig(schedule="cosine", epochs=10_000, batch_size=1)
    with pytest.raises(ValueError, match="steps"):
        train(config, load_digits("uci"))


def test_patience_stops_at_the_epoch_where_it_is_spent():
    digits = load_digits("uci", None)
    config = TrainConfig(classes=None, epochs=200, lr=1.0)
    accuracies = [s.valid_accuracy for s in train(config, digits)]
    best, best_epoch, expected = -1.0, 0, None
    for epoch, accuracy in enumerate(accuracies):
        if accuracy > best:
            best, best_epoch = accuracy, epoch
        elif epoch - best_epoch >= 3:
            expected = epoch
            break
    assert expected is not None
    for every in (None, 7):  # the pace of watching does not change it
        last = list(train(replace(config, patience=3), digits, snapshot_every=every))[-1]
        assert (last.status, last.epoch, last.best) == ("stopped", expected, (best, best_epoch))
        assert f"{100 * best:.2f} %" in last.reason and f"epoch {best_epoch}" in last.reason


def test_out_of_time_is_a_stop_with_a_reason():
    last = list(train(TrainConfig(epochs=10_000, seconds=0.05), load_digits("uci")))[-1]
    assert last.status == "stopped" and last.seconds >= 0.05
    assert "Out of time" in last.reason and f"{last.step:,} steps" in last.reason


def test_the_rates_set_by_hand_are_remembered_with_their_step():
    run = train(TrainConfig(batch_size=64, epochs=2), load_digits("uci"))
    next(run)
    run.send(StepRequest(steps=2))
    run.send(StepRequest(steps=1, lr=0.1))
    assert run.send(StepRequest(steps=1, lr=0.1)).rates == ((0, 0.5), (2, 0.1))


def test_the_update_is_what_moved_the_weights():
    config = TrainConfig(epochs=1, optimizer="adam", lr=0.01)
    one, two = list(train(config, load_digits("uci"), snapshot_every=1))[2:4]
    np.testing.assert_allclose(two.weights - one.weights, two.update, atol=1e-7)
