"""Scripts beyond the rule 2/lambda: plain PyTorch (and scipy for eigenvalues and tests), the numbers on the screen."""

from collections.abc import Sequence
from dataclasses import replace

from sgd_core.beyond.edge import LOST, EdgeSettings
from sgd_core.beyond.tasks import HIDDEN_FOR_LARGE, HIDDEN_FOR_SMALL, LARGE
from sgd_core.descent.regime_map import CLOSE, FAR, ROUNDING, SETTLED, SWEEP, MapWindow
from sgd_core.digits.batch_race import LOOK
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.lr_range import BATCHES, BRIEF, EXPLODED, SLIDE_CHANGE, SLIDE_WIDTH
from sgd_core.digits.sources import SOURCES
from sgd_core.export.rendering import render
from sgd_core.export.training import batch_of, known_count, optimizer_code, plain_run, script_context


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


def batch_race_script(
    config: TrainConfig, sizes: Sequence[int], target: float, most_images: int, noise_scale: float
) -> str:
    """Return the script of `batch_race` with every scaling: batch size, learning rate, steps, images and outcome of each run.

    `config.lr` is meant for `config.batch_size`.
    """
    return render(
        "batch_race",
        **script_context(config, ["math"]),
        sizes=[int(size) for size in sizes],
        target_loss=float(target),
        most_images=int(most_images),
        noise=float(noise_scale),
        lr=config.lr,
        base=config.batch_size,
        optimizer=optimizer_code(config, "lr"),
        seed=config.seed,
        shuffle=config.shuffle,
        look=LOOK,
    )


def finder_seeds_script(config: TrainConfig, seeds: Sequence[int], train_count: int | None = None) -> str:
    """Return the script of `finding_over_seeds`: each seed's suggestions of the range test up to 10, a line each."""
    size, shuffle = batch_of(config, train_count or known_count(config))
    context = script_context(config, ["math"])
    return render(
        "finder_seeds",
        **{**context, "model": context["model"] | {"seed": "seed + 1"}},
        seeds=[int(seed) for seed in seeds],
        optimizer=optimizer_code(config, "1e-7"),
        size=size,
        shuffle=shuffle,
        batches=BATCHES,
        exploded=EXPLODED,
        brief=BRIEF,
        width=SLIDE_WIDTH,
        change=SLIDE_CHANGE,
    )


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
