"""On a narrow screen, where the sidebar is folded away: the learning rate and the epochs at the picture, the same values."""

import streamlit as st

from pages.training.fields import MOST_EPOCHS
from pages.ui.fields import LEAST, MOST
from pages.ui.page import Page


def twins(page: Page) -> None:
    """Draw the two controls; the page's style shows them on narrow screens only.

    Each has the sidebar's value and writes it when it is moved. Where that was moved elsewhere, another widget takes its
    place: a browser that has not heard of the new value yet would say the old one, as if a person had gone back to it.
    """
    with page.clock, st.container(horizontal=True, key=page.key("twins")):
        for name, label, low, high, step in (
            ("lr", "Learning rate", LEAST, MOST, None),
            ("epochs", "Epochs", 1, MOST_EPOCHS, 1),
        ):
            value, present = page.values[name], f"_{page.key(name)}_twin"
            count = st.session_state.setdefault(present, 0)
            if st.session_state.get(page.key(f"{name}_here_{count}"), value) != value:
                count = st.session_state[present] = count + 1
            key = page.key(f"{name}_here_{count}")

            def moved(name: str = name, key: str = key, count: int = count, present: str = present) -> None:
                if count == st.session_state[present]:
                    page.set(name, st.session_state[key])
                    page.redraw()

            more = {"format": "%.6g", "step": 0.01} if step is None else {"step": step}
            st.number_input(label, low, high, value, key=key, on_change=moved, **more)
