"""On a narrow screen, where the sidebar is folded away: the learning rate and the epochs at the picture, the same values."""

import streamlit as st

from pages.training.fields import MOST_EPOCHS
from pages.ui.page import Page


def twins(page: Page) -> None:
    """Draw the two controls; the page's style shows them on narrow screens only.

    Each has the sidebar's value, writes it when it is moved, and is set from it when that was moved elsewhere.
    """
    with page.clock, st.container(horizontal=True, key=page.key("twins")):
        for name, label, low, high, step in (
            ("lr", "Learning rate", 1e-12, 1e12, None),
            ("epochs", "Epochs", 1, MOST_EPOCHS, 1),
        ):
            key, value = page.key(f"{name}_here"), page.values[name]

            def moved(name: str = name, key: str = key) -> None:
                if not page.is_late(name, st.session_state[key]):
                    page.set(name, st.session_state[key], by_twin=True)
                page.redraw()

            if st.session_state.get(key) != value:
                st.session_state[key] = value
            more = {"format": "%.6g", "step": 0.01} if step is None else {"step": step}
            # Without a value of its own the browser would fall back to the smallest one, where it has lost the twin's state.
            st.number_input(label, low, high, value, key=key, on_change=moved, **more)
