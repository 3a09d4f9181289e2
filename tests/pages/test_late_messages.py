"""A browser is late: what it says of a widget that was replaced or set meanwhile must not undo what was done."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
UCI = {"training_dataset": "UCI handwriting", "training_epochs": "2"}


def test_a_twin_is_another_widget_where_another_hand_has_set_its_value(app: Open) -> None:
    at = app("training", training_lr="1.0", **UCI)
    late = at.session_state["_training_lr_twin"]
    at.number_input("training_lr").set_value(0.02).run()
    twin = f"training_lr_here_{late + 1}"
    assert at.number_input(twin).value == 0.02
    with pytest.raises(KeyError):
        at.number_input(f"training_lr_here_{late}")
    at.number_input(twin).set_value(0.5).run()
    assert at.number_input("training_lr").value == at.session_state["training_lr"] == 0.5
    assert at.number_input(twin).value == 0.5, "the twin that was moved stays: it keeps the cursor"


def _section() -> None:
    """A page whose section is drawn to its end only where it is told so."""
    import streamlit as st

    from pages.ui.fields import Fields

    fields = Fields("home")
    st.button("Preset", key="preset", on_click=lambda: fields.set("lr", 0.5))
    fields.learning_rate("lr", 0.1)
    if st.checkbox("to the end", key="whole"):
        st.session_state.pop("_unheard", None)  # as the page does


def test_what_a_run_wrote_that_was_cut_short_is_written_again() -> None:
    at = AppTest.from_function(_section).run()
    at.button("preset").click().run()
    for whole, written in ((False, True), (True, True), (True, False), (False, False)):
        at.checkbox("whole").set_value(whole).run()
        for widget in (at.number_input("home_lr"), at.select_slider("home_lr_slider")):
            assert widget.value == 0.5
            assert widget.proto.set_value == written, (
                "only until it is heard: written in every run it loses key presses"
            )


def test_a_section_that_is_drawn_to_its_end_has_been_heard(app: Open) -> None:
    at = app("stepping")
    assert "_unheard" not in at.session_state
