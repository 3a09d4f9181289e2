"""Many seeds as one computation, and sweeps in lock-step, against runs of their own."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sgd_core
from sgd_core.digits import sweep as sweep_module
from sgd_core.digits.models import MODELS
from sgd_core.digits.sweep import sweeping
from sgd_core.digits.training import StepRequest, train

SEEDS = [0, 3, 11]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("settings", [{}, {"classes": None}, {"shuffle": False}, {"batch_size": None}], ids=str)
def test_every_seed_is_a_run_of_its_own(model, settings):
    config = sgd_core.TrainConfig(**{"model": model, "init": "default", "epochs": 2, "lr": 0.1, **settings})
    digits = sgd_core.load_digits("uci", config.classes)
    frame = sgd_core.sweep_seeds(config, SEEDS, digits)
    assert list(frame.columns) == ["seed", "epoch", "train_loss", "valid_loss", "valid_accuracy", "status"]
    for seed, rows in frame.groupby("seed"):
        alone = list(train(replace(config, seed=int(seed)), digits))
        assert rows["epoch"].tolist() == [snapshot.epoch for snapshot in alone]
        assert rows["status"].tolist() == [snapshot.status for snapshot in alone]
        for name in ("train_loss", "valid_loss"):
            assert rows[name].tolist() == pytest.approx([getattr(s, name) for s in alone], rel=1e-4)
        assert rows["valid_accuracy"].tolist() == pytest.approx([s.valid_accuracy for s in alone], abs=0.01)


def test_seeds_that_do_not_fit_into_memory_together_come_one_after_the_other(monkeypatch):
    config, digits = sgd_core.TrainConfig(epochs=2, init="normal", lr=0.01), sgd_core.load_digits("uci")
    together = sgd_core.sweep_seeds(config, SEEDS, digits)
    monkeypatch.setattr(sweep_module, "MOST_GATHERED", 64 * 64 * 2)
    apart = sgd_core.sweep_seeds(config, SEEDS, digits)
    assert apart["seed"].tolist() == together["seed"].tolist()
    np.testing.assert_allclose(apart["train_loss"], together["train_loss"], rtol=1e-5)


def test_a_seed_that_diverges_says_so():
    config = sgd_core.TrainConfig(epochs=40, loss="mean_squared_error", lr=1.0)
    frame = sgd_core.sweep_seeds(config, [1, 2], sgd_core.load_digits("uci"))
    assert frame.groupby("seed")["status"].last().tolist() == ["diverged", "diverged"]


@pytest.mark.parametrize("seeds", [[], [-1], [0.5], ["x"], None, 3, range(257), [True]], ids=str)
def test_senseless_seeds_get_a_sentence(seeds):
    with pytest.raises(ValueError, match=r"seed"):
        sgd_core.sweep_seeds(sgd_core.TrainConfig(), seeds, sgd_core.load_digits("uci"))


@pytest.mark.parametrize("model", MODELS)
def test_runs_advance_in_lock_step_and_show_their_weights(model):
    config = sgd_core.TrainConfig(model=model, init="default", epochs=2, batch_size=100)
    digits, lrs = sgd_core.load_digits("uci"), [0.01, 0.1]
    run = sweeping(config, lrs, digits, keep_parameters=True)
    ours = [next(run), run.send(StepRequest(steps=1)), run.send(StepRequest(steps=1)), *run]
    assert [moment.step for moment in ours] == [0, 1, 2, 3, 6]
    for place, lr in enumerate(lrs):
        alone = train(replace(config, lr=lr), digits)
        theirs = [next(alone), alone.send(StepRequest(steps=1)), alone.send(StepRequest(steps=1)), *alone]
        assert [(s.step, s.epoch) for s in theirs] == [(moment.step, moment.epoch) for moment in ours]
        for moment, snapshot in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(moment.weights[place], snapshot.weights, rtol=1e-4, atol=1e-5)
            assert moment.losses.train_loss[place].item() == pytest.approx(snapshot.train_loss, rel=1e-4)
            for part, parameter in zip(moment.parameters, snapshot.parameters, strict=True):
                np.testing.assert_allclose(part[place], parameter, rtol=1e-4, atol=1e-5)


def test_a_kept_moment_is_not_changed_by_later_steps():
    run = sweeping(sgd_core.TrainConfig(epochs=1), [0.1], sgd_core.load_digits("uci"), keep_parameters=True)
    first = next(run)
    list(run)
    assert not first.weights.any()


def test_moments_at_every_kth_step():
    digits = sgd_core.load_digits("uci")
    config = sgd_core.TrainConfig(epochs=2, batch_size=100)  # three steps an epoch
    steps = [moment.step for moment in sweeping(config, [0.1], digits, snapshot_every=2)]
    assert steps == [snapshot.step for snapshot in train(config, digits, snapshot_every=2)] == [0, 2, 3, 4, 6]
    run = sweeping(config, [0.1], digits)
    next(run)
    with pytest.raises(ValueError, match="keeps the learning rate"):
        run.send(StepRequest(steps=1, lr=0.2))


def test_a_request_still_counts_where_moments_come_between(monkeypatch):
    monkeypatch.setattr(sweep_module, "PIECE", 1.0)
    run = sweeping(sgd_core.TrainConfig(epochs=1, batch_size=20), [0.1], sgd_core.load_digits("uci"))
    next(run)
    moment = run.send(StepRequest(steps=3))
    assert moment.losses is None and moment.step == 1
    moment = next(moment for moment in run if moment.losses is not None)
    assert moment.step == 3 and isinstance(moment.losses.train_loss, torch.Tensor)


@pytest.mark.parametrize("lrs", [None, 0.1, "x", [], ["x"], [None], [0.0], range(1, 400)], ids=str)
def test_senseless_learning_rates_get_a_sentence(lrs):
    with pytest.raises(ValueError, match=r"learning rate"):
        sgd_core.sweep(sgd_core.TrainConfig(), lrs, sgd_core.load_digits("uci"))
