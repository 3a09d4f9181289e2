"""What is said of four runs along the steepest direction, against NumPy."""

from dataclasses import replace

import numpy as np
import pytest

from sgd_core.descent.regime_names import UNDECIDED
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.lockstep import TIMES, lockstep, lowest_of, window_of
from sgd_core.digits.lockstep_words import lockstep_card, lockstep_numbers, tell_steepest
from sgd_core.digits.sharpness import sharpest_directions
from sgd_core.numbers import percent
from tests.digits.plain_descent import descend, images_of, squares_hessian
from tests.numbers_in_words import numbers, written

CONFIG = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=8)


def watched(config, digits):
    found = sharpest_directions(config, digits)
    top = float(found.values[0])
    rates = [times * 2 / top for times in TIMES]
    return top, rates, list(lockstep(config, rates, digits, found.vectors[0]))


@pytest.fixture(scope="module")
def squares(digits):
    return watched(CONFIG, digits)


def test_the_shape_of_the_loss_and_its_border(digits, squares):
    top = np.linalg.eigvalsh(squares_hessian(digits))[-1]
    _, rates, moments = squares
    shape, press = tell_steepest(CONFIG, top, rates, moments[:1])
    assert numbers(shape) == ["65", *written(top), "2", *written(2 / top), "2"] and "Train" in press


def test_the_lowest_place_along_the_direction_is_that_of_least_squares(digits, squares):
    top, rates, moments = squares
    x, y = images_of(digits)
    best, *_ = np.linalg.lstsq(x, y, rcond=None)
    direction = sharpest_directions(CONFIG, digits).vectors[0]
    assert lowest_of(top, moments, rates) == pytest.approx(direction @ best, rel=1e-3)
    assert lowest_of(top, moments[:1], rates) == 0, "not known before the first step"


@pytest.mark.parametrize("step", [1, 5, 8])
def test_along_the_direction_and_the_share_of_the_length(digits, squares, step):
    values, vectors = np.linalg.eigh(squares_hessian(digits))
    top, rates, moments = squares
    _, factors, share = tell_steepest(CONFIG, top, rates, moments[: step + 1])
    told = [1 - 2 * times for times in TIMES]
    assert numbers(factors) == ["1", *written(*told, digits=3), "1"]
    assert "C −0.98, D −1.1" in factors
    w = descend(digits, "squares", 1.05 * 2 / values[-1], step).weights[step]
    wanted = percent(abs(vectors[:, -1] @ w) / np.linalg.norm(w))
    assert numbers(share) == [str(step), wanted.removesuffix(" %")] and "what explodes" in share
    assert ("1 step " in share) == (step == 1)


def test_with_a_loss_that_is_no_parabola_nothing_exact_is_claimed(digits):
    config = replace(CONFIG, loss="cross_entropy")
    top, rates, moments = watched(config, digits)
    x, _ = images_of(digits)
    assert top == pytest.approx(np.linalg.eigvalsh(x.T @ x / 4 / len(x))[-1], rel=1e-4)  # p (1 - p) is a quarter at 0
    shape, factors, share = tell_steepest(config, top, rates, moments)
    assert shape.startswith("Close to its first weights") and "first steps" in factors and "what explodes" not in share
    w = descend(digits, "cross-entropy", rates[3], 8).weights[8]
    direction = np.linalg.eigh(x.T @ x / len(x))[1][:, -1]
    assert numbers(share)[1] == percent(abs(direction @ w) / np.linalg.norm(w)).removesuffix(" %")


def test_the_clock_shows_the_losses_and_the_accuracy(digits, squares):
    _, rates, moments = squares
    shown = lockstep_numbers(moments)
    for letter, rate in zip("ABCD", rates, strict=True):
        assert shown[f"loss {letter}"].tolist() == written(*descend(digits, "squares", rate, 8).losses, digits=3)
    w = descend(digits, "squares", rates[1], 8).weights[8]
    pixels = digits.valid_images.flatten(1).double().numpy()
    threes = pixels @ w[:-1] + w[-1] > 0.5
    right = (threes == (digits.valid_labels.numpy() == 0)).mean()
    assert shown["accuracy B"].iloc[-1] == percent(right)


def test_the_card_names_all_four_and_says_why_of_the_last(squares):
    *_, moments = squares
    assert lockstep_card(moments[0]) == (
        UNDECIDED,
        "Four rates, one start",
        "Too little has happened to tell; train on.",
    )
    name, names, why = lockstep_card(moments[-1])
    assert name == "diverging" and names.startswith("A ") and names.endswith("D diverging") and why.startswith("D: ")


@pytest.mark.parametrize("loss", ["cross_entropy", "huber"])
def test_with_another_loss_a_picture_holds_all_of_a_b_and_c_and_names_no_lowest_place(digits, loss):
    config = replace(CONFIG, loss=loss, epochs=40)
    top, rates, moments = watched(config, digits)
    (low, high), lowest = window_of(config, top, moments, rates)
    assert lowest is None and all(low < place < high for one in moments for place in one.along[:3])


def test_with_squares_a_picture_is_around_the_lowest_place(digits, squares):
    top, rates, moments = squares
    values, vectors = np.linalg.eigh(squares_hessian(digits))
    x, y = images_of(digits)
    (low, high), lowest = window_of(CONFIG, top, moments, rates)
    slope = (2 / len(x) * x.T @ (x @ np.zeros(x.shape[1]) - y)) @ vectors[:, -1]
    assert abs(lowest) == pytest.approx(abs(slope / values[-1]), rel=1e-3) and low < 0 < high
