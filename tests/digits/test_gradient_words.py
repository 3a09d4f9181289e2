"""Each number told of a digit model's gradient: the cross-entropy at weights of zero has it in closed form."""

import math

import numpy as np
import pytest

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.gradient_words import passes_bet, tell_gradient
from sgd_core.digits.weight_gradient import compare
from tests.numbers_in_words import numbers, written


@pytest.mark.parametrize("classes", [(3, 7), (7, 3), (0, 1)])
@pytest.mark.parametrize("answered", [True, False])
def test_what_both_ways_found(classes: tuple[int, int], answered: bool) -> None:
    digits = load_digits("uci", classes)
    found = compare(TrainConfig(classes=classes), digits)
    images = digits.train_images.numpy()
    off = 0.5 - (1.0 - digits.train_labels.numpy())  # sigmoid(0) − target
    gradient = (off[:, None, None] * images).mean(0)
    row, column = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    blank = int((images.max(0) == 0).sum())
    expected = ["65", *written(found.largest_difference, digits=2)]
    if answered:
        took = written(1000 * found.by_differences.seconds, 1000 * found.exact.seconds, digits=3)
        expected += ["66", f"{len(images):,}", *took]
    expected += [*written(gradient[row, column]), str(row), str(column), *written(math.log(2))]
    sentences = tell_gradient(found, digits.class_names, answered=answered)
    assert numbers(sentences) == [*expected, *map(str, classes), str(blank), "0"]
    assert ("A larger weight" in sentences[2]) == (gradient[row, column] < 0)
    assert np.abs(found.exact.gradient[:64] - gradient.ravel()).max() < 1e-6
    assert found.largest_difference > np.abs(found.maps(found.exact) - found.maps(found.by_differences)).max() - 1e-9
    assert sentences[0].startswith("Both ways"), "the 65th number, the bias, is on no map"


def test_the_bet_on_passes() -> None:
    bet = passes_bet(785, 12_396)
    assert numbers(bet.question) == ["785", "12,396"] and bet.answer == "786"
    assert list(bet.options) == ["2", "786", f"{785**2:,}"] and numbers(bet.why) == ["785", "2"]
