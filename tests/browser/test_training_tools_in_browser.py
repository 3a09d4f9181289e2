"""What one does with a run, as a person does it: draw a digit, go back in time, branch, judge, take it home."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]

STROKES = {
    "3": [(70, 60), (150, 50), (175, 85), (130, 125), (180, 160), (160, 210), (75, 205)],
    "7": [(65, 60), (185, 60), (160, 120), (120, 215)],
}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def train(page: Page) -> None:
    press(page, "Train")
    expect(page.get_by_role("button", name="Train again", exact=True)).to_be_visible()
    idle(page)


@pytest.mark.parametrize("digit", STROKES)
def test_a_drawn_digit_is_recognised(visit: Visit, digit: str) -> None:
    page = visit("Digit_training?training_speed=full+speed&training_section=Why+this+answer%3F&training_why=draw+one")
    expect(page.get_by_text("The canvas is blank")).to_be_visible()
    train(page)
    canvas = page.locator(".st-key-training_canvas canvas").last
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    first, *rest = STROKES[digit]
    page.mouse.move(box["x"] + first[0], box["y"] + first[1])
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
    page.mouse.up()
    expect(page.get_by_text(re.compile("Score: all pixels"))).to_contain_text(f"the model says {digit}")
    expect(page.get_by_text("The canvas is blank")).to_have_count(0)


def test_time_machine_branch_and_back(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=6&training_speed=every+epoch")
    train(page)
    at_end = page.get_by_test_id("stMetricValue").first.inner_text()
    slider = page.get_by_role("slider", name="Time machine: every recorded moment")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("stProgress")).to_contain_text("epoch 3 of 6")
    idle(page)
    assert page.get_by_test_id("stMetricValue").first.inner_text() != at_end
    press(page, "Branch from here")
    expect(page.get_by_text(re.compile("A branch from step 15"))).to_be_visible()
    train(page)
    assert page.get_by_test_id("stMetricValue").first.inner_text() == at_end, "unchanged settings, the same end"
    page.reload()  # a new visit by the address, which holds parent and branch
    idle(page)
    expect(page.get_by_text(re.compile("A branch from step 15"))).to_be_visible()
    expect(page.get_by_test_id("stProgress")).to_contain_text("epoch 3 of 6")
    train(page)
    assert page.get_by_test_id("stMetricValue").first.inner_text() == at_end
    press(page, "Back to the parent")
    expect(page.get_by_text("A branch", exact=False)).to_have_count(0)
    expect(page.get_by_test_id("stProgress")).to_contain_text("epoch 3 of 6")
    expect(page).not_to_have_url(re.compile("training_from"))


def test_one_epoch_is_one_epoch_at_any_speed(visit: Visit) -> None:
    for speed in ("every+step", "full+speed"):
        page = visit(f"Digit_training?training_speed={speed}&training_seed={len(speed)}")
        press(page, "Step")
        for epoch in (1, 2):
            press(page, "One epoch")
            expect(page.get_by_test_id("stProgress")).to_contain_text(f"step {5 * epoch}, epoch {epoch} of 10")
            expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
            idle(page)


def test_the_slider_reaches_back_in_the_middle_of_a_run(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=300")
    press(page, "Train")
    page.wait_for_timeout(1500)
    press(page, "Pause")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    page.get_by_role("slider", name="Time machine: every recorded moment").focus()
    page.keyboard.press("Home")
    expect(page.get_by_test_id("stProgress")).to_contain_text("step 0,")
    press(page, "End")
    expect(page.get_by_test_id("stProgress")).not_to_contain_text("step 0,")


def test_a_click_on_the_matrix_shows_its_images_and_every_file_can_be_taken_home(visit: Visit) -> None:
    page = visit("Digit_training?training_classes=all+ten&training_epochs=2&training_section=Judge+it")
    train(page)
    page.locator(".st-key-training_matrix").scroll_into_view_if_needed()
    cell = page.locator(".st-key-training_matrix .mark-rect path").nth(11)  # it is 1, the model says 1
    cell.click()
    expect(page.get_by_text(re.compile("It is 1, the model says 1"))).to_be_visible()
    page.wait_for_url(re.compile("training_truth=1"))
    page.get_by_role("radio", name="Take it home", exact=True).click()
    for name, ending in (
        ("Script", "py"),
        ("Notebook", "ipynb"),
        ("History", "csv"),
        ("Weights", "safetensors"),
        ("Picture", "png"),
    ):
        with page.expect_download() as download:
            press(page, name)
        assert download.value.suggested_filename.endswith(f"step-46.{ending}")
