"""How many frames a second are painted while a section plays, and what goes over the wire meanwhile. Asserts no time."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from measuring import ARGUMENTS, CHROMIUM
from playing import choose_speed, clock, last, moment, painted_frames, press, wire
from playwright.sync_api import Browser, sync_playwright
from serving import idle, serve

import sgd_core
from sgd_core.moments import next_moment

pytestmark = [pytest.mark.benchmark, pytest.mark.browser]
SECTIONS = {
    "Race": "Stepping?stepping_section=Race&stepping_race_steps=10000",
    "Two weights": "Stepping?stepping_section=Two+weights&stepping_two_steps=10000",
    "Catapult": "Beyond_the_rule?beyond_section=Catapult&beyond_catapult_steps=1000",
    "Edge of stability": "Beyond_the_rule?beyond_section=Edge+of+stability&beyond_edge_steps=5000",
    "Was it luck?": "Beyond_the_rule?beyond_section=Was+it+luck%3F&beyond_luck_epochs=50",
    "How large a batch?": "Beyond_the_rule?beyond_section=How+large+a+batch%3F&beyond_batch_epochs=20",
    "UCI, one map": "Digit_training?training_dataset=UCI+handwriting&training_epochs=500",
    "UCI, ten maps": "Digit_training?training_dataset=UCI+handwriting&training_classes=all+ten&training_epochs=500",
    "MNIST, one map": "Digit_training?training_dataset=MNIST&training_epochs=20",
    "MNIST, ten maps": "Digit_training?training_dataset=MNIST&training_classes=all+ten&training_epochs=20",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Browser]]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium")
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SGD_LAB_DATA", str(data))
        if os.environ.get("SGD_LAB_MIRROR"):
            from sgd_core.digits.download import download

            download("mnist")
        with serve(data) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            yield url, browser
            browser.close()


@pytest.mark.parametrize("name", SECTIONS)
def test_painted_frames_and_messages(place: tuple[str, Browser], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name.startswith("MNIST") and not os.environ.get("SGD_LAB_MIRROR"):
        pytest.skip("SGD_LAB_MIRROR names no place to fetch MNIST from")
    url, browser = place
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    messages = wire(page)
    page.goto(f"{url}/{SECTIONS[name]}")
    idle(page)
    page.wait_for_timeout(1500)
    choose_speed(page, "fast")
    first = press_play(page)
    page.wait_for_timeout(1000)
    sent, received, began = len(messages.sent), len(messages.received), time.perf_counter()
    frames, moments = painted_frames(page, 3)
    seconds = time.perf_counter() - began
    sent, received = len(messages.sent) - sent, len(messages.received) - received
    seen = moment(page)
    if clock(page).get_attribute("data-playing") == "true":
        press(page, "Pause")
    press(page, "End")
    page.wait_for_timeout(500)
    recorded = clock(page).get_attribute("data-recorded")
    # Once more, now that it is recorded: nothing is computed and nothing asked for.
    press(page, "Reset")
    page.wait_for_timeout(1500)
    sent_before, received_before = len(messages.sent), len(messages.received)
    press_play(page)
    again, moments_again = painted_frames(page, 3)
    asked = len(messages.sent) - sent_before + len(messages.received) - received_before
    page.close()
    with capsys.disabled():
        print(
            f"\n{name}: {frames:.0f} frames a second (aim: 50) with {moments:.0f} moments while it is computed, from {first} "
            f"to {seen} of {recorded}; {again:.0f} frames with {moments_again:.0f} moments once recorded; "
            f"{sent / seconds:.1f} messages a second sent, {received / seconds:.1f} received (aim: 15 together), "
            f"{asked} for what is recorded (aim: 0)"
        )
    assert seen > first


def press_play(page) -> int:
    before = moment(page)
    clock(page).locator(".play").click()
    return before


@pytest.mark.parametrize("dataset", ["uci", "mnist"])
def test_a_run_watched_at_full_speed_against_headless_training(
    place: tuple[str, Browser], dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole run's time on the page, against `train` by itself recording the same moments."""
    if dataset == "mnist" and not os.environ.get("SGD_LAB_MIRROR"):
        pytest.skip("SGD_LAB_MIRROR names no place to fetch MNIST from")
    url, browser = place
    epochs = 100 if dataset == "uci" else 10
    config = sgd_core.TrainConfig(dataset=dataset, epochs=epochs)
    digits = sgd_core.load_digits(dataset, config.classes)
    per_epoch = -(-len(digits.train_images) // 64)
    began = time.perf_counter()
    run = sgd_core.train(config, digits)
    now, count = next(run), 1
    while now.status == "running":
        now = run.send(sgd_core.StepRequest(steps=next_moment(now.step, epoch=per_epoch) - now.step, lr=config.lr))
        count += 1
    headless = time.perf_counter() - began
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    title = "MNIST" if dataset == "mnist" else "UCI+handwriting"
    page.goto(f"{url}/Digit_training?training_dataset={title}&training_epochs={epochs}")
    idle(page)
    page.wait_for_timeout(1500)
    choose_speed(page, "fast")
    began = time.perf_counter()
    press_play(page)
    page.wait_for_function("document.querySelector('.sgd-clock').dataset.playing === 'false'", timeout=120_000)
    watched = time.perf_counter() - began
    at, end = moment(page), last(page)
    page.close()
    with capsys.disabled():
        print(
            f"\n{dataset}, {epochs} epochs, {count} moments: watched in {watched:.1f} s, {count / watched:.0f} moments a "
            f"second; headless {headless:.1f} s; {watched / headless:.2f} times"
        )
    assert at == end
