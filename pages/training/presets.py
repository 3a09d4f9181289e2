"""Settings worth a look, one press away."""

from collections.abc import Callable

import streamlit as st

from pages.training.fields import set_fields, standard
from pages.training.session import leave_branch
from pages.ui.page import Page
from sgd_core.digits.presets import PRESETS, Preset


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
