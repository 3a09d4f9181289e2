"""A real server and a real Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from serving import idle, serve

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all tests that do not need a fresh one; its data folder is empty."""
    with serve(tmp_path_factory.mktemp("data")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page that fails the test on an error or a chart's warning in the console (but for the 404s of a deep link)."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if _is_fault(m.type, m.text) else None)
    yield page
    page.close()
    assert not errors, errors


def _is_fault(kind: str, text: str) -> bool:
    return (kind == "error" and "404" not in text) or (kind == "warning" and text.startswith("WARN"))


@pytest.fixture
def lone_page(browser: Browser) -> Iterator[Page]:
    """A fresh page whose server may go away: the console may say that a connection failed."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.fixture
def visit(page: Page, server: str) -> Callable[[str], Page]:
    """A function that opens a path of the app, such as "Stepping?stepping_lr=0.3", and waits until it is idle."""

    def go(path: str = "") -> Page:
        page.goto(f"{server}/{path}")
        idle(page)
        return page

    return go


@pytest.fixture
def mnist_mirror() -> Path:
    """The folder of MNIST's original files that SGD_LAB_MIRROR names; skips where it names none."""
    named = os.environ.get("SGD_LAB_MIRROR", "").removeprefix("file://")
    if not named or not Path(named).is_dir():
        pytest.skip("SGD_LAB_MIRROR names no folder with the MNIST files")
    return Path(named)
