"""The scripts a page shows, run as they are, print the numbers on the screen."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sgd_core
from sgd_core.export.code import derivative_script, descent_script
from sgd_core.export.training import training_script


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
