"""The caller's torch mode changes no number, what is senseless gets a sentence, and a diverged run says what is so."""

import contextlib
import math

import numpy as np
import pytest
import torch

import sgd_core
from sgd_core.digits.models import MODELS
from sgd_core.digits.snapshots import Status


@contextlib.contextmanager
def double_by_default():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


MODES = {"inference_mode": torch.inference_mode, "no_grad": torch.no_grad, "default dtype": double_by_default}


@pytest.mark.parametrize("loaded_inside", [False, True])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("mode", MODES)
def test_training_is_the_same_in_every_mode(mode, model, loaded_inside):
    config = sgd_core.TrainConfig(model=model, init="default", optimizer="adam", lr=0.01, epochs=2)
    plain = list(sgd_core.train(config, sgd_core.load_digits("uci")))
    frame = sgd_core.sweep(config, [0.01, 0.02], sgd_core.load_digits("uci"))
    digits = sgd_core.load_digits("uci")
    with MODES[mode]():
        if loaded_inside:
            digits = sgd_core.load_digits("uci")
        inside = list(sgd_core.train(config, digits))
        resumed = list(sgd_core.train(config, digits, after=inside[1]))
        swept = sgd_core.sweep(config, [0.01, 0.02], digits)
    for one, other in zip(plain, inside, strict=True):
        assert (one.train_loss, one.valid_loss, one.batch_loss) == (
            other.train_loss,
            other.valid_loss,
            other.batch_loss,
        )
        assert other.weights.dtype == np.float32
    assert resumed[-1].train_loss == plain[-1].train_loss
    np.testing.assert_array_equal(frame["train_loss"], swept["train_loss"])


@pytest.mark.parametrize("mode", MODES)
def test_a_descent_is_the_same_in_every_mode(mode):
    f = sgd_core.parse_function("sin(3*x) + x**2/10")
    plain = sgd_core.descend(f, [1.0, 2.0], 0.1, 20, "adam")
    with MODES[mode]():
        inside = sgd_core.descend(f, [1.0, 2.0], 0.1, 20, "adam")
    assert plain.equals(inside) and (plain["gradient"] != 0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"start": "x"}, "Every start must be a number"),
        ({"start": None}, "Every start must be a number"),
        ({"start": [1.0, [2.0]]}, "Every start must be a number"),
        ({"start": 1j}, "Every start must be a number"),
        ({"lr": "fast"}, "Every learning rate must be a number"),
        ({"lr": 10**400}, "learning rate must be a"),
        ({"optimizer": None}, "an optimizer by name"),
        ({"optimizer": "muon"}, "hidden layers, and a point is none"),
        ({"steps": 10**30}, "whole number from 0"),
        ({"start": np.broadcast_to(0.5, (10**9,)), "steps": 1000}, "fewer steps or fewer runs"),
        ({"dtype": torch.int64}, "floating-point"),
        ({"dtype": "float"}, "floating-point"),
    ],
    ids=str,
)
def test_a_senseless_descent_gets_a_sentence(arguments, words):
    given = {"start": 1.0, "lr": 0.1, "steps": 5, **arguments}
    with pytest.raises(ValueError, match=words):
        sgd_core.descend(sgd_core.parse_function("x**2"), **given)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({1: 2}, "no setting 1"),
        (None, "names with values"),
        ([("lr", 0.1)], "names with values"),
        ({"optimizer_options": {"momentum": 1e300}}, "between 0 and 10"),
        ({"optimizer_options": {"weight_decay": 1e39}}, "between 0 and 1,000,000"),
        ({"optimizer_options": {"weight_decay": 10**400}}, "finite number"),
        ({"lr": 10**400}, "finite number above 0"),
        ({"seconds": 10**400}, "finite number above 0"),
        ({"epochs": 10**5000}, "from 1 to 10,000"),
        ({"batch_size": -(10**5000)}, "at least 1"),
        ({"model": "x" * 10**6}, "There is no model"),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, dict) else str(list(value)),
)
def test_senseless_settings_get_a_short_sentence(values, words):
    with pytest.raises(ValueError, match=words) as caught:
        sgd_core.TrainConfig.from_dict(values)
    assert len(str(caught.value)) < 400


def test_what_has_grown_too_large_is_what_is_not_finite():
    digits = sgd_core.load_digits("uci")
    weights = [np.full((1, 64), 1e38, np.float32), np.full(1, np.inf, np.float32)]
    saturated = sgd_core.TrainConfig(loss="mean_absolute_error", epochs=2)
    *_, last = sgd_core.train(saturated, digits, weights=weights)
    assert last.status is Status.DIVERGED and math.isfinite(last.train_loss)
    assert "a weight is already too large to be a number" in last.reason
    *_, last = sgd_core.train(sgd_core.TrainConfig(loss="mean_squared_error", lr=5.0, epochs=200), digits)
    assert last.status == "diverged" and not math.isfinite(last.train_loss)
    assert "the loss has grown too large" in last.reason


def test_a_mean_does_not_overflow_where_no_loss_does():
    """64 losses of 1e37 add up beyond float32: no run ends there while the whole set's mean is a number."""
    digits = sgd_core.load_digits("uci")
    weights = [np.full((1, 64), 3e17, np.float32), np.zeros(1, np.float32)]
    config = sgd_core.TrainConfig(loss="mean_squared_error", lr=1e-30, epochs=1)
    first, *_, last = sgd_core.train(config, digits, weights=weights)
    assert math.isfinite(first.train_loss) and first.train_loss * 64 > 3.4e38
    assert last.status == "finished" and math.isfinite(last.batch_loss)


def test_statuses_are_their_strings():
    digits = sgd_core.load_digits("uci")
    snapshots = list(sgd_core.train(sgd_core.TrainConfig(epochs=1), digits))
    assert [snapshot.status for snapshot in snapshots] == ["running", "finished"]
    assert all(isinstance(snapshot.status, Status) for snapshot in snapshots)
    assert set(sgd_core.descend(sgd_core.parse_function("x**2"), 1.0, 1.5, 3000)["status"]) == {"running", "diverged"}
