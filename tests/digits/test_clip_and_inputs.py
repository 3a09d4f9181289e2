"""Clipped gradients and scaled inputs against plain torch, one run and many, and wherever a trained model is looked at."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from sgd_core import sweep, sweep_seeds, train
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.evaluation import predict
from sgd_core.digits.gradient_noise import gradient_noise_scale
from sgd_core.digits.inputs import INPUTS, seen_by_model
from sgd_core.digits.inspection import contributions, evaluate_images, filter_responses, score_parts
from sgd_core.digits.losses import LOSSES, targets_for
from sgd_core.digits.models import MODELS
from sgd_core.digits.sharpness import sharpness

DIGITS = load_digits("uci", (3, 7))
MEAN = DIGITS.train_images.mean(0)
CENTRED = replace(DIGITS, train_images=DIGITS.train_images - MEAN, valid_images=DIGITS.valid_images - MEAN)


def usual(model: str, **settings: object) -> TrainConfig:
    return TrainConfig(model=model, init=MODELS[model].usual_init, **settings)


def torch_run(config: TrainConfig) -> list[torch.Tensor]:
    """Train by torch alone: its model, its optimizer, its clipping."""
    network = config.network(DIGITS.image_shape)
    start = network.initial_parameters(config.init, torch.Generator().manual_seed(config.seed + 1))
    model = network.module
    parameters = [value.clone().requires_grad_() for value in start]
    names = [name for name, _ in model.named_parameters()]
    row = config.update_rule
    optimizer = getattr(torch.optim, row.row.torch_name)(parameters, lr=config.lr, **dict(row.settings))
    shuffle = torch.Generator().manual_seed(config.seed)
    pixels, targets = DIGITS.train_images.flatten(1), targets_for(DIGITS.train_labels, 2)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(pixels), generator=shuffle).split(config.batch_size):
            optimizer.zero_grad()
            scores = torch.func.functional_call(model, dict(zip(names, parameters, strict=True)), (pixels[rows],))
            LOSSES[config.loss].values(scores, targets[rows]).mean().backward()
            if config.clip is not None:
                torch.nn.utils.clip_grad_norm_(parameters, config.clip)
            optimizer.step()
    return [value.detach() for value in parameters]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("model", MODELS)
def test_clipping_is_torchs(model, optimizer):
    config = usual(model, optimizer=optimizer, lr=0.01, epochs=3, batch_size=50, clip=0.05)
    *_, last = train(config, DIGITS)
    for mine, theirs in zip(last.parameters, torch_run(config), strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), rtol=2e-4, atol=2e-6)
    *_, free = train(replace(config, clip=None), DIGITS)
    assert not np.allclose(free.weights, last.weights, rtol=1e-3), "it made a difference"


def test_no_step_is_longer_than_the_learning_rate_times_the_longest_gradient_and_short_ones_are_left_alone():
    config = TrainConfig(loss="mean_squared_error", lr=1.0, epochs=4, clip=0.05)
    moments = list(train(config, DIGITS, snapshot_every=1))
    for before, after in pairwise(moments):
        step = [a - b for a, b in zip(after.parameters, before.parameters, strict=True)]
        assert np.sqrt(sum(float((part.astype(float) ** 2).sum()) for part in step)) <= 0.05 * (1 + 1e-4)
    assert np.linalg.norm(moments[1].gradient) > 0.05, "the gradient is shown as long as it was"
    gentle = replace(config, lr=0.01)
    ends = [list(train(replace(gentle, clip=clip), DIGITS))[-1] for clip in (None, 1e6)]
    np.testing.assert_array_equal(ends[0].weights, ends[1].weights)


def test_each_run_of_many_is_clipped_by_itself():
    config = TrainConfig(loss="mean_squared_error", epochs=3, clip=0.05, inputs="centred")
    rates, seeds = [0.01, 1.0, 5.0], [3, 4]
    rows = sweep(config, rates, DIGITS).groupby("lr")["train_loss"].last()
    for lr in rates:
        *_, alone = train(replace(config, lr=lr), DIGITS)
        assert rows[lr] == pytest.approx(alone.train_loss, rel=1e-4)
    rows = sweep_seeds(config, seeds, DIGITS).groupby("seed")["train_loss"].last()
    for seed in seeds:
        *_, alone = train(replace(config, seed=seed), DIGITS)
        assert rows[seed] == pytest.approx(alone.train_loss, rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_scaled_inputs_are_training_on_scaled_images(model):
    config = usual(model, lr=0.05, epochs=3, inputs="centred")
    mine, by_hand = list(train(config, DIGITS))[-1], list(train(replace(config, inputs="pixels"), CENTRED))[-1]
    for one, other in zip(mine.parameters, by_hand.parameters, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (mine.train_loss, mine.valid_accuracy) == (by_hand.train_loss, by_hand.valid_accuracy)
    np.testing.assert_allclose(mine.origin, MEAN.numpy(), atol=1e-7)
    assert by_hand.origin is None
    for measure in (sharpness, gradient_noise_scale):
        expected = measure(replace(config, inputs="pixels"), CENTRED, by_hand.parameters)
        assert measure(config, DIGITS, mine.parameters) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("model", MODELS)
def test_a_trained_model_answers_and_is_explained_by_plain_images(model, inputs):
    config = usual(model, lr=0.05, epochs=3, inputs=inputs)
    *_, last = train(config, DIGITS)
    evaluated = evaluate_images(last, config, DIGITS)
    assert evaluated.losses.mean() == pytest.approx(last.valid_loss, rel=1e-5)
    assert (evaluated.predictions.decided == DIGITS.valid_labels.numpy()).mean() == pytest.approx(last.valid_accuracy)
    image = DIGITS.valid_images[5].numpy()
    found, score = contributions(last, image), predict(last, config, image).scores[0]
    np.testing.assert_allclose(found.maps.sum((1, 2)) + found.bias, score, rtol=1e-4, atol=1e-5)
    assert score_parts(found, 0)[-1][2] == pytest.approx(float(score[0]), rel=1e-4, abs=1e-5)
    assert (found.maps[:, image == 0] == 0).all(), "paper adds nothing"
    if MODELS[model].maps_are_filters:
        seen = image - (0 if last.origin is None else last.origin)
        np.testing.assert_allclose(filter_responses(last, image), filter_responses(last.parameters, seen), atol=1e-6)


def test_weights_of_other_inputs_are_not_gone_on_with():
    *_, last = train(TrainConfig(epochs=1), DIGITS)
    with pytest.raises(ValueError, match="other inputs"):
        train(TrainConfig(epochs=2, inputs="centred"), DIGITS, after=last)


def test_scaled_pixels_have_mean_0_and_plain_ones_are_the_same_object():
    seen, origin = seen_by_model("centred", DIGITS)
    assert float(seen.train_images.mean(0).abs().max()) < 1e-6 and origin.shape == DIGITS.image_shape
    assert seen_by_model("pixels", DIGITS) == (DIGITS, None)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "much"])
def test_a_senseless_limit_gets_a_sentence(value):
    with pytest.raises(ValueError, match="longest gradient"):
        TrainConfig(clip=value)
    with pytest.raises(ValueError, match="no kind of inputs"):
        TrainConfig(inputs=str(value))
