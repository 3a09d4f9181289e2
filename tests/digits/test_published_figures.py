"""The figures that people compare with, reached on MNIST with the settings of the page's presets."""

import pytest

from sgd_core.digits.baselines import pixel_similarity, published
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.presets import PRESETS
from sgd_core.digits.training import train

pytestmark = pytest.mark.mnist
SETTINGS = {preset.name: preset.settings for preset in PRESETS}


def accuracy(name, digits):
    config = TrainConfig(**{"dataset": "mnist", "lr": 0.5, "epochs": 10, "batch_size": 64, **SETTINGS[name]})
    return list(train(config, digits))[-1].valid_accuracy


def test_the_books_linear_model(mnist):
    assert accuracy("The book's linear model", mnist) >= 0.978


def test_the_books_two_layer_net(mnist):
    assert accuracy("The book's two-layer net", mnist) >= 0.98


def test_all_ten_digits(mnist_folder, monkeypatch):
    monkeypatch.setenv("SGD_LAB_DATA", str(mnist_folder))
    assert accuracy("All ten digits", load_digits("mnist", None)) >= 0.92


def test_the_ladder_is_in_order_and_starts_where_pixel_similarity_does(mnist):
    rungs = [pixel_similarity(mnist), pixel_similarity(mnist, "l2"), *(p.accuracy for p in published("mnist", (3, 7)))]
    assert rungs == sorted(rungs) and rungs[0] == pytest.approx(0.9511, abs=5e-4)
    assert published("mnist", (7, 3)) == published("mnist", (3, 7)) and not published("mnist", (4, 9))
    assert not published("uci", (3, 7))
