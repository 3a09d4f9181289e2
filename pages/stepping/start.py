"""What the sections with one weight share: the function, where to begin, and how the loss is drawn."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from pages.ui.page import Page
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import sample, start_inside
from sgd_core.charts.curve import window
from sgd_core.charts.over_steps import drawn_steps, gap_window, last_known
from sgd_core.charts.palette import ceiling
from sgd_core.descent.descend import descend
from sgd_core.descent.minimum import turning_point, value_at
from sgd_core.descent.optimizers import Optimizer

MOST_STEPS = 10_000
SGD = Optimizer("sgd")
AUTOMATIC, LINEAR, LOGARITHMIC = "automatic", "linear", "logarithmic"
Range = tuple[float, float]


def choose_start(page: Page, place: DeltaGenerator | None = None) -> tuple[Function, float]:
    """Draw the choice of function and of the first w (at a `place` of its own); another function brings its own start."""
    function, first = page.choose_function()
    low, high = function.domain
    first = round(start_inside(function, first), 9)
    if page.changed("start_of", function):
        page.set("start", first)
    with place or st.container():
        return function, page.slider("start", "Start, the first w", low, high, first, (high - low) / 600)


def random_start(page: Page, function: Function) -> None:
    """Draw the seed and the button that draws a start with it."""
    seed = page.whole("seed", "Seed of the random start", 0, 2**31 - 1, 0)

    def draw() -> None:
        low, high = function.domain
        share = float(torch.rand((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
        stop = round(share * 600)
        page.set("start", round(low + stop * (high - low) / 600, 9))
        page.set("seed", (seed + 1) % 2**31)

    help = "Draws the first w with this seed, then puts the seed one further."
    st.button("Random start", key=page.key("random"), help=help, on_click=draw, width="stretch")


def start_there(page: Page) -> Callable[[dict[str, Any]], None]:
    """Return what a click on the curve does."""
    return lambda picked: page.set("start", round(picked["x"], 9))


@lru_cache(maxsize=16)
def walk(
    function: Function, start: float, lrs: tuple[float, ...], steps: int, optimizers: tuple[Optimizer, ...] = (SGD,)
) -> list[pd.DataFrame]:
    """Return one frame of `descend` a run, from one call; not to be changed, since visitors share them."""
    runs = descend(function, start, lrs, steps, optimizers)
    return [run.reset_index(drop=True) for _, run in runs.groupby("run")]


@lru_cache(maxsize=32)
def drawn_curve(function: Function) -> tuple[pd.DataFrame, Range]:
    """Return the function's curve over its domain, and the range of y to draw."""
    curve = sample(function)
    return curve, window(curve["x"].tolist(), curve["value"].to_numpy())


class Lowest(NamedTuple):
    """The lowest place of a function in its picture; NaN where it has no value anywhere."""

    x: float
    loss: float


@lru_cache(maxsize=32)
def lowest_in_picture(function: Function) -> Lowest:
    """Return the lowest place of the domain: the lowest of 20,001 places, then between its neighbours."""
    fine = sample(function, points=20_001)
    values = fine["value"].to_numpy()
    if not np.isfinite(values).any():
        return Lowest(math.nan, math.nan)
    place = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))
    x = fine["x"].to_numpy()
    found = Lowest(float(x[place]), float(values[place]))
    if 0 < place < len(x) - 1:
        refined = turning_point(function, float(x[place - 1]), float(x[place + 1]))
        found = min(found, Lowest(refined, value_at(function, refined)), key=lambda one: one.loss)
    return Lowest(found.x + 0.0, found.loss + 0.0)


class LossAxis(NamedTuple):
    """How losses are drawn: as they are, or on a logarithmic axis as what they lie above the lowest."""

    log: bool
    domain: Range
    title: str
    log_steps: bool
    base: float

    def rows(self, losses: dict[str, np.ndarray], moments: np.ndarray) -> pd.DataFrame:
        """Return the rows of `over_steps` for the losses (steps + 1,) of each run; one run called "" has no letter."""
        frames = []
        for run, loss in losses.items():
            kept = drawn_steps([loss], moments)
            frame = kept.assign(value=last_known(loss)[kept["step"]] - self.base, now=kept["step"].isin(moments))
            frames.append(frame.assign(run=run) if run else frame[np.isfinite(loss[kept["step"]])])
        frame = pd.concat(frames, ignore_index=True)
        return frame[np.isfinite(frame["value"])]


def choose_loss_axis(page: Page, name: str, default: str = AUTOMATIC) -> tuple[str, bool]:
    """Draw how losses and steps are spread: the scale of the loss, and whether the steps are logarithmic, too."""
    scale = page.segments(f"{name}loss_axis", "Loss axis", [AUTOMATIC, LINEAR, LOGARITHMIC], default)
    return scale, page.toggle(f"{name}log_steps", "Logarithmic steps", False)


def loss_axis(chosen: tuple[str, bool], losses: Sequence[np.ndarray], lowest: float, drawn: Range) -> LossAxis:
    """Return the axis for the losses of runs; `drawn` is the range of losses that the picture shows.

    Automatic is linear, unless a run leaves the picture by far: on a linear axis that is a row of arrows.
    """
    every = np.stack(losses)
    finite = every[np.isfinite(every)]
    far = bool((~np.isfinite(every)).any() or (finite > drawn[1] + 2 * (drawn[1] - drawn[0])).any())
    scale, log_steps = chosen
    if (scale == LOGARITHMIC or (scale == AUTOMATIC and far)) and math.isfinite(lowest):
        base = 0.0 if abs(lowest) < 1e-12 else min(lowest, float(finite.min(initial=lowest)))
        title = "loss" if base == 0 else "loss above the lowest"
        return LossAxis(True, gap_window(every - base), title, log_steps, base)
    seen = finite[(finite >= drawn[0]) & (finite <= drawn[1])]
    if not seen.size:
        return LossAxis(False, drawn, "loss", log_steps, 0.0)
    low, high = float(seen.min()), drawn[1] if far else float(seen.max())
    gap = 0.08 * (high - low) or 0.5 * max(abs(high), 1.0)
    unit = ceiling(
        (high - low + 2 * gap) / 20, steps=(1, 2, 5)
    )  # round ends: they stay where they are from stop to stop
    ends = (math.floor((low - gap) / unit) * unit, math.ceil((high + gap) / unit) * unit)
    return LossAxis(False, ends, "loss", log_steps, 0.0)
