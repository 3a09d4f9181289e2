"""Each number told of many seeds: by sorting and counting the ends of a made-up frame, diverged seeds among them."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.seed_words import tell_seeds
from sgd_core.digits.seeds import growing_seeds
from sgd_core.digits.sweep import sweep_frame
from sgd_core.digits.training import train
from sgd_core.status import Status
from tests.numbers_in_words import numbers, written

COUNT = 32


def made_up(column: str, lost: int, mine: float, status: Status = Status.RUNNING) -> tuple[list[float], list[str]]:
    """Values of 32 seeds at epoch 2, `lost` of them diverged, and what is told beside a run that has `mine`."""
    values = np.random.default_rng(4).permutation(np.linspace(0.11, 0.93, COUNT))
    broken = np.arange(COUNT) < lost
    shown = np.where(broken, 0.5 if "accuracy" in column else math.inf, values)
    frames = [
        pd.DataFrame(
            {
                "seed": range(COUNT),
                "epoch": epoch,
                column: at,
                "status": np.where(broken & (epoch > 0), "diverged", "running"),
            }
        )
        for epoch, at in ((0, 0.5), (1, 0.7), (2, shown), (2.5, 0.1))
    ]
    own = SimpleNamespace(epoch=2.0, status=status, **{column: mine})
    run = SimpleNamespace(moments=[own, SimpleNamespace(epoch=2.75)], config=TrainConfig(seed=77))
    return sorted(values[~broken]), tell_seeds(pd.concat(frames), column, run, 1)


@pytest.mark.parametrize("lost", [0, 3])
@pytest.mark.parametrize("column", ["valid_accuracy", "valid_loss", "train_loss"])
def test_how_far_they_lie_apart_and_where_this_run_is(column: str, lost: int) -> None:
    values, told = made_up(column, lost, 0.4321)
    accuracy = "accuracy" in column
    ahead = lost + sum(value < 0.4321 if accuracy else value > 0.4321 for value in values)
    tenth, ninth = values[int(0.1 * (len(values) - 1))], values[int(0.9 * (len(values) - 1))]
    assert 0.75 <= sum(tenth <= value <= ninth for value in values) / len(values) <= 0.87, "four of five"
    scale, digits = (100, 4) if accuracy else (1, 3)
    ends = written(*(scale * value for value in (values[0], values[-1])), digits=digits)
    expected = [
        "2",
        "32",
        *ends,
        "77",
        *written(scale * 0.4321, digits=digits),
        str(ahead),
        *([str(lost)] if lost else []),
    ]
    assert numbers(told) == expected + written(scale * tenth, scale * ninth, digits=digits)


def test_a_run_that_has_diverged_is_ahead_of_none() -> None:
    assert "ahead of 0 of them; 3 have diverged" in made_up("valid_accuracy", 3, 0.5, Status.DIVERGED)[1][0]


def test_where_all_have_diverged_nobody_is_sent_to_the_first_epoch() -> None:
    for column in ("valid_accuracy", "valid_loss"):
        assert made_up(column, COUNT, 0.4)[1] == ["After epoch 2 all 32 seeds have diverged."]


def test_before_the_first_epoch_s_end() -> None:
    frame = pd.DataFrame({"seed": [0, 1], "epoch": 0, "valid_loss": 0.7, "status": "running"})
    run = SimpleNamespace(moments=[SimpleNamespace(epoch=0.4)], config=TrainConfig())
    assert "go on to the first one" in tell_seeds(frame, "valid_loss", run, 0)[0]


def test_seeds_that_grow_are_single_runs_at_each_epoch_and_between() -> None:
    config, digits = TrainConfig(epochs=2, batch_size=16), load_digits("uci")
    *_, moments = growing_seeds(config, range(3), digits, looks=10)
    frame = sweep_frame(range(3), moments, config.epochs, name="seed")
    assert 10 <= frame["epoch"].nunique() <= 14
    for seed in range(3):
        *_, last = train(TrainConfig(epochs=2, batch_size=16, seed=seed), digits)
        (end,) = frame.loc[(frame["seed"] == seed) & (frame["epoch"] == 2), "valid_accuracy"]
        assert end == pytest.approx(last.valid_accuracy)
