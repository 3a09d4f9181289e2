"""Learning-rate pitfalls and Digit training: Play, Pause, Step and the end of a run move nothing, on any screen."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playing import choose_speed, clock, expect_moment, expect_playing, no_shift, press
from playwright.sync_api import Page
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
