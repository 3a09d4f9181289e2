"""Running the app for a browser, and waiting for it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
# The browser fetches the code of charts when it meets the first one, and until then their places are empty.
DRAWN = """() => !document.querySelector('[data-testid=stSkeleton]')
  && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every((chart) => chart.querySelector('svg, canvas'))"""
ERROR = "[data-testid=stException], .st-key-page_error"  # Streamlit's box, and the app's own


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def launch(
    port: int, data: Path, script: str = "app.py", log: Path = Path(os.devnull), **environment: str
) -> subprocess.Popen[bytes]:
    """Start the app (or another script) on a port with its own data folder, and wait until it answers."""
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--server.fileWatcherType", "none"]
    env = {**os.environ, "SGD_LAB_DATA": str(data), "PYTHONPATH": str(ROOT), **environment}
    with log.open("a") as out:  # an error's number on a page is looked up there
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    end = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).read()
            return process
        except OSError:
            assert process.poll() is None, "the server ended"
            if time.monotonic() > end:
                process.kill()
                raise AssertionError("the server did not come up") from None
            time.sleep(0.1)


@contextmanager
def serve(data: Path, script: str = "app.py", **environment: str) -> Iterator[str]:
    """Run the app (or another script) on a free port with its own data folder; yields its address."""
    port = free_port()
    process = launch(port, data, script, **environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def idle(page: Page) -> None:
    """Wait until the script has ended and what it sent is drawn."""
    page.wait_for_selector(
        "[data-test-script-state=notRunning]", state="attached", timeout=150_000
    )  # two busy cores may take a minute to load torch
    expect(page.locator(ERROR)).to_have_count(0)
    page.wait_for_function(DRAWN)


@contextmanager
def serve_to(page: Page, data: Path, **environment: str) -> Iterator[str]:
    """Run a server of its own for a page, which is sent away before the server ends."""
    with serve(data, **environment) as url:
        yield url
        page.goto("about:blank")
