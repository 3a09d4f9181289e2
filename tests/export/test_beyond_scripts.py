"""The scripts of the page beyond the rule, run as they are, print the numbers on the screen."""

import numpy as np
import pytest
from executing import run

import sgd_core
from sgd_core.beyond.edge import EdgeSettings, catapult_settings, follow, side_by_side
from sgd_core.beyond.silver import least_squares, silver_race
from sgd_core.beyond.tasks import chebyshev_task, digit_task
from sgd_core.descent.regime_map import MapWindow, Outcome, regime_map
from sgd_core.digits.batch_race import SCALINGS, batch_race
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.gradient_noise import gradient_noise_scale
from sgd_core.digits.seeds import compare_seeds, finding_over_seeds
from sgd_core.digits.training import train
from sgd_core.export.beyond import (
    batch_race_script,
    chebyshev_script,
    digits_edge_script,
    finder_seeds_script,
    noise_scale_script,
    regime_map_script,
    seeds_script,
    silver_script,
)


def rows_of(lines: list[str]) -> list[list[float]]:
    return [[float(part) for part in line.split()] for line in lines if line[0].isdigit() and "diverged" not in line]


@pytest.mark.parametrize(
    "settings",
    [
        EdgeSettings(0.2, steps=90, every=30),
        EdgeSettings(0.1, steps=50, every=25, momentum=0.5, nesterov=True, warmup=20, eigenvalues=2, seed=4),
        EdgeSettings(0.15, steps=50, every=20, momentum=0.3),
    ],
    ids=["plain", "nesterov, warm-up", "momentum"],
)
def test_the_edge_script_prints_losses_borders_and_eigenvalues(settings: EdgeSettings) -> None:
    lines = run(chebyshev_script([settings]))
    moments = list(follow(chebyshev_task(), settings))
    assert len(lines) == 1 + len(moments)
    for row, moment in zip(rows_of(lines), moments, strict=True):
        assert row == pytest.approx([moment.step, moment.loss, moment.border, *moment.eigenvalues], rel=1e-4)


def test_the_catapult_script_prints_all_three_rates_to_the_end_of_the_lost_one() -> None:
    task = digit_task(load_digits("uci"))
    runs = catapult_settings(task, (0.5, 1.5, 2.5), 20)
    lines = run(digits_edge_script("uci", (3, 7), runs))
    *_, ends = side_by_side(task, runs)
    parts = "\n".join(lines).split("learning rate ")[1:]
    for part, moment in zip(parts, ends, strict=True):
        last = part.strip().splitlines()[-1].split()
        assert int(last[0]) == moment.step and (last[-1] == "diverged") == (moment.status == "diverged")
        if moment.status == "finished":
            assert float(last[1]) == pytest.approx(moment.loss, rel=1e-2)
            assert float(last[-1]) == pytest.approx(moment.sharpness, rel=1e-2)


def test_the_silver_script_prints_the_gaps() -> None:
    *_, last = silver_race(least_squares(load_digits("uci")), 127)
    lines = run(silver_script("uci", (3, 7), 127, [1.0, 1.9]))
    gaps = {line.split()[0]: float(line.split()[2]) for line in lines}
    for name in ("silver", "1/L", "1.9/L"):
        assert gaps[name] == pytest.approx(last.gaps[name], rel=1e-6)
    assert float(lines[0].split()[1]) == pytest.approx(1 + (1 + 2**0.5) ** 5)


@pytest.mark.parametrize("settings", [{}, {"model": "two_layer", "init": "default", "classes": None}], ids=str)
def test_the_noise_scale_script_prints_it_for_every_epoch(settings: dict[str, object]) -> None:
    config = TrainConfig(epochs=2, **settings)
    digits = load_digits("uci", config.classes)
    shown = [gradient_noise_scale(config, digits, s.parameters) for s in train(config, digits)]
    rows = rows_of(run(noise_scale_script(config)))
    assert rows == [[epoch, pytest.approx(scale, rel=1e-3)] for epoch, scale in enumerate(shown)]


def test_the_seeds_script_prints_every_end_and_the_verdict() -> None:
    one = TrainConfig(epochs=2, lr=0.3, init="default")
    other = TrainConfig(epochs=2, lr=0.05, batch_size=32, loss="mean_squared_error")
    digits, seeds = load_digits("uci"), range(4)
    lines = run(seeds_script(one, other, seeds))
    frames = [sgd_core.sweep_seeds(config, seeds, digits) for config in (one, other)]
    ends = [frame[frame["epoch"] == 2] for frame in frames]
    shown = np.concatenate([end[["seed", "valid_loss", "valid_accuracy"]].to_numpy() for end in ends])
    np.testing.assert_allclose(rows_of(lines), shown, rtol=1e-4)
    verdict = compare_seeds(*frames)
    assert [float(part) for part in lines[-1].split()[1:]] == pytest.approx([verdict.wins, verdict.p_value])


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_map_script_prints_the_shares(logarithmic: bool) -> None:
    f = sgd_core.parse_function("x**4 - 2*x**2")
    window = MapWindow((-2.0, 2.0), (0.01, 0.6), size=64, steps=60, logarithmic=logarithmic)
    whole = regime_map(f, window)
    shares = whole.shares()
    printed = [float(line.split()[-1]) for line in run(regime_map_script(f.torch_code, window))]
    lost = shares.get(Outcome.DIVERGED, 0) + shares.get(Outcome.LEFT_DOMAIN, 0)
    arrived = whole.outcome == Outcome.ARRIVED
    expected = [arrived.mean(), lost, 1 - arrived.mean() - lost, whole.needed[arrived].mean()]
    assert printed == pytest.approx(expected, rel=2e-3, abs=2e-3)


@pytest.mark.parametrize("settings", [{"lr": 0.1}, {"lr": 0.05, "classes": (4, 9, 2), "shuffle": False}], ids=str)
def test_the_batch_race_script_prints_every_end(settings: dict[str, object]) -> None:
    config = TrainConfig(batch_size=64, **settings)
    digits = load_digits("uci", config.classes)
    sizes, most, noise = [16, 64, 256], 30 * len(digits.train_images), 80.0
    lines = iter(run(batch_race_script(config, sizes, 0.3, most, noise)))
    for scaling in SCALINGS:
        looks = batch_race(config, digits, sizes, target=0.3, most_images=most, scaling=scaling, noise_scale=noise)
        for look in (look for look in looks if look.outcome != "running"):
            size, lr, step, images, rest = next(lines).split(maxsplit=4)
            assert (int(size), int(step), int(images)) == (look.batch_size, look.step, look.images)
            assert float(lr) == pytest.approx(look.lr)
            assert rest == f"{look.outcome} with the rate scaled: {scaling}"
    assert next(lines, None) is None


@pytest.mark.parametrize("settings", [{}, {"loss": "mean_squared_error", "batch_size": 16}], ids=str)
def test_the_finders_script_prints_each_seeds_suggestions(settings: dict[str, object]) -> None:
    config = TrainConfig(**settings)
    parts = finding_over_seeds(config, load_digits("uci"), range(3))
    shown = [(row.seed, row.suggestion, row.lr) for part in parts for row in part.itertuples()]
    lines = [line.split() for line in run(finder_seeds_script(config, range(3)))]
    assert [(int(seed), name) for seed, name, _ in lines] == [(seed, name) for seed, name, _ in shown]
    # next to each other on the axis of 100 rates: the float32 losses are added up in another order
    steps = [np.log(float(line[2]) / row[2]) / np.log(1e8) * 99 for line, row in zip(lines, shown, strict=True)]
    assert np.abs(steps).max() <= 1.01
