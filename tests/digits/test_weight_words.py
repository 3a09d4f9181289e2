"""Each number told of the weights: their largest and smallest by a search, ink as a mean in NumPy, blank pixels by counting."""

import numpy as np
import pytest

from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.digits.config import TrainConfig, optimizers_for
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.training import train
from sgd_core.digits.weight_words import tell_strokes, tell_weights
from tests.numbers_in_words import numbers, written


def told(config: TrainConfig, at: int = -1):
    digits = load_digits("uci", config.classes)
    images, labels = digits.train_images.numpy(), digits.train_labels.numpy()
    means = np.stack([images[labels == label].mean(0) for label in range(len(digits.classes))])
    now, dead = list(train(config, digits))[at], images.max(0) == 0
    return tell_weights(now, config, means, dead, digits.class_names), now, means, dead, digits.class_names


def strokes(
    weights: np.ndarray, means: np.ndarray, names: tuple[str, ...], whose: list[str], speaks_for: int | None = None
) -> list[str]:
    """The numbers of both sentences about one map; of the ink only where it agrees with what the weight says."""
    found = []
    for value in (weights.max(), weights.min()):
        row, column = np.argwhere(weights == value)[0]
        ink = means[:, row, column]
        most, least = int(ink.argmax()), int(np.flatnonzero(ink == ink.min())[-1])  # several may have none
        found += [*whose, *written(value, digits=3), str(row), str(column)]
        if speaks_for is not None and (ink[speaks_for] > np.delete(ink, speaks_for).mean()) != (value > 0):
            continue
        found += [names[most], *written(100 * ink[most], digits=2), names[least], *written(100 * ink[least], digits=2)]
    return found


@pytest.mark.parametrize("init", ["zeros", "normal"])
@pytest.mark.parametrize("classes", [(3, 7), None])
def test_the_linear_model_s_strongest_weights(classes: tuple[int, int] | None, init: str) -> None:
    sentences, now, means, dead, names = told(TrainConfig(classes=classes, init=init, epochs=2))
    strongest = max(range(len(now.weights)), key=lambda place: np.abs(now.weights[place]).max())
    whose = [] if classes else [names[strongest]]
    expected = strokes(now.weights[strongest], means, names, whose, strongest)
    assert numbers(sentences) == [*expected, str(int(dead.sum())), "64"]
    assert any("does not say why" in one for one in sentences) == (len(expected) < 2 * (len(whose) + 7))
    assert ("random start" in sentences[2]) == (init == "normal")
    assert ("against the other" in sentences[-1]) == (classes is not None)


def test_the_hidden_unit_that_counts_most() -> None:
    sentences, now, means, dead, names = told(
        TrainConfig(model="two_layer", init="normal", lr=0.05, epochs=3, classes=None)
    )
    outer = now.parameters[2]
    _, unit = np.unravel_index(np.abs(outer).argmax(), outer.shape)
    (value,) = (one for one in outer[:, unit] if abs(one) == np.abs(outer).max())
    expected = [str(unit + 1), *written(value, digits=3), *strokes(now.weights[unit], means, names, [])]
    assert numbers(sentences) == [*expected, str(int(dead.sum())), "64"]
    assert sentences[0].endswith(f"{'+' if value > 0 else '−'}{written(value, digits=3)[0]}.")


def test_before_the_first_step_and_with_filters() -> None:
    sentences, _, _, dead, _ = told(TrainConfig(epochs=1), at=0)
    assert "Nothing is learned yet" in sentences[0] and numbers(sentences[1:]) == [str(int(dead.sum())), "64"]
    (only,) = told(TrainConfig(model="cnn", init="default", lr=0.05, epochs=1))[0]
    assert "Each filter" in only


@pytest.mark.parametrize(("model", "kind"), [("two_layer", "hidden unit"), ("cnn", "filter")])
def test_of_maps_that_are_all_alike_that_is_said(model: str, kind: str) -> None:
    sentences, now, *_ = told(TrainConfig(model=model, init="zeros", lr=0.1, epochs=2))
    assert all((one == now.weights[0]).all() for one in now.weights)
    assert f"Each {kind} has the same weights" in sentences[0] and not any("counts most" in one for one in sentences)


def test_weights_of_which_none_is_negative_or_none_a_number() -> None:
    means = np.zeros((2, 3, 3))
    weights = np.ones((2, 3, 3))
    weights[1, 0, 1] = 4.0
    assert tell_strokes(weights, means, ("3", "7"))[1] == "No weight for 7 is negative."
    assert tell_strokes(weights[:1], means, ("3", "7"))[1] == "No weight is negative."
    assert tell_strokes(np.full((1, 3, 3), np.nan), means, ("3", "7")) == ["The weights are no numbers any more."]
    inked = tell_weights(
        told(TrainConfig(epochs=1))[1], TrainConfig(), np.ones((2, 8, 8)), np.zeros((8, 8), bool), ("3", "7")
    )
    assert "every weight gets a gradient" in inked[2]


@pytest.mark.parametrize("name", optimizers_for("linear"))
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_blank_pixels_keep_their_weights_unless_the_optimizer_decays_them(name: str, decay: float) -> None:
    """ "For ever" was said with weight decay, too, which shrinks them in every step."""
    if "weight_decay" not in OPTIMIZERS[name].options:
        pytest.skip("no decay to set")
    config = TrainConfig(optimizer=name, optimizer_options={"weight_decay": decay}, init="normal", lr=0.01, epochs=2)
    digits = load_digits("uci")
    before, *_, after = train(config, digits)
    dead = digits.train_images.numpy().max(0) == 0
    kept = np.array_equal(before.weights[0][dead], after.weights[0][dead])
    sentence = told(config)[0][2]
    assert ("for ever" in sentence) == kept == (decay == 0) and ("own decay" in sentence) != kept


@pytest.mark.parametrize("name", optimizers_for("linear"))
def test_blank_pixels_with_each_optimizer_as_it_comes(name: str) -> None:
    config = TrainConfig(optimizer=name, init="normal", lr=0.01, epochs=2)
    digits = load_digits("uci")
    before, *_, after = train(config, digits)
    dead = digits.train_images.numpy().max(0) == 0
    kept = np.array_equal(before.weights[0][dead], after.weights[0][dead])
    assert ("for ever" in told(config)[0][2]) == kept


def test_of_an_explosion_nothing_is_read() -> None:
    config = TrainConfig(loss="mean_squared_error", lr=5.0, epochs=10)
    sentences, now, *_ = told(config, at=-1)
    assert now.status == "diverged" and len(sentences) == 1 and "explosion" in sentences[0]
