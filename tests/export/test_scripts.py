"""The scripts of digit training, run as they are, print the numbers on the screen."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from executing import check, compare, run, run_in_process

import sgd_core
from sgd_core.digits.segments import Segment, replay, segments_until
from sgd_core.export.training import run_script, training_script

CONFIGS = [
    {},
    {"classes": None, "batch_size": 100},
    {"model": "two_layer", "init": "normal", "lr": 0.1, "loss": "mean_absolute_error"},
    {"loss": "mean_squared_error", "lr": 0.02, "batch_size": None, "classes": None},
    {"optimizer": "adam", "lr": 0.01, "init": "default", "model": "two_layer", "shuffle": False, "classes": (4, 9, 2)},
    {"optimizer_options": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, "lr": 0.05},
    {"batch_size": 5000, "lr": 0.1},
    {"schedule": "one_cycle"},
    {"schedule": "cosine", "batch_size": None, "optimizer": "adamw", "lr": 0.02},
    {"patience": 2, "epochs": 40, "classes": None, "lr": 1.0},
]


@pytest.mark.parametrize("settings", CONFIGS, ids=str)
def test_the_training_script_repeats_the_run(settings: dict[str, object]) -> None:
    config = sgd_core.TrainConfig(**{"epochs": 3, "seed": 5, **settings})
    snapshots = list(sgd_core.train(config, sgd_core.load_digits("uci", config.classes)))
    assert config.patience is None or snapshots[-1].status == "stopped"
    check(training_script(config), snapshots)


def test_a_process_of_its_own_prints_the_same(tmp_path: Path) -> None:
    script = training_script(sgd_core.TrainConfig(epochs=2))
    assert run_in_process(script, tmp_path) == run(script)


def steered(first: sgd_core.TrainConfig) -> tuple[list[Segment], list[sgd_core.Snapshot]]:
    """A run with a learning rate set by hand and two branches, and what its script should print."""
    digits = sgd_core.load_digits("uci")
    trunk = sgd_core.train(first, digits)
    next(trunk)
    next(trunk)
    trunk.send(sgd_core.StepRequest(lr=0.05))  # by hand, after the first epoch
    fork = trunk.send(sgd_core.StepRequest(steps=2))  # 2 epochs and 2 steps
    second = replace(
        first, lr=0.02, optimizer_options={"momentum": 0.9}, batch_size=40, loss="mean_squared_error", seed=3
    )
    branch = list(sgd_core.train(second, digits, after=fork))
    third = replace(second, optimizer="adam", optimizer_options={}, lr=0.001)
    twig = sgd_core.train(third, digits, after=branch[1])
    next(twig)
    end = twig.send(sgd_core.StepRequest(steps=3))
    segments = segments_until(third, end, segments_until(second, branch[1], segments_until(first, fork)))
    return segments, list(replay(segments, digits))


@pytest.mark.parametrize("schedule", ["constant", "step", "one_cycle"])
def test_the_script_of_a_run_has_its_learning_rates_and_its_branches(schedule: str) -> None:
    first = sgd_core.TrainConfig(schedule=schedule, epochs=4, optimizer_options={"momentum": 0.5}, lr=0.1)
    segments, shown = steered(first)
    assert [segment.config.lr for segment in segments] == [0.1, 0.05, 0.02, 0.001]
    script = run_script(segments)
    check(script, shown)
    assert ("rates_of" in script) == (schedule != "constant")


def test_a_branch_may_bring_an_optimizer_that_is_two_and_a_loss_with_other_imports() -> None:
    first = sgd_core.TrainConfig(model="two_layer", init="default", loss="mean_absolute_error", lr=0.1)
    second = replace(first, optimizer="muon", lr=0.02, loss="huber")
    third = replace(second, schedule="cosine", epochs=9)
    path = [Segment(first, 7), Segment(second, 5), Segment(third, 4)]
    lines = run(run_script(path))
    printed = np.array([[float(part) for part in line.split()] for line in lines])
    shown = list(replay(path, sgd_core.load_digits("uci")))
    wanted = np.array([[s.epoch, s.train_loss, s.valid_loss] for s in shown])
    np.testing.assert_allclose(printed[:, :3], wanted, rtol=1e-2)


ADAM = {"optimizer": "adam", "optimizer_options": {}, "lr": 0.01}
BETWEEN = [
    [ADAM, {**ADAM, "seed": 3}],
    [{"loss": "mean_squared_error", "lr": 0.02}, {"loss": "mean_squared_error", "lr": 0.02, "seed": 3}],
    [ADAM, {"seed": 3}],
    [{"loss": "mean_absolute_error"}, ADAM, {**ADAM, "loss": "mean_squared_error", "batch_size": 30}],
    [{"optimizer_options": {}}, {"optimizer_options": {"momentum": 0.9}, "lr": 0.1}],
    [{"schedule": "cosine", "epochs": 5}, {"schedule": "step", "epochs": 5, "lr": 0.2}],
]


@pytest.mark.parametrize("chain", BETWEEN, ids=str)
@pytest.mark.parametrize("begin", [0, 2, 8])
def test_branches_that_made_no_step_count_for_what_comes_after(chain: list[dict[str, object]], begin: int) -> None:
    """Train, branch with Adam or another loss, branch again before a step, change the seed, train."""
    first = sgd_core.TrainConfig(epochs=3, optimizer_options={"momentum": 0.9}, lr=0.05)
    digits = sgd_core.load_digits("uci")
    now = list(replay([Segment(first, begin)], digits))[-1]
    segments = segments_until(first, now)
    for settings in chain:
        config = replace(first, **settings)
        trunk = sgd_core.train(config, digits, after=now)
        now = next(trunk)
        segments = segments_until(config, now, segments)
    end = trunk.send(sgd_core.StepRequest(steps=3))
    segments = segments_until(config, end, segments[:-1])
    lines = run(run_script(segments))
    compare(lines[-1:], [end])
    shown = [snapshot for snapshot in replay(segments, digits) if snapshot.step > 0]
    compare(lines[1:], shown)


def test_a_run_before_its_first_step_is_only_a_report() -> None:
    config = sgd_core.TrainConfig(init="normal", schedule="cosine")
    begin = next(sgd_core.train(config, sgd_core.load_digits("uci")))
    check(run_script(segments_until(config, begin)), [begin])


def test_segments_that_are_no_run_are_refused() -> None:
    config = sgd_core.TrainConfig(patience=3)
    for segments in ([], [Segment(config), Segment(config, 3)]):
        with pytest.raises(ValueError, match="only the last one"):
            run_script(segments)
    with pytest.raises(ValueError, match="has to be given"):
        run_script([Segment(config, 3), Segment(replace(config, lr=0.1))])


def test_what_needs_the_number_of_images_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path))
    config = sgd_core.TrainConfig(dataset="mnist")
    assert "randperm" in training_script(config)
    for other in (replace(config, schedule="step"), replace(config, batch_size=20_000)):
        with pytest.raises(ValueError, match="number of training images"):
            training_script(other)
        assert "torch.optim" in training_script(other, 12_396)


MNIST = [
    {"epochs": 2, "lr": 0.1},
    {"epochs": 1, "classes": None, "batch_size": 500, "schedule": "cosine"},
]


@pytest.mark.mnist
@pytest.mark.parametrize("settings", MNIST, ids=str)
def test_mnist_is_read_without_torchvision(
    settings: dict[str, object], mnist_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SGD_LAB_DATA", str(mnist_folder))
    config = sgd_core.TrainConfig(dataset="mnist", **settings)
    shown = list(sgd_core.train(config, sgd_core.load_digits("mnist", config.classes)))
    script = training_script(config) + "\nimport sys\nassert 'torchvision' not in sys.modules\n"
    compare(run_in_process(script, tmp_path, SGD_LAB_DATA=str(mnist_folder)), shown)


@pytest.mark.mnist
def test_mnist_is_fetched_once_into_a_folder_of_its_own(mnist_folder: Path, tmp_path: Path) -> None:
    import os

    script = training_script(sgd_core.TrainConfig(dataset="mnist", epochs=1), 12_396)
    first = run_in_process(script, tmp_path, SGD_LAB_MIRROR=os.environ["SGD_LAB_MIRROR"])
    raw = tmp_path / "data" / "MNIST" / "raw"
    for file in (mnist_folder / "MNIST" / "raw").iterdir():
        assert (raw / file.name).read_bytes() == file.read_bytes()
    assert run_in_process(script, tmp_path, SGD_LAB_MIRROR="/no/such/place") == first


def frame_of(lines: Sequence[str]) -> dict[float, np.ndarray]:
    """The lines beneath each "learning rate ..."."""
    runs: dict[float, list[list[float]]] = {}
    for line in lines:
        if line.startswith("learning rate "):
            runs[float(line.removeprefix("learning rate "))] = rows = []
        else:
            rows.append([float(part) for part in line.split()])
    return {lr: np.array(rows) for lr, rows in runs.items()}


STUDIES = [
    {},
    {"classes": (4, 9, 2), "loss": "mean_absolute_error", "init": "normal"},
    {"classes": None, "optimizer_options": {"momentum": 0.9}, "batch_size": 100},
    {"optimizer": "adam", "shuffle": False, "model": "two_layer", "init": "default"},
    {"optimizer": "rmsprop", "patience": 1, "loss": "mean_squared_error"},
    {"batch_size": None, "loss": "mean_absolute_error", "init": "default", "model": "two_layer", "classes": (0, 1, 8)},
    {"schedule": "one_cycle", "optimizer": "adamw"},
    {"schedule": "step", "batch_size": 5000},
]


@pytest.mark.parametrize("settings", STUDIES, ids=str)
def test_the_sweep_script_is_the_sweep_with_all_its_settings(settings: dict[str, object]) -> None:
    from sgd_core.export.learning_rates import sweep_script

    config = sgd_core.TrainConfig(epochs=3, seed=2, **settings)
    lrs = [0.001, 0.02]
    frame = sgd_core.sweep(config, lrs, sgd_core.load_digits("uci", config.classes))
    printed = frame_of(run(sweep_script(config, lrs)))
    assert list(printed) == lrs
    for lr, rows in frame.groupby("lr"):
        wanted = rows[["epoch", "train_loss", "valid_loss", "valid_accuracy"]].to_numpy(dtype=float)
        np.testing.assert_allclose(printed[lr], wanted, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("settings", STUDIES, ids=str)
def test_the_range_script_is_the_range_test_with_all_its_settings(settings: dict[str, object]) -> None:
    from sgd_core.export.learning_rates import range_script

    config = sgd_core.TrainConfig(seed=2, **settings)
    frame = sgd_core.lr_range_test(config, sgd_core.load_digits("uci", config.classes), end=10.0)
    printed = np.array([[float(part) for part in line.split()] for line in run(range_script(config, 10.0))])
    assert printed.shape == frame[["lr", "loss", "smoothed"]].shape
    np.testing.assert_allclose(printed, frame[["lr", "loss", "smoothed"]].to_numpy(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("settings", STUDIES, ids=str)
def test_the_sharpness_script_is_the_sharpness_with_all_its_settings(settings: dict[str, object]) -> None:
    from sgd_core.export.learning_rates import sharpness_script

    config = sgd_core.TrainConfig(seed=2, **settings)
    value = sgd_core.sharpness(config, sgd_core.load_digits("uci", config.classes))
    (line,) = run(sharpness_script(config))
    assert [float(part) for part in line.split()] == pytest.approx([value, 2 / value], rel=1e-3)


@pytest.mark.parametrize("settings", STUDIES, ids=str)
def test_the_gradient_noise_script_takes_the_same_steps_with_each_batch_size(settings: dict[str, object]) -> None:
    from sgd_core.export.learning_rates import gradient_noise_script

    config = sgd_core.TrainConfig(seed=2, **settings, lr=0.01)
    digits = sgd_core.load_digits("uci", config.classes)
    blocks = "\n".join(run(gradient_noise_script(config, [16, None], 25))).split("images a step: ")[1:]
    for block, size in zip(blocks, (16, None), strict=True):
        count, *lines = block.splitlines()
        assert int(count) == (size or len(digits.train_labels))
        shown = sgd_core.train(
            replace(config, batch_size=size, epochs=30, schedule="constant", patience=None), digits, snapshot_every=1
        )
        next(shown)
        for line, snapshot in zip(lines, shown, strict=False):
            step, loss = line.split()
            assert int(step) == snapshot.step and float(loss) == pytest.approx(snapshot.train_loss, rel=1e-5)
        assert len(lines) == 25


def test_the_weight_gradient_script_finds_the_same_difference() -> None:
    from sgd_core.digits.weight_gradient import compare
    from sgd_core.export.derivatives import weight_gradient_script

    config = sgd_core.TrainConfig(init="normal", seed=3)
    found = compare(config, sgd_core.load_digits("uci", config.classes), h=1e-3)
    backward, _, difference = run(weight_gradient_script(config, 1e-3))
    assert float(backward.split()[-1]) == pytest.approx(found.loss, rel=1e-6)
    assert float(difference.split()[-1]) == pytest.approx(found.largest_difference, rel=0.05)


def test_scripts_are_clean_python(tmp_path: Path) -> None:
    """PEP 8 by ruff, in lines of at most 88 characters; `F` is the field's custom, and a branch redefines its loss."""
    import subprocess
    import sys

    from test_all_scripts import CONFIGURATIONS, configured

    from sgd_core.export.learning_rates import gradient_noise_script, range_script, sharpness_script, sweep_script

    first = sgd_core.TrainConfig(optimizer_options={"momentum": 0.5}, lr=0.1, schedule="one_cycle", epochs=4)
    scripts = {"steered": run_script(steered(first)[0])}
    for dataset in ("mnist", "emnist_digits", "qmnist"):
        scripts[dataset] = training_script(sgd_core.TrainConfig(dataset=dataset))
    for settings in CONFIGURATIONS[::23]:
        config = configured(settings)
        if config is not None:
            kinds = [training_script(config), sweep_script(config, [0.1, 0.2]), range_script(config, 1.0)]
            kinds += [sharpness_script(config), gradient_noise_script(config, [16, None], 9)]
            scripts |= {f"{settings['seed']}_{kind}": script for kind, script in enumerate(kinds)}
    for name, script in scripts.items():
        (tmp_path / f"{name}.py").write_text(script)
    rules = ["--select", "E,W,F,I,N,B,UP,SIM,C4", "--ignore", "N812,F811", "--line-length", "88"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--preview", *rules, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
