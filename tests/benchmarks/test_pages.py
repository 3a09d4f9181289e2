"""How fast the pages open and answer, as ratios to a bare Streamlit page in the same run. Prints; asserts no time."""

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from measuring import ARGUMENTS, CHROMIUM, bare_page, open_to_idle, press_to_quiet
from playwright.sync_api import Browser, sync_playwright
from serving import idle, serve

from pages.ui.page import PAGES

pytestmark = [pytest.mark.benchmark, pytest.mark.browser]
ADDRESSES = [row.address for row in PAGES.values()]
SLIDERS = {
    "Derivatives": ("Derivatives", "x, the point to look at"),
    "Stepping": ("Stepping", "Learning rate"),
    "Learning-rate pitfalls": ("Learning_rate_pitfalls", "Learning rate B"),
    "Digit training": ("Digit_training", "Learning rate"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def test_slider_press_to_a_quiet_page(browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with bare_page(tmp_path) as bare, serve(tmp_path) as ours:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(bare)
        idle(page)
        floor = statistics.median(press_to_quiet(page, "x"))
        lines = [f"bare page with one chart and one formula: {floor:.0f} ms"]
        for title, (path, slider) in SLIDERS.items():
            page.goto(f"{ours}/{path}")
            idle(page)
            page.wait_for_timeout(1500)
            if not page.get_by_role("slider", name=slider).count():
                lines.append(f"{title}: no slider “{slider}”")
                continue
            took = statistics.median(press_to_quiet(page, slider))
            lines.append(f"{title}: {took:.0f} ms, {took / floor:.2f} times (aim: at most 2)")
        page.close()
    with capsys.disabled():
        print("\nslider press to a quiet page, median\n  " + "\n  ".join(lines))


@pytest.mark.parametrize("path", ADDRESSES)
def test_opening(browser: Browser, tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    with bare_page(tmp_path) as url:
        bare = [open_to_idle(browser, url) for _ in range(2)]
    with serve(tmp_path) as url:
        ours = [open_to_idle(browser, f"{url}/{path}") for _ in range(2)]
    with capsys.disabled():
        print(
            f"\n{path or 'Home'}: cold {ours[0]:.1f} s against {bare[0]:.1f}, {ours[0] / bare[0]:.2f} times (aim: 2.5); "
            f"second visitor {ours[1]:.1f} s against {bare[1]:.1f}, {ours[1] / bare[1]:.2f} times (aim: 1.5)"
        )


BEYOND = ["Edge of stability", "Fate map", "Was it luck?", "How large a batch?", "Silver steps", "Catapult"]


def test_first_picture_of_each_section_beyond_the_rule(
    browser: Browser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seconds from the click on a section's name to its first chart and its clock, on a page that is open."""
    took = {}
    with serve(tmp_path) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{url}/Beyond_the_rule")
        idle(page)
        for name in BEYOND:
            page.wait_for_timeout(1000)
            body = re.sub(r"\W", "_", name.lower())
            began = time.perf_counter()
            page.get_by_role("radio", name=name, exact=True).click()
            page.wait_for_selector(f".st-key-beyond_body_{body} .sgd-clock[data-moment]")
            page.wait_for_selector(f".st-key-beyond_body_{body} [data-testid=stVegaLiteChart] :is(svg, canvas)")
            took[name] = time.perf_counter() - began
        page.close()
    with capsys.disabled():
        print("\nfirst picture (aim: 2 s): " + "; ".join(f"{name} {seconds:.2f} s" for name, seconds in took.items()))
