"""The clock alone: what it does when a person drives it."""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playing import (
    charts_sent,
    choose_speed,
    clock,
    expect_moment,
    expect_playing,
    moment,
    no_shift,
    numbers,
    press,
    scrub,
    wire,
)
from playwright.sync_api import Browser, Page, expect
from serving import ROOT, idle, serve

from sgd_core.charts.tiles import colors

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the clock's own page."""
    with serve(tmp_path_factory.mktemp("data"), script="tests/browser/clock_page.py") as url:
        yield url


@pytest.fixture
def opened(page: Page, alone: str) -> Callable[[str], Page]:
    """Open the clock's page with a query."""

    def go(query: str = "") -> Page:
        page.goto(f"{alone}/?{query}")
        idle(page)
        expect(clock(page)).to_have_attribute("data-moment", re.compile(r"\d"))
        page.wait_for_timeout(500)
        return page

    return go


def test_a_recorded_run_plays_without_a_message(page: Page, opened: Callable[[str], Page]) -> None:
    messages = wire(page)
    opened("")
    choose_speed(page, "fast")
    with no_shift(page):
        sent = len(messages.sent)
        press(page, "Play")
        expect_moment(page, 40)
        assert len(messages.sent) - sent <= 1  # its place, at the end
        expect_playing(page, False)
    assert numbers(page) == {"step": "40", "value": "80"}
    expect(page.get_by_text("At rest at 40.")).to_be_visible()
    expect(page).to_have_url(re.compile("home_at=40"))


@pytest.mark.parametrize("late", [0, 30])
def test_the_hero_has_every_frame_and_charts_beside_it_take_turns_where_frames_are_late(
    page: Page, opened: Callable[[str], Page], late: int
) -> None:
    """Two charts more than the section has, and a page that is busy for so many milliseconds in each frame."""
    opened("")
    seen = page.evaluate(
        """late => new Promise((done) => {
          for (const name of ["second", "third"]) document.body.insertAdjacentHTML("beforeend", `<div class="vega-bind"><input name="t" data-name="${name}"></div>`);
          const clock = document.querySelector(".sgd-clock"), values = () => [...document.querySelectorAll(".vega-bind input[name=t]")].map((one) => +one.value);
          const frames = [], look = () => {
            for (const end = performance.now() + late; performance.now() < end;);
            frames.push([+clock.dataset.moment, ...values()]);
            clock.dataset.playing === "true" ? requestAnimationFrame(look) : done([frames, values()]);
          };
          clock.querySelectorAll(".speeds button")[2].click(); clock.querySelector(".play").click(); requestAnimationFrame(look); })""",
        late,
    )
    frames, rest = seen
    assert rest == [40, 40, 40] and len(frames) > 10
    moves = [[now[place] != before[place] for place in (1, 2, 3)] for before, now in itertools.pairwise(frames)]
    assert all(frame[1] == frame[0] for frame in frames), "the first is the hero"
    behind = [frame[0] - min(frame[2:]) for frame in frames]
    steps = [now[0] - before[0] for before, now in itertools.pairwise(frames)]
    assert max(behind) <= 2 * max(steps, default=0), "two frames behind at most"
    if late:
        assert not any(second and third for _, second, third in moves[-6:-1]), "in turns"
        assert max(behind) > 0
    else:
        assert not any(behind[:2]), "all at once"


def test_buttons_scrubber_and_keys(page: Page, opened: Callable[[str], Page]) -> None:
    opened("home_at=7")
    expect_moment(page, 7)
    for name, at in (("Step", 8), ("Back", 7), ("End", 40), ("Reset", 0)):
        press(page, name)
        expect_moment(page, at)
    scrub(page, 25)
    expect(page.get_by_text("At rest at 25.")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    for key, at in (("ArrowRight", 26), ("ArrowLeft", 25), ("Home", 0), ("End", 40)):
        page.keyboard.press(key)
        expect_moment(page, at)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect_playing(page, True)
    page.keyboard.press("Space")
    expect_playing(page, False)
    assert page.locator(".vega-bind input[name=t]").first.input_value() == str(moment(page))


def test_a_setting_changed_in_mid_run_goes_on_at_the_same_moment(page: Page, opened: Callable[[str], Page]) -> None:
    opened("")
    press(page, "Play")
    page.wait_for_function("+document.querySelector('.sgd-clock').dataset.moment >= 3")
    page.get_by_role("slider", name="By").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.numbers').textContent.includes('.')")
    expect_playing(page, True)
    press(page, "Pause")
    at = moment(page)
    assert numbers(page)["value"] == f"{2.1 * at:.4g}"


def test_python_sets_the_clock_going_once(page: Page, opened: Callable[[str], Page]) -> None:
    opened("")
    page.get_by_role("button", name="On from 5").click()
    expect_playing(page, True)
    page.wait_for_function("+document.querySelector('.sgd-clock').dataset.moment >= 7")
    press(page, "Pause")
    assert 7 <= moment(page) < 40
    idle(page)
    # A clock drawn anew was told before: it stays at rest.
    page.get_by_role("radio", name="pulled", exact=True).click()
    expect(page.locator(".sgd-film")).to_have_count(1)
    page.get_by_role("radio", name="recorded", exact=True).click()
    expect(page.get_by_role("slider", name="By")).to_be_visible()
    idle(page)
    page.wait_for_timeout(600)
    expect_playing(page, False)
    assert moment(page) < 5


def test_thirty_presses_move_thirty_stops(page: Page, opened: Callable[[str], Page]) -> None:
    opened("home_lr=0.001")
    slider = page.get_by_role("slider", name="Learning rate")
    slider.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight", delay=20)
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("1")
    expect(page).to_have_url(re.compile(r"home_lr=1(\.0)?(&|$)"))


def test_the_address_goes_back_one_deliberate_change(page: Page, opened: Callable[[str], Page]) -> None:
    opened("")
    slider = page.get_by_role("slider", name="Learning rate")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight", delay=20)
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("0.32")
    expect(page).to_have_url(re.compile(r"home_lr=0.32"))
    page.get_by_role("slider", name="By").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight", delay=20)
    expect(page).to_have_url(re.compile(r"home_by=2.3"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?home_lr=0.32$"))
    expect(page.get_by_role("slider", name="By")).to_have_value("2")
    page.go_back()
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("0.1")


def picture_of(page: Page) -> str:
    return page.locator("[data-testid=stVegaLiteChart] svg").first.inner_html()


def test_a_chart_gets_its_rows_without_being_sent_again(page: Page, opened: Callable[[str], Page]) -> None:
    specifications = charts_sent(page)
    opened("home_section=pulled")
    before, seen = len(specifications), picture_of(page)
    choose_speed(page, "fast")
    press(page, "Play")
    page.wait_for_function("+document.querySelector('.sgd-clock').dataset.moment >= 60")
    rows = page.evaluate("Object.values(document.body.value.home_clock).at(-1)[0].step.length")
    assert 60 < rows <= 200
    assert picture_of(page) != seen
    expect_moment(page, 199)
    idle(page)
    assert page.evaluate("[...Object.values(document.body.value.home_clock).at(-1)[0].value]") == [
        2.0 * i for i in range(200)
    ]
    # Two charts: the rows', once its axis has grown, and the film's at rest, each time that the section was drawn.
    sent = [text for text in specifications[before:] if "fed_0" in text]
    assert all("800" in text for text in sent) and len(set(sent)) == 1


def test_a_film_is_whole_again_when_its_section_is_opened_again(page: Page, opened: Callable[[str], Page]) -> None:
    opened("home_section=pulled")
    choose_speed(page, "fast")
    press(page, "Play")
    expect_moment(page, 199)
    idle(page)
    page.get_by_role("radio", name="recorded", exact=True).click()
    expect(page.get_by_role("slider", name="By")).to_be_visible()
    expect(page.locator(".sgd-film")).to_have_count(0)
    page.get_by_role("radio", name="pulled", exact=True).click()
    expect_moment(page, 199)
    idle(page)
    scrub(page, 150)
    canvas = page.locator("canvas[data-moment]")
    expect(canvas).to_have_attribute("data-moment", "150")
    told = canvas.evaluate("(one) => [...one.getContext('2d').getImageData(100, 100, 1, 1).data]")
    value = 150 / 199 * 2 - 1
    assert told[:3] == pytest.approx([round(part) for part in colors([value], 1.0)[0]], abs=6)


def test_a_press_in_the_moment_in_which_the_clock_tells_its_place_is_heard(
    page: Page, opened: Callable[[str], Page]
) -> None:
    """Streamlit sends both as one message, to the section alone."""
    opened("")
    page.evaluate("""() => {
      document.querySelector('.sgd-clock [data-does=end]').click();
      const other = [...document.querySelectorAll('[role=radio]')].find((one) => one.innerText.trim() === 'pulled');
      other.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
      other.click();
    }""")
    expect(page.locator(".sgd-film")).to_have_count(1)


def test_a_run_is_pulled_while_it_plays_and_never_while_it_is_scrubbed(
    page: Page, opened: Callable[[str], Page]
) -> None:
    messages = wire(page)
    opened("home_section=pulled")
    assert int(clock(page).get_attribute("data-recorded") or 0) < 50
    choose_speed(page, "fast")
    with no_shift(page):
        press(page, "Play")
        expect_moment(page, 199)
        expect_playing(page, False)
    page.wait_for_timeout(500)
    expect(page.locator("canvas[data-moment]")).to_have_attribute("data-moment", "199")
    sent = len(messages.sent)
    press(page, "Play again")
    expect_moment(page, 199)
    scrub(page, 20)
    assert len(messages.sent) - sent <= 2  # two places
    expect(clock(page).locator(".card")).to_contain_text("moment 20")
    clock(page).get_by_role("button", name="Mark").click()
    expect(page.get_by_text("Marked 20.")).to_be_visible()


def test_a_hidden_tab_asks_nothing(page: Page, opened: Callable[[str], Page]) -> None:
    messages = wire(page)
    opened("home_section=pulled")
    choose_speed(page, "slow")
    press(page, "Play")
    page.wait_for_timeout(700)
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.wait_for_timeout(400)
    sent, at = len(messages.sent), moment(page)
    page.wait_for_timeout(2500)
    assert (len(messages.sent), moment(page)) == (sent, at)


def test_a_question_that_was_lost_is_asked_again(page: Page, opened: Callable[[str], Page]) -> None:
    opened("home_section=pulled")
    page.evaluate(
        """() => {
          window.lost = 0;  // the first question reaches nobody
          addEventListener("sgd-ask", (event) => { if (!window.lost++) event.stopImmediatePropagation(); }, true);
        }"""
    )
    choose_speed(page, "fast")
    press(page, "Play")
    expect_moment(page, 199)
    assert page.evaluate("window.lost") > 1


@pytest.mark.parametrize("does", ["Play", "Step"])
def test_the_clock_asks_when_python_listens(page: Page, opened: Callable[[str], Page], does: str) -> None:
    opened("home_section=pulled")
    page.evaluate("addEventListener('sgd-ask', () => { window.asks = (window.asks ?? 0) + 1; }, true)")
    page.evaluate("document.querySelector('[data-test-script-state]').dataset.testScriptState = 'running'")
    press(page, "End")
    here = moment(page)
    press(page, does)
    page.wait_for_timeout(1500)
    assert (page.evaluate("window.asks ?? 0"), moment(page)) == (0, here), "its question would undo what is under way"
    page.evaluate("document.querySelector('[data-test-script-state]').dataset.testScriptState = 'notRunning'")
    page.wait_for_function("here => +document.querySelector('.sgd-clock').dataset.moment > here", arg=here)


def test_reduced_motion_shows_steps(browser: Browser, alone: str) -> None:
    page = browser.new_page(reduced_motion="reduce")
    page.goto(alone)
    idle(page)
    page.wait_for_timeout(500)
    seen: set[int] = set()
    press(page, "Play")
    for _ in range(20):
        page.wait_for_timeout(100)
        seen.add(moment(page))
    assert 2 <= len(seen) <= 4  # about one picture a second
    page.close()


def test_the_film_at_rest_is_a_chart_in_the_same_place(page: Page, opened: Callable[[str], Page]) -> None:
    opened("home_section=pulled&home_at=3")
    film = page.locator("[class*=_filmbox]").first
    expect(film).to_have_attribute("data-moving", "false")
    still = film.locator("[data-testid=stVegaLiteChart]")
    canvas, chart = film.locator("canvas[aria-label]").first.bounding_box(), still.bounding_box()
    assert canvas is not None and chart is not None
    assert (canvas["x"], canvas["y"]) == pytest.approx((chart["x"], chart["y"]), abs=1)
    resting = page.screenshot(clip={k: canvas[k] for k in ("x", "y", "width", "height")})  # type: ignore[arg-type]
    page.evaluate("document.querySelector('[class*=_filmbox]').dataset.moving = 'true'")
    moving = page.screenshot(clip={k: canvas[k] for k in ("x", "y", "width", "height")})  # type: ignore[arg-type]
    assert _difference(resting, moving) < 4


def _difference(one: bytes, other: bytes) -> float:
    import io

    import numpy as np
    from PIL import Image

    a, b = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float) for data in (one, other))
    return float(np.abs(a - b).mean())


def test_files_are_small() -> None:
    for name in ("pace.js", "clock.js", "film.js", "feed.js"):
        assert len((Path(ROOT) / "pages/ui" / name).read_text().splitlines()) < 280
