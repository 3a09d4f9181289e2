"""What the server does besides drawing pages."""

import gc
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from apart import finished

from pages.ui.starting import QUIET, give_back_memory, load_libraries

ROOT = Path(__file__).resolve().parents[2]


class Left:
    """Something that a learner leaves behind: it holds itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


def nights(*busy: bool) -> Iterator[float]:
    """The processor's time at the beginning and the end of each quiet while."""
    now = 0.0
    for work in busy:
        yield now
        now += QUIET if work else 0.0
        yield now


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(("busy", "collected"), [([False], True), ([True], False), ([True, False], True)])
def test_what_is_left_behind_is_collected_once_nobody_asks(
    monkeypatch: pytest.MonkeyPatch, busy: list[bool], collected: bool, frozen: bool
) -> None:
    spent = nights(*busy)
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    gone = weakref.ref(Left())
    gc.disable()
    if frozen:  # it was there when the libraries had been loaded
        gc.freeze()
    try:
        with pytest.raises(StopIteration):
            give_back_memory()
    finally:
        gc.unfreeze()
        gc.enable()
    assert (gone() is None) == collected


def test_an_answer_does_not_wait_for_the_browser_to_acknowledge_its_first_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's socket as Streamlit makes it; a connection accepted on it has Nagle's algorithm off."""
    monkeypatch.setattr("pages.ui.starting.Thread", lambda **_: SimpleNamespace(start=lambda: None))

    async def begin() -> None:
        async with load_libraries(None):
            pass

    with socket.socket(family=socket.AF_INET) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def accepted() -> int:
            with socket.create_connection(server.getsockname()):
                connection, _ = server.accept()
                with connection:
                    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

        assert not accepted(), "asyncio would not mend it: the socket names no protocol"
        assert server.proto != socket.IPPROTO_TCP
        finished(begin())
        assert accepted()


def test_what_is_loaded_is_not_looked_through_again() -> None:
    """In a process of its own: Python's collection goes on, and passes over what the libraries made."""
    code = (
        "import asyncio, gc, time\n"
        "from pages.ui import starting\n"
        "starting.LIBRARIES = ('json.tool', 'unittest.mock')\n"
        "starting.give_back_memory = lambda: None\n"
        "async def begin():\n"
        "    async with starting.load_libraries(None):\n"
        "        while not gc.get_freeze_count():\n"
        "            await asyncio.sleep(0.01)\n"
        "asyncio.run(begin())\n"
        "time.sleep(0.1)\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 10_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
