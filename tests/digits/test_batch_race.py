"""Batch sizes raced to one loss: single runs, and the published law below and above the noise scale."""

import pytest

from sgd_core.digits.batch_race import SCALINGS, batch_race
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.training import train


@pytest.fixture(scope="module")
def uci():
    return load_digits("uci", None)


def ends(config, digits, sizes, **options):
    moments = list(batch_race(config, digits, sizes, **options))
    return {m.batch_size: m for m in moments if m.outcome != "running"}


def test_it_is_training_until_the_target(uci):
    config = TrainConfig(classes=None, lr=0.1, batch_size=32)
    (end,) = ends(config, uci, [32], target=0.5, most_images=50_000).values()
    assert end.outcome == "there" and end.train_loss <= 0.5
    single = train(TrainConfig(classes=None, lr=0.1, batch_size=32, epochs=20), uci, snapshot_every=1)
    exact = next(s.step for s in single if s.train_loss <= 0.5)
    assert exact <= end.step <= 1.06 * exact + 1


def test_below_the_noise_scale_scaling_saves_steps_and_above_it_only_costs_images(uci):
    config = TrainConfig(classes=None, lr=0.02, batch_size=8)
    options = {"target": 0.6, "most_images": 400_000}
    same = ends(config, uci, [8, 32, 512], scaling="same", **options)
    assert same[32].images > 3 * same[8].images, "at the same rate a step goes as far, whatever the batch"
    linear = ends(config, uci, [8, 32], scaling="linear", **options)
    assert linear[32].images == pytest.approx(linear[8].images, rel=0.2)
    assert linear[32].step == pytest.approx(linear[8].step / 4, rel=0.2)
    theory = ends(config, uci, [8, 32, 512, 1437], scaling="by noise scale", noise_scale=60, **options)
    assert theory[1437].images > 2 * theory[512].images and theory[1437].step > 0.8 * theory[512].step
    assert theory[512].step < theory[32].step < theory[8].step


def test_a_race_ends_where_it_diverges_or_runs_out_of_images(uci):
    wild = TrainConfig(classes=None, loss="mean_squared_error", lr=5.0, batch_size=8)
    (end,) = ends(wild, uci, [8], target=0.01, most_images=50_000).values()
    assert end.outcome == "diverged"
    slow = TrainConfig(classes=None, lr=1e-4, batch_size=8)
    (end,) = ends(slow, uci, [8], target=0.01, most_images=2_000).values()
    assert end.outcome == "out of images" and 2_000 <= end.images <= 2_200


def test_scalings_agree_at_their_own_batch_size_and_bad_values_get_a_sentence(uci):
    for rule in SCALINGS.values():
        assert rule(0.1, 32, 32, 100.0) == pytest.approx(0.1)
    for arguments, options, sentence in (
        (([8],), {"scaling": "square"}, "no scaling"),
        (([0],), {}, "at least 1"),
    ):
        with pytest.raises(ValueError, match=sentence):
            next(batch_race(TrainConfig(classes=None), uci, *arguments, target=0.5, most_images=1000, **options))
