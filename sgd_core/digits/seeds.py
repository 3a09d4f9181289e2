"""Was it luck? What many seeds of one setting have in common, and how surely one setting beats another."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.digits.batches import Batches
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.lr_range import lr_range_test
from sgd_core.digits.sweep import MOST_RUNS, SweepMoment, sweep, sweeping_seeds

BAND = (0.1, 0.9)  # the shares of seeds below and above which the band ends
RESAMPLES = 10_000
HIGHER_IS_BETTER = {"valid_accuracy"}


def seed_band(runs: pd.DataFrame, column: str = "valid_accuracy") -> pd.DataFrame:
    """Return how the seeds of a `sweep_seeds` frame spread at each epoch: epoch, low, median, high, alive.

    `low` and `high` leave a tenth of the seeds outside on each side; a diverged seed counts as the worst there is, and
    `alive` is the share that has not. Quantiles are values of single seeds, not between them.
    """
    values = runs.assign(value=_scored(runs, column)).pivot(index="epoch", columns="seed", values="value")
    quantiles = values.quantile([BAND[0], 0.5, BAND[1]], axis=1, interpolation="nearest").T
    alive = (runs["status"] != "diverged").groupby(runs["epoch"]).mean()
    sign = 1.0 if column in HIGHER_IS_BETTER else -1.0
    columns = ["low", "median", "high"] if sign > 0 else ["high", "median", "low"]
    quantiles.columns = pd.Index(columns)
    return (sign * quantiles)[["low", "median", "high"]].assign(alive=alive).reset_index()


def growing_seeds(
    config: TrainConfig, seeds: Iterable[int], digits: Digits, looks: int = 40
) -> Iterator[list[SweepMoment]]:
    """Train a setting with many seeds at once; yield what has been evaluated so far, again and again the same list.

    Evaluated are each epoch's end and, evenly between them, about so many further moments. Raises ValueError as
    `sweeping_seeds` does.
    """
    moments: list[SweepMoment] = []
    steps = config.epochs * Batches(config, len(digits.train_images)).per_epoch
    for moment in sweeping_seeds(config, seeds, digits, snapshot_every=math.ceil(steps / looks)):
        if moment.losses is not None:
            moments.append(moment)
        yield moments or [moment]


@dataclass(frozen=True)
class Verdict:
    """How surely setting A beats setting B, from the ends of their seeds.

    `wins` is the share of pairs (a seed of A, a seed of B) in which A is better, ties counting half: 0.5 is no
    difference. `probability` is the share of bootstrap resamples of both in which A's median is better (ties half), the
    answer to "is A really better, or was it luck". `p_value` is that of the two-sided Mann-Whitney U test. `medians` and
    `seeds` are those of A and B.
    """

    wins: float
    probability: float
    p_value: float
    medians: tuple[float, float]
    seeds: tuple[int, int]


def compare_seeds(a: pd.DataFrame, b: pd.DataFrame, column: str = "valid_accuracy", *, seed: int = 0) -> Verdict:
    """Compare the last epochs of two `sweep_seeds` frames; a diverged seed is worse than every other.

    Raises ValueError on fewer than two seeds a side.
    """
    ends = [_scored(frame, column)[(frame["epoch"] == frame["epoch"].max()).to_numpy()] for frame in (a, b)]
    from scipy.stats import mannwhitneyu  # here, for it takes a second to import and most pages never ask

    if min(map(len, ends)) < 2:
        raise ValueError("Luck can only be told from skill with at least two seeds of each setting.")
    ranks = _ranked(ends)  # as ranks, so that minus infinity is a number
    test = mannwhitneyu(*ranks, alternative="two-sided")
    generator = np.random.default_rng(seed)
    one, other = (
        np.median(values[generator.integers(0, len(values), (RESAMPLES, len(values)))], axis=1) for values in ranks
    )
    sign = 1.0 if column in HIGHER_IS_BETTER else -1.0
    medians = [sign * float(np.quantile(values, 0.5, method="inverted_cdf")) for values in ends]
    return Verdict(
        wins=float(test.statistic) / (len(ends[0]) * len(ends[1])),
        probability=float((one > other).mean() + (one == other).mean() / 2),
        p_value=float(test.pvalue) if math.isfinite(test.pvalue) else 1.0,
        medians=(medians[0], medians[1]),
        seeds=(len(ends[0]), len(ends[1])),
    )


def _scored(runs: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """The column so that more is better, and minus infinity for a seed that has diverged."""
    sign = 1.0 if column in HIGHER_IS_BETTER else -1.0
    values = sign * runs[column].to_numpy(dtype=float)
    lost = (runs["status"] == "diverged").to_numpy() | ~np.isfinite(values)
    return np.where(lost, -np.inf, values)


def _ranked(ends: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    places = np.unique(np.concatenate(ends), return_inverse=True)[1].astype(float)
    return [places[: len(ends[0])], places[len(ends[0]) :]]


def finding_over_seeds(
    config: TrainConfig, digits: Digits, seeds: Iterable[int], **settings: Any
) -> Generator[pd.DataFrame, None, None]:
    """Run the LR finder with one seed after the other; yield a seed's suggestions: seed, suggestion, lr.

    `settings` are those of `lr_range_test`. Concatenate the frames for the distributions. Raises ValueError as `lr_range_test` does.
    """
    for seed in seeds:
        read = lr_range_test(replace(config, seed=seed), digits, **settings).attrs["suggestions"]
        yield pd.DataFrame({"seed": seed, "suggestion": list(read), "lr": list(read.values())})


def achieved(config: TrainConfig, digits: Digits, suggested: pd.DataFrame) -> pd.DataFrame:
    """Train with every suggested learning rate; return `suggested` with train_loss, valid_loss, valid_accuracy, status.

    All runs are columns of one sweep with the seed of `config`, each to the last epoch.
    """
    rates = sorted(set(suggested["lr"]))
    parts = [sweep(config, rates[first : first + MOST_RUNS], digits) for first in range(0, len(rates), MOST_RUNS)]
    ends = pd.concat([part[part["epoch"] == config.epochs] for part in parts])
    return suggested.merge(ends.drop(columns="epoch"), on="lr", how="left")
