"""A short monkey for every change; the long one is `python -m tests.monkey --clicks 10000`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser

from tests.monkey.addresses import try_addresses
from tests.monkey.walk import Walk

pytestmark = pytest.mark.browser


def test_80_random_actions_break_nothing(browser: Browser, server: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    monkey = Walk(page, server, seed=7)
    monkey.take(80)
    page.close()
    assert not monkey.faults, monkey.faults


def test_random_and_hostile_addresses_are_answered_without_an_error(server: str) -> None:
    with ThreadPoolExecutor(1) as pool:  # Playwright's own loop runs in this thread
        wrong = pool.submit(lambda: asyncio.run(try_addresses(server.replace("http", "ws"), 60, 40))).result()
    assert not wrong, "\n".join(wrong)
