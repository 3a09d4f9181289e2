"""Coming back after the server was restarted under an open page, and saying what was kept."""

import secrets
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

KEPT = (
    "The server was restarted, and the page is back. As they were: page, section, settings, seeds and the moment. "
    "Computed again: the run. Gone: pinned runs, bets, and a drawing that was not saved."
)
_visit = st.components.v2.component(
    "sgd_visit", html="<i></i>", js=Path(__file__).with_name("visit.js").read_text(), isolate_styles=False
)


def watch_connection(page: str = "", pages: Sequence[str] = ()) -> None:
    """Let the browser ask for the page again when its connection is back, and say so if another process answers.

    `page` is the end of this page's address, `pages` are those of all: if another one of them is asked for and does not
    come, the browser loads it anew.
    """
    visit = st.session_state.setdefault("_visit", secrets.token_hex(8))
    data = {"visit": visit, "words": KEPT, "page": page, "pages": list(pages)}
    _visit(key="sgd_visit", data=data, on_again_change=lambda: None)
