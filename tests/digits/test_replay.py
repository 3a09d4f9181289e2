"""A run told in plain values and trained again is the same run, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sgd_core
from sgd_core.digits.replay import Segment, replay

DIGITS = sgd_core.load_digits("uci")


def told_again(stretch: Segment) -> Segment:
    again = Segment.from_plain(json.loads(json.dumps(stretch.to_plain())))
    assert again == stretch
    return again


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adam", "lr": 0.01, "optimizer_options": {"betas": (0.8, 0.99)}},
        {"schedule": "cosine", "epochs": 9, "classes": (3, 7)},
    ],
    ids=str,
)
def test_parent_branch_and_twig_are_the_same_bit_for_bit(settings: dict[str, object]) -> None:
    config = sgd_core.TrainConfig(**settings)
    trunk = sgd_core.train(config, DIGITS)
    next(trunk)
    next(trunk)
    trunk.send(sgd_core.StepRequest(lr=0.03))  # by hand, after the first epoch
    fork = trunk.send(sgd_core.StepRequest(steps=3))
    for _ in range(2):
        end = next(trunk)
    parent = told_again(Segment(replace(config, lr=0.03), fork.step, end.step, end.rates))
    again = list(replay(parent, DIGITS))
    moment = next(one for one in again if one.step == fork.step)
    assert again[-1].step == end.step and again[-1].train_loss == end.train_loss and again[-1].rates == end.rates

    second = replace(config, lr=0.2, seed=4, batch_size=30)
    branch = sgd_core.train(second, DIGITS, after=fork)
    next(branch)
    twig = branch.send(sgd_core.StepRequest(steps=2))
    child = told_again(Segment(second, twig.step, twig.step, twig.rates))
    same = list(replay(child, DIGITS, after=moment))[-1]
    assert (same.step, same.train_loss, same.rates) == (twig.step, twig.train_loss, twig.rates)
    for ours, theirs in zip(same.parameters, twig.parameters, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_run_that_diverged_ends_where_it_did() -> None:
    config = sgd_core.TrainConfig(loss="mean_squared_error", lr=50.0, epochs=50)
    shown = list(sgd_core.train(config, DIGITS))
    last = shown[-1]
    assert last.status == "diverged"
    again = list(replay(told_again(Segment(config, shown[1].step, last.step, last.rates)), DIGITS))
    assert again[-1].step == last.step


@pytest.mark.parametrize(
    "plain",
    [
        None,
        7,
        [{}, 3, 2, [[0, 0.5]]],
        [{}, -1, 2, [[0, 0.5]]],
        [{}, 1.5, 2, [[0, 0.5]]],
        [{"lr": -1}, 1, 2, [[0, 0.5]]],
        [{"colour": 1}, 1, 2, [[0, 0.5]]],
        [{}, 1, 2, [[0, 0]]],
        [{}, 1, 2, [[5, 0.5], [1, 0.5]]],
        [{}, 1, 2, [0]],
        [[], 1, 2, []],
        [{"optimizer_options": 3}, 1, 2, []],
    ],
    ids=str,
)
def test_what_describes_no_run_is_refused(plain: object) -> None:
    with pytest.raises(ValueError):
        Segment.from_plain(plain)
