"""Sweeps against single runs, the predicted cliff against the observed one, and the names of lanes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch

import sgd_core
from sgd_core.digits import sweep as sweep_module
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.sharpness import sharpness
from sgd_core.digits.sweep import COLUMNS, run_regimes, sweep, sweep_frame, sweeping
from sgd_core.digits.training import train


@pytest.fixture(scope="module")
def uci():
    return load_digits("uci")


def compare(frame, config, digits, lrs):
    for lr in lrs:
        alone = list(train(replace(config, lr=float(lr)), digits))
        lane = frame[frame["lr"] == lr]
        assert len(lane) == len(alone) == config.epochs + 1
        for row, snapshot in zip(lane.itertuples(), alone, strict=True):
            assert row.epoch == snapshot.epoch and row.status == snapshot.status
            assert row.train_loss == pytest.approx(snapshot.train_loss, rel=1e-4)
            assert row.valid_loss == pytest.approx(snapshot.valid_loss, rel=1e-4)
            assert row.valid_accuracy == pytest.approx(snapshot.valid_accuracy, abs=1e-3)


@pytest.mark.parametrize("classes", [(3, 7), None])
@pytest.mark.parametrize("model", ["linear", "two_layer"])
def test_every_lane_is_the_run_of_its_own_at_every_epoch(classes, model):
    config = TrainConfig(classes=classes, model=model, init="default", epochs=4)
    lrs = np.geomspace(1e-4, 0.5, 6)
    digits = load_digits("uci", classes)
    frame = sweep(config, lrs, digits)
    assert list(frame.columns) == COLUMNS == ["lr", "epoch", "train_loss", "valid_loss", "valid_accuracy", "status"]
    compare(frame, config, digits, lrs)


def test_a_schedule_bends_every_lane_as_it_bends_a_run(uci):
    config = TrainConfig(epochs=4, schedule="one_cycle")
    compare(sweep(config, [0.01, 0.3], uci), config, uci, [0.01, 0.3])


@pytest.mark.mnist
def test_sixty_four_lanes_on_mnist_are_sixty_four_runs(mnist):
    config = TrainConfig(dataset="mnist", batch_size=256, epochs=3)
    lrs = np.geomspace(1e-4, 10, 64)
    frame = sweep(config, lrs, mnist)
    assert frame["lr"].nunique() == 64
    compare(frame, config, mnist, lrs[::5])


def test_a_lane_that_diverges_says_so_in_the_epoch_in_which_train_does(uci):
    config = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=120)
    frame = sweep(config, [0.05, 0.5], uci)
    alone = list(train(replace(config, lr=0.5), uci))[-1]
    lane = frame[frame["lr"] == 0.5]
    assert alone.status == "diverged"
    died = lane[lane["status"] == "diverged"]["epoch"]
    assert died.min() == np.ceil(alone.epoch) or died.min() == alone.epoch + 1
    assert (lane[lane["epoch"] >= died.min()]["status"] == "diverged").all() and len(lane) == 121
    assert frame[frame["lr"] == 0.05]["status"].iloc[-1] == "finished"


def test_where_all_lanes_have_diverged_the_epochs_left_stand_still(uci):
    config = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=200)
    frame = sweep(config, torch.tensor([2.0, 5.0]), uci)
    assert frame["epoch"].tolist() == [*range(201)] * 2
    for _, lane in frame.groupby("lr"):
        died = lane["status"].eq("diverged").idxmax()
        assert lane["status"].loc[died:].eq("diverged").all() and lane["status"].iloc[-1] == "diverged"
        assert lane["valid_accuracy"].loc[died:].nunique() == 1


def smallest_diverging(digits, border, epochs):
    lrs = border * np.linspace(0.93, 1.07, 57)  # a step of a quarter of a percent
    config = TrainConfig(dataset=digits.name, loss="mean_squared_error", batch_size=None, epochs=epochs)
    names = run_regimes(sweep(config, lrs, digits))
    diverging = names[names["regime"] == "diverging"]["lr"]
    assert set(diverging) == set(names["lr"].iloc[-len(diverging) :]), "above the smallest, all diverge"
    return diverging.min()


def test_the_cliff_stands_where_the_hessian_says_on_uci(uci):
    config = TrainConfig(loss="mean_squared_error", batch_size=None)
    border = 2 / sharpness(config, uci)
    assert smallest_diverging(uci, border, 100) == pytest.approx(border, rel=0.02)


@pytest.mark.mnist
def test_the_cliff_stands_where_the_hessian_says_on_mnist(mnist):
    config = TrainConfig(dataset="mnist", loss="mean_squared_error", batch_size=None)
    border = 2 / sharpness(config, mnist)
    assert smallest_diverging(mnist, border, 40) == pytest.approx(border, rel=0.02)


def test_a_long_epoch_has_moments_within_it_and_the_same_numbers(uci, monkeypatch):
    config, lrs = TrainConfig(epochs=3), [0.01, 0.1]
    whole = sweep(config, lrs, uci)
    monkeypatch.setattr(sweep_module, "PIECE", 1.0)
    moments = list(sweeping(config, lrs, uci))
    assert [m.epoch for m in moments if m.losses is not None] == [0, 1, 2, 3]
    assert len(moments) == 4 + 3 * 4, "four pauses in the five steps of an epoch"
    assert all(a.epoch < b.epoch for a, b in pairwise(moments))
    pd.testing.assert_frame_equal(sweep_frame(lrs, moments, 3), whole)
    pd.testing.assert_frame_equal(sweep_frame(lrs, moments[:6], 3), whole[whole["epoch"] <= 1].reset_index(drop=True))


def lane(lr, losses, status="finished"):
    return pd.DataFrame({"lr": lr, "epoch": range(len(losses)), "train_loss": losses, "status": status})


def test_lanes_are_named_by_what_their_loss_did():
    lanes = {
        0.1: [1, 0.95, 0.9, 0.86, 0.83, 0.8, 0.78],
        0.2: [1, 0.5, 0.3, 0.2, 0.15, 0.12, 0.1],
        0.3: [1, 0.5, 0.3, 0.2, 0.3, 0.2, 0.3],
        0.4: [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6],
        0.5: [1, 0.5, 0.3, 0.2, 0.25, 0.3, 0.36],
        0.25: [1, 0.8, 0.7, 0.6, 0.55, 0.5, 0.45],
        0.6: [1, 5, 9e30, np.inf, np.inf, np.inf, np.inf],
    }
    frame = pd.concat([lane(lr, np.array(losses, float)) for lr, losses in lanes.items()])
    names = run_regimes(frame)
    assert names["regime"].tolist() == ["too low", "good", *["bouncing"] * 2, *["diverging"] * 3]
    assert run_regimes(frame[frame["epoch"] == 0])["regime"].unique().tolist() == ["undecided"]
    assert "24 %" in names["reason"].iloc[0], "0.22 of the 0.9 that the best one fell"


@pytest.mark.parametrize(
    ("lrs", "sentence"),
    [([], "from 1 to 256"), ([0.1] * 257, "from 1 to 256"), ([0.1, -1], "above 0"), ([float("nan")], "above 0")],
)
def test_senseless_learning_rates_get_a_sentence(uci, lrs, sentence):
    with pytest.raises(ValueError, match=sentence):
        sgd_core.sweep(TrainConfig(), lrs, uci)
    with pytest.raises(ValueError, match="classes"):
        sgd_core.sweep(TrainConfig(classes=(1, 2)), [0.1], uci)
