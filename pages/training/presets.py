"""Settings worth a look, one press away."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from pages.training.fields import set_fields, standard
from pages.training.session import leave_branch
from pages.ui.page import Page


class Preset(NamedTuple):
    """A name, what to look out for, and the settings that differ from the page's own."""

    name: str
    promise: str
    settings: dict[str, Any]


BOOK = {"loss": "mean_absolute_error", "batch_size": 256}
PRESETS = (
    Preset("The book's linear model", "3 against 7 by its own loss: about 98 %.", {**BOOK, "lr": 1.0, "epochs": 20}),
    Preset(
        "The book's two-layer net",
        "Thirty hidden units: a little better than one layer.",
        {**BOOK, "model": "two_layer", "init": "default", "lr": 0.1, "epochs": 40},
    ),
    Preset(
        "All ten digits",
        "One map a digit, to about 92 %: as far as a linear model gets.",
        {"classes": None, "batch_size": 256, "schedule": "cosine"},
    ),
    Preset(
        "Too high a learning rate",
        "The loss leaps up, the accuracy hides it; press a cure.",
        {"lr": 100.0, "epochs": 5},
    ),
    Preset("One image at a time", "The purest and the most restless SGD.", {"batch_size": 1, "lr": 0.02, "epochs": 2}),
)


def offer_presets(page: Page) -> None:
    """Draw the presets; pressing one sets every control."""

    def press(preset: Preset) -> Callable[[], None]:
        def act() -> None:
            leave_branch()
            set_fields(page, standard(**preset.settings))

        return act

    with st.popover("Presets", icon=":material/auto_awesome:", width="stretch"):
        for i, preset in enumerate(PRESETS):
            st.button(
                preset.name,
                key=page.key(f"preset_{i}"),
                on_click=press(preset),
                help=preset.promise,
                width="stretch",
            )
