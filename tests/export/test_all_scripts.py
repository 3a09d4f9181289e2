"""Exported scripts over all rows of all tables, executed where this project cannot be imported.

Each combination of optimizer, loss and model is trained several times, with schedules, kinds of initial weights,
classes, batch sizes and orders changing from one to the next. A run takes every so many-th of them; with
SGD_LAB_ALL_SCRIPTS=1 it takes all.
"""

import itertools
import os
from dataclasses import replace

import numpy as np
import pytest
from executing import run

import sgd_core
from sgd_core.descent.optimizers import OPTIMIZERS
from sgd_core.descent.schedules import SCHEDULES
from sgd_core.digits.inputs import INPUTS
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import INITS, MODELS
from sgd_core.export.learning_rates import range_script, sharpness_script, sweep_script
from sgd_core.export.training import training_script

VARIANTS = 4
SAMPLE = 1 if os.environ.get("SGD_LAB_ALL_SCRIPTS") else 11  # a prime, so that every row of every table has its turn


def configurations() -> list[dict[str, object]]:
    """Settings of every optimizer, loss and model together, the other tables taking turns."""
    tables = itertools.product(OPTIMIZERS, LOSSES, MODELS, range(VARIANTS))
    turns = {
        "schedule": itertools.cycle(SCHEDULES),
        "init": itertools.cycle([*INITS, "default"]),
        "classes": itertools.cycle([(3, 7), (4, 9, 2), None, (8, 1), (0, 5, 6, 7)]),
        "batch_size": itertools.cycle([64, 100, None, 50, 33, 2000, 71]),
        "shuffle": itertools.cycle([True, True, False]),
        "clip": itertools.cycle([None, 0.05, None, 0.2]),
        "inputs": itertools.cycle([*INPUTS, "pixels"]),
    }
    return [
        {
            "optimizer": optimizer,
            "loss": loss,
            "model": model,
            "optimizer_options": options(optimizer, variant),
            "lr": 0.0005 if OPTIMIZERS[optimizer].sign_like else 0.05,
            "seed": number,
            "epochs": 2,
            **{name: next(turn) for name, turn in turns.items()},
        }
        for number, (optimizer, loss, model, variant) in enumerate(tables)
    ]


def options(optimizer: str, variant: int) -> dict[str, object]:
    """Options by torch's defaults in the first variant; in each other one, one of the row's options is changed."""
    row = OPTIMIZERS[optimizer]
    if variant == 0:
        return {}
    name, option = list(row.options.items())[variant % len(row.options)]
    if option.choices:
        return {name: option.choices[-1]}
    if isinstance(option.default, bool):
        changed = {name: not option.default}
        return {**changed, "momentum": 0.5} if row.conflict({**row.defaults, **changed}) else changed
    if isinstance(option.default, tuple):
        return {name: tuple(0.9 * part for part in option.default)}
    if isinstance(option.default, int):
        return {name: option.default + 1}
    return {name: option.default * 0.9 if option.default else min(0.5, option.most / 10)}


CONFIGURATIONS = configurations()


def agreement(config: sgd_core.TrainConfig) -> tuple[float, float]:
    """How closely losses (relative) and accuracies (absolute) agree: as the optimizer's row promises.

    From zeros, steps of one length make many scores equal; which of them is called the largest is then up to rounding.
    """
    loss = max(OPTIMIZERS[config.optimizer].agreement, 1e-5)
    return loss, 0.05 if loss > 1e-5 else 1e-6


def configured(settings: dict[str, object]) -> sgd_core.TrainConfig | None:
    """The configuration; None where the optimizer's row says that it has nothing to move, which must be refused."""
    row, model = OPTIMIZERS[str(settings["optimizer"])], MODELS[str(settings["model"])]
    if row.hidden_matrices_only and not model.network((8, 8), 30, 1).hidden_matrices:
        with pytest.raises(ValueError):
            sgd_core.TrainConfig(**settings)
        return None
    return sgd_core.TrainConfig(**settings)


def test_the_sample_has_every_row_of_every_table() -> None:
    sample = CONFIGURATIONS[::SAMPLE]
    for name, table in (
        ("optimizer", OPTIMIZERS),
        ("loss", LOSSES),
        ("model", MODELS),
        ("schedule", SCHEDULES),
        ("init", INITS),
        ("inputs", INPUTS),
    ):
        assert {settings[name] for settings in sample} == set(table)


@pytest.mark.parametrize("settings", CONFIGURATIONS[::SAMPLE], ids=lambda s: f"{s['seed']}-{s['optimizer']}")
def test_the_training_script(settings: dict[str, object]) -> None:
    config = configured(settings)
    if config is None:
        return
    snapshots = list(sgd_core.train(config, sgd_core.load_digits("uci", config.classes)))
    lines = run(training_script(config))
    printed = np.array([[float(part) for part in line.split()] for line in lines])
    wanted = np.array([[s.epoch, s.train_loss, s.valid_loss, s.valid_accuracy] for s in snapshots])
    loss, accuracy = agreement(config)
    np.testing.assert_allclose(printed[:, :3], wanted[:, :3], rtol=loss, atol=1e-6)
    np.testing.assert_allclose(printed[:, 3], wanted[:, 3], atol=accuracy)


STUDIES = CONFIGURATIONS[3 :: 7 if SAMPLE == 1 else 53]


@pytest.mark.parametrize("settings", STUDIES, ids=lambda s: f"{s['seed']}-{s['optimizer']}")
def test_the_scripts_about_learning_rates(settings: dict[str, object]) -> None:
    config = configured(settings)
    if config is None:
        return
    digits = sgd_core.load_digits("uci", config.classes)
    loss, accuracy = agreement(config)

    frame = sgd_core.sweep(config, [config.lr, config.lr / 10], digits)
    lines = [line for line in run(sweep_script(config, [config.lr, config.lr / 10])) if not line.startswith("learning")]
    printed = np.array([[float(part) for part in line.split()] for line in lines])
    wanted = frame[["epoch", "train_loss", "valid_loss", "valid_accuracy"]].to_numpy(dtype=float)
    np.testing.assert_allclose(printed[:, :3], wanted[:, :3], rtol=loss, atol=1e-5)
    np.testing.assert_allclose(printed[:, 3], wanted[:, 3], atol=accuracy)

    test = sgd_core.lr_range_test(config, digits, end=config.lr)
    printed = np.array([[float(part) for part in line.split()] for line in run(range_script(config, config.lr))])
    np.testing.assert_allclose(printed, test[["lr", "loss", "smoothed"]].to_numpy(), rtol=max(loss, 1e-3))

    pair = replace(config, classes=(3, 7))  # with ten classes the iteration may take a thousand rounds
    value = sgd_core.sharpness(pair, sgd_core.load_digits("uci"))
    (line,) = run(sharpness_script(pair))
    assert float(line.split()[0]) == pytest.approx(value, rel=1e-3, abs=1e-6)
