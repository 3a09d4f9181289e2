"""What the sections of the Stepping page share: where to start, how fast to play, and the walks, each computed once."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from pages.ui.controls import Controls
from pages.ui.formula import choose_function
from pages.ui.transport import Paint, Player, Speed, recorded
from sgd_core.calculus.formula import Function
from sgd_core.calculus.sampling import sample
from sgd_core.charts.curve import window
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import Optimizer

MOST_STEPS = 10_000
DRAWN = 160  # points drawn of a run: each is a mark that the browser makes anew in each frame
STAGE = "stepping_stage"
SGD = Optimizer("sgd")
SPEEDS = ("slow", "normal", "fast", "whole run")


class Section(NamedTuple):
    """A section that has been laid out: what plays in it, and where."""

    ground: DeltaGenerator
    player: Player


def section_of(
    controls: Controls,
    ground: DeltaGenerator,
    steps: int,
    speed: Speed,
    stage: Callable[[], Paint],
    *,
    name: str = "",
    said: Callable[[int], str] | None = None,
) -> Section:
    """Return the section that plays `steps` steps, all known already, on `stage`, in the place `ground`.

    `name` begins its controls' names; `said(step)` tells how far the run is, in other words than "step 3 of 20".
    """
    return Section(
        ground,
        Player(
            controls,
            recorded("_".join(filter(None, ("stepping", name, "playback"))), steps + 1),
            stage,
            speed,
            lambda step: (step / max(steps, 1), said(step) if said else f"step {step:,} of {steps:,}"),
            scrub=True,
            name=name,
        ),
    )


def choose_speed(controls: Controls, steps: int) -> Speed:
    """Draw the choice of speed: a few steps a second, or the whole run in about five seconds."""
    speeds = [Speed(1), Speed(4), Speed(25), Speed(25, stride=max(1, -(-steps // 125)))]
    picked = controls.segments("speed", "Speed", list(SPEEDS), "normal")
    return dict(zip(SPEEDS, speeds, strict=True))[picked]


def choose_start(controls: Controls) -> tuple[Function, float]:
    """Draw the choice of function and of where to begin: by slider, at random (seeded), or by a click on the curve."""
    function, first = choose_function(controls)
    low, high = function.domain
    w0 = controls.slider("start", "Start, the first w", low, high, first, (high - low) / 600)
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        seed = controls.whole("seed", "Seed", 0, 2**31 - 1, 0)
    right.button(
        "Random start",
        key=controls.key("random"),
        help="Draws the first w with this seed, then puts the seed one further.",
        on_click=lambda: _draw(controls, function, seed),
        width="stretch",
    )
    return function, w0


def _draw(controls: Controls, function: Function, seed: int) -> None:
    low, high = function.domain
    share = float(torch.rand((), generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
    start_at(controls, function, low + share * (high - low))
    st.session_state[controls.key("seed")] = (seed + 1) % 2**31


def start_at(controls: Controls, function: Function, w: float) -> None:
    """Put the start on the slider's stop nearest to `w`."""
    low, high = function.domain
    stop = round((w - low) / (high - low) * 600)
    st.session_state[controls.key("start")] = round(min(max(low + stop * (high - low) / 600, low), high), 9)


def picked_start(controls: Controls, function: Function) -> Callable[[dict[str, float]], None]:
    """Return what a click on the curve does: move the start, which is drawn outside of what plays."""

    def take(picked: dict[str, float]) -> None:
        start_at(controls, function, picked["x"])
        st.session_state[_MOVED] = True

    return take


_MOVED = "_stepping_moved"


def draw_all_if_moved() -> None:
    """Draw the whole page anew if a click inside of what plays has changed a widget outside of it."""
    if st.session_state.pop(_MOVED, False):
        st.rerun()


def moved() -> None:
    """Note that a click inside of what plays has changed a widget outside of it."""
    st.session_state[_MOVED] = True


@lru_cache(maxsize=8)
def walk(
    function: Function, start: float, lrs: tuple[float, ...], steps: int, optimizers: tuple[Optimizer, ...]
) -> list[pd.DataFrame]:
    """Return one frame of `descend` a run, from one call; not to be changed, since sessions share them."""
    runs = descend(function, start, lrs, steps, optimizers)
    return [run.reset_index(drop=True) for _, run in runs.groupby("run")]


@lru_cache(maxsize=32)
def drawn_curve(function: Function) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Return the function's curve over its domain, and the range of y to draw."""
    curve = sample(function)
    return curve, window(curve["x"].tolist(), curve["value"].to_numpy())


def loss_window(losses: np.ndarray, drawn: tuple[float, float]) -> tuple[float, float]:
    """Return the range of losses to draw: all there are, as far as the range `drawn` of the picture goes."""
    seen = losses[(losses >= drawn[0]) & (losses <= drawn[1])]  # NaN is in no range
    if not seen.size:
        return drawn
    low, high = float(seen.min()), drawn[1] if (losses > drawn[1]).any() else float(seen.max())
    gap = 0.08 * (high - low) or 0.5 * max(abs(high), 1.0)
    return low - gap, high + gap


@lru_cache(maxsize=32)
def lowest_drawn(function: Function) -> float:
    """Return the lowest value of the function on its domain, as near as 20,001 places tell; NaN where it has none."""
    values = sample(function, points=20_001)["value"].to_numpy()
    finite = values[np.isfinite(values)]
    return float(finite.min()) if finite.size else float("nan")


def signed(value: float) -> str:
    """Write a number with four digits and a real minus sign."""
    return f"{value:.4g}".replace("-", "−")
