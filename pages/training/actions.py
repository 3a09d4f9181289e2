"""What one can do with a run besides playing it: let it go on, branch off, pin it, go back to the parent."""

import streamlit as st

from pages.training.links import left_out
from pages.training.presets import apply
from pages.training.runs import pin
from pages.training.session import Run, branch
from pages.ui.controls import Controls

MORE = 10  # epochs


def offer_actions(controls: Controls, run: Run) -> None:
    """Draw the buttons below the stage."""
    now = run.playback.current
    finished = run.playback.latest is not None and run.playback.latest.status == "finished"

    def more() -> None:
        st.session_state[controls.key("epochs")] = min(run.config.epochs + MORE, 1000)
        run.playback.seek(-1)

    with st.container(horizontal=True, key=controls.key("actions")):
        st.button(
            f"{MORE} more epochs",
            icon=":material/add:",
            key=controls.key("more"),
            on_click=more,
            disabled=not finished or run.config.epochs + MORE > 1000,
            help="Lets a finished run go on from where it stands. So does a larger number of epochs.",
        )
        st.button(
            "Branch from here",
            icon=":material/call_split:",
            key=controls.key("branch"),
            on_click=lambda: branch(run),
            disabled=now is None or now.status == "diverged",
            help="Begins another run at the moment shown, with its weights and its optimizer's memory. Then change "
            "settings and train: this run stays in the picture, in grey.",
        )
        st.button(
            "Pin this run",
            icon=":material/push_pin:",
            key=controls.key("pin_run"),
            on_click=lambda: pin(run),
            disabled=now is None or now.step == 0,
            help="Keeps its curves and settings, to compare it with others under “Runs”.",
        )


def say_branch(controls: Controls, run: Run) -> None:
    """Say that the run is a branch, of what, and offer the way back."""
    origin = run.origin
    if origin is None:
        return

    def back() -> None:
        apply(controls, origin.config)
        st.session_state.training_origin = origin.before

    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/call_split: **A branch** from step {origin.moment.step:,} (epoch {origin.moment.epoch:.4g}) of a run "
            f"with learning rate {origin.moment.lr:.4g}. Its parent is the grey line. Settings changed now hold for the "
            f"branch alone. {left_out(run) or 'Its link makes the parent again and branches off here.'}",
            width="stretch",
        )
        st.button("Back to the parent", icon=":material/undo:", key=controls.key("unbranch"), on_click=back)
