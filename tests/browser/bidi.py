"""Debian's Firefox by WebDriver BiDi, which it speaks over a websocket without a driver: what a smoke walk needs."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving import free_port
from websockets.sync.client import ClientConnection, connect

WAIT = 60.0  # seconds for what a page does in the end


class Firefox:
    """One tab of a Firefox; `errors` are what its console said of errors."""

    def __init__(self, socket: ClientConnection) -> None:
        """Begin a session in the tab that is open."""
        self._socket, self._number, self.errors = socket, 0, list[str]()
        self.tell("session.new", capabilities={})
        self.tell("session.subscribe", events=["log.entryAdded"])
        self._tab = self.tell("browsingContext.getTree")["contexts"][0]["context"]

    def tell(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv(WAIT))
            if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                self.errors.append(str(said["params"].get("text")))
            if said.get("id") == self._number:
                assert said["type"] == "success", said
                return dict(said["result"])

    def open(self, url: str) -> None:
        """Open an address, and wait until the page is drawn and idle."""
        self.tell("browsingContext.navigate", context=self._tab, url=url, wait="complete")
        self.until("document.querySelector('[data-test-script-state=notRunning]')")
        self.until(
            "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].some((e) => e.querySelector('svg, canvas'))"
        )

    def ask(self, script: str) -> Any:
        """Return the value of an expression on the page: a word, a number, true or false."""
        target = {"context": self._tab}
        said = self.tell("script.evaluate", expression=script, target=target, awaitPromise=True)
        assert said["type"] == "success", said
        return said["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + WAIT
        while not self.ask(f"Boolean({script})"):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        self.drag(selector, [(0.5, 0.5)])

    def drag(self, selector: str, places: list[tuple[float, float]]) -> None:
        """Press the mouse at the first of the places, as shares of an element's sides, and move it on to the others."""
        self.until(f"document.querySelector({selector!r})")
        box = self._place(selector)
        moves = [
            {"type": "pointerMove", "x": int(box["x"] + x * box["width"]), "y": int(box["y"] + y * box["height"])}
            for x, y in places
        ]
        actions = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
        self._perform({"type": "pointer", "id": "mouse", "actions": actions})

    def _place(self, selector: str) -> dict[str, float]:
        """Bring an element into view, and return where it has come to rest: a chart above may still be drawn."""
        box, before = dict[str, float](), None
        while box != before:
            self.ask(f"document.querySelector({selector!r}).scrollIntoView({{ block: 'center' }})")
            before, text = (
                box,
                self.ask(f"JSON.stringify(document.querySelector({selector!r}).getBoundingClientRect())"),
            )
            box = json.loads(text)
            time.sleep(0.1)
        return box

    def key(self, key: str, times: int = 1) -> None:
        """Press a key, by its code in WebDriver, so many times."""
        strokes = [{"type": kind, "value": key} for _ in range(times) for kind in ("keyDown", "keyUp")]
        self._perform({"type": "key", "id": "keys", "actions": strokes})

    def _perform(self, source: dict[str, Any]) -> None:
        self.tell("input.performActions", context=self._tab, actions=[source])


@contextmanager
def firefox(program: str, profile: Path) -> Iterator[Firefox]:
    """Run a Firefox without a window and with an empty profile."""
    port = free_port()
    (profile / "user.js").write_text('user_pref("browser.shell.checkDefaultBrowser", false);\n')
    command = [program, "--headless", "--no-remote", "--remote-debugging-port", str(port), "--profile", str(profile)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + WAIT
        while True:
            try:
                socket = connect(f"ws://127.0.0.1:{port}/session", max_size=None)
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < end, "Firefox did not come up"
                time.sleep(0.1)
        with socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(20)
