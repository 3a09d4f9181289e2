"""All weights of a digit model: the gradient of its loss by nudging each weight, and by one `backward()`."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.datasets import choose_dataset, digits_of, offer_missing
from pages.ui.page import Page
from pages.ui.shown import Moments
from sgd_core.charts.film import Film, Tile
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.gradient_words import passes_bet, tell_gradient
from sgd_core.digits.weight_gradient import Comparison, compare
from sgd_core.export.derivatives import weight_gradient_script
from sgd_core.numbers import number

CLASSES = (3, 7)
QUICK = 100  # weights that may be nudged without being asked to: a blink
TILE, GAP = 200, 12


def digit_model(page: Page) -> None:
    """Nudge every weight of a model, and compare with one backward pass."""
    with page.controls:
        dataset = choose_dataset(page)
        init = page.segments("init", "Initial weights", ("zeros", "normal"), "zeros")
    with page.more("Seed, size of the nudge", icon=":material/tune:"):
        left, right = st.columns(2)
        with left:
            seed = page.whole("seed", "Seed", 0, 9999, 0, help="Of the random weights; zeros need none.")
        with right:
            h = page.number("nudge", "Nudge h", 1e-8, 1e3, 1e-3)
    offer_missing(page)
    config = TrainConfig(classes=CLASSES, dataset=dataset, init=init, seed=seed)
    digits = digits_of(dataset, CLASSES)
    found = _measured(page, config, h)
    with page.controls:
        sizes = digits.train_images[0].numel() + 1, len(digits.train_images)
        answered = page.bet("passes", *passes_bet(*sizes), about=sizes) is not None
    if found is not None:
        _maps(page, found, (config, h))
        if answered:
            with page.hero:
                _costs(found)
        page.notice(*tell_gradient(found, digits.class_names, answered=answered))
    page.code(weight_gradient_script(config, h))


def _measured(page: Page, config: TrainConfig, h: float) -> Comparison | None:
    digits = digits_of(config.dataset, CLASSES)
    weights = digits.train_images[0].numel()
    kept: tuple[Any, Comparison] | None = st.session_state.get("_derivatives_comparison")
    same = kept is not None and kept[0] == (config, h)
    label = f"Nudge all {weights + 1} weights" + (" again" if same else "")
    with page.controls:
        asked = st.button(label, icon=":material/timer:", type="primary", key="derivatives_measure")
    if same and not asked and kept is not None:
        return kept[1]
    if not asked and weights > QUICK:
        page.hero.info(
            f"A weight for each of {weights} pixels, and one bias. Press “{label}”. It takes some seconds, which is the "
            "point.",
            icon=":material/timer:",
        )
        return None
    bar = page.hero.progress(0.0, "Nudging one weight after the other …") if weights > QUICK else None

    def show(share: float) -> None:
        if bar is not None and round(share * (weights + 1)) % 20 == 0:
            bar.progress(share, f"Nudging weight {round(share * (weights + 1))} of {weights + 1} …")

    found = compare(config, digits, h=h, progress=show)
    if bar is not None:
        bar.empty()
    st.session_state["_derivatives_comparison"] = ((config, h), found)
    return found


def _maps(page: Page, found: Comparison, run: tuple[TrainConfig, float]) -> None:
    nudged, exact = found.maps(found.by_differences)[0], found.maps(found.exact)[0]
    captions = ("by nudging, ±{limit}", "by backward(), ±{limit}", "their difference, ±{limit}")
    tiles = [Tile(words, i * (TILE + GAP), 22, TILE, group=i // 2) for i, words in enumerate(captions)]
    film = Film(
        "gradients",
        tiles,
        [np.stack([nudged, exact, nudged - exact])],
        "The gradient of the loss by each pixel's weight: by nudging, by backward(), and their difference on a scale of "
        "its own.",
        quantity="gradient",
    )
    page.player([], Moments(pd.DataFrame({"": [""]}), run=run), film=film, name="maps")


def _costs(found: Comparison) -> None:
    cells = st.columns(4)
    cells[0].metric(
        "by nudging",
        f"{number(1000 * found.by_differences.seconds, 3)} ms",
        f"{found.by_differences.forward} forward passes",
        delta_color="off",
        delta_arrow="off",
    )
    cells[1].metric(
        "by backward()",
        f"{number(1000 * found.exact.seconds, 3)} ms",
        f"{found.exact.forward} forward, {found.exact.backward} backward",
        delta_color="off",
        delta_arrow="off",
    )
    cells[2].metric("nudging takes longer", f"{found.ratio:,.0f} times")
    cells[3].metric("largest difference", number(found.largest_difference, 2))
