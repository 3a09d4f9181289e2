"""The largest eigenvalues against the dense Hessian and against linear algebra."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import sgd_core
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.sharpness import (
    LossCurvature,
    coefficient,
    direction_maps,
    sharpest_directions,
    sharpness,
    sharpness_rounds,
    track_sharpness,
)
from sgd_core.digits.training import train


def dense(config, digits, parameters):
    """The Hessian of the loss, written out once more in double precision, by torch's own routine."""
    x = digits.train_images.flatten(1).double()
    shapes = [np.shape(p) for p in parameters]
    flat = torch.cat([torch.as_tensor(np.array(p)).double().flatten() for p in parameters])
    two = len(digits.classes) == 2

    def loss(vector):
        parts = [p.view(s) for p, s in zip(vector.split([int(np.prod(s)) for s in shapes]), shapes, strict=True)]
        scores = functional.linear(x, parts[0], parts[1])
        if len(parts) == 4:
            scores = functional.linear(scores.relu(), parts[2], parts[3])
        if not two:
            return functional.cross_entropy(scores, digits.train_labels)
        target = (digits.train_labels == 0).double()[:, None]
        if config.loss == "mean_squared_error":
            return functional.mse_loss(scores, target)
        return functional.binary_cross_entropy_with_logits(scores, target)

    return torch.autograd.functional.hessian(loss, flat)


CONFIGS = [
    TrainConfig(loss="mean_squared_error"),
    TrainConfig(),
    TrainConfig(epochs=40, lr=1.0, init="normal"),
    TrainConfig(classes=(0, 1, 2), epochs=2),
    TrainConfig(model="two_layer", hidden=4, init="default", epochs=1),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.model}-{c.loss}-{c.class_count}-{c.init}")
def test_it_is_the_dense_hessians_largest_eigenvalue(config):
    digits = load_digits("uci", config.classes)
    *_, last = train(config, digits)
    exact, vectors = torch.linalg.eigh(dense(config, digits, last.parameters))
    assert sgd_core.sharpness(config, digits, last.parameters) == pytest.approx(exact[-1].item(), rel=1e-4)
    found = sharpest_directions(config, digits, last.parameters, 3)
    np.testing.assert_allclose(found.values, exact[[-1, -2, -3]], rtol=1e-4)
    for vector, truth in zip(found.vectors, vectors.T[[-1, -2, -3]], strict=True):
        assert abs(vector @ truth.numpy()) == pytest.approx(1, abs=1e-3) and vector.sum() >= 0


def test_mean_squared_error_bends_alike_everywhere_and_as_the_pixels_say():
    config, digits = TrainConfig(loss="mean_squared_error", lr=0.02), load_digits("uci")
    ones = np.concatenate([digits.train_images.flatten(1).double().numpy(), np.ones((289, 1))], 1)
    exact = 2 * np.linalg.norm(ones, 2) ** 2 / 289
    assert sharpness(config, digits) == pytest.approx(exact, rel=1e-6)
    *_, last = train(config, digits)
    assert sharpness(config, digits, last.parameters) == pytest.approx(exact, rel=1e-6)


def test_a_product_is_hessian_times_vector_and_pieces_make_no_difference(monkeypatch):
    config, digits = TrainConfig(model="two_layer", hidden=3, init="normal"), load_digits("uci")
    start = next(train(config, digits)).parameters
    vector = torch.randn(LossCurvature(config, digits).size, generator=torch.Generator().manual_seed(3))
    exact = dense(config, digits, start) @ vector.double()
    torch.testing.assert_close(LossCurvature(config, digits).times(vector).double(), exact, rtol=1e-3, atol=1e-4)
    monkeypatch.setattr("sgd_core.digits.sharpness.LARGEST_LAYER", 50)
    torch.testing.assert_close(LossCurvature(config, digits).times(vector).double(), exact, rtol=1e-3, atol=1e-4)


def test_where_the_loss_bends_most_downwards_the_largest_is_still_the_largest():
    config, digits = TrainConfig(model="two_layer", hidden=3, loss="mean_absolute_error", init="normal"), None
    for seed in range(40):  # a start whose most extreme eigenvalue is negative
        config = TrainConfig(loss="mean_absolute_error", init="normal", seed=seed)
        digits = load_digits("uci")
        weights = next(train(config, digits)).parameters
        curvature = LossCurvature(config, digits, weights)
        rows = torch.stack([curvature.times(unit) for unit in torch.eye(curvature.size)])
        values = torch.linalg.eigvalsh(((rows + rows.T) / 2).double())
        if values[0] < -1.2 * values[-1] < 0:
            break
    else:
        pytest.fail("no such start")
    assert sharpness(config, digits, weights) == pytest.approx(values[-1].item(), rel=1e-2)


def test_the_rounds_come_closer_and_the_last_one_is_the_answer():
    config, digits = TrainConfig(), load_digits("uci")
    rounds = list(sharpness_rounds(config, digits))
    assert [r.round for r in rounds] == list(range(1, len(rounds) + 1))
    assert rounds[-1].residual < 3e-4 < rounds[0].residual
    assert rounds[-1].value == pytest.approx(sharpness(config, digits), rel=1e-5)


def test_along_the_sharpest_direction_of_a_parabola_each_step_multiplies_the_distance():
    digits = load_digits("uci")
    config = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=12, lr=1.0)
    top = sharpest_directions(config, digits)
    config = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=12, lr=1.9 / top.values[0])
    along = [coefficient(top.vectors[0], snapshot.parameters) for snapshot in train(config, digits)]
    moves = np.diff(along)
    np.testing.assert_allclose(moves[1:] / moves[:-1], 1 - 1.9, rtol=1e-3)
    maps = direction_maps(top.vectors[0], digits)
    assert maps.shape == (1, 8, 8)
    np.testing.assert_array_equal(maps.ravel(), top.vectors[0][:64])


def test_followed_along_a_run_it_is_what_it_is_at_each_snapshot():
    config, digits = TrainConfig(batch_size=None, epochs=4, lr=1.0), load_digits("uci")
    moments = list(track_sharpness(config, digits))
    assert len(moments) == 5
    for moment in moments:
        alone = sharpness(config, digits, moment.snapshot.parameters)
        assert moment.sharpness == pytest.approx(alone, rel=1e-4)
    assert moments[-1].sharpness < moments[0].sharpness, "cross-entropy flattens while it learns"
    wild = TrainConfig(loss="mean_squared_error", lr=50.0, batch_size=None, epochs=60)
    assert np.isnan(list(track_sharpness(wild, digits))[-1].sharpness)


def test_senseless_questions_get_a_sentence():
    digits = load_digits("uci")
    with pytest.raises(ValueError, match="shapes"):
        sharpness(TrainConfig(), digits, [np.zeros((1, 3)), np.zeros(1)])
    with pytest.raises(ValueError, match="classes"):
        sharpness(TrainConfig(classes=None), digits)
    with pytest.raises(ValueError, match="curvature"):
        sharpness(TrainConfig(), digits, [np.full((1, 64), np.nan), np.zeros(1)])
