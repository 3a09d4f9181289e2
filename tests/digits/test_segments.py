"""A run as a list of segments: described in plain values and trained again it is the same run, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sgd_core
from sgd_core.digits.segments import Segment, from_plain, replay, segments_until, split_at, steps_of, to_plain

DIGITS = sgd_core.load_digits("uci")


def same(one: sgd_core.Snapshot, two: sgd_core.Snapshot) -> None:
    assert (one.step, one.epoch, one.train_loss, one.rates) == (two.step, two.epoch, two.train_loss, two.rates)
    for ours, theirs in zip(one.parameters, two.parameters, strict=True):
        assert np.array_equal(ours, theirs)


def through_json(segments: list[Segment]) -> list[Segment]:
    again = from_plain(json.loads(json.dumps(to_plain(segments))))
    assert again == segments
    return again


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adam", "lr": 0.01, "optimizer_options": {"betas": (0.8, 0.99)}},
        {"optimizer_options": {"momentum": 0.9}, "lr": 0.05},
        {"schedule": "cosine", "epochs": 9, "classes": (3, 7)},
    ],
    ids=str,
)
def test_a_run_with_its_branches_is_the_same_bit_for_bit(settings: dict[str, object]) -> None:
    config = sgd_core.TrainConfig(**settings)
    trunk = sgd_core.train(config, DIGITS)
    next(trunk)
    next(trunk)
    trunk.send(sgd_core.StepRequest(lr=0.03))  # by hand, after the first epoch
    fork = trunk.send(sgd_core.StepRequest(steps=3))
    next(trunk)
    end = next(trunk)
    parent = segments_until(config, end)
    assert [segment.config.lr for segment in parent] == [config.lr, 0.03]
    again = list(replay(through_json(parent), DIGITS))
    same(again[-1], end)
    assert len({snapshot.step for snapshot in again}) == len(again)

    second = replace(config, lr=0.2, seed=4, batch_size=30)
    branch = sgd_core.train(second, DIGITS, after=fork)
    next(branch)
    twig = branch.send(sgd_core.StepRequest(steps=2))
    path = segments_until(second, twig, split_at(parent, fork.step)[0])
    assert steps_of(path) == twig.step
    same(list(replay(through_json(path), DIGITS))[-1], twig)
    same(list(replay(path[2:], DIGITS, after=fork))[-1], twig)


@pytest.mark.parametrize("steps", range(8))
def test_a_run_is_split_at_any_step(steps: int) -> None:
    one, two = sgd_core.TrainConfig(), sgd_core.TrainConfig(seed=1)
    before, after = split_at([Segment(one, 3), Segment(two, 0), Segment(two, 4)], steps)
    assert (steps_of(before), steps_of(after)) == (steps, 7 - steps)
    assert before[-1].config == (one if steps <= 3 else two)
    with pytest.raises(ValueError, match="only 7 steps"):
        split_at([*before, *after], 8)
    assert split_at([Segment(one)], steps) == ([Segment(one, steps)], [Segment(one)])


def test_a_segment_without_steps_still_resets_what_the_optimizer_remembers() -> None:
    momentum = sgd_core.TrainConfig(optimizer_options={"momentum": 0.9}, lr=0.05)
    adam = sgd_core.TrainConfig(optimizer="adam", lr=0.01)
    moment = [*sgd_core.train(replace(momentum, epochs=1), DIGITS)][-1]
    between = next(sgd_core.train(adam, DIGITS, after=moment))
    last = [*sgd_core.train(replace(momentum, epochs=2), DIGITS, after=between)][-1]
    path = [Segment(momentum, moment.step), Segment(adam, 0), Segment(momentum, last.step - moment.step)]
    same([*replay(through_json(path), DIGITS)][-1], last)
    other = [*replay([path[0], path[2]], DIGITS)][-1]
    assert other.train_loss != last.train_loss


def test_a_run_that_diverged_ends_where_it_did() -> None:
    config = sgd_core.TrainConfig(loss="mean_squared_error", lr=50.0, epochs=50)
    last = list(sgd_core.train(config, DIGITS))[-1]
    assert last.status == "diverged"
    assert list(replay(segments_until(config, last), DIGITS))[-1].step == last.step
    without_end = list(replay([Segment(config)], DIGITS))[-1]
    assert (without_end.step, without_end.status) == (last.step, "diverged")


def test_a_run_without_an_end_ends_by_its_own_rules() -> None:
    config = sgd_core.TrainConfig(classes=None, patience=2, epochs=40, lr=1.0)
    digits = sgd_core.load_digits("uci", None)
    same(list(replay([Segment(config)], digits))[-1], list(sgd_core.train(config, digits))[-1])


def test_the_moment_must_lie_behind_what_comes_before() -> None:
    config = sgd_core.TrainConfig()
    now = next(sgd_core.train(config, DIGITS))
    with pytest.raises(ValueError, match="begins at step 5"):
        segments_until(config, now, [Segment(config, 5)])


@pytest.mark.parametrize(
    "plain",
    [
        None,
        7,
        [],
        [7],
        [[{}, -1]],
        [[{}, 1.5]],
        [[{}, True]],
        [[{"lr": -1}, 1]],
        [[{"colour": 1}, 1]],
        [[{1: 2}, 1]],
        [[{}, 1, 2]],
        [[[], 1]],
        [[{}, None], [{}, 1]],
        [[{"optimizer_options": 3}, 1]],
        [[{}, 0]] * 1001,
    ],
    ids=lambda plain: str(plain)[:40],
)
def test_what_describes_no_run_is_refused(plain: object) -> None:
    with pytest.raises(ValueError):
        from_plain(plain)
