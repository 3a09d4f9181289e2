"""What the server does besides drawing pages: load the libraries as it starts, and answer an error with a number."""

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from threading import Thread
from typing import Any

import streamlit as st

# What most pages need, in the order in which they ask for it.
LIBRARIES = ("pandas", "torch", "altair", "sympy", "pages.ui.page", "sgd_core.digits.training")

_log = logging.getLogger("sgd_lab")


@asynccontextmanager
async def load_libraries(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Begin to load the libraries when the server starts, while the first browser is still on its way.

    A visitor who comes meanwhile waits for the rest only: Python lets two threads import different modules at a time.
    """

    def load() -> None:
        for name in LIBRARIES:
            import_module(name)

    Thread(target=load, daemon=True).start()
    yield {}


def answer_error(error: Exception) -> bool:
    """Say that something went wrong, with a number under which the log holds the rest; the page shows no traceback."""
    number = secrets.token_hex(4)
    _log.error("error %s", number, exc_info=error)
    with st.container(key="page_error"):
        st.error(
            f"Something went wrong here, and it is not your fault. Reload the page: your settings are in its address. "
            f"If it happens again, tell whoever runs this server the number **{number}**; the log explains it.",
            icon=":material/error:",
        )
    return True
