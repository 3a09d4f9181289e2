"""Was it luck? Digit training's band of 32 seeds, against single runs of the same seeds."""

import numpy as np
import pytest
from reading import charts, said
from test_training_page import Open, press, run_of, trained

import sgd_core
from pages.training.seeds import SEEDS
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.seed_words import tell_seeds
from sgd_core.digits.sweep import sweep_seeds
from sgd_core.numbers import percent

SECTION = {"training_section": "Was it luck?"}


def test_the_band_is_offered_and_says_where_this_run_lies_among_single_runs(app: Open) -> None:
    at = trained(app("training", training_epochs="2", training_batch="16", **SECTION))
    assert "another seed" in said(at)
    at = press(at, "seeds_train")
    assert any("32 seeds" in words for words in charts(at))
    run, digits = run_of(at), load_digits("uci", (3, 7))
    ends = []
    for seed in range(SEEDS):
        *_, last = sgd_core.train(sgd_core.TrainConfig(epochs=2, batch_size=16, seed=seed), digits)
        ends.append(last.valid_accuracy)
    mine = run.latest.valid_accuracy
    assert mine == ends[run.config.seed]
    words = said(at)
    assert f"between {percent(min(ends), 4)} and {percent(max(ends), 4)}" in words
    assert f"has {percent(mine, 4)} and is ahead of {int((np.array(ends) < mine).sum())} of them" in words


def test_without_chance_there_is_nothing_to_compare(app: Open) -> None:
    at = app("training", training_batch="100000", **SECTION)
    assert "no chance in a run" in " ".join(info.value for info in at.info)


@pytest.mark.parametrize("column", ["valid_accuracy", "valid_loss", "train_loss"])
def test_a_run_of_another_seed_is_ranked_by_each_measure(app: Open, column: str) -> None:
    at = trained(app("training", training_epochs="1", training_seed="77"))
    run = run_of(at)
    frame = sweep_seeds(run.config, range(SEEDS), run.digits)
    words = tell_seeds(frame, column, run, len(run.moments) - 1)[0]
    ends, mine = frame.loc[frame["epoch"] == 1, column], getattr(run.latest, column)
    ahead = (ends < mine).sum() if column == "valid_accuracy" else (ends > mine).sum()
    assert f"ahead of {ahead} of them" in words and "seed 77" in words
    assert "go on to the first one" in tell_seeds(frame, column, run, 0)[0]
