"""Home's bet and its clock, against a mean in NumPy and a loop of plain gradient descent."""

import numpy as np
import pytest

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.first_steps import one_step_from_zero
from sgd_core.digits.story_words import SHARES, from_zero_bet, round_numbers
from sgd_core.digits.training import train
from tests.numbers_in_words import numbers, written

DIGITS = load_digits("uci")


def test_one_step_from_zero_is_the_mean_3_minus_the_mean_7() -> None:
    images, labels = DIGITS.train_images.numpy().astype(float), DIGITS.train_labels.numpy()
    step = 0.5 * np.where(labels == 0, 1, -1)  # of the cross-entropy at a score of 0
    weights, bias = (step[:, None, None] * images).mean(0), step.mean()
    valid, truth = DIGITS.valid_images.numpy(), DIGITS.valid_labels.numpy()
    right = float((((valid * weights).sum((1, 2)) + bias > 0) == (truth == 0)).mean())
    bet = from_zero_bet(one_step_from_zero(TrainConfig(lr=1.0), DIGITS).valid_accuracy)
    assert numbers(bet.why)[0] == written(100 * right, digits=3)[0] and numbers(bet.why)[1:] == ["3", "7"]


@pytest.mark.parametrize(("accuracy", "answer"), [(0.5, 0), (0.601, 1), (0.95, 2), (0.951, 3), (1.0, 3)])
def test_the_answer_is_the_range_that_holds_the_share(accuracy: float, answer: int) -> None:
    assert from_zero_bet(accuracy).answer == list(SHARES)[answer]


def test_each_round_of_the_clock() -> None:
    snapshots = list(train(TrainConfig(batch_size=None, lr=1.0, epochs=5), DIGITS))
    images, target = DIGITS.train_images.flatten(1).double().numpy(), 1.0 - DIGITS.train_labels.numpy()
    valid, truth = DIGITS.valid_images.flatten(1).numpy(), 1 - DIGITS.valid_labels.numpy()
    weights, bias = np.zeros(64), 0.0
    for step, row in enumerate(round_numbers(snapshots).to_numpy()):
        chance = 1 / (1 + np.exp(-(images @ weights + bias)))
        loss = -np.mean(target * np.log(chance) + (1 - target) * np.log(1 - chance))
        right = 100 * float(((valid @ weights + bias > 0) == truth).mean())
        assert numbers("; ".join(row)) == [str(step), *written(loss), *written(right, digits=3)]
        weights, bias = weights - images.T @ (chance - target) / len(images), bias - float((chance - target).mean())
