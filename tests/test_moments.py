"""Which steps are recorded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sgd_core.moments import FIRST, PER_DOUBLING, moment_steps, next_moment


def test_every_early_step_is_a_moment() -> None:
    assert moment_steps(10).tolist() == list(range(11))
    assert moment_steps(10_000)[: FIRST + 1].tolist() == list(range(FIRST + 1))


def test_about_forty_moments_a_doubling() -> None:
    steps = moment_steps(32 * 2**8)
    for doubling in range(1, 8):  # from 64 on, where a spacing of one step no longer bounds it
        low, high = 32 * 2**doubling, 64 * 2**doubling
        assert ((steps > low) & (steps <= high)).sum() == PER_DOUBLING
    assert len(steps) == pytest.approx(FIRST + 1 + 8 * PER_DOUBLING, abs=PER_DOUBLING)


@given(st.integers(0, 20_000), st.none() | st.integers(1, 3000), st.none() | st.integers(0, 20_000))
def test_moments_hold_both_ends_and_every_epoch(last: int, epoch: int | None, every: int | None) -> None:
    steps = moment_steps(last, epoch=epoch, every=every)
    assert steps[0] == 0
    assert steps[-1] == last
    assert (np.diff(steps) > 0).all()
    if epoch:
        assert set(range(0, last + 1, epoch)) <= set(steps.tolist())
    if every is not None:
        assert set(range(every, last + 1)) <= set(steps.tolist())


@given(st.integers(1, 5_000), st.none() | st.integers(1, 900), st.none() | st.integers(0, 5_000))
def test_pulling_one_by_one_gives_the_same_moments(last: int, epoch: int | None, every: int | None) -> None:
    pulled = [0]
    while (step := next_moment(pulled[-1], epoch=epoch, every=every)) <= last:
        pulled.append(step)
    assert sorted({*pulled, last}) == moment_steps(last, epoch=epoch, every=every).tolist()


def test_a_run_has_no_negative_steps() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        moment_steps(-1)
