"""Faults that were seen in a browser on Digit training and Pitfalls, and what only a browser shows of them."""

import re
from collections.abc import Callable
from itertools import combinations

import pytest
from playing import choose_speed, clock, expect_moment, expect_playing, press
from playwright.sync_api import Locator, Page, expect
from serving import idle

from sgd_core.descent.questions import question

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
UCI = "training_dataset=UCI+handwriting"
Box = tuple[float, float, float, float]


def boxes(found: Locator) -> list[Box]:
    """The edges of elements: left, top, right, bottom."""
    return [
        tuple(box)
        for box in found.evaluate_all(
            "all => all.map(e => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; })"
        )
    ]


def overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1


def test_thirty_captions_stand_beside_each_other(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_model=Two+layers&training_hidden=30")
    captions = page.locator(".sgd-film .captions span")
    expect(captions).to_have_count(30)
    found = boxes(captions)
    assert not [pair for pair in combinations(found, 2) if overlap(*pair)]


def test_nothing_lies_over_the_sheet_or_its_choices_and_no_tool_waits_for_a_pointer(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_beside=my+digit")
    sheet = page.locator(".sgd-pad canvas")
    expect(sheet).to_be_visible()
    tools = page.get_by_role("button", name=re.compile("^(←|→|↑|↓|Keep as .*)$"))
    expect(tools.first).to_be_visible()
    choices = page.locator(".st-key-training_beside button")
    paper = boxes(sheet)[0]
    assert not [tool for tool in [*boxes(tools), *boxes(choices)] if overlap(paper, tool)]


def test_in_the_dark_a_chosen_tab_is_filled_and_no_tile_glares(page: Page, visit: Visit) -> None:
    page.emulate_media(color_scheme="dark")
    visit(f"Digit_training?{UCI}")
    row = page.locator(".st-key-training_section")
    fills = row.get_by_role("radio").evaluate_all("all => all.map(e => getComputedStyle(e).backgroundColor)")
    chosen = row.get_by_role("radio", checked=True).evaluate("e => getComputedStyle(e).backgroundColor")
    assert fills.count(chosen) == 1, fills
    white = """() => [...document.querySelectorAll('.stMain button, .stMain [data-testid=stVegaLiteChart], .sgd-clock')]
        .filter(e => /rgb\\(2[45]\\d, 2[45]\\d, 2[45]\\d\\)/.test(getComputedStyle(e).backgroundColor)).map(e => e.outerHTML.slice(0, 120))"""
    assert page.evaluate(white) == []


def test_on_a_phone_every_cure_and_the_strip_are_within_the_page(page: Page, visit: Visit) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    visit(f"Digit_training?{UCI}&training_lr=20&training_at=50")
    cures = page.locator(".st-key-training_cures")
    expect(cures.get_by_role("button", name="Scale the pixels")).to_be_attached(timeout=60_000)
    for left, _, right, _ in boxes(cures.get_by_role("button")):
        assert left >= 0 and right <= 420
    strip = boxes(cures.locator("[data-testid=stVegaLiteChart]"))[0]
    assert strip[2] - strip[0] >= 300


def test_clipping_pressed_plays_a_run_that_is_good(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_loss=Mean+squared+error&training_lr=0.1&training_at=50")
    expect(clock(page).locator(".card")).to_contain_text("Diverging")
    page.locator(".st-key-training_cures").get_by_role("button", name="Clip the gradient").click()
    page.wait_for_url(re.compile("training_clip="))
    expect_playing(page, True)
    choose_speed(page, "fast")
    expect(clock(page).get_by_role("button", name="Train again", exact=True)).to_be_visible(timeout=60_000)
    expect(clock(page).locator(".card")).to_contain_text("Good")


def test_pinned_runs_stand_side_by_side_as_maps_and_no_legend_conflicts(page: Page, visit: Visit) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    visit(f"Digit_training?{UCI}&training_epochs=2&training_section=Runs&training_at=10")
    press(page, "Pin this run")
    maps = page.locator('[aria-label*="first weight map of"]').first
    expect(maps).to_be_attached()
    rate = page.get_by_role("spinbutton", name="Learning rate, exact")
    rate.fill("0.05")
    rate.press("Enter")
    expect_moment(page, 0)
    press(page, "Step")
    expect_moment(page, 1)
    idle(page)
    press(page, "Pin this run")
    expect(page.get_by_text("lr 0.05", exact=True).first).to_be_visible()
    expect(maps).to_have_attribute("aria-label", re.compile("map of 2 runs: linear, lr 0.5.*lr 0.05"))
    assert not [text for text in told if "Conflicting" in text]


def test_a_diverging_question_is_drawn_without_a_broken_path(page: Page, visit: Visit) -> None:
    """The page's fixture fails on every error in the console, such as that of an SVG path that holds NaN."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    number = next(place for place in range(1, 50) if question(place).answer.name == "diverging")
    visit(f"Learning_rate_pitfalls?pitfalls_section=Predict%2C+then+run&pitfalls_question={number}")
    page.get_by_role("button", name="diverge", exact=True).click()
    press(page, "End")
    expect(page.get_by_text(re.compile("Right, it"))).to_be_visible()
    assert not [text for text in told if "attribute d" in text or "Conflicting" in text]


WIDTHS = """where => [...document.querySelectorAll(`${where} [data-testid=stVegaLiteChart] svg`)]
  .map((svg) => Math.max(...[...svg.querySelectorAll('.background')].map((part) => part.getBoundingClientRect().width)))"""
LONGER = [  # a run with a long axis, and what makes another one with a short axis
    (f"Digit_training?{UCI}&training_epochs=40", ".st-key-training_controls", "Epochs", "2"),
    ("Stepping?stepping_section=Race&stepping_race_steps=500", ".st-key-stepping_beneath", "Steps", "20"),
    ("Learning_rate_pitfalls?pitfalls_steps=300", ".st-key-pitfalls_hero", "Steps", "10"),
]


@pytest.mark.parametrize(
    ("address", "where", "field", "value"), LONGER, ids=[one[0].partition("?")[0] for one in LONGER]
)
def test_a_plot_is_as_wide_after_a_shorter_run(visit: Visit, address: str, where: str, field: str, value: str) -> None:
    """The rows of the run before reached far beside the new axis, and Vega made the plot narrow, to nothing in the end."""
    page = visit(address)
    choose_speed(page, "fast")
    press(page, "Play" if "Digit" not in address else "Train")
    expect_playing(page, False)
    idle(page)
    before = page.evaluate(WIDTHS, where)
    number = page.get_by_role("spinbutton", name=field).first
    if not number.is_visible():
        page.locator("summary").first.click()
    number.fill(value)
    number.press("Enter")
    page.wait_for_timeout(300)
    idle(page)
    page.wait_for_timeout(700)
    assert page.evaluate(WIDTHS, where) == pytest.approx(before, rel=0.05)  # a letter at the end needs a little room
