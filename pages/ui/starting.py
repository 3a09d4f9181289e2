"""What the server does besides drawing pages: send at once, load the libraries as it starts, answer an error with a number."""

import ctypes
import gc
import logging
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from threading import Thread
from typing import Any

import streamlit as st

# What most pages need, in the order in which they ask for it.
LIBRARIES = (
    *("pandas", "torch", "altair", "sympy", "pages.ui.page", "sgd_core.digits.training"),
    *("sgd_core.descent.hessian", "sgd_core.charts.tiles"),  # which load parts of SciPy, and Pillow
)

QUIET = 20.0  # seconds

_log = logging.getLogger("sgd_lab")


@asynccontextmanager
async def load_libraries(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Begin to load the libraries when the server starts, while the first browser is still on its way.

    A visitor who comes meanwhile waits for the rest only: Python lets two threads import different modules at a time.
    """

    def load() -> None:
        gc.disable()  # it would look through all that is loaded, again and again, and find nothing: a fifth of the time
        try:
            for name in LIBRARIES:
                import_module(name)
            from sgd_core.digits.storage import available
            from sgd_core.digits.torchvision_cpu import torchvision_datasets

            if available("mnist"):  # whose script on the page names what torchvision knows of it
                torchvision_datasets()
        finally:
            gc.freeze()  # nor is it looked through later: 0.2 s in which nobody is answered
            gc.enable()

    send_at_once()
    Thread(target=load, daemon=True).start()
    Thread(target=give_back_memory, daemon=True).start()
    yield {}


def send_at_once() -> None:
    """Let whatever the server answers leave at once.

    Streamlit makes its socket without naming a protocol, so asyncio does not take it for TCP and leaves Nagle's algorithm
    on: the second part of an answer waits until the browser has acknowledged the first, which it does after 40 ms. A page
    is 130 small files and a hundred messages. Connections have this from the socket on which they are accepted.
    """
    for one in gc.get_objects():  # nothing else leads to it
        if type(one) is not socket.socket or one.fileno() < 0 or one.type != socket.SOCK_STREAM:
            continue
        if one.family in (socket.AF_INET, socket.AF_INET6):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def give_back_memory() -> None:
    """Collect what those who have left have left behind, and give it back to the machine, whenever nobody asks for anything.

    Python itself collects only while it works, and the C library keeps what is free for later.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    while True:
        begin = time.process_time()
        time.sleep(QUIET)
        if time.process_time() - begin < QUIET / 20:
            gc.unfreeze()  # what those had who were there when it was frozen
            gc.collect()
            gc.freeze()
            if trim is not None:
                trim(0)


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
