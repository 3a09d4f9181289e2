"""Digit training as a person does it: train, pause, step, scrub, change the learning rate in mid-run, leave, return."""

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
from playwright.sync_api import Page, expect
from serving import idle

import sgd_core

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]
UCI = "training_dataset=UCI+handwriting"


def wait_for(page: Page, at_least: int) -> int:
    page.wait_for_function(
        "least => Number(document.querySelector('.sgd-clock').dataset.moment) >= least", arg=at_least, timeout=60_000
    )
    return moment(page)


def snapshot(step: int, **settings: object) -> sgd_core.Snapshot:
    config = sgd_core.TrainConfig(**settings)  # type: ignore[arg-type]
    run = sgd_core.train(config, sgd_core.load_digits("uci", config.classes), snapshot_every=1)
    return next(now for now in run if now.step == step)


def test_a_run_plays_pauses_steps_and_scrubs_and_its_numbers_are_those_of_the_core(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_epochs=8")
    with no_shift(page):
        press(page, "Train")
        wait_for(page, 4)
        press(page, "Pause")
        expect_playing(page, False)
        at = moment(page)
        press(page, "Step")
        expect_moment(page, at + 1)
        scrub(page, 3)
    shown, now = numbers(page), snapshot(3, epochs=8)
    assert plain(shown["step"]) == 3
    assert plain(shown["training loss"]) == pytest.approx(now.train_loss, abs=6e-5)
    assert plain(shown["accuracy"]) == pytest.approx(100 * now.valid_accuracy, abs=6e-3)
    page.wait_for_url(re.compile("training_at=3"))
    choose_speed(page, "fast")
    press(page, "Train")
    expect(clock(page).get_by_role("button", name="Train again", exact=True)).to_be_visible(timeout=60_000)
    assert plain(numbers(page)["step"]) == 40 and moment(page) == last(page)


def test_one_epoch_is_one_epoch_from_wherever_it_begins(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}")
    press(page, "Step")
    expect_moment(page, 1)
    choose_speed(page, "fast")
    for epoch in (1, 2):
        press(page, "One epoch")
        expect_moment(page, 5 * epoch)
        expect_playing(page, False)
        assert numbers(page)["epoch"] == str(epoch)


def test_a_learning_rate_changed_in_mid_run_takes_effect_and_loses_nothing(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_epochs=100")
    press(page, "Train")
    at = wait_for(page, 3)
    rate = page.get_by_role("spinbutton", name="Learning rate, exact")
    rate.fill("0.0456")
    rate.press("Enter")
    page.wait_for_url(re.compile("training_lr=0.0456(&|$)"))
    expect(clock(page).locator(".numbers")).to_contain_text("learning rate0.0456", timeout=60_000)
    assert moment(page) >= at, "no way back"
    expect_playing(page, True)
    press(page, "Pause")
    expect(rate).to_have_value("0.0456")


def test_leaving_the_page_keeps_the_run(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}&training_epochs=30")
    press(page, "Train")
    wait_for(page, 3)
    press(page, "Pause")
    expect_playing(page, False)
    idle(page)
    held, loss = moment(page), numbers(page)["training loss"]
    expect(page).to_have_url(re.compile(f"training_at={held}(&|$)"))
    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_role("heading", name="SGD Lab", exact=True).first).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Digit training", exact=True).click()
    expect(page.get_by_role("heading", name="Digit training", exact=True)).to_be_visible()
    expect_moment(page, held)
    assert numbers(page)["training loss"] == loss
    expect(page.get_by_label("Epochs", exact=True).first).to_have_value("30")


def test_the_whole_map_and_the_bar_are_seen_without_scrolling(visit: Visit) -> None:
    page = visit(f"Digit_training?{UCI}")
    page.set_viewport_size({"width": 1280, "height": 720})
    for query in ("3+vs+7", "all+ten"):
        page.goto(page.url.split("?")[0] + f"?{UCI}&training_classes={query}")
        idle(page)
        film = page.locator(".sgd-film canvas").bounding_box()
        bar = clock(page).bounding_box()
        assert film and bar and bar["y"] >= 0
        assert film["y"] + film["height"] <= 720 and film["width"] >= 420


def test_on_a_phone_the_two_controls_stand_at_the_picture_and_are_the_same_values(visit: Visit, page: Page) -> None:
    page.set_viewport_size({"width": 420, "height": 860})
    visit(f"Digit_training?{UCI}&training_epochs=3")
    here = page.locator(".st-key-training_twins").get_by_label("Learning rate", exact=True)
    expect(here).to_be_visible()
    here.fill("0.03")
    here.press("Enter")
    page.wait_for_url(re.compile("training_lr=0.03"))
    idle(page)
    film, bar = page.locator(".sgd-film canvas").bounding_box(), clock(page).bounding_box()
    assert film and bar and film["y"] < bar["y"], "the picture first"
    assert bar["y"] + bar["height"] <= 870, "Train within reach of the thumb"
    press(page, "Step")
    expect(clock(page).locator(".numbers")).to_contain_text("learning rate0.03")
