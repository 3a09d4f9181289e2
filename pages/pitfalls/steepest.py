"""The direction that explodes: the steepest direction as a map, and four learning rates that move along it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.page import Page
from pages.ui.shown import Moments, Picture, Shown, Words
from sgd_core.charts.film import Film, grid
from sgd_core.charts.over_steps import over_steps
from sgd_core.charts.palette import look
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.lockstep import LETTERS, TIMES, Lockstep, lockstep, window_of
from sgd_core.digits.lockstep_words import lockstep_card, lockstep_numbers, tell_steepest
from sgd_core.digits.sharpness import direction_maps, sharpest_directions
from sgd_core.digits.sweep import sweep_frame
from sgd_core.export.learning_rates import sweep_script
from sgd_core.moments import moment_steps
from sgd_core.numbers import number
from sgd_core.recording import Recording

SIDE, GAP = 116, 16  # of a map in pixels; the small charts below stand in columns as wide


@st.cache_data(max_entries=16, show_spinner="Looking for the steepest direction …")
def steepest_of(config: TrainConfig, _digits: Digits) -> tuple[float, np.ndarray]:
    """Return the largest eigenvalue at the initial weights and its direction."""
    found = sharpest_directions(config, _digits)
    return float(found.values[0]), found.vectors[0]


def steepest(page: Page, config: TrainConfig, digits: Digits) -> None:
    """Show the steepest direction beside four runs."""
    top, direction = steepest_of(config, digits)
    rates = [times * 2 / top for times in TIMES]
    last = len(moment_steps(config.epochs)) - 1
    run = page.recording(
        ("steepest", config), lambda: Recording(lockstep(config, rates, digits, direction), last), ahead=last + 1
    )
    moments, shown = run.moments, direction_maps(direction, digits)
    captions = ["steepest", *(f"{letter}: ±{{limit}}" for letter in LETTERS)]
    row = grid(captions, columns=5, side=SIDE, gap=GAP)
    tiles = [replace(tile, group=place) for place, tile in enumerate(row)]  # each has a colour scale of its own
    place = page.hero.container()
    with page.hero.container(key=page.key("zigzag_two_by_two"), width=5 * SIDE + 4 * GAP):
        columns = st.columns(5, gap="small")
    columns[0].caption("Below: how far each run lies along this direction, step by step.")
    for letter, column, rate, times in zip(LETTERS, columns[1:], rates, TIMES, strict=True):
        column.markdown(f"**{letter}** {number(rate, 2)}  \n:small[{number(times)} × 2/λ]")

    def shown_by_now() -> Shown:
        maps = [
            np.concatenate([shown, lane.moment.weights[:, 0]]) for lane in moments if lane.moment.weights is not None
        ]
        words = "The steepest direction, and the weights of four learning rates."
        return Shown(
            _zigzags(config, top, moments, rates, columns[1:]),
            Moments(
                lockstep_numbers(moments),
                recording=run,
                last=last,
                keep=False,
                cards=[(look(name).color, names, why) for name, names, why in map(lockstep_card, moments)],
            ),
            Film(f"steepest {config}", tiles, maps, words),
        )

    at = page.live(shown_by_now, film_place=place, words=Words("Train", "Train again", "Step"))
    page.notice(*tell_steepest(config, top, rates, moments[: at + 1]))
    page.table(
        sweep_frame(rates, [lane.moment for lane in moments[: at + 1]], config.epochs), "Every epoch", file="steepest"
    )
    page.code(sweep_script(config, rates))


def _zigzags(
    config: TrainConfig, top: float, moments: list[Lockstep], rates: list[float], columns: Sequence[Any]
) -> list[Picture]:
    window, lowest = window_of(config, top, moments, rates)
    pictures = []
    for lane, (letter, column) in enumerate(zip(LETTERS, columns, strict=True)):
        name = moments[-1].names[lane]
        frame = pd.DataFrame(
            {
                "moment": range(len(moments)),
                "step": [one.moment.step for one in moments],
                "value": [one.along[lane] for one in moments],
                "now": True,
                "color": look(name).color,
            }
        )
        chart = over_steps(
            frame[np.isfinite(frame["value"])],
            last=config.epochs,
            y_domain=window,
            title="",
            level=None if lowest is None else (lowest, "lowest"),
            height=105,
        )
        pictures.append(
            Picture(
                chart, f"{letter}: how far the weights lie along the steepest direction, step by step.", where=column
            )
        )
    return pictures
