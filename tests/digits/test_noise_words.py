"""What is said of four batch sizes and their clouds, against NumPy and against made-up moments."""

import numpy as np
import pandas as pd
import pytest

from sgd_core.descent.diagnosis import Diagnosis
from sgd_core.descent.regime_names import UNDECIDED
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.gradient_noise import GradientNoise
from sgd_core.digits.noise_moments import BatchMoment, clouds_of, noise_moments
from sgd_core.digits.noise_words import losses_of, noise_numbers, tell_noise
from tests.digits.plain_descent import descend, images_of
from tests.numbers_in_words import numbers, written

NAMED = Diagnosis(UNDECIDED, "")


def config(lr, steps):
    return TrainConfig(loss="mean_squared_error", lr=lr, epochs=steps)


def gradients(digits, w):
    """Each image's gradient of the squared error at these weights (N, size)."""
    x, y = images_of(digits)
    return 2 * (x @ w - y)[:, None] * x


def made_up(losses, turned=None, diverged=None, clouds=None):
    """A moment a row of losses, one for each batch size."""
    turned, diverged = turned or [(False,) * 4] * len(losses), diverged or [(False,) * 4] * len(losses)
    rows = zip(losses, turned, diverged, strict=True)
    return [BatchMoment(step, loss, gone, back, clouds, 0, NAMED) for step, (loss, back, gone) in enumerate(rows)]


def test_the_run_with_all_images_is_plain_descent(digits, border):
    for times in (0.1, 0.95, 1.05):
        moments = list(noise_moments(config(times * border, 9), digits, border))
        truth = descend(digits, "squares", times * border, 9)
        np.testing.assert_allclose([one.losses[3] for one in moments], truth.losses, rtol=1e-4)
        slopes = [gradients(digits, w).mean(0)[:-1] for w in truth.weights]  # of the pixels
        back = [False, False, *(bool(now @ old < 0) for now, old in zip(slopes[1:-1], slopes[:-2], strict=True))]
        assert [one.turned[3] for one in moments] == back
        assert [one.step for one in moments if one.clouds_at == one.step] == [0, 1, 2, 4, 8, 9]


def test_the_clouds_are_in_lengths_of_the_gradient_at_the_start(digits, border):
    moments = list(noise_moments(config(0.1 * border, 4), digits, border))
    clouds = clouds_of(moments)
    truth = descend(digits, "squares", 0.1 * border, 4)
    lengths = [np.linalg.norm(gradients(digits, w).mean(0)) for w in truth.weights]
    for size in (1, 16, 256, len(images_of(digits)[0])):
        wholes = clouds.rows[(clouds.rows["part"] == "whole") & (clouds.rows["batch_size"] == size)]
        assert wholes["moment"].tolist() == [0, 1, 2, 4] and wholes["until"].tolist() == [1, 2, 4, 10**6]
        np.testing.assert_allclose(wholes["along"], np.array(lengths)[[0, 1, 2, 4]] / lengths[0], rtol=1e-4)
    single = gradients(digits, truth.weights[4])
    toward = single.mean(0) / np.linalg.norm(single.mean(0))
    every = single @ toward / lengths[0]
    last = clouds.rows[
        (clouds.rows["part"] == "batch") & (clouds.rows["moment"] == 4) & (clouds.rows["batch_size"] == 1)
    ]
    assert len(last) == 150
    assert all(np.abs(every - one).min() < 1e-4 for one in last["along"])
    first = clouds.rows[clouds.rows["moment"] == 0]
    assert first["along"].between(*clouds.x_domain).all() and first["across"].between(*clouds.y_domain).all()


def test_of_the_clouds_at_the_start_every_number(digits, border):
    moments = list(noise_moments(config(0.1 * border, 3), digits, border))
    about, silent, spread, press = tell_noise(config(0.1 * border, 3), border, moments[:1])
    assert numbers(about) == ["150"] and "before the first step" in about and "Train" in press
    sevens = (images_of(digits)[1] == 0).mean()
    drawn = float(numbers(silent)[0]) / 100
    assert abs(drawn - sevens) < 3 * np.sqrt(0.25 / 150) and numbers(silent)[1:] == ["0", "0", "0", "7", "3"]
    single = gradients(digits, np.zeros(65))
    whole = np.linalg.norm(single.mean(0))
    exact = np.sqrt(((single - single.mean(0)) ** 2).sum(1).mean()) / whole
    one, unit, sixteen, of, quarter, large, many = numbers(spread)
    assert (unit, of, many) == ("1", "16", "256")
    assert float(one) == pytest.approx(exact, rel=0.15) and float(quarter) == pytest.approx(float(one) / 4, rel=0.01)
    left = np.sqrt((1 - 256 / len(single)) / (1 - 1 / len(single)))  # drawn without repetition
    assert float(large) == pytest.approx(exact / 16 * left, rel=0.15) and float(sixteen) < float(one) / 3


def test_rises_and_turns_are_counted():
    losses = [(1.0, 1.0, 1.0, 1.0 - 0.01 * step) for step in range(11)]
    single = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.6, 1.7, 1.6]
    losses = [(loss, *rest[1:]) for loss, rest in zip(single, losses, strict=True)]
    turned = [(step % 2 == 0, step > 7, False, False) for step in range(11)]
    rises, turns, _ = tell_noise(config(0.3, 10), 1.0, made_up(losses, turned))
    assert numbers(rises) == ["0", "50"]  # from 6 on: 6 to 7 and 8 to 9 of four steps
    assert numbers(turns)[:5] == ["10", "0", "33", "16", "56"]  # of steps 2 to 10


@pytest.mark.parametrize(
    ("lr", "words", "told"),
    [(0.3, "below 1/λ", (1, 0.5)), (0.7, "between 1/λ", (1, 0.5, 2, 1)), (1.2, "above 2/λ", (2, 1))],
)
def test_the_side_of_the_border_is_named(lr, words, told):
    _, turns, *_ = tell_noise(config(lr, 5), 1.0, made_up([(1.0,) * 4] * 5))
    assert words in turns and numbers(turns)[5:] == written(*told)


def test_what_has_left_the_picture_and_what_has_diverged_is_named():
    losses = [(1.0, 1.0, 1.0, 1.0), (np.inf, 4.5, 4.0, 0.5)]
    gone = [(False,) * 4, (True, False, False, False)]
    *_, high, lost = tell_noise(config(0.3, 5), 1.0, made_up(losses, diverged=gone))
    assert numbers(high) == ["16", "4.5"] and lost.startswith("Diverged: 1. ") and "single image" in lost
    *_, lost = tell_noise(config(1.3, 5), 1.0, made_up(losses, diverged=gone))
    assert "single image" not in lost


def test_clock_and_table_show_the_losses():
    cloud = GradientNoise(pd.DataFrame(), pd.DataFrame({"spread": [1.5, 0.4, 0.1, 0.0]}), 1.0)
    moments = made_up(
        [(1.0, 2.0, 3.0, 4.0), (0.5, np.inf, 2.5, 3.5)],
        diverged=[(False,) * 4, (False, True, False, False)],
        clouds=cloud,
    )
    shown = noise_numbers(moments)
    assert shown.iloc[1].tolist() == ["1", "0.5", "inf", "2.5", "3.5", "1.5", "0.4", "0.1"]
    table = losses_of(moments)
    assert table["loss"].tolist() == [1.0, 2.0, 3.0, 4.0, 0.5, 2.5, 3.5]
    assert table["batch"].tolist() == ["1", "16", "256", "all", "1", "256", "all"]
