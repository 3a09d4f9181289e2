"""The spread of mini-batch gradients against statistics."""

import numpy as np
import pytest
import torch

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.gradient_noise import gradient_noise
from sgd_core.digits.training import train


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
