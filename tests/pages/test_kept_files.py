"""Streamlit's own scripts, answered from memory: the same answers as from the disk."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import streamlit
from apart import finished
from starlette.middleware.gzip import GZipMiddleware
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from pages.ui.kept_files import KeptFiles

STATIC = Path(streamlit.__file__).parent / "static"
SCRIPT = max((STATIC / "static" / "js").glob("*.js"), key=lambda path: path.stat().st_size)
ADDRESS = f"/static/js/{SCRIPT.name}"


class Counted:
    """Streamlit's own files, and how often they were asked for."""

    def __init__(self) -> None:
        self.times = 0
        self._files = create_streamlit_static_handler(str(STATIC), None)

    async def __call__(self, scope, receive, send) -> None:
        self.times += 1
        await self._files(scope, receive, send)


def ask(app: Any, address: str, method: str = "GET", **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return an application's answer to a request: its status, headers and body."""
    messages: list[dict[str, Any]] = []

    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else await asyncio.Event().wait()  # whoever asked waits for the answer

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    sent = [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": address, "root_path": "", "query_string": b"", "headers": sent}
    finished(app(scope, receive, send))
    start, *bodies = messages
    return start["status"], dict(start["headers"]), b"".join(body["body"] for body in bodies)


def test_a_script_is_read_once_and_is_the_same_each_time() -> None:
    files = Counted()
    kept = KeptFiles(files)
    first, second = ask(kept, ADDRESS), ask(kept, ADDRESS)
    assert first == second == ask(Counted(), ADDRESS)
    assert first[0] == 200 and first[2] == SCRIPT.read_bytes()
    assert files.times == 1


@pytest.mark.parametrize(("headers", "status"), [({"range": "bytes=10-19"}, 206), ({"if_none_match": "*"}, 304)])
def test_who_asks_for_less_gets_less(headers: dict[str, str], status: int) -> None:
    kept, alone = KeptFiles(Counted()), Counted()
    headers = {
        name: ask(alone, ADDRESS)[1][b"etag"].decode() if value == "*" else value for name, value in headers.items()
    }
    for _ in range(2):  # before the whole file is kept, and after
        answer = ask(kept, ADDRESS, **headers)
        assert answer == ask(alone, ADDRESS, **headers) and answer[0] == status
        assert ask(kept, ADDRESS)[2] == SCRIPT.read_bytes()


@pytest.mark.parametrize("address", ["/", "/Stepping", "/static/js/made-up.js", "/manifest.json"])
def test_a_page_is_not_kept_and_made_up_addresses_fill_no_memory(address: str) -> None:
    files = Counted()
    kept = KeptFiles(files)
    assert [ask(kept, address)[0] for _ in range(3)] == [ask(Counted(), address)[0]] * 3
    assert files.times == 3


def test_another_method_is_passed_on() -> None:
    kept = KeptFiles(Counted())
    ask(kept, ADDRESS)
    assert ask(kept, ADDRESS, "HEAD")[::2] == (200, b"")


def test_what_was_packed_for_one_browser_is_not_given_to_another() -> None:
    kept = KeptFiles(GZipMiddleware(Counted()))
    assert ask(kept, ADDRESS, accept_encoding="gzip")[1][b"content-encoding"] == b"gzip"
    assert ask(kept, ADDRESS)[2] == SCRIPT.read_bytes()
