"""Statistics over seeds against scipy and numpy, on constructed frames and on real runs."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

import sgd_core
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.seeds import achieved, compare_seeds, finding_over_seeds, seed_band
from sgd_core.digits.sweep import sweep_frame, sweeping_seeds


def frame(ends, status=None, column="valid_accuracy"):
    status = status or ["finished"] * len(ends)
    return pd.DataFrame({"seed": range(len(ends)), "epoch": 1, column: ends, "status": status})


def test_the_band_leaves_out_a_tenth_on_each_side_and_the_lost_are_the_worst():
    values = np.arange(11) / 10
    band = seed_band(frame(values)).iloc[0]
    assert (band["low"], band["median"], band["high"], band["alive"]) == (0.1, 0.5, 0.9, 1.0)
    band = seed_band(frame(values, column="valid_loss"), "valid_loss").iloc[0]
    assert (band["low"], band["median"], band["high"]) == (0.1, 0.5, 0.9)
    lost = frame(values, ["diverged"] * 3 + ["finished"] * 8)
    band = seed_band(lost).iloc[0]
    assert band["low"] == -np.inf and band["median"] == 0.5 and band["alive"] == pytest.approx(8 / 11)


def test_wins_and_p_value_are_scipys_and_the_probability_sees_a_real_difference():
    generator = np.random.default_rng(0)
    one, other = generator.normal(0.95, 0.01, 32), generator.normal(0.94, 0.01, 32)
    verdict = compare_seeds(frame(one), frame(other))
    test = mannwhitneyu(one, other)
    assert verdict.p_value == pytest.approx(test.pvalue) and verdict.wins == pytest.approx(test.statistic / 32**2)
    assert verdict.wins == pytest.approx((one[:, None] > other[None]).mean())
    assert verdict.probability > 0.95 and verdict.seeds == (32, 32)
    back = compare_seeds(frame(other), frame(one))
    assert back.wins == pytest.approx(1 - verdict.wins)
    losses = compare_seeds(frame(one, column="valid_loss"), frame(other, column="valid_loss"), "valid_loss")
    assert losses.wins == pytest.approx(1 - verdict.wins), "of a loss less is better"


def test_of_two_equal_settings_none_is_named_better_too_often():
    generator = np.random.default_rng(1)
    sure = [
        abs(compare_seeds(*(frame(generator.normal(size=16)) for _ in range(2)), seed=i).probability - 0.5) > 0.45
        for i in range(100)
    ]
    assert np.mean(sure) < 0.25
    same = compare_seeds(frame([0.9] * 5), frame([0.9] * 5))
    assert same.probability == 0.5 and same.wins == 0.5 and same.p_value == 1


def test_a_diverged_seed_loses_to_all():
    verdict = compare_seeds(frame([0.1, 0.2, 0.3]), frame([0.9, 0.9, 0.9], ["diverged"] * 3))
    assert verdict.wins == 1 and verdict.medians[0] == 0.2 and verdict.medians[1] == -np.inf
    with pytest.raises(ValueError, match="two seeds"):
        compare_seeds(frame([0.5]), frame([0.5, 0.6]))


def test_over_real_seeds_a_good_rate_beats_a_low_one():
    digits, config = load_digits("uci"), TrainConfig(epochs=3)
    good = sgd_core.sweep_seeds(config, range(16), digits)
    low = sgd_core.sweep_seeds(TrainConfig(epochs=3, lr=0.001), range(16), digits)
    band = seed_band(good, "valid_loss")
    assert band["epoch"].tolist() == [0, 1, 2, 3] and (band["low"] <= band["median"]).all()
    assert (band["median"] <= band["high"]).all() and band["median"].iloc[-1] < band["median"].iloc[0]
    verdict = compare_seeds(good, low, "valid_loss")
    assert verdict.wins == 1 and verdict.probability == 1 and verdict.p_value < 1e-4


def test_the_finders_suggestions_over_seeds_and_what_each_achieves():
    digits, config = load_digits("uci"), TrainConfig(epochs=4)
    suggested = pd.concat(finding_over_seeds(config, digits, range(6)), ignore_index=True)
    assert list(suggested.columns) == ["seed", "suggestion", "lr"] and suggested["seed"].nunique() == 6
    alone = sgd_core.lr_range_test(TrainConfig(epochs=4, seed=3), digits).attrs["suggestions"]
    assert dict(suggested[suggested["seed"] == 3][["suggestion", "lr"]].to_numpy()) == alone
    result = achieved(config, digits, suggested)
    assert len(result) == len(suggested)
    row = result.iloc[7]
    *_, last = sgd_core.train(TrainConfig(epochs=4, lr=row["lr"]), digits)
    assert row["valid_loss"] == pytest.approx(last.valid_loss, rel=1e-4) and row["status"] == "finished"


def test_watching_seeds_is_sweeping_them(monkeypatch):
    digits, config = load_digits("uci"), TrainConfig(dataset="uci", classes=(3, 7), lr=0.5, epochs=2)
    whole = sgd_core.sweep_seeds(config, [3, 5], digits)
    moments = [moment for moment in sweeping_seeds(config, [3, 5], digits) if moment.losses is not None]
    pd.testing.assert_frame_equal(sweep_frame([3, 5], moments, 2, name="seed"), whole)
    finer = [m.epoch for m in sweeping_seeds(config, [3, 5], digits, snapshot_every=2) if m.losses is not None]
    assert len(finer) > len(moments)
    monkeypatch.setattr("sgd_core.digits.sweep.MOST_GATHERED", 64 * 64 * 2)
    with pytest.raises(ValueError, match="too large"):
        sweeping_seeds(config, [3, 5, 7], digits)
