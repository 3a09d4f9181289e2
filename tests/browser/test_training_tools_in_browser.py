"""What one does with a run, as a person does it: draw a digit, branch, cure, judge, take it home."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playing import choose_speed, clock, expect_moment, expect_playing, moment, numbers, press, scrub
from playwright.sync_api import Page, expect
from serving import idle

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
UCI = "training_dataset=UCI+handwriting"

STROKES = {
    "3": [(70, 60), (150, 50), (175, 85), (130, 125), (180, 160), (160, 210), (75, 205)],
    "7": [(65, 60), (185, 60), (160, 120), (120, 215)],
}


def train(page: Page) -> None:
    choose_speed(page, "fast")
    press(page, "Train")
    expect(clock(page).get_by_role("button", name="Train again", exact=True)).to_be_visible(timeout=60_000)
    idle(page)


def draw(page: Page, digit: str) -> None:
    sheet = page.locator(".sgd-pad canvas")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box
    (x, y), *rest = [(box["x"] + x * box["width"] / 260, box["y"] + y * box["width"] / 260) for x, y in STROKES[digit]]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def test_a_digit_is_taught_undecided_then_known_then_shifted_until_it_fails(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_beside=my+digit&training_lr=0.1")
    draw(page, "3")
    expect(page.get_by_text("Undecided: every weight is zero")).to_be_visible()
    page.wait_for_url(re.compile("training_drawing="))
    press(page, "Step")
    expect(page.get_by_text(re.compile("At step 1 it says"))).to_be_visible()
    train(page)
    expect(page.get_by_text(re.compile("it says 3"))).to_be_visible()
    expect(page.get_by_text("Shifted 2 px to the left it says something else")).to_be_visible()
    says_seven = page.get_by_text(re.compile("it says 7"))
    for _ in range(2):
        if says_seven.is_visible():
            break
        before = page.url
        page.get_by_role("button", name="←", exact=True).click()
        page.wait_for_function("before => location.href != before", arg=before)  # the address holds the shifted drawing
        idle(page)
    expect(says_seven).to_be_visible()
    page.reload()  # the link holds the drawing, shifted as it is
    idle(page)
    page.get_by_role("radio", name="my digit").click()
    expect(page.locator(".sgd-pad canvas")).to_be_visible()
    inked = "canvas => canvas.getContext('2d').getImageData(0, 0, 256, 256).data.filter((v, i) => i % 4 == 0 && v < 128).length"
    assert page.locator(".sgd-pad canvas").evaluate(inked) > 1000


def test_own_digits_are_kept_saved_and_loaded(visit: Visit, tmp_path: Path) -> None:
    page = visit(f"Digit_training?{UCI}&training_beside=my+digit")
    for count in (1, 2):
        for digit in ("3", "7"):
            draw(page, digit)
            page.get_by_role("button", name=re.compile(f"Keep as {digit}")).click()
            expect(page.get_by_role("button", name=f"Keep as {digit} ({count})")).to_have_count(0)  # a new sheet
            idle(page)
    page.get_by_text("Your own digits", exact=True).click()
    expect(page.get_by_text(re.compile("2 of 3, 2 of 7"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save them").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    page.get_by_role("button", name="Forget them").click()
    expect(page.get_by_text(re.compile("nothing yet"))).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(re.compile("2 of 3, 2 of 7"))).to_be_visible()
    page.get_by_text("Train on mine", exact=True).click()
    expect(clock(page)).to_contain_text("50 %")  # one of two drawings; of the 73 images before it was 49.32 %
    idle(page)
    train(page)
    assert numbers(page)["accuracy"] == "100 %"


def test_branch_and_back_and_the_link_of_a_branch(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_epochs=6")
    train(page)
    at_end = numbers(page)["training loss"]
    scrub(page, 15)
    idle(page)
    press(page, "Branch from here")
    expect(page.get_by_text(re.compile("A branch from step 15"))).to_be_visible()
    expect_moment(page, 0)  # the clock is the branch's
    train(page)
    assert numbers(page)["training loss"] == at_end, "unchanged settings, the same end"
    at = moment(page)
    expect(page).to_have_url(re.compile(f"training_at={at}"))
    page.reload()  # a new visit by the address, which holds parent and branch
    idle(page)
    expect(page.get_by_text(re.compile("A branch from step 15"))).to_be_visible()
    expect_moment(page, at)  # as the page says: trained again, number for number, up to the moment shown
    assert numbers(page)["training loss"] == at_end
    page.get_by_role("button", name="Back to the parent").click()
    expect(page.get_by_text("A branch", exact=False)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("training_from"))


def test_more_epochs_play_on_and_a_cure_plays_its_run(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_epochs=2&training_loss=Mean+squared+error&training_lr=1")
    train(page)
    expect(clock(page).locator(".card")).to_contain_text("Diverging")
    page.locator(".st-key-training_cures").get_by_role("button", name=re.compile("^Try 0.0")).click()
    page.wait_for_url(re.compile("training_lr=0.0"))
    expect_playing(page, True)
    expect(clock(page).get_by_role("button", name="Train again", exact=True)).to_be_visible(timeout=60_000)
    expect(clock(page).locator(".card")).to_contain_text("Good")
    idle(page)
    at = moment(page)
    press(page, "+ 10 epochs")
    page.wait_for_function(
        "at => Number(document.querySelector('.sgd-clock').dataset.moment) > at", arg=at, timeout=60_000
    )


def test_the_maps_of_a_step_are_shown_and_move(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_maps=one+step")
    captions = page.locator(".sgd-film .captions span")
    expect(captions).to_have_count(4)
    press(page, "Step")
    expect_moment(page, 1)
    expect(captions.nth(1)).to_contain_text("red raises the loss")
    expect(captions.nth(2)).to_contain_text("lr × gradient")


def test_a_click_on_the_matrix_shows_its_images_and_every_file_can_be_taken_home(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_classes=all+ten&training_epochs=2&training_section=Judge+it")
    train(page)
    matrix = page.locator(".st-key-training_still_matrix")
    matrix.scroll_into_view_if_needed()
    matrix.locator(".mark-rect path").nth(11).click()  # it is 1, the model says 1
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
            page.get_by_role("button", name=name, exact=True).click()
        assert download.value.suggested_filename.endswith(f"step-46.{ending}")
