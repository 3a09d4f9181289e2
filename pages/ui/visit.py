"""Coming back after the server was restarted under an open page, and saying what was kept."""

import secrets
from pathlib import Path

import streamlit as st

KEPT = (
    "The server was restarted, and the page is back. As they were: page, section, settings, seeds and the moment. "
    "Computed again: the run. Gone: pinned runs, bets, and a drawing that was not saved."
)
_visit = st.components.v2.component(
    "sgd_visit", html="<i></i>", js=Path(__file__).with_name("visit.js").read_text(), isolate_styles=False
)


def watch_connection() -> None:
    """Let the browser ask for the page again when its connection is back, and say so if another process answers."""
    visit = st.session_state.setdefault("_visit", secrets.token_hex(8))
    _visit(key="sgd_visit", data={"visit": visit, "words": KEPT}, on_again_change=lambda: None)
