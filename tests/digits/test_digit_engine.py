"""Many runs as one computation: each run is what `train` gives for its learning rate alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sgd_core.digits import engine as engine_module
from sgd_core.digits.batches import Batches
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.engine import Engine
from sgd_core.digits.training import train

CONFIGS = [
    TrainConfig(epochs=3),
    TrainConfig(epochs=3, model="two_layer", init="default", hidden=5),
    TrainConfig(epochs=3, classes=None, batch_size=200, init="normal"),
    TrainConfig(epochs=3, classes=(0, 1, 2), model="two_layer", init="default", loss="mean_absolute_error"),
    TrainConfig(epochs=3, optimizer="adam", shuffle=False, init="normal"),
    TrainConfig(epochs=3, loss="mean_squared_error", optimizer_options={"momentum": 0.9}),
]


def run(tensor, runs, i):
    return tensor.detach().reshape(runs, -1)[i].numpy()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.model}-{c.loss}-{c.optimizer}-{c.class_count}")
def test_each_run_equals_a_run_of_its_own(config):
    digits = load_digits(config.dataset, config.classes)
    lrs = [1e-4, 3e-3, 0.02, 0.05]
    engine = Engine(config, digits, runs=len(lrs))
    for _ in range(config.epochs):
        for rows in engine.batches.epoch():
            engine.step(rows, torch.tensor(lrs))
            losses = engine.batch_loss
    judged = engine.evaluate()
    assert engine.alive.all()
    for i, lr in enumerate(lrs):
        alone = list(train(replace(config, lr=lr), digits))[-1]
        assert judged.train_loss[i].item() == pytest.approx(alone.train_loss, rel=1e-4)
        assert judged.valid_loss[i].item() == pytest.approx(alone.valid_loss, rel=1e-4)
        assert judged.valid_accuracy[i].item() == pytest.approx(alone.valid_accuracy, abs=0.01)
        assert losses[i].item() == pytest.approx(alone.batch_loss, rel=1e-4)
        for ours, theirs in zip(engine.parameters, alone.parameters, strict=True):
            np.testing.assert_allclose(run(ours, len(lrs), i), theirs.ravel(), rtol=1e-3, atol=1e-4)


def test_a_run_that_diverges_stops_and_the_others_go_on():
    config = TrainConfig(loss="mean_squared_error", epochs=40)
    digits = load_digits("uci")
    lrs = torch.tensor([0.02, 100.0])
    engine = Engine(config, digits, runs=2)
    for _ in range(config.epochs):
        for rows in engine.batches.epoch():
            engine.step(rows, lrs)
    assert engine.alive.tolist() == [True, False]
    assert not engine.batch_loss[1].isfinite()
    weights = engine.parameters[0].detach().clone()
    engine.step(next(engine.batches.epoch()), lrs)
    assert torch.equal(weights[1], engine.parameters[0][1]) and not torch.equal(weights[0], engine.parameters[0][0])
    alone = list(train(replace(config, lr=0.02), digits))[-1]
    np.testing.assert_allclose(weights[0, 0].numpy(), alone.weights.ravel(), rtol=1e-3, atol=1e-4)


def test_judging_in_pieces_is_judging_at_once(monkeypatch):
    config = TrainConfig(classes=None, epochs=1, model="two_layer", init="normal")
    digits = load_digits("uci", None)
    engine = Engine(config, digits)
    at_once = engine.evaluate()
    monkeypatch.setattr(engine_module, "LARGEST_LAYER", 30 * 77)
    in_pieces = engine.evaluate()
    assert in_pieces.train_accuracy == at_once.train_accuracy
    assert in_pieces.train_loss.item() == pytest.approx(at_once.train_loss.item(), rel=1e-6)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000, None])
def test_an_epoch_shows_every_image_once(batch_size, shuffle):
    batches = Batches(TrainConfig(batch_size=batch_size, shuffle=shuffle), 50)
    everything = torch.arange(50)
    for _ in range(2):
        seen = [everything[rows] for rows in batches.epoch()]
        assert len(seen) == batches.per_epoch
        assert torch.equal(torch.cat(seen).sort().values, everything)


def test_the_order_of_images_depends_on_the_seed_alone():
    configs = [TrainConfig(seed=1), TrainConfig(seed=1, model="two_layer", init="normal"), TrainConfig(seed=2)]
    first = [next(Batches(config, 289).epoch()) for config in configs]
    assert torch.equal(first[0], first[1]) and not torch.equal(first[0], first[2])
    skipped, walked = Batches(configs[0], 289), Batches(configs[0], 289)
    skipped.skip(1)
    list(walked.epoch())
    assert torch.equal(next(skipped.epoch()), next(walked.epoch()))


@pytest.mark.parametrize("model", ["linear", "two_layer"])
@pytest.mark.parametrize("classes", [(3, 7), None])
def test_judging_without_the_zeros_is_judging_every_pixel(model, classes, mnist_folder, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(mnist_folder))
    config = TrainConfig(dataset="mnist", classes=classes, model=model, init="normal")
    engine = Engine(config, load_digits("mnist", classes))
    assert engine._sparse is not None or not torch.backends.mkl.is_available()
    quick = engine.evaluate()
    engine._sparse = None
    whole = engine.evaluate()
    assert quick.train_loss.item() == pytest.approx(whole.train_loss.item(), rel=1e-6)
    assert quick.train_accuracy.item() == pytest.approx(whole.train_accuracy.item(), abs=1e-4)
    assert torch.equal(quick.valid_loss, whole.valid_loss)
