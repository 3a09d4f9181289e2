"""Stepping as a person does it: click a start, play, pause, go back, scrub, change sections, play a very long run."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def click_at(page: Page, plot: Locator, x: float, y: float) -> None:
    """Click at a share of the plot's width and height."""
    expect(plot).to_be_visible()
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def number_in(page: Page, name: str) -> float:
    found = re.search(rf"[?&]{name}=(-?[\d.e+-]+)", page.url)
    assert found, page.url
    return float(found[1])


def stage(page: Page) -> Locator:
    return page.locator(".st-key-stepping_stage")


def test_a_click_on_the_curve_starts_there_and_the_step_follows(visit: Visit) -> None:
    page = visit("Stepping?stepping_at=2")
    click_at(page, page.locator(".st-key-stepping_curve [role=graphics-document]").first, 0.8, 0.4)
    expect(page).to_have_url(re.compile("stepping_start="))
    idle(page)
    start = number_in(page, "stepping_start")
    assert 1 < start < 3
    second = f"{start * 0.8**2:.4g}"  # two steps of 0.1 on x² shrink w to 0.64 of itself
    expect(stage(page).locator(".katex").first).to_contain_text(second)


def test_two_weights_click_play_pause_back_and_scrub(visit: Visit) -> None:
    page = visit("Stepping?stepping_section=Two+weights&stepping_speed=fast")
    plot = page.locator(".st-key-stepping_surface_map [role=graphics-document]").first
    click_at(page, plot, 0.75, 0.25)
    expect(page).to_have_url(re.compile("stepping_x=.*stepping_y=|stepping_y=.*stepping_x="))
    idle(page)
    assert number_in(page, "stepping_x") > 0.5 and number_in(page, "stepping_y") > 0.5
    press(page, "Play")
    expect(stage(page).get_by_test_id("stProgress")).to_contain_text(re.compile(r"step ([3-9]|\d\d+) of 100"))
    press(page, "Pause")
    expect(page).to_have_url(re.compile(r"stepping_two_at=\d+"))
    idle(page)
    at = int(number_in(page, "stepping_two_at"))
    assert 3 <= at < 100
    press(page, "Back")
    expect(stage(page).get_by_text(f"step {at - 1} of 100", exact=True)).to_be_visible()
    handle = stage(page).get_by_role("slider", name=re.compile(r"step \d+ of 100"))
    handle.press("ArrowRight")
    expect(stage(page).get_by_text(f"step {at} of 100", exact=True)).to_be_visible()
    handle.press("Home")
    expect(stage(page).get_by_text("step 0 of 100", exact=True)).to_be_visible()
    press(page, "End")
    expect(stage(page).get_by_text("step 100 of 100", exact=True)).to_be_visible()


def test_sections_keep_their_settings_and_their_step(visit: Visit) -> None:
    page = visit("Stepping?stepping_lr=0.3&stepping_at=4")
    page.get_by_role("radio", name="Fit a curve", exact=True).click()
    expect(stage(page).get_by_text("step 0 of 40", exact=True)).to_be_visible()
    press(page, "Step")
    expect(page).to_have_url(re.compile("stepping_fit_at=1"))
    page.get_by_role("radio", name="One weight", exact=True).click()
    expect(stage(page).get_by_text("step 4 of 20", exact=True)).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("0.3")
    page.get_by_role("radio", name="Fit a curve", exact=True).click()
    expect(stage(page).get_by_text("step 1 of 40", exact=True)).to_be_visible()
    page.reload()
    idle(page)
    expect(stage(page).get_by_text("step 1 of 40", exact=True)).to_be_visible()


# A frame counts when the section's first picture, the one that moves, has changed since the last animation frame.
COUNT = """() => { window.painted = []; let touched = false;
    const stage = document.querySelector('.st-key-stepping_stage');
    new MutationObserver(changes => {
        const first = stage.querySelector('[data-testid=stVegaLiteChart]');
        touched ||= changes.some(c => first && first.contains(c.target));
    }).observe(stage, {subtree: true, childList: true, attributes: true, attributeFilter: ['d', 'transform', 'x', 'y']});
    const look = () => { if (touched) { window.painted.push(performance.now()); touched = false; }
        requestAnimationFrame(look); };
    look(); }"""


@pytest.mark.parametrize(
    ("section", "query", "end"),
    [
        ("One weight", "stepping_steps=400", "step 400 of 400"),
        ("Race", "stepping_race_steps=10000&stepping_race_runs=6&stepping_function=Ripples", "step 10,000 of 10,000"),
        ("Two weights", "stepping_two_steps=10000&stepping_two_runs=6", "step 10,000 of 10,000"),
    ],
)
def test_a_long_run_plays_to_its_end_frame_by_frame(
    visit: Visit, capsys: pytest.CaptureFixture[str], section: str, query: str, end: str
) -> None:
    page = visit(f"Stepping?stepping_section={section.replace(' ', '+')}&stepping_speed=whole+run&{query}")
    page.evaluate(COUNT)
    press(page, "Play")
    page.wait_for_timeout(4_000)  # looking for the button again and again would cost the page frames
    expect(page.get_by_role("button", name="Play again", exact=True)).to_be_visible(timeout=60_000)
    painted = page.evaluate("window.painted")
    expect(stage(page).get_by_text(end, exact=True)).to_be_visible()
    with capsys.disabled():
        # three seconds in the midst of the run: its end is drawn with the whole page, at rest
        rate = sum(500 < time - painted[0] < 3500 for time in painted) / 3
        print(f"\n{section}: {len(painted)} frames painted, {rate:.0f} a second (aim: 20, sent: 25)")
    assert len(painted) > 10


def test_the_stop_section_stops_and_says_why(visit: Visit) -> None:
    page = visit("Stepping?stepping_section=When+to+stop&stepping_speed=whole+run")
    press(page, "Play")
    expect(page.get_by_role("button", name="Play again", exact=True)).to_be_visible()
    expect(page.get_by_text("Stopped at step 36: small gradient.")).to_be_visible()
