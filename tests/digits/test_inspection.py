"""Contributions, mistakes, places of weights: against the model itself and against counting by hand."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.evaluation import predict
from sgd_core.digits.inspection import (
    confusion,
    contributions,
    dead_pixels,
    evaluate_images,
    landmarks,
    score_parts,
)
from sgd_core.digits.training import train

CONFIGS = [
    TrainConfig(epochs=3),
    TrainConfig(epochs=3, classes=None, loss="mean_absolute_error", lr=5.0),
    TrainConfig(epochs=3, model="two_layer", init="normal", lr=0.02),
    TrainConfig(epochs=3, classes=(1, 4, 8), model="two_layer", init="default", loss="mean_squared_error", lr=0.05),
]


@pytest.fixture(scope="module", params=CONFIGS, ids=lambda c: f"{c.model}-{c.loss}-{c.class_count}")
def trained(request):
    digits = load_digits("uci", request.param.classes)
    return request.param, digits, list(train(request.param, digits))[-1]


def test_contributions_and_bias_sum_to_the_score(trained):
    config, digits, last = trained
    scores = predict(last, config, digits.valid_images).scores
    for row in range(0, len(scores), 7):
        found = contributions(last.parameters, digits.valid_images[row].numpy())
        np.testing.assert_allclose(found.maps.sum((1, 2)) + found.bias, scores[row], atol=1e-4)
        np.testing.assert_allclose(found.score, scores[row], atol=1e-4)
        paper = digits.valid_images[row].numpy() == 0
        assert not found.maps[:, paper].any(), "a pixel without ink adds nothing"


def test_a_linear_contribution_is_ink_times_weight():
    digits = load_digits("uci")
    last = list(train(TrainConfig(epochs=2), digits))[-1]
    image = digits.valid_images[0].numpy()
    np.testing.assert_allclose(contributions(last.parameters, image).maps, last.weights * image, rtol=1e-6)


def test_losses_confusion_and_margins_are_those_of_the_whole_set(trained):
    config, digits, last = trained
    evaluated, truth = evaluate_images(last, config, digits), digits.valid_labels.numpy()
    assert evaluated.losses.mean() == pytest.approx(last.valid_loss, rel=1e-5)
    counts = confusion(evaluated, digits)
    np.testing.assert_array_equal(counts, confusion_matrix(truth, evaluated.predictions.decided))
    assert counts.trace() / counts.sum() == pytest.approx(last.valid_accuracy)
    assert (evaluated.margin >= 0).all()
    if evaluated.confidence is not None:
        assert (evaluated.confidence >= 1 / len(digits.classes) - 1e-6).all() and (evaluated.confidence <= 1).all()
        surest, least = evaluated.margin.argmax(), evaluated.margin.argmin()
        assert evaluated.confidence[surest] >= evaluated.confidence[least]


def test_dead_pixels_never_get_a_gradient():
    digits = load_digits("uci")
    dead = dead_pixels(digits)
    assert dead.any() and not dead.all()
    config = TrainConfig(init="normal", epochs=2)
    snapshots = list(train(config, digits, snapshot_every=1))
    moved = np.any([s.gradient[0] != 0 for s in snapshots], axis=0)
    assert not moved[dead].any() and moved[~dead].all()
    np.testing.assert_array_equal(snapshots[-1].weights[0][dead], snapshots[0].weights[0][dead])


def test_landmarks_say_where():
    weights = np.zeros((9, 9), dtype=np.float32)
    weights[1, 7], weights[4, 4] = 3.0, -2.0
    high, low = landmarks(weights)
    assert (high.row, high.column, high.weight, high.place) == (1, 7, 3.0, "in the upper right")
    assert (low.row, low.column, low.place) == (4, 4, "in the middle third")


@pytest.mark.mnist
def test_mnist_has_the_known_dead_pixels(mnist):
    assert dead_pixels(mnist).sum() == 144


@pytest.mark.parametrize("classes", [(3, 7), None])
@pytest.mark.parametrize("model", ["linear", "two_layer", "cnn"])
def test_the_parts_of_a_score_add_up_to_it(model: str, classes: tuple[int, ...] | None) -> None:
    config = TrainConfig(model=model, init="default", classes=classes, epochs=1, lr=0.1)
    digits = load_digits("uci", classes)
    now = list(train(config, digits))[-1]
    image = digits.valid_images[3].numpy()
    found = contributions(now.parameters, image)
    scores = predict(now, config, image).scores[0]
    for of, score in enumerate(scores):
        parts = score_parts(found, of)
        assert [end for _, _, end, _ in parts[:-2]] == [begin for _, begin, _, _ in parts[1:-1]]
        assert parts[-2][2] == pytest.approx(parts[-1][2]) and parts[-1][2] == pytest.approx(float(score), abs=1e-5)
        sizes = [abs(end - begin) for _, begin, end, _ in parts[:8]]
        assert sizes == sorted(sizes, reverse=True)
