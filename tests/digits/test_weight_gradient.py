"""The gradient by nudging and by backward() against each other and against the closed form of the logistic loss."""

import numpy as np
import pytest
import torch

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.training import train
from sgd_core.digits.weight_gradient import compare


def test_both_ways_find_the_closed_form(digits):
    shares = []
    found = compare(TrainConfig(), digits, progress=shares.append)
    pixels = digits.train_images.flatten(1).double().numpy()
    target = (digits.train_labels == 0).double().numpy()
    expected = np.append((0.5 - target) @ pixels / len(pixels), (0.5 - target).mean())  # sigmoid(0) = 1/2
    np.testing.assert_allclose(found.exact.gradient, expected, atol=1e-6)
    np.testing.assert_allclose(found.by_differences.gradient, expected, atol=1e-3)
    assert found.loss == pytest.approx(np.log(2), rel=1e-6)
    assert 0 < found.largest_difference == np.abs(found.by_differences.gradient - found.exact.gradient).max() < 1e-3
    assert (found.by_differences.forward, found.by_differences.backward, found.exact.forward, found.exact.backward) == (
        66,
        0,
        1,
        1,
    )
    assert found.images == len(pixels) and found.by_differences.seconds > 0 and found.exact.seconds > 0
    assert found.blank_pixels == (pixels.sum(0) == 0).sum() <= (found.exact.gradient == 0).sum()
    assert shares == pytest.approx(np.arange(1, 66) / 65)
    assert found.maps(found.exact).shape == (1, 8, 8)


def test_it_is_the_gradient_that_training_takes_its_first_step_by(digits):
    config = TrainConfig(init="normal", seed=4, batch_size=None, lr=0.1, epochs=1)
    found = compare(config, digits)
    first = list(train(config, digits))[1]
    np.testing.assert_allclose(found.maps(found.exact), first.gradient, atol=1e-6)
    assert found.loss == pytest.approx(first.batch_loss, rel=1e-6)


def test_the_nudges_leave_the_weights_as_they_were(digits):
    one, two = (compare(TrainConfig(init="normal"), digits, h=h) for h in (1e-3, 0.5))
    assert np.array_equal(one.exact.gradient, two.exact.gradient)
    assert two.largest_difference > one.largest_difference  # a large nudge is a bad one


def test_ten_classes_have_ten_maps():
    digits = load_digits("uci", None)
    found = compare(TrainConfig(classes=None), digits)
    assert found.maps(found.by_differences).shape == (10, 8, 8) and found.by_differences.forward == 651
    assert found.largest_difference < 2e-3


def test_what_it_cannot_do(digits):
    with pytest.raises(ValueError, match="linear"):
        compare(TrainConfig(model="two_layer", init="default"), digits)
    for h in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="nudge h"):
            compare(TrainConfig(), digits, h=h)
    assert torch.is_grad_enabled()
