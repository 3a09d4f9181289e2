"""A branch in a link is the same branch, bit for bit; what makes no sense gets a sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sgd_core.digits.branch_links import MOST_BRANCHES, left_out, read_chain, run_again, write_chain
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.history import history_frame
from sgd_core.digits.run import Origin, Run

DIGITS = load_digits("uci")


def run_from(origin: Origin | None, lr: float) -> Run:
    run = Run(TrainConfig(epochs=4, lr=lr), DIGITS, origin)
    run.extend(100, 60.0)
    return run


def branch_of(run: Run, at: int) -> Origin:
    return run.origin_at(at, history_frame(run.moments))


def test_a_chain_of_branches_is_made_again_bit_for_bit() -> None:
    parent = run_from(None, 0.5)
    first = branch_of(parent, 4)
    child = run_from(first, 0.1)
    second = branch_of(child, 3)
    grandchild = run_from(second, 0.9)
    chain = read_chain(write_chain(grandchild))
    assert [step for _, step in chain] == [parent.moments[4].step, child.moments[3].step]
    origin = None
    for segments, step in chain:
        again, at = run_again(segments, step, DIGITS, origin, 10)
        assert again.moments[at].step == step
        origin = branch_of(again, at)
    assert origin is not None
    for mine, theirs in zip(origin.moment.parameters, second.moment.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert origin.segments == second.segments
    assert write_chain(run_from(origin, 0.9)) == write_chain(grandchild)


def test_the_grey_line_of_a_branch_goes_on_where_its_parent_branched_off() -> None:
    parent = run_from(None, 0.5)
    child = run_from(parent.origin_at(4, history_frame(parent.moments)), 0.1)
    curves = child.origin_at(3, history_frame(child.moments)).curves
    assert curves["step"].is_monotonic_increasing and curves["step"].is_unique
    expected = [now.train_loss for now in parent.moments[:4]] + [now.train_loss for now in child.moments]
    assert curves["train_loss"].tolist() == expected


def test_what_a_link_leaves_out() -> None:
    parent = run_from(None, 0.5)
    assert left_out(parent) is None and write_chain(parent) == ""
    child = run_from(branch_of(parent, 4), 0.1)
    assert left_out(child) is None
    run = child
    for _ in range(MOST_BRANCHES):
        run = run_from(branch_of(run, 1), 0.1)
    assert write_chain(run) == "" and "too long a story" in str(left_out(run))
    assert len(read_chain(write_chain(run_from(run.origin.before, 0.1)))) == MOST_BRANCHES
    drawn = Run(TrainConfig(epochs=2), replace(DIGITS, name="mine"))
    assert "does not hold your drawings" in str(left_out(drawn))
    for steered, begin in ((parent, "from the start"), (child, "from the branch on")):
        steered = Run(steered.config, DIGITS, steered.origin)
        steered.extend(3, 60.0)
        steered.follow(replace(steered.config, lr=0.3))
        steered.extend(5, 60.0)
        assert steered.steered and begin in str(left_out(steered))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        "3",
        "[3]",
        "[[1, 2, 3]]",
        json.dumps([[[[{}, 5]], 1]] * (MOST_BRANCHES + 1)),
        "[" * 100_000,
    ],
)
def test_a_chain_that_makes_no_sense(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_chain(text)


@pytest.mark.parametrize("plain", [[[[{}, None]], 1], [[[{}, 5]], "1"], [[[{}, 5]], True]])
def test_a_chain_without_a_step(plain: list) -> None:
    with pytest.raises(ValueError, match="names no step"):
        read_chain(json.dumps([plain]))


def test_a_parent_that_never_gets_there() -> None:
    ((segments, step),) = read_chain(write_chain(run_from(branch_of(run_from(None, 0.5), 4), 0.1)))
    with pytest.raises(ValueError, match=rf"never makes step {step}"):
        run_again(segments, step, DIGITS, None, 0)
    later = branch_of(run_from(None, 0.5), 6)
    with pytest.raises(ValueError, match=rf"begins after step {step}"):
        run_again(segments, step, DIGITS, later, 10)
