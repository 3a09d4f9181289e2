"""Learning-rate pitfalls as a person uses it: release the balls, sweep and stop, take a learning rate along, predict."""

import re
from collections.abc import Callable

import pytest
from playing import plain
from playwright.sync_api import Locator, Page, expect
from serving import idle

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.descent.descend import descend
from sgd_core.numbers import number

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
PAGE = "Learning_rate_pitfalls"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def clock(page: Page) -> Locator:
    return page.locator(".sgd-clock")


def shown(page: Page, name: str) -> str:
    """The number of that name in the clock."""
    return clock(page).locator(".numbers div", has=page.get_by_text(name, exact=True)).locator("b").inner_text()


def at(page: Page, moment: int) -> None:
    expect(clock(page)).to_have_attribute("data-moment", str(moment))


def at_least(page: Page, moment: int) -> None:
    page.wait_for_function(f"() => +document.querySelector('.sgd-clock').dataset.moment >= {moment}", timeout=60_000)


SHIFTS = """() => { window.shifts = 0; new PerformanceObserver(list => { for (const e of list.getEntries())
    window.shifts += e.value; }).observe({type: 'layout-shift', buffered: false}); }"""


def test_four_balls_play_by_one_clock_and_nothing_else_moves(visit: Visit) -> None:
    page = visit(PAGE)
    runs = descend(CATALOGUE["quadratic"].function, -1.5, [0.02, 0.3, 0.95, 1.05], 30)
    page.evaluate(SHIFTS)
    press(page, "Step")
    at(page, 1)
    for place, letter in enumerate("ABCD"):
        run = runs[runs["run"] == place]
        assert shown(page, f"w of {letter}") == number(run["x"].iloc[1])
    press(page, "Play")
    at_least(page, 4)
    press(page, "Pause")
    idle(page)
    held = int(clock(page).get_attribute("data-moment") or 0)
    page.wait_for_timeout(300)
    at(page, held)
    assert shown(page, "w of D") == number(runs[runs["run"] == 3]["x"].iloc[held])
    page.get_by_label("Moment shown").fill("20")
    at(page, 20)
    assert shown(page, "w of A") == number(runs[runs["run"] == 0]["x"].iloc[20])
    assert page.evaluate("window.shifts") <= 0.01


def test_a_rate_changed_in_mid_run_goes_on_at_the_same_step(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_at=12")
    at(page, 12)
    rate = page.get_by_role("spinbutton", name="Learning rate A, exact")
    rate.fill("0.25")
    rate.press("Enter")
    page.wait_for_url(re.compile("pitfalls_lr_a=0.25"))
    idle(page)
    at(page, 12)
    run = descend(CATALOGUE["quadratic"].function, -1.5, 0.25, 30)
    expect(clock(page)).to_contain_text(number(run["x"].iloc[12]))


def test_a_preset_and_a_bet(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("button", name="Classical cases").click()
    press(page, "Ten times steeper")
    expect(page.get_by_role("spinbutton", name="Learning rate C, exact")).to_have_value("0.095")
    page.keyboard.press("Escape")
    page.get_by_text("B", exact=True).last.click()
    expect(page.get_by_text(re.compile("Right: "))).to_be_visible()
    expect(page.get_by_text("never", exact=True)).to_be_visible()


def test_a_click_on_the_axis_moves_the_marker_and_the_ball(visit: Visit) -> None:
    page = visit(PAGE)
    page.get_by_role("radio", name="The whole axis", exact=True).click()
    page.wait_for_url(re.compile("section=The"))
    point = page.locator(".st-key-pitfalls_still_axis path[aria-label^='learning rate: 0.0011']").first
    point.scroll_into_view_if_needed()
    idle(page)
    box = point.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)  # below the point: the nearest one is taken
    page.wait_for_url(re.compile(r"pitfalls_lr_b=\d"))
    rate = page.get_by_role("spinbutton", name="Learning rate B, exact")
    expect(rate).to_have_value(re.compile(r"0\.0011"))
    moved = rate.input_value()
    page.get_by_role("radio", name="Regimes", exact=True).click()
    expect(page.get_by_role("spinbutton", name="Learning rate B, exact")).to_have_value(moved)


def test_the_steepest_direction_trains_in_lock_step(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=On+digits&pitfalls_epochs=12")
    expect(page.locator(".sgd-film .captions span")).to_have_count(5)
    press(page, "Train")
    at(page, 12)
    expect(page.get_by_text(re.compile("of the length of D"))).to_be_visible()
    assert float(shown(page, "loss D")) > float(shown(page, "loss B"))


def test_a_sweep_pauses_at_a_click_and_keeps_what_it_has(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=On+digits&pitfalls_experiment=all+learning+rates&pitfalls_batch=16")
    press(page, "Sweep")
    at_least(page, 2)
    press(page, "Pause")
    idle(page)
    held = int(clock(page).get_attribute("data-moment") or 0)
    page.wait_for_timeout(400)  # a pause that does not hold would move on in this time
    at(page, held)
    expect(page.get_by_text("The lowest training loss so far")).to_be_visible()


def test_a_sweep_finds_the_cliff_where_it_was_predicted(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=On+digits&pitfalls_experiment=close+to+the+cliff&pitfalls_epochs=30")
    press(page, "Sweep")
    expect(page.get_by_role("button", name="Sweep again", exact=True)).to_be_visible(timeout=180_000)
    told = page.get_by_text(re.compile("The cliff stands between")).inner_text()
    low, high, predicted = (float(found) for found in re.findall(r"\d+\.\d+", told)[:3])
    assert low < high and low * 0.98 < predicted < high * 1.02


def test_sharpness_falls_below_the_border_step_by_step(visit: Visit) -> None:
    page = visit(
        f"{PAGE}?pitfalls_section=On+digits&pitfalls_experiment=sharpness+along+a+run&pitfalls_loss=Cross-entropy"
        "&pitfalls_lr_digits=2.0&pitfalls_epochs=12"
    )
    press(page, "Step")
    at(page, 1)
    press(page, "Train")
    at(page, 12)
    expect(page.get_by_text(re.compile("λ has fallen below the border"))).to_be_visible()
    expect(clock(page).locator(".card")).to_be_visible()


def test_a_suggestion_travels_to_digit_training(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=Find+it")
    link = page.get_by_role("link", name=re.compile("Train with")).nth(1)
    expect(link).to_be_visible()
    idle(page)
    found = re.search(r"Train with ([\d.e-]+)", link.inner_text())
    assert found
    link.click()
    expect(page.get_by_role("heading", name="Digit training", exact=True)).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value(found[1])
    expect(page.get_by_text("The link asks for")).to_have_count(0)


def test_the_clouds_stay_while_noise_plays(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=Noise+is+not+bounce&pitfalls_noise_steps=20")
    clouds = page.locator(".st-key-pitfalls_clouds_two_by_two [data-testid=stVegaLiteChart]")
    expect(clouds).to_have_count(4)
    press(page, "Train")
    at_least(page, 3)
    expect(clouds).to_have_count(4)
    at(page, 20)
    expect(
        page.get_by_text(re.compile("In the second half of the run the loss rose in 0 % of the steps"))
    ).to_be_visible()


def test_remedies_play_on_digits_and_on_one_weight(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=Remedies&pitfalls_remedy_steps=12")
    press(page, "Train")
    at(page, 12)
    expect(page.get_by_text(re.compile("After 12 steps these are good"))).to_be_visible()
    assert plain(shown(page, "A lower rate")) < plain(shown(page, "As it is"))
    page.get_by_role("radio", name="one weight", exact=True).click()
    rate = page.get_by_role("spinbutton", name="Learning rate that fails, exact")
    rate.fill("0.95")
    rate.press("Enter")
    expect(page.get_by_text("0.18 % of the way down is left").first).to_be_visible()  # 0.9 ** 60
    press(page, "Bounce for ever: 2/a")
    expect(rate).to_have_value("1")
    expect(page.get_by_text(re.compile("flips its direction 29 times in 30 steps"))).to_be_visible()


def test_a_prediction_is_played_and_then_judged(visit: Visit) -> None:
    page = visit(f"{PAGE}?pitfalls_section=Predict%2C+then+run&pitfalls_question=4")
    expect(page.get_by_text("0 of 0")).to_be_visible()
    expect(clock(page)).to_have_count(0)
    press(page, "good")
    press(page, "End")
    at(page, 30)
    expect(page.get_by_text(re.compile("You said|Right, it"))).to_be_visible()
    press(page, "Next question")
    page.wait_for_url(re.compile("pitfalls_question=5"))
    expect(clock(page)).to_have_count(0)
