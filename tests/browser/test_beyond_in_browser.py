"""Beyond the rule as a person uses it: every section plays, pauses and steps in place; the map zooms and plays a click."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playing import clock, expect_moment, expect_playing, moment, no_shift, press
from playwright.sync_api import Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]

PLAYS = [
    ("Catapult", "beyond_catapult_steps=20", "Train"),
    ("Edge of stability", "beyond_edge_steps=100", "Train"),
    ("Fate map", "beyond_map_size=128", "Play"),
    ("Was it luck?", "", "Train 2 × 32 runs"),
    ("Was it luck?", "beyond_luck_of=the LR finder", "Find 32 times"),
    ("How large a batch?", "beyond_batch_epochs=3", "Train"),
    ("How large a batch?", "beyond_batch_view=race&beyond_batch_digits=3 and 7", "Race"),
    ("Silver steps", "beyond_silver_steps=127", "Play"),
]


@pytest.mark.parametrize(("section", "query", "play"), PLAYS)
def test_it_plays_pauses_and_steps_without_moving_the_page(visit: Visit, section: str, query: str, play: str) -> None:
    page = visit(f"Beyond_the_rule?beyond_section={quote(section)}&{query}")
    for width, height in ((1440, 1000), (1280, 720), (420, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(800)  # the sidebar slides away, the charts take their new width
        with no_shift(page):
            press(page, play)
            page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 2", timeout=60_000)
            if clock(page).get_attribute("data-playing") == "true":
                press(page, "Pause")
            expect_playing(page, False)
            at = moment(page)
            clock(page).locator("[data-does=back]").click()
            expect_moment(page, at - 1)
            clock(page).locator("[data-does=step]").click()
            expect_moment(page, at)
        assert not page.locator("[data-testid=stException]").count()
        press(page, "Reset")
        expect_moment(page, 0)
        idle(page)


def test_a_drag_zooms_the_map_and_a_click_plays_that_run(visit: Visit) -> None:
    page = visit("Beyond_the_rule?beyond_section=Fate%20map&beyond_map_size=128")
    plot = page.locator(".st-key-beyond_still_map [data-testid=stVegaLiteChart]").first
    box = plot.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.55 * box["width"], box["y"] + 0.5 * box["height"])
    page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 1", timeout=60_000)
    idle(page)
    assert "beyond_run=" in page.url
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.35 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.45 * box["height"], steps=5)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.55 * box["height"], steps=5)
    page.mouse.up()
    expect(page.get_by_role("button", name="Whole map")).to_be_enabled(timeout=60_000)
    page.wait_for_url("**beyond_window=**", timeout=60_000)
    page.get_by_role("button", name="Whole map").click()
    expect(page.get_by_role("button", name="Whole map")).to_be_disabled(timeout=60_000)
