"""Learning-rate pitfalls and Digit training: Play, Pause, Step and the end of a run move nothing, on any screen."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playing import choose_speed, clock, expect_moment, expect_playing, no_shift, press
from playwright.sync_api import Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
SIZES = [(1440, 900), (1280, 720), (420, 900)]
SECTIONS = {
    name: f"Learning_rate_pitfalls?pitfalls_section={quote(name)}"
    for name in ("Regimes", "On digits", "Noise is not bounce", "Remedies")
} | {
    "one map": "Digit_training?training_dataset=UCI+handwriting&training_epochs=3",
    "ten maps": "Digit_training?training_dataset=UCI+handwriting&training_classes=all+ten&training_epochs=3",
}

BELOW = (
    "Look inside",
    "Why this answer?",
    "Judge it",
    "Runs",
    "Take it home",
)  # sections beneath the training's picture


@pytest.mark.parametrize("section", SECTIONS)
def test_playing_moves_nothing(visit: Visit, section: str) -> None:
    page = visit(SECTIONS[section])
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if width < 500:  # the sidebar slides away
            page.wait_for_function(
                "() => document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right <= 1"
            )
        with no_shift(page):
            clock(page).locator("[data-does=step]").click()
            page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 1")
            clock(page).locator("[data-does=play]").click()
            page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 2")
            clock(page).locator("[data-does=play]").click()  # on a busy machine it may have come to its end before
            expect_playing(page, False)
            idle(page)
            choose_speed(page, "fast")
            clock(page).locator("[data-does=play]").click()
            page.wait_for_function("() => document.querySelector('.sgd-clock').dataset.playing === 'false'")
            idle(page)
        press(page, "Reset")
        expect_moment(page, 0)
        idle(page)


def test_a_prediction_that_is_played_moves_nothing(visit: Visit) -> None:
    page = visit("Learning_rate_pitfalls?pitfalls_section=Predict%2C+then+run&pitfalls_question=4")
    page.get_by_role("button", name=re.compile("good$")).click()
    expect_moment(page, 0)
    idle(page)
    for width, height in SIZES[1:]:
        page.set_viewport_size({"width": width, "height": height})
        with no_shift(page):
            press(page, "Play")
            page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 3")
            press(page, "Pause")
            idle(page)
        press(page, "Reset")
        expect_moment(page, 0)
        idle(page)


def test_the_map_stays_where_it_is_while_cures_are_tried(visit: Visit) -> None:
    page = visit("Digit_training?training_dataset=UCI+handwriting&training_epochs=10&training_lr=20")
    page.set_viewport_size({"width": 1280, "height": 720})
    idle(page)
    choose_speed(page, "fast")
    tops = """() => ['.st-key-training_hero', '.st-key-training_cures > :first-child'].map(
      (one) => Math.round(document.querySelector(one).getBoundingClientRect().y))"""
    before = page.evaluate(tops)
    press(page, "Train")
    cures = page.locator(".st-key-training_cures")
    for _ in range(600):
        assert page.evaluate(tops) == before
        if cures.get_by_role("button", name="Scale the pixels").count():
            break
        page.wait_for_timeout(50)
    expect(cures.get_by_role("button", name=re.compile("^Try ")).first).to_be_visible()
    idle(page)
    assert page.evaluate(tops) == before


def places(page: Page) -> list[float]:
    """Where the choice of sections stands, and the first line of the one that is chosen."""
    return page.evaluate(
        """() => [document.querySelector('.st-key-training_section'),
          document.querySelector('.st-key-training_section').closest('[data-testid=stElementContainer]').nextElementSibling]
          .map((one) => Math.round(one.getBoundingClientRect().y))"""
    )


@pytest.mark.parametrize("below", BELOW)
def test_who_reads_below_the_picture_while_it_plays_loses_no_line(visit: Visit, below: str) -> None:
    page = visit(f"Digit_training?training_dataset=UCI+handwriting&training_epochs=2&training_section={quote(below)}")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.locator(".st-key-training_section").evaluate("(row) => row.scrollIntoView()")
    idle(page)
    before = places(page)
    clock(page).locator("[data-does=play]").evaluate("(button) => button.click()")  # it is out of sight
    page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 4")
    assert places(page) == before
    clock(page).locator("[data-does=play]").evaluate("(button) => button.click()")
    expect_playing(page, False)
    idle(page)
    page.wait_for_timeout(400)
    assert places(page) == before


def test_a_page_that_is_short_for_a_moment_while_it_is_drawn_anew_does_not_scroll(visit: Visit) -> None:
    page = visit("Digit_training?training_dataset=UCI+handwriting")
    page.set_viewport_size({"width": 1280, "height": 720})
    scrolled = """() => { const page = document.querySelector('[data-testid=stMain]'); return [page.scrollTop, page.scrollHeight]; }"""
    page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 1e5)")
    idle(page)
    before = page.evaluate(scrolled)
    after = page.evaluate(
        f"""async () => {{
          const app = document.querySelector('[data-test-script-state]'), wait = (ms) => new Promise((done) => setTimeout(done, ms));
          const part = document.querySelector('.st-key-training_section');
          app.dataset.testScriptState = 'running';
          await wait(50);
          part.style.display = 'none';
          await wait(50);
          const short = ({scrolled})();
          part.style.display = '';
          app.dataset.testScriptState = 'notRunning';
          await wait(1000);
          return [short, ({scrolled})(), document.querySelector('[data-testid=stMainBlockContainer]').style.minHeight];
        }}"""
    )
    assert before[0] > 100 and after == [before, before, ""]


def test_what_speaks_of_the_moment_at_rest_stands_back_while_it_plays(visit: Visit) -> None:
    page = visit("Digit_training?training_dataset=UCI+handwriting&training_epochs=200")
    strip = page.locator(".st-key-training_cures")
    expect(strip).to_have_css("opacity", "1")
    press(page, "Train")
    expect(strip).to_have_css("opacity", "0.3")
    press(page, "Pause")
    expect(strip).to_have_css("opacity", "1")
