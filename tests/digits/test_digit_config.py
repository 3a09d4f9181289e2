"""The configuration: every value is checked, equal runs are equal, and it survives the trip through a link."""

import json
import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import INITS, MODELS
from sgd_core.digits.sources import SOURCES

OPTIONS = st.one_of(
    st.tuples(
        st.just("sgd"),
        st.fixed_dictionaries({}, optional={"momentum": st.floats(0, 1), "weight_decay": st.floats(0, 1)}),
    ),
    st.tuples(
        st.just("adam"),
        st.fixed_dictionaries({}, optional={"betas": st.tuples(st.floats(0, 0.99), st.floats(0, 0.99))}),
    ),
    st.tuples(
        st.just("rmsprop"), st.fixed_dictionaries({}, optional={"alpha": st.floats(0, 1), "centered": st.booleans()})
    ),
)
CONFIGS = st.builds(
    lambda optimizer, **fields: TrainConfig(optimizer=optimizer[0], optimizer_options=optimizer[1], **fields),
    optimizer=OPTIONS,
    classes=st.one_of(st.none(), st.lists(st.integers(0, 9), min_size=2, max_size=10, unique=True)),
    dataset=st.sampled_from(["uci", "mnist", "fashion_mnist", "kmnist", "emnist_digits", "qmnist"]),
    model=st.sampled_from(["linear", "two_layer"]),
    loss=st.sampled_from(["cross_entropy", "mean_absolute_error", "mean_squared_error"]),
    lr=st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False),
    epochs=st.integers(1, 10_000),
    batch_size=st.one_of(st.none(), st.integers(1, 10**9)),
    shuffle=st.booleans(),
    init=st.sampled_from(["zeros", "normal", "default"]),
    seed=st.integers(0, 2**63 - 1),
    hidden=st.integers(1, 1000),
)


@given(CONFIGS)
def test_a_config_survives_json_and_stays_equal_and_hashable(config):
    again = TrainConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and hash(again) == hash(config)
    assert replace(config) == config


NOT_NUMBERS = st.one_of(st.none(), st.text(), st.lists(st.integers()), st.booleans())


@given(st.one_of(st.floats(max_value=0), st.just(math.nan), st.just(math.inf), NOT_NUMBERS, st.just(10**400)))
def test_a_learning_rate_that_makes_no_sense_is_refused(lr):
    with pytest.raises(ValueError, match=r"^The learning rate must be .*\.$"):
        TrainConfig(lr=lr)


WRONG_WHOLE = st.one_of(st.integers(max_value=-1), st.floats(), NOT_NUMBERS)


@pytest.mark.parametrize(
    ("field", "too_much"), [("epochs", 10_001), ("batch_size", 0), ("seed", 2**63), ("hidden", 1001), ("epochs", 0)]
)
@given(wrong=WRONG_WHOLE)
def test_counts_that_make_no_sense_are_refused(field, too_much, wrong):
    for value in (wrong, too_much):
        if field == "batch_size" and value is None:
            continue
        with pytest.raises(ValueError, match=r"must be a whole number .*\.$"):
            TrainConfig(**{field: value})


KNOWN = {*SOURCES, *MODELS, *LOSSES, *OPTIMIZERS, *INITS}


@pytest.mark.parametrize("field", ["dataset", "model", "loss", "optimizer", "init"])
@given(wrong=st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())))
def test_unknown_names_are_refused_with_the_known_ones(field, wrong):
    assume(not (isinstance(wrong, str) and wrong in KNOWN))  # text() also tries words that stand in our source
    with pytest.raises(ValueError, match=r"choose one of"):
        TrainConfig(**{field: wrong})


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ((3, 3), "named twice"),
        ((3,), "at least two"),
        ((), "at least two"),
        ((3, 10), "no class 10"),
        ((3, -1), "no class -1"),
        ((3, "7"), "no class '7'"),
        ((3, 7.0), r"no class 7\.0"),
        ((True, 7), "no class True"),
        ("37", "sequence"),
        (37, "sequence"),
    ],
)
def test_classes_that_make_no_sense_are_refused(classes, says):
    with pytest.raises(ValueError, match=says):
        TrainConfig(classes=classes)


def test_optimizer_options_are_checked_and_normalised():
    one = TrainConfig(optimizer_options={"weight_decay": 0.1, "momentum": 0.9, "nesterov": False})
    two = TrainConfig(optimizer_options=(("momentum", 0.9), ("weight_decay", 0.1)))
    assert one == two and one.optimizer_options == (("momentum", 0.9), ("weight_decay", 0.1))
    assert one.update_rule.options["momentum"] == 0.9
    for wrong in ({"momentun": 0.9}, {"momentum": -1}, "momentum", 3, {1: 2}, [("momentum",)]):
        with pytest.raises(ValueError, match=r"[Oo]ptimizer|option"):
            TrainConfig(optimizer_options=wrong)


def test_a_config_is_frozen_and_takes_numpy_numbers():
    config = TrainConfig(lr=np.float32(0.5), epochs=np.int64(3), classes=np.array([1, 2]))
    assert config == TrainConfig(lr=0.5, epochs=3, classes=(1, 2))
    with pytest.raises(FrozenInstanceError):
        config.lr = 1.0
    with pytest.raises(ValueError, match="Shuffle"):
        TrainConfig(shuffle="no")
    with pytest.raises(ValueError, match="no setting 'speed'"):
        TrainConfig.from_dict({"speed": 3})
