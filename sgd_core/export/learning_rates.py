"""Scripts about learning rates on digits: plain PyTorch, the numbers on the screen, with all settings of the run.

Each raises ValueError where the number of training images is needed and not known (see `training_script`).
"""

from collections.abc import Sequence
from dataclasses import replace

from sgd_core.digits.config import TrainConfig
from sgd_core.export.rendering import render
from sgd_core.export.training import batch_of, known_count, optimizer_code, plain_run, script_context


def sweep_script(config: TrainConfig, lrs: Sequence[float], train_count: int | None = None) -> str:
    """Return the script that trains with one learning rate after the other and prints each run's epochs.

    As in `sweep`, what would stop a run early (patience, a time limit) plays no part.
    """
    count = train_count or known_count(config)
    run = plain_run(replace(config, patience=None), count, lr="lr")
    return render("sweep", **script_context(config), run=run, lrs=[float(lr) for lr in lrs])


def sharpness_script(config: TrainConfig) -> str:
    """Return the script that finds the largest eigenvalue at the initial weights (scipy's ARPACK), and 2 over it."""
    return render("sharpness", **script_context(config))


def range_script(config: TrainConfig, end: float, train_count: int | None = None) -> str:
    """Return the script of a range test from 1e-7 to `end` over 100 mini-batches: learning rate, loss, smoothed loss."""
    size, shuffle = batch_of(config, train_count or known_count(config))
    optimizer = optimizer_code(config, "1e-7")
    return render(
        "range",
        **script_context(config),
        optimizer=optimizer,
        seed=config.seed,
        size=size,
        shuffle=shuffle,
        end=float(end),
    )


def gradient_noise_script(config: TrainConfig, sizes: Sequence[int | None], steps: int) -> str:
    """Return the script that takes the same steps with several batch sizes and prints the loss over all images."""
    return render(
        "gradient_noise",
        **script_context(config),
        optimizer=optimizer_code(config),
        seed=config.seed,
        shuffle=config.shuffle,
        sizes=["len(X)" if size is None else str(size) for size in sizes],
        steps=steps,
    )
