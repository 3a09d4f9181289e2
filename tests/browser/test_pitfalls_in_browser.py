"""Learning-rate pitfalls as a person uses it: click the axis, sweep and stop, take a learning rate along, predict."""

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
PAGE = "Learning_rate_pitfalls"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_preset_a_slider_and_the_names_that_follow(visit: Visit) -> None:
    page = visit(PAGE)
    names = page.get_by_role("heading", level=4)
    expect(names).to_have_text([re.compile(word) for word in ("too low", "good", "bouncing", "diverging")])
    press(page, "At the borders")
    expect(page.get_by_role("spinbutton", name="Learning rate C, exact")).to_have_value("1")
    expect(page.get_by_text("it bounces and does not come to rest").first).to_be_visible()
    rate = page.get_by_role("spinbutton", name="Learning rate A, exact")
    rate.fill("1.2")
    rate.press("Enter")
    expect(names.first).to_have_text(re.compile("diverging"))
    page.wait_for_url(re.compile("pitfalls_lr_a=1.2"))


def test_a_click_on_the_axis_moves_the_marker_and_the_panel(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("radio", name="The whole axis", exact=True).click()
    page.wait_for_url(re.compile("section=The"))
    point = page.locator(".st-key-pitfalls_axis_pick path[aria-label^='learning rate: 0.0011']").first
    point.scroll_into_view_if_needed()
    idle(page)
    box = point.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)  # below the point: the nearest one is taken
    page.wait_for_url(re.compile(r"pitfalls_lr_b=\d"))
    rate = page.get_by_role("spinbutton", name="Learning rate B, exact")
    expect(rate).to_have_value(re.compile(r"0\.0011"))
    moved = rate.input_value()
    page.get_by_role("radio", name="Four regimes", exact=True).click()
    expect(page.get_by_role("spinbutton", name="Learning rate B, exact")).to_have_value(moved)


def test_a_sweep_pauses_at_a_click_and_keeps_what_it_has(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=On+digits&pitfalls_batch=16&pitfalls_epochs=500")
    press(page, "Sweep")
    bar = page.get_by_test_id("stProgress")
    page.wait_for_function(
        "() => { const found = /epoch (\\d+)/.exec(document.querySelector('[data-testid=stProgress]')?.innerText || '');"
        " return found && Number(found[1]) >= 1; }"
    )
    press(page, "Pause")
    expect(page.get_by_role("button", name="Sweep", exact=True)).to_be_visible()
    idle(page)
    held = bar.inner_text()
    found = re.search(r"epoch (\d+)", held)
    assert found and 1 <= int(found[1]) < 500
    page.wait_for_timeout(400)  # a pause that does not hold would move on in this time
    assert bar.inner_text() == held
    expect(page.get_by_text("The lowest training loss so far")).to_be_visible()


def test_a_sweep_finds_the_cliff_where_it_was_predicted(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=On+digits&pitfalls_experiment=close+to+the+cliff&pitfalls_epochs=60")
    press(page, "Sweep")
    expect(page.get_by_role("button", name="Sweep again", exact=True)).to_be_visible(timeout=60_000)
    said = page.get_by_text(re.compile("The cliff stands between")).inner_text()
    low, high, predicted = (float(number) for number in re.findall(r"\d+\.\d+", said)[:3])
    assert low < high and low * 0.98 < predicted < high * 1.02


def test_sharpness_falls_under_the_border_step_by_step(visit: Visit) -> None:
    page = visit(
        f"{PAGE}?pitfalls_section=On+digits&pitfalls_experiment=sharpness+along+a+run&pitfalls_loss=Cross-entropy"
        "&pitfalls_lr_digits=2.0&pitfalls_epochs=12"
    )
    press(page, "Step")
    expect(page.get_by_test_id("stProgress")).to_contain_text("step 1 of 12")
    press(page, "Train")
    expect(page.get_by_role("button", name="Train again", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("λ has fallen below the border"))).to_be_visible()


def test_a_suggestion_travels_to_digit_training(visit: Visit) -> None:
    page = visit("Digit_training?training_lr=3.5")
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("3.5")
    page.get_by_role("link", name="Learning-rate pitfalls", exact=True).click()
    page.get_by_role("radio", name="Find it", exact=True).click()
    link = page.get_by_role("link", name=re.compile("Train with")).nth(1)
    expect(link).to_be_visible()
    idle(page)
    rate = re.search(r"Train with ([\d.e-]+)", link.inner_text())[1]
    link.click()
    expect(page.get_by_role("heading", name="Digit training", exact=True)).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value(rate)
    expect(page.get_by_text("The link asks for")).to_have_count(0)


def test_noise_trains_and_shows_its_clouds(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=Noise+is+not+bounce&pitfalls_noise_steps=20")
    press(page, "Train")
    expect(page.get_by_role("button", name="Train again", exact=True)).to_be_visible()
    expect(
        page.get_by_text(re.compile("In the second half of the run the loss rose in 0% of the steps"))
    ).to_be_visible()


def test_a_prediction_is_played_and_then_judged(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=Predict%2C+then+run&pitfalls_question=4")
    expect(page.get_by_text("Question 4.")).to_be_visible()
    expect(page.get_by_text("0 of 0")).to_be_visible()
    press(page, "good")
    expect(page.get_by_text(re.compile("You said good; it is"))).to_be_visible()
    expect(page.get_by_text("0 of 1")).to_be_visible()
    press(page, "Next question")
    expect(page.get_by_text("Question 5.")).to_be_visible()
    page.wait_for_url(re.compile("pitfalls_question=5"))


def left(lrs: list[float]) -> str:
    """What these learning rates, one a step, leave of the way down x²: each step multiplies x by 1 - 2 lr."""
    return f"{100 * math.prod(1 - 2 * lr for lr in lrs) ** 2:.3g} %"


def test_a_remedy_cures_the_bounce_that_a_constant_learning_rate_keeps(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("radio", name="Remedies", exact=True).click()

    def panel(about: str) -> Locator:
        return page.get_by_test_id("stVerticalBlock").filter(has_text=about).last

    constant, step = panel("The same learning rate from"), panel("Divided by ten after each third")
    rate = page.get_by_role("spinbutton", name="Largest learning rate, exact")
    for lr in (0.95, 1.0):
        rate.fill(str(lr))
        rate.press("Enter")
        expect(constant).to_contain_text(f"{left([lr] * 30)} of the way down is left")
        expect(step).to_contain_text(f"{left([lr] * 10 + [lr / 10] * 10 + [lr / 100] * 10)} of the way down is left")
    rate.fill("1.2")  # each step makes it 1.4 times as far
    rate.press("Enter")
    expect(constant).to_contain_text(f"{1.4**60:.3g} times the way down is left")
    press(page, "Bounce for ever: 2/a")
    expect(rate).to_have_value("1")
    expect(constant).to_contain_text("100 % of the way down is left")
    expect(page.get_by_text("flips its direction 29 times in 30 steps")).to_be_visible()
    idle(page)
