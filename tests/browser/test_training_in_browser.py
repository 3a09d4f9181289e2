"""Digit training as a person does it: train, pause, change the learning rate in mid-run, leave, return."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]

STEP = re.compile(r"step ([\d,]+), epoch ([\d.]+) of ([\d,]+)")


def step_of(page: Page) -> int:
    text = page.get_by_test_id("stProgress").inner_text()
    found = STEP.search(text)
    assert found, text
    return int(found[1].replace(",", ""))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def wait_for_step(page: Page, at_least: int) -> int:
    page.wait_for_function(
        """least => { const e = document.querySelector('[data-testid=stProgress]');
            const found = e && /step ([\\d,]+)/.exec(e.innerText);
            return found && Number(found[1].replaceAll(',', '')) >= least; }""",
        arg=at_least,
        timeout=30_000,
    )
    return step_of(page)


def test_a_full_run_is_painted_frame_by_frame(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=4&training_speed=slow+motion")
    page.evaluate(
        """() => { window.seen = []; window.blank = 0; const look = () => {
            const maps = [...document.querySelectorAll('[aria-label^="Maps in motion"] img')];
            const now = maps.map(map => map.src).join('');
            if (now && now !== window.seen.at(-1)) window.seen.push(now);
            const strip = [...document.querySelectorAll('.st-key-training_stage [data-testid=stHtml] img')];
            window.blank += [...maps, ...strip].filter(image => !image.complete || !image.naturalWidth).length;
            requestAnimationFrame(look); }; look(); }"""
    )
    press(page, "Train")
    expect(page.get_by_role("button", name="Train again", exact=True)).to_be_visible()
    assert step_of(page) == 4 * 5  # 290 images in mini-batches of 64: five steps an epoch
    expect(page.get_by_text("Validation accuracy", exact=True)).to_be_visible()
    assert page.evaluate("window.seen.length") >= 10, "the weight map changed while it trained"
    assert page.evaluate("window.blank") == 0, "no image was ever waited for"


def test_pause_holds_in_mid_run_and_play_goes_on_from_there(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=400&training_speed=every+step")
    press(page, "Train")
    wait_for_step(page, 3)
    press(page, "Pause")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    held = step_of(page)
    assert held < 2000
    page.wait_for_timeout(500)  # a pause that does not hold would move on in this time
    assert step_of(page) == held
    press(page, "Step")
    assert wait_for_step(page, held + 1) == held + 1
    press(page, "Train")
    wait_for_step(page, held + 5)
    press(page, "Reset")
    expect(page.get_by_test_id("stProgress")).to_contain_text("step 0,")


def test_a_learning_rate_changed_in_mid_run_takes_effect_and_loses_nothing(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=400")
    press(page, "Train")
    step = wait_for_step(page, 3)
    rate = page.get_by_role("spinbutton", name="Learning rate, exact")
    for value in ("0.002", "0.003", "20", "0.0456"):  # several, since each one cuts the page's run short
        rate.fill(value)
        rate.press("Enter")
        page.wait_for_url(re.compile(f"training_lr={value}(&|$)"))
        expect(page.get_by_test_id("stMetricValue").nth(3)).to_have_text(value)
        assert step_of(page) >= step, "no way back"
        step = wait_for_step(page, step + 3)
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    press(page, "Pause")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    assert step_of(page) >= step
    expect(rate).to_have_value("0.0456")


def test_leaving_the_page_keeps_the_run(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=300")
    press(page, "Train")
    wait_for_step(page, 3)
    press(page, "Pause")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    held = step_of(page)
    page.get_by_role("link", name="Stepping", exact=True).click()
    expect(page.get_by_role("heading", name="Stepping", exact=True)).to_be_visible()
    page.get_by_role("link", name="Digit training", exact=True).click()
    expect(page.get_by_role("heading", name="Digit training", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_contain_text(f"step {held:,},")
    expect(page.get_by_label("Epochs, passes over the training images")).to_have_value("300")
