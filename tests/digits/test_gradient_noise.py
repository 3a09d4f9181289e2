"""The spread of mini-batch gradients against statistics."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import sgd_core
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.gradient_noise import gradient_noise, gradient_noise_scale, noise_scale_from_batches
from sgd_core.digits.training import StepRequest, train


@pytest.fixture(scope="module")
def uci():
    return load_digits("uci")


@pytest.fixture(scope="module")
def weights(uci):
    return list(train(TrainConfig(epochs=3), uci))[-1].parameters


def single_gradients(digits, weights):
    x = torch.cat([digits.train_images.flatten(1), torch.ones(289, 1)], 1).double()
    w = torch.cat([torch.as_tensor(np.array(p)).flatten() for p in weights]).double()
    error = (x @ w).sigmoid() - (digits.train_labels == 0).double()
    return error[:, None] * x


def test_the_spread_is_what_the_variance_of_single_images_says(uci, weights):
    noise = gradient_noise(TrainConfig(), uci, weights, [1, 16, 100, None], draws=400)
    singles = single_gradients(uci, weights)
    whole = singles.mean(0)
    assert noise.length == pytest.approx(whole.norm().item(), rel=1e-4)
    variance = (singles - whole).square().sum(1).mean().item()
    for row in noise.spreads.itertuples():
        size = row.batch_size
        exact = (variance / size * (289 - size) / 289) ** 0.5 / noise.length  # drawn without repetition
        assert row.spread == pytest.approx(exact, rel=0.12, abs=1e-5)
    assert noise.spreads["batch_size"].tolist() == [1, 16, 100, 289]
    assert noise.spreads["spread"].is_monotonic_decreasing


def test_the_whole_set_stands_at_one_and_zero_and_the_cloud_around_it(uci, weights):
    noise = gradient_noise(TrainConfig(), uci, weights, [1, None], draws=300)
    whole = noise.points[noise.points["batch_size"] == 289]
    assert len(whole) == 1
    assert whole["along"].item() == pytest.approx(1, abs=1e-6) and whole["across"].item() == pytest.approx(0, abs=1e-6)
    ones = noise.points[noise.points["batch_size"] == 1]
    assert len(ones) == 300
    singles = single_gradients(uci, weights)
    along = (singles @ singles.mean(0) / noise.length**2).numpy()
    assert set(np.round(ones["along"], 3)) <= set(np.round(along, 3)) | set(np.round(along, 3) + 0.001)
    assert noise.spreads["uphill"].iloc[0] == pytest.approx((along < 0).mean(), abs=0.1)
    again = gradient_noise(TrainConfig(), uci, weights, [1, None], draws=300)
    assert again.points.equals(noise.points), "the same seed draws the same mini-batches"


def test_senseless_values_get_a_sentence(uci, weights):
    with pytest.raises(ValueError, match="at least one"):
        gradient_noise(TrainConfig(), uci, weights, [0])
    with pytest.raises(ValueError, match="no number"):
        gradient_noise(TrainConfig(), uci, [np.full((1, 64), np.nan), np.zeros(1)], [1])


def brute_force(config, digits, parameters):
    """Every image's gradient, one after the other, by plain autograd; tr(Sigma) / |G|² from them."""
    rows = []
    for image, label in zip(digits.train_images, digits.train_labels, strict=True):
        parts = [torch.tensor(np.array(p), requires_grad=True) for p in parameters]
        score = functional.linear(image.flatten()[None], parts[0], parts[1])
        if len(parts) == 4:
            score = functional.linear(score.relu(), parts[2], parts[3])
        if score.shape[1] > 1:
            loss = functional.cross_entropy(score, label[None])
        else:
            loss = functional.binary_cross_entropy_with_logits(score[0, 0], (label == 0).float())
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, parts)]).double())
    rows = torch.stack(rows)
    whole = rows.mean(0)
    return ((rows - whole).square().sum() / len(rows) / whole.square().sum()).item()


@pytest.mark.parametrize(
    "config",
    [
        TrainConfig(epochs=2),
        TrainConfig(classes=None, epochs=1),
        TrainConfig(model="two_layer", init="default", epochs=2),
    ],
    ids=["linear", "ten classes", "two layers"],
)
def test_the_noise_scale_is_what_all_single_gradients_say(config):
    digits = load_digits("uci", config.classes)
    last = list(train(config, digits))[-1].parameters
    exact = brute_force(config, digits, last)
    assert sgd_core.gradient_noise_scale(config, digits, last) == pytest.approx(exact, rel=1e-3)
    assert noise_scale_from_batches(config, digits, last, draws=4000) == pytest.approx(exact, rel=0.05)


def test_the_noise_scale_grows_while_the_loss_falls(uci):
    config = TrainConfig(epochs=10)
    scales = [gradient_noise_scale(config, uci, s.parameters) for s in train(config, uci)]
    assert scales[0] == gradient_noise_scale(config, uci) < scales[-1]


def test_the_noise_scale_of_ten_mnist_digits_grows_from_about_75(mnist_folder, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(mnist_folder))
    digits = load_digits("mnist", None)
    config = TrainConfig(classes=None, dataset="mnist", lr=0.1)
    run = train(config, digits)
    scales = [gradient_noise_scale(config, digits, next(run).parameters)]
    for _ in range(2):
        scales.append(gradient_noise_scale(config, digits, run.send(StepRequest(steps=50)).parameters))
    assert scales[0] == pytest.approx(75, rel=0.1) and scales[0] < scales[1] < scales[2]


def test_a_noise_scale_of_nothing_gets_a_sentence(uci, weights):
    with pytest.raises(ValueError, match="classes"):
        gradient_noise_scale(TrainConfig(classes=None), uci)
    with pytest.raises(ValueError, match="shapes"):
        gradient_noise_scale(TrainConfig(), uci, [np.zeros((1, 3)), np.zeros(1)])
    with pytest.raises(ValueError, match="noise scale"):
        gradient_noise_scale(TrainConfig(), uci, [np.full((1, 64), np.nan), np.zeros(1)])
    with pytest.raises(ValueError, match="larger"):
        noise_scale_from_batches(TrainConfig(), uci, weights, small=8, large=8)
