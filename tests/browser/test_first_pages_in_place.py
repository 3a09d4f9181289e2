"""Home, Derivatives, Stepping: picture and main controls are seen at once, on a phone too, and playing moves nothing."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playing import choose_speed, clock, expect_moment, expect_playing, last, no_shift, press
from playwright.sync_api import Locator, Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
WIDE, SMALL, PHONE = (1440, 1000), (1280, 720), (420, 900)

# Where the toolbar of the picture under the pointer lies over words or controls.
COVERED = """() => {
  const box = (element) => element.getBoundingClientRect();
  const lines = (element) => { const range = document.createRange(); range.selectNodeContents(element); return [...range.getClientRects()]; };
  const apart = '[data-testid=stElementToolbar], [data-testid=stVegaLiteChart], [data-testid=stDataFrame]';
  const bars = [...document.querySelectorAll('[data-testid=stElementToolbar]')]
    .filter((bar) => +getComputedStyle(bar).opacity > 0.1 && box(bar).width > 0);
  const others = [...document.querySelectorAll('.stMain :is(p, label, button, input, h1, h2, h3, td, th, .numbers b)')]
    .filter((one) => !one.closest(apart));
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return bars.flatMap((bar) => others
    .filter((one) => (one.matches('p, h1, h2, h3, td, th, label, b') ? lines(one) : [box(one)]).some((line) => meet(line, box(bar))))
    .map((one) => one.innerText || one.outerHTML.slice(0, 80)));
}"""


def box_of(place: Locator) -> dict[str, float]:
    expect(place).to_be_visible()
    box = place.bounding_box()
    assert box
    return dict(box)


def seen(place: Locator, height: int) -> None:
    """Check that a place lies within the window, without scrolling."""
    box = box_of(place)
    assert box["y"] >= 0 and box["y"] + box["height"] <= height, (place, box)


def size(page: Page, window: tuple[int, int]) -> None:
    page.set_viewport_size({"width": window[0], "height": window[1]})
    page.evaluate("() => document.querySelector('.stMain')?.scrollTo(0, 0)")


def check_toolbars(page: Page) -> None:
    """Hover over each picture: its toolbar covers no words and no controls."""
    bars = page.get_by_test_id("stElementToolbar")
    for chart in page.locator(PICTURE).all():
        if chart.locator("xpath=ancestor::*[contains(@class, '_filmbox')]").count():
            continue  # maps have none
        chart.hover()
        expect(bars.filter(visible=True).first).to_be_visible()
        page.wait_for_timeout(200)  # it begins to fade in
        assert page.evaluate(COVERED) == []
    page.mouse.move(1, 1)


PICTURE = "[data-testid=stVegaLiteChart]"
PLAYING = [
    ("home", "", "home_at=5", "[class*=_filmbox] canvas", "home_at_next"),
    ("derivatives", "Nudge it", "", "", "derivatives_kind"),
    ("derivatives", "Let PyTorch do it", "", "", "derivatives_example"),
    ("stepping", "One weight", "", "", "stepping_lr stepping_guess"),
    ("stepping", "Race", "", "", "stepping_start stepping_race_d_settings"),
    ("stepping", "Two weights", "", "", "stepping_two_a_lr stepping_two_a_momentum stepping_still_momentum_map"),
    ("stepping", "Fit a curve", "", "", "stepping_fit_scale stepping_fit_lr stepping_fit_best"),
    ("stepping", "When to stop", "", "", "stepping_lr stepping_stop_steps stepping_stop_patience"),
]


def address(lesson: str, section: str, query: str) -> str:
    return f"{'' if lesson == 'home' else lesson.title()}?{lesson}_section={quote(section)}&{query}"


@pytest.mark.parametrize(
    ("lesson", "section", "query", "picture", "controls"), PLAYING, ids=[case[1] or case[0] for case in PLAYING]
)
def test_it_is_seen_at_once_and_playing_moves_nothing(
    visit: Visit, lesson: str, section: str, query: str, picture: str, controls: str
) -> None:
    page = visit(address(lesson, section, query))
    hero = page.locator(f".st-key-{lesson}_hero").locator(picture or PICTURE).first
    places = [page.locator(f".st-key-{name}").first for name in controls.split()]
    for window in (WIDE, SMALL, PHONE):
        size(page, window)
        if window == PHONE:  # the sidebar slides away
            page.wait_for_function(
                "() => document.querySelector('[data-testid=stSidebar]').getBoundingClientRect().right <= 1"
            )
        if window == SMALL:
            for place in (hero, clock(page), *places):
                seen(place, window[1])
            check_toolbars(page)
            size(page, window)  # to the top again
        with no_shift(page):
            choose_speed(page, "fast")
            press(page, "Play")
            page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 1")
            if clock(page).get_attribute("data-playing") == "true":
                clock(page).locator("[data-does=play]").click()
            expect_playing(page, False)
            idle(page)
            for button in ("back", "step", "back", "end"):  # a fast run may have come to its end before it was paused
                clock(page).locator(f"[data-does={button}]").click()
            expect_moment(page, last(page))
            idle(page)
        press(page, "Reset")
        expect_moment(page, 0)
        idle(page)
    # On a phone: the picture, its clock, then what is set; other charts later; the names of the sections in one row.
    tops = [box_of(place)["y"] for place in (hero, clock(page), *places)]
    beneath = page.locator(f".st-key-{lesson}_beneath {PICTURE}")
    later = [box_of(beneath.first)["y"]] if beneath.count() else []
    assert tops[0] < tops[1] < min(tops[2:]) and max(tops) < min(later, default=10_000)
    buttons = page.locator(f".st-key-{lesson}_section button")
    assert len({round(box_of(one)["y"]) for one in buttons.all()}) <= 1
    for one in buttons.all():
        assert one.evaluate("(button) => button.scrollWidth <= button.clientWidth + 1"), "no name is cut"
    assert page.evaluate("() => document.querySelector('.stMain').scrollWidth <= innerWidth")


RESTING = [
    ("The slope", "", "still_slope", "x_slider x_row bet_level_box"),
    ("Many weights", "", "still_above", "part surface a b"),
    ("Many weights", "derivatives_part=a vector", "hero [data-testid=stVegaLiteChart]", "part vector unsummed"),
    ("Many weights", "derivatives_part=a digit model", "maps_filmbox", "part dataset measure"),
]


@pytest.mark.parametrize(
    ("section", "query", "picture", "controls"), RESTING, ids=[case[1][17:] or case[0] for case in RESTING]
)
def test_a_picture_at_rest_is_seen_with_its_controls(
    visit: Visit, page: Page, section: str, query: str, picture: str, controls: str
) -> None:
    size(page, SMALL)
    visit(address("derivatives", section, query))
    for name in (picture, *controls.split()):
        seen(page.locator(f".st-key-derivatives_{name}").first, SMALL[1])
    check_toolbars(page)
    size(page, PHONE)
    page.wait_for_timeout(500)
    hero, first = box_of(page.locator(f".st-key-derivatives_{picture}").first), controls.split()[0]
    assert hero["y"] < 400 and hero["x"] >= 0 and hero["x"] + hero["width"] <= PHONE[0]
    assert box_of(page.locator(f".st-key-derivatives_{first}").first)["y"] > hero["y"]


def test_home_keeps_one_layout_in_all_seven_steps(visit: Visit, page: Page) -> None:
    size(page, SMALL)
    visit()
    places = []
    for step in range(7):
        if step:
            page.get_by_role("button", name="Next", exact=True).click()
            expect(page).to_have_url(re.compile(f"home_at={step}"))
            idle(page)
        hero, words = page.locator(".st-key-home_hero"), page.locator(".st-key-home_controls")
        seen(hero, SMALL[1])
        seen(words.get_by_role("button").nth(1), SMALL[1])
        places.append(tuple(round(box_of(place)[side]) for place in (hero, words) for side in ("x", "y", "width")))
        if step in (0, 3, 6):
            assert box_of(page.locator("[class*=_filmbox] canvas").first)["width"] >= 380, "the map is the hero"
    assert len(set(places)) == 1


def test_back_can_be_pressed_while_a_run_plays_from_its_start(visit: Visit) -> None:
    page = visit("Stepping")
    choose_speed(page, "slow")
    back = clock(page).locator("[data-does=back]")
    expect(back).to_be_disabled()
    press(page, "Play")
    page.wait_for_function("() => +document.querySelector('.sgd-clock').dataset.moment >= 1")
    expect(back).to_be_enabled()
    expect_playing(page, True)
    back.click()
    expect_playing(page, False)
