"""Runs of four batch sizes in lock-step, and the clouds that their mini-batches' gradients make."""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from sgd_core.descent.diagnosis import Diagnosis, diagnose
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.gradient_noise import GradientNoise, gradient_noise
from sgd_core.digits.training import train

SIZES: tuple[int | None, ...] = (1, 16, 256, None)
NAMES = ("1", "16", "256", "all")


class BatchMoment(NamedTuple):
    """The same step of every run: its loss over all images, whether it has diverged, whether it turned back on the step
    before (more than a right angle between the two); the newest clouds, and what the run with all images is called.

    A run of thousands of steps must stay small, so nothing else of its snapshots is kept.
    """

    step: int
    losses: tuple[float, ...]
    diverged: tuple[bool, ...]
    turned: tuple[bool, ...]
    clouds: GradientNoise | None
    clouds_at: int
    named: Diagnosis


def noise_moments(config: TrainConfig, digits: Digits, border: float) -> Generator[BatchMoment, None, None]:
    """Take `config.epochs` steps with each batch size; `border` is 2/λ. ValueError as `train`.

    The clouds are drawn anew at the first steps, at each doubling and at the end, at the weights of the run with all images.
    """
    runs = [train(replace(config, batch_size=size), digits, snapshot_every=1) for size in SIZES]
    before = snapshots = tuple(next(run) for run in runs)
    losses: list[float] = []
    clouds, clouds_at = None, 0
    for step in range(config.epochs + 1):  # with all images a step is an epoch, with fewer it is less
        if step:
            snapshots = tuple(next(run, last) for run, last in zip(runs, before, strict=True))
        losses.append(snapshots[-1].train_loss)
        if step & (step - 1) == 0 or step == config.epochs:
            with contextlib.suppress(ValueError):  # where the numbers are gone the last clouds stay
                clouds, clouds_at = gradient_noise(config, digits, snapshots[-1].parameters, SIZES), step
        yield BatchMoment(
            step,
            losses=tuple(one.train_loss for one in snapshots),
            diverged=tuple(one.status == "diverged" for one in snapshots),
            turned=tuple(
                bool((one.gradient * old.gradient).sum() < 0) for one, old in zip(snapshots, before, strict=True)
            ),
            clouds=clouds,
            clouds_at=clouds_at,
            named=diagnose(losses, lr=config.lr, border=border, quadratic=True, status=snapshots[-1].status),
        )
        if all(one.status == "diverged" for one in snapshots):
            return
        before = snapshots


class Clouds(NamedTuple):
    """The clouds of all moments, in lengths of the gradient at the start, and the window that all of them fit in.

    `rows` has `batch_size, part` ("batch", or "whole" for the gradient of all images), `along, across`, and the steps from
    `moment` to below `until` at which it is the newest.
    """

    rows: pd.DataFrame
    x_domain: tuple[float, float]
    y_domain: tuple[float, float]


def clouds_of(moments: Sequence[BatchMoment]) -> Clouds:
    """Return every cloud that was drawn; the window is that of the first, so that one scale serves the whole run."""
    drawn = [(one.step, one.clouds) for one in moments if one.clouds is not None and one.clouds_at == one.step]
    first = drawn[0][1]
    rows = []
    for (step, clouds), until in zip(drawn, [*(step for step, _ in drawn[1:]), 10**6], strict=True):
        length = clouds.length / first.length
        points = clouds.points.assign(part="batch")
        points[["along", "across"]] *= length
        wholes = clouds.spreads[["batch_size"]].assign(part="whole", along=length, across=0.0)
        rows.append(pd.concat([points.drop(columns="draw"), wholes]).assign(moment=step, until=until))
    low, high = first.points["along"].min(), first.points["along"].max()
    reach = float(f"{first.points['across'].abs().max() * 1.15 + 0.1:.2g}")
    x_domain = (float(f"{min(low, -0.2 * high) - 0.6:.2g}"), float(f"{high * 1.15:.2g}"))
    return Clouds(pd.concat(rows, ignore_index=True), x_domain, (-reach, reach))
