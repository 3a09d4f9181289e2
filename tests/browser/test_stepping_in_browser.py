"""Stepping as a person does it: bet, step, play, pause, scrub, click a start, change a setting in mid-run."""

import re
from collections.abc import Callable

import pytest
from playing import (
    choose_speed,
    clock,
    expect_moment,
    expect_playing,
    last,
    moment,
    no_shift,
    numbers,
    plain,
    press,
    scrub,
)
from playwright.sync_api import Locator, Page, expect
from serving import idle

from sgd_core.calculus.formula import parse_function
from sgd_core.descent.descend import descend
from sgd_core.descent.fit import RollerCoaster, descend_fit
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.surfaces import SURFACES, descend_surface
from sgd_core.numbers import number

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
SGD = Optimizer("sgd")


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


def chart(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-stepping_{name} [data-testid=stVegaLiteChart]").first


def one_weight(lr: float) -> list[float]:
    return descend(parse_function("x**2"), -1.5, lr, 20)["loss"].tolist()


def race(lr: float) -> list[float]:
    return descend(parse_function("x**2"), -1.5, lr, 60)["loss"].tolist()


def two_weights(lr: float) -> list[float]:
    surface = SURFACES["valley"]
    run = descend_surface(surface.function, surface.start, [lr], 100, [Optimizer("sgd", momentum=0.403)])
    return run["loss"].tolist()


def fit(lr: float) -> list[float]:
    return descend_fit(RollerCoaster(), lr, 40, SGD)["loss"].tolist()


CASES = [
    ("One weight", "", "loss", "Learning rate, exact", 0.3, one_weight),
    ("Two weights", "", "loss A", "Learning rate of A, exact", 0.05, two_weights),
    ("Fit a curve", "", "mean squared error", "Learning rate, exact", 2e-5, fit),
    ("When to stop", "", "loss", "Learning rate, exact", 0.3, one_weight),
]


@pytest.mark.parametrize(("section", "query", "column", "field", "lr", "losses"), CASES, ids=[c[0] for c in CASES])
def test_a_section_plays_steps_scrubs_and_takes_another_rate(
    visit: Visit,
    section: str,
    query: str,
    column: str,
    field: str,
    lr: float,
    losses: Callable[[float], list[float]],
) -> None:
    page = visit(f"Stepping?stepping_section={section.replace(' ', '+')}{query}")
    press(page, "Step")
    expect_moment(page, 1)
    idle(page)
    with no_shift(page):
        choose_speed(page, "slow")
        press(page, "Play")
        expect_playing(page, True)
        page.wait_for_timeout(1_500)
        press(page, "Pause")
        expect_playing(page, False)
    assert moment(page) >= 2
    scrub(page, 5)
    idle(page)
    page.get_by_role("spinbutton", name=field).fill(repr(lr))
    page.get_by_role("spinbutton", name=field).press("Enter")
    cell = clock(page).locator(".numbers > div").filter(has_text=re.compile(rf"^{column}")).locator("b")
    expect(cell.first).to_have_text(number(losses(lr)[5]))
    expect_moment(page, 5)


def test_a_race_plays_to_its_end_and_ranks(visit: Visit) -> None:
    page = visit("Stepping?stepping_section=Race")
    choose_speed(page, "fast")
    with no_shift(page):
        press(page, "Play")
        expect_playing(page, True)
        expect(clock(page)).to_have_attribute("data-moment", str(last(page)), timeout=60_000)
    idle(page)
    assert plain(numbers(page)["loss A"]) == pytest.approx(race(0.1)[60], rel=1e-3)
    expect(page.get_by_role("cell", name="21", exact=True)).to_be_visible()  # 0.8²¹ is the first below 1 %


def test_the_marker_is_scored_when_the_step_is_taken(visit: Visit) -> None:
    page = visit("Stepping")
    marker = page.get_by_role("slider", name=re.compile("where will the next step land"))
    marker.focus()
    for _ in range(3):
        marker.press("ArrowLeft")
    expect(page.get_by_text("You say it lands at w = −0.03")).to_be_visible()
    press(page, "Step")
    expect(page.get_by_text("it landed at w = −1.2, you were off by 1.17")).to_be_visible()


def test_enter_and_space_on_step_count_each_time(visit: Visit) -> None:
    page = visit("Stepping")
    button = clock(page).get_by_role("button", name="Step", exact=True)
    button.focus()
    for key in ("Enter", " ", "Enter", " ", "Enter", " "):
        button.press(key)
    expect_moment(page, 6)
    expect(clock(page).get_by_role("button", name="Back", exact=True)).to_be_enabled()


def test_a_click_on_the_curve_starts_there(visit: Visit) -> None:
    page = visit("Stepping?stepping_at=2")
    click_at(page, chart(page, "chart_0"), 0.8, 0.4)
    expect(page).to_have_url(re.compile("stepping_start="))
    idle(page)
    start = number_in(page, "stepping_start")
    assert 1 < start < 3
    assert plain(numbers(page)["w"]) == pytest.approx(start * 0.8**2, rel=1e-3)


def test_a_click_on_the_surface_starts_there_and_one_on_the_map_sets_both(visit: Visit) -> None:
    page = visit("Stepping?stepping_section=Two+weights")
    click_at(page, chart(page, "two_chart_0"), 0.75, 0.25)
    expect(page).to_have_url(re.compile("stepping_x=.*stepping_y=|stepping_y=.*stepping_x="))
    idle(page)
    assert number_in(page, "stepping_x") > 0.5 and number_in(page, "stepping_y") > 0.5
    click_at(page, chart(page, "still_momentum_map"), 0.6, 0.3)
    expect(page).to_have_url(re.compile("stepping_two_a_lr="))
    idle(page)
    assert number_in(page, "stepping_two_a_momentum") > 0.5 and number_in(page, "stepping_two_a_lr") < 0.13


def test_sections_keep_their_settings_and_their_moment(visit: Visit) -> None:
    page = visit("Stepping?stepping_lr=0.3&stepping_at=4")
    page.get_by_role("radio", name="Fit a curve", exact=True).click()
    expect_moment(page, 0)
    press(page, "Step")
    expect(page).to_have_url(re.compile("stepping_fit_at=1"))
    page.get_by_role("radio", name="One weight", exact=True).click()
    rate = page.get_by_role("spinbutton", name="Learning rate, exact")
    expect(page.locator(".st-key-stepping_body_one_weight")).to_be_attached()
    expect(rate).to_have_count(1)  # while one section gives way to another both stand there for a moment
    expect(rate).to_have_value("0.3")
    expect_moment(page, 4)
