"""Scripts beyond the rule 2/lambda: plain PyTorch (and scipy for eigenvalues and tests), the numbers on the screen."""

from collections.abc import Sequence
from dataclasses import replace

from sgd_core.beyond.edge import LOST, EdgeSettings
from sgd_core.beyond.tasks import HIDDEN_FOR_LARGE, HIDDEN_FOR_SMALL, LARGE
from sgd_core.descent.regime_map import CLOSE, FAR, ROUNDING, SETTLED, SWEEP, MapWindow
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.sources import SOURCES
from sgd_core.export.rendering import render
from sgd_core.export.training import known_count, plain_run, script_context


def chebyshev_script(
    runs: Sequence[EdgeSettings], degree: int = 4, points: int = 20, hidden: Sequence[int] = (30, 30)
) -> str:
    """Return the script that follows full-batch runs on a Chebyshev task: step, loss, border, largest eigenvalues."""
    sizes = [1, *hidden, 1]
    return render("full_batch", runs=_rows(runs), lost=LOST, sizes=sizes, degree=degree, points=points)


def digits_edge_script(
    dataset: str, classes: tuple[int, int], runs: Sequence[EdgeSettings], images: int = 500, hidden: int | None = None
) -> str:
    """Return the script that follows full-batch runs on two digits (`digit_task`): the same numbers, catapults too."""
    config = TrainConfig(dataset=dataset, classes=classes)
    height, width = SOURCES[dataset].image_shape
    units = hidden or (HIDDEN_FOR_LARGE if height * width >= LARGE else HIDDEN_FOR_SMALL)
    sizes = [height * width, units, 1]
    return render("full_batch", **script_context(config), runs=_rows(runs), lost=LOST, sizes=sizes, images=images)


def silver_script(dataset: str, classes: tuple[int, int], steps: int, rates: Sequence[float]) -> str:
    """Return the script that prints each rule's longest step and its gap to the minimum after all steps.

    `rates` are the constant steps beside the silver ones, in units of 1/L.
    """
    config = TrainConfig(dataset=dataset, classes=classes)
    return render("silver", **script_context(config), steps=steps, rates=[float(rate) for rate in rates])


def noise_scale_script(config: TrainConfig, train_count: int | None = None) -> str:
    """Return the script that trains and prints the gradient noise scale at the beginning and at each epoch's end."""
    count = train_count or known_count(config)
    run = plain_run(replace(config, patience=None), count)
    return render("noise_scale", **script_context(config), run=run)


def seeds_script(config: TrainConfig, other: TrainConfig, seeds: Sequence[int], train_count: int | None = None) -> str:
    """Return the script that trains two settings with each seed, and tests whether one is really better.

    It prints seed, validation loss and accuracy of each run, then how often the first wins and the test's p-value. Both
    settings are for the same data; patience plays no part.
    """
    count = train_count or known_count(config)
    settings = []
    for one in (config, other):
        context = script_context(one)
        run = plain_run(replace(one, patience=None), count) | {"seed": "seed"}
        settings.append({"loss": context["loss"], "model": context["model"] | {"seed": "seed + 1"}, "run": run})
    return render("seeds", **script_context(config), settings=settings, seeds=[int(seed) for seed in seeds])


def regime_map_script(formula: str, window: MapWindow) -> str:
    """Return the script that runs a whole regime map and prints the share of pixels that arrive and that are lost.

    `formula` is PyTorch source of a function of `x`.
    """
    limits = {"close": CLOSE, "far": FAR, "settled": SETTLED, "rounding": ROUNDING, "sweep": SWEEP}
    return render("regime_map", formula=formula, window=window, **limits)


def _rows(runs: Sequence[EdgeSettings]) -> list[tuple[float | int | bool, ...]]:
    return [
        (run.lr, run.momentum, run.nesterov, run.warmup, run.steps, run.every, run.eigenvalues, run.seed)
        for run in runs
    ]
