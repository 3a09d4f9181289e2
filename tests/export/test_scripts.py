"""The scripts a page shows, run as they are, print the numbers on the screen."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sgd_core
from sgd_core.export.code import derivative_script, descent_script
from sgd_core.export.training import ScriptSegment, run_script, training_script


def run(script: str, folder: Path) -> list[str]:
    """Run a script in a process of its own that cannot see this project; return its lines."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_derivative_script_prints_value_and_gradient(tmp_path: Path) -> None:
    f = sgd_core.parse_function("x**2")
    assert run(derivative_script(f.torch_code, [3.0]), tmp_path) == ["tensor(9., grad_fn=<PowBackward0>)", "tensor(6.)"]
    vector = run(derivative_script(f.torch_code, [3.0, 4.0, 10.0]), tmp_path)
    assert vector == ["tensor(125., grad_fn=<SumBackward0>)", "tensor([ 6.,  8., 20.])"]


@pytest.mark.parametrize("formula", ["x**2", "sin(3*x) + x**2/10"])
def test_the_descent_script_prints_the_frame(tmp_path: Path, formula: str) -> None:
    f = sgd_core.parse_function(formula)
    rates = [0.1, 0.9]
    code = sgd_core.Optimizer("sgd", momentum=0.5).torch_code("[w]", "lr")
    lines = run(descent_script(f.torch_code, start=-1.5, lrs=rates, steps=7, optimizer=code), tmp_path)
    numbers = np.array([[float(part) for part in line.split()] for line in lines if not line.startswith("learning")])
    frame = sgd_core.descend(f, start=-1.5, lr=rates, steps=7, optimizer="sgd", momentum=0.5)
    assert np.allclose(numbers, frame[["step", "x", "loss", "gradient", "update"]].to_numpy(), rtol=1e-9, atol=1e-12)


CONFIGS = [
    {},
    {"classes": None, "batch_size": 100},
    {"model": "two_layer", "init": "normal", "lr": 0.1, "loss": "mean_absolute_error"},
    {"loss": "mean_squared_error", "lr": 0.02, "batch_size": None, "classes": None},
    {"optimizer": "adam", "lr": 0.01, "init": "default", "model": "two_layer", "shuffle": False, "classes": (4, 9, 2)},
    {"optimizer_options": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, "lr": 0.05},
]


@pytest.mark.parametrize("settings", CONFIGS, ids=str)
def test_the_training_script_repeats_the_run(tmp_path: Path, settings: dict[str, object]) -> None:
    config = sgd_core.TrainConfig(epochs=3, seed=5, **settings)
    lines = run(training_script(config), tmp_path)
    numbers = np.array([[float(part) for part in line.split()] for line in lines])
    snapshots = sgd_core.train(config, sgd_core.load_digits("uci", config.classes))
    wanted = np.array([[s.epoch, s.train_loss, s.valid_loss, s.valid_accuracy] for s in snapshots])
    assert np.allclose(numbers, wanted, atol=1e-6)


def check(script: str, folder: Path, shown: list[sgd_core.Snapshot]) -> None:
    """The script prints what these snapshots say."""
    numbers = np.array([[float(part) for part in line.split()] for line in run(script, folder)])
    wanted = np.array([[s.epoch, s.train_loss, s.valid_loss, s.valid_accuracy] for s in shown])
    assert numbers.shape == wanted.shape
    assert np.allclose(numbers, wanted, atol=1e-6)


STOPPING = [
    {"schedule": "one_cycle", "epochs": 3},
    {"schedule": "cosine", "epochs": 3, "batch_size": None, "optimizer": "adamw", "lr": 0.02},
    {"patience": 2, "epochs": 40, "classes": None, "lr": 1.0},
]


@pytest.mark.parametrize("settings", STOPPING, ids=str)
def test_schedules_and_patience_are_in_the_script(tmp_path: Path, settings: dict[str, object]) -> None:
    config = sgd_core.TrainConfig(**settings)
    digits = sgd_core.load_digits("uci", config.classes)
    snapshots = list(sgd_core.train(config, digits))
    assert config.patience is None or snapshots[-1].status == "stopped"
    check(training_script(config, len(digits.train_images)), tmp_path, snapshots)


@pytest.mark.parametrize("schedule", ["constant", "step", "one_cycle"])
def test_a_run_is_told_as_it_went_with_its_learning_rates_and_its_branches(tmp_path: Path, schedule: str) -> None:
    digits = sgd_core.load_digits("uci")
    first = sgd_core.TrainConfig(schedule=schedule, epochs=4, optimizer_options={"momentum": 0.5}, lr=0.1)
    trunk = sgd_core.train(first, digits)
    shown = [next(trunk), next(trunk)]
    shown.append(trunk.send(sgd_core.StepRequest(lr=0.05)))  # by hand, after the first epoch
    fork = trunk.send(sgd_core.StepRequest(steps=2))  # 2 epochs and 2 steps
    shown.append(fork)
    second = replace(
        first, lr=0.02, optimizer_options={"momentum": 0.9}, batch_size=40, loss="mean_squared_error", seed=3
    )
    branch = list(sgd_core.train(second, digits, after=fork))
    shown.append(branch[1])
    third = replace(second, optimizer="adam", optimizer_options={}, lr=0.001)
    twig = sgd_core.train(third, digits, after=branch[1])
    next(twig)
    shown.append(twig.send(sgd_core.StepRequest(steps=3)))
    segments = [
        ScriptSegment(first, fork.epoch, fork.step, fork.rates),
        ScriptSegment(second, branch[1].epoch, branch[1].step, branch[1].rates),
        ScriptSegment(third, shown[-1].epoch, shown[-1].step, shown[-1].rates),
    ]
    if schedule == "constant":
        assert "scheduled" not in run_script(segments)
    check(run_script(segments, len(digits.train_images)), tmp_path, shown)


def numbers(lines: list[str]) -> list[list[float]]:
    """The plain numbers of each line."""
    found = []
    for line in lines:
        words = line.replace("tensor(", " ").replace(")", " ").replace(",", " ").split()
        found.append([float(word) for word in words if word.lstrip("-")[:1].isdigit()])
    return found


@pytest.mark.parametrize("kind", ["forward", "central"])
def test_the_nudge_script_prints_the_table(tmp_path: Path, kind: str) -> None:
    from sgd_core.calculus.finite_difference import finite_difference
    from sgd_core.export.slopes import nudge_script

    f = sgd_core.parse_function("sin(pi*x) + x**2/10")
    printed = numbers(run(nudge_script(f.torch_code, 1.3, 1e-3, kind), tmp_path))
    for line, precision in zip(printed, ("float32", "float64"), strict=True):
        pair = finite_difference(f, 1.3, 1e-3, kind, precision)
        assert line == pytest.approx([pair.slope, pair.exact, pair.slope - pair.exact], rel=1e-12)


def test_the_autograd_script_prints_the_gradient_twice_as_large_then_itself(tmp_path: Path) -> None:
    from sgd_core.export.slopes import autograd_script

    lines = run(autograd_script(sgd_core.parse_function("x**2").torch_code, 3.0), tmp_path)
    assert lines == ["tensor(9., grad_fn=<PowBackward0>)", "tensor(6.)", "tensor(12.)", "tensor(6.)"]


def test_the_script_of_two_weights_prints_both_partial_derivatives(tmp_path: Path) -> None:
    from sgd_core.calculus.weights import pair_function, slope_at
    from sgd_core.export.slopes import pair_script

    f = pair_function("a**2*b + sin(pi*b)")
    at = slope_at(f, 1.5, -0.7)
    value, slopes, nudged = numbers(run(pair_script(f.torch_code, 1.5, -0.7), tmp_path))
    assert value == [at.value] and slopes == [at.by_a, at.by_b]
    assert nudged == pytest.approx(slopes, rel=1e-6)


def test_the_weight_gradient_script_finds_the_same_difference(tmp_path: Path) -> None:
    from sgd_core.digits.weight_gradient import compare
    from sgd_core.export.slopes import weight_gradient_script

    config = sgd_core.TrainConfig(init="normal", seed=3)
    found = compare(config, sgd_core.load_digits("uci", config.classes), h=1e-3)
    backward, _, difference = run(weight_gradient_script(config, 1e-3), tmp_path)
    assert float(backward.split()[-1]) == pytest.approx(found.loss, rel=1e-6)
    assert float(difference.split()[-1]) == pytest.approx(found.largest_difference, rel=0.05)
