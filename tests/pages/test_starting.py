"""What the server does besides drawing pages."""

import asyncio
import gc
import socket
import time
import weakref
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pages.ui.starting import QUIET, give_back_memory, load_libraries


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


@pytest.mark.parametrize(("busy", "collected"), [([False], True), ([True], False), ([True, False], True)])
def test_what_is_left_behind_is_collected_once_nobody_asks(
    monkeypatch: pytest.MonkeyPatch, busy: list[bool], collected: bool
) -> None:
    spent = nights(*busy)
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    gone = weakref.ref(Left())
    gc.disable()
    try:
        with pytest.raises(StopIteration):
            give_back_memory()
    finally:
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
        asyncio.run(begin())
        assert accepted()
