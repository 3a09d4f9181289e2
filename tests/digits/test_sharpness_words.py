"""What is said of the sharpness, against NumPy's eigenvalues along plain gradient descent."""

from dataclasses import replace

import numpy as np
import pytest

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.sharpness import sharpness_moments, sharpness_rounds, track_sharpness
from sgd_core.digits.sharpness_words import (
    border_in_words,
    sharpness_diagnoses,
    sharpness_numbers,
    sharpness_table,
    tell_power_iteration,
    tell_sharpness,
)
from sgd_core.moments import moment_steps
from sgd_core.numbers import number
from tests.digits.plain_descent import descend, squares_hessian
from tests.numbers_in_words import numbers, written

SQUARES = TrainConfig(loss="mean_squared_error", batch_size=None, epochs=6, lr=0.02)
CROSS = TrainConfig(loss="cross_entropy", batch_size=None, epochs=12, lr=1.0)


@pytest.fixture(scope="module")
def top(digits):
    return np.linalg.eigvalsh(squares_hessian(digits))[-1]


def start_of(lr, top):
    return [*written(top, 2, 2 / lr, 1, lr, top), *written(1 - lr * top, digits=3)]


def test_before_the_first_step_it_says_where_the_border_is(digits, top):
    moments = list(sharpness_moments(SQUARES, digits))[:1]
    begin, press = tell_sharpness(SQUARES, moments)
    assert numbers(begin) == start_of(0.02, top) and "below" in begin and "comes closer" in begin
    assert "Train" in press


def test_on_a_parabola_the_losses_and_rises_are_those_of_plain_descent(digits, top):
    moments = list(sharpness_moments(SQUARES, digits))[:4]
    truth = descend(digits, "squares", 0.02, 3)
    _, went, still = tell_sharpness(SQUARES, moments)
    assert numbers(went) == [*written(3), *written(truth.losses[0], truth.losses[3], digits=3), "0"]
    assert "does not move" in still
    shown = sharpness_numbers(moments)
    assert shown["λ"].tolist() == written(*[top] * 4) and shown["2/λ"].tolist() == written(*[2 / top] * 4)
    assert shown["training loss"].tolist() == written(*truth.losses)


def test_rises_between_the_recorded_moments_count_too(digits, top):
    config = replace(SQUARES, lr=1.05 * 2 / top, epochs=100)
    moments = list(sharpness_moments(config, digits))
    assert len(moments) == len(moment_steps(100)) < 101
    rises = int((np.diff(descend(digits, "squares", config.lr, 100).losses) > 0).sum())
    begin, went, _ = tell_sharpness(config, moments)
    assert rises > len(moments) and went.endswith(f"and rose {rises} times.")
    assert numbers(begin) == start_of(config.lr, top) and "above" in begin and "overshoots" in begin


def test_a_run_that_overflows_says_so(digits):
    config = replace(SQUARES, lr=50.0, epochs=60)
    moments = list(sharpness_moments(config, digits))
    assert moments[-1].snapshot.status == "diverged"
    assert tell_sharpness(config, moments)[-1] == moments[-1].snapshot.reason
    assert sharpness_diagnoses(config, moments)[-1].name == "diverging"


def test_with_cross_entropy_it_falls_below_the_border_at_the_step_that_is_said(digits):
    truth = descend(digits, "cross-entropy", 1.0, 12)
    moments = list(sharpness_moments(CROSS, digits))
    begin, went, crossed = tell_sharpness(CROSS, moments)
    assert numbers(begin) == start_of(1.0, truth.sharpness[0])
    assert numbers(went) == [*written(12), *written(truth.losses[0], truth.losses[12], digits=3), "0"]
    step = int(np.flatnonzero(truth.sharpness < 2)[0])
    assert numbers(crossed) == [str(step), *written(truth.sharpness[step], digits=3)] and "cross-entropy" in crossed
    table = sharpness_table(moments)
    np.testing.assert_allclose(table["sharpness"], truth.sharpness, rtol=1e-4)
    np.testing.assert_allclose(table["loss"], truth.losses, rtol=1e-4)
    assert [one.name for one in sharpness_diagnoses(CROSS, moments)][:3] == ["undecided"] * 3


def test_below_the_border_it_says_how_far_lambda_went(digits):
    config = replace(CROSS, lr=0.3)
    truth = descend(digits, "cross-entropy", 0.3, 12)
    moments = list(sharpness_moments(config, digits))
    *_, last = tell_sharpness(config, moments)
    assert numbers(last) == written(truth.sharpness[0], truth.sharpness[12])
    once = tell_sharpness(replace(config, epochs=1), moments[:2])[1]
    assert once.startswith("In 1 step the loss")


@pytest.mark.parametrize(("lr", "flat"), [(0.05, False), (0.3, True)])
def test_of_another_loss_nothing_is_said_that_holds_for_cross_entropy_only(digits, lr, flat):
    config = TrainConfig(loss="huber", batch_size=None, epochs=12, lr=lr)
    moments = list(sharpness_moments(config, digits))
    assert "cross-entropy" not in " ".join(tell_sharpness(config, moments))
    # where every error is beyond the bend of Huber's loss it does not bend at all
    assert (moments[-1].sharpness == 0) == flat
    assert (sharpness_numbers(moments)["2/λ"].iloc[-1] == "inf") == flat


def test_where_the_border_stands_and_whether_it_stays(digits, top):
    for loss, words in (
        ("mean_squared_error", "everywhere"),
        ("cross_entropy", "falls while"),
        ("huber", "changes while"),
    ):
        told = border_in_words(loss, top)
        assert words in told and number(top, 5) in told and f"2/λ = {number(2 / top)}" in told
    tracks = {
        loss: [
            one.sharpness for one in track_sharpness(TrainConfig(loss=loss, batch_size=None, epochs=8, lr=0.05), digits)
        ]
        for loss in ("cross_entropy", "huber")
    }
    assert tracks["cross_entropy"][-1] < tracks["cross_entropy"][0] and tracks["huber"][-1] > tracks["huber"][0]


def test_how_it_is_found(digits, top):
    rounds = list(sharpness_rounds(SQUARES, digits))
    assert numbers(tell_power_iteration(rounds)) == [str(len(rounds)), *written(top, digits=5), "2", *written(2 / top)]
