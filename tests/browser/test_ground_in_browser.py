"""What only a real browser and a real server show: cold links, copied links, playing, downloads."""

import functools
import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import playing
import pytest
from playwright.sync_api import Page, expect
from serving import idle, serve_to

pytestmark = pytest.mark.browser
Visit = Callable[[str], Page]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_deep_link_on_a_cold_server_gives_its_page_and_state(page: Page, tmp_path: Path) -> None:
    with serve_to(page, tmp_path) as url:
        page.goto(f"{url}/Stepping?stepping_lr=0.3&stepping_function=Two+valleys&stepping_at=4")
        idle(page)
        expect(page.get_by_role("heading", name="Stepping", exact=True)).to_be_visible()
        expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("0.3")
        playing.expect_moment(page, 4)
        expect(page.get_by_role("link", name="Home", exact=True)).to_be_visible()


def test_the_copied_link_brings_all_settings_to_another_server(page: Page, visit: Visit, tmp_path: Path) -> None:
    visit("Digit_training?training_lr=0.07&training_seed=11&training_epochs=3")
    press(page, "Copy link")
    link = page.locator("[data-testid=stPopoverBody] code").inner_text()
    assert "training_lr=0.07" in link and "training_dataset=" in link and "training_batch=64" in link
    # The press that closes it is heard, be it on another page or on another section.
    page.get_by_role("link", name="Stepping", exact=True).click()
    expect(page.get_by_role("heading", name="Stepping", exact=True)).to_be_visible()
    idle(page)
    press(page, "Copy link")
    page.get_by_role("radio", name="Race", exact=True).click()
    expect(page.get_by_text("The same start for all.")).to_be_visible()
    with serve_to(page, tmp_path) as url:
        page.goto(url + re.sub(r"^https?://[^/]+", "", link))
        idle(page)
        expect(page.get_by_role("spinbutton", name="Learning rate, exact")).to_have_value("0.07")
        expect(page.get_by_label("Seed", exact=True)).to_have_value("11")
        expect(page.get_by_label("Epochs", exact=True).first).to_have_value("3")


def test_home_walks_through_the_seven_steps_by_its_button_and_by_the_loops_boxes(visit: Visit) -> None:
    page = visit("")
    for words in ("Begin anywhere", "Let the weights vote", "One number for how wrong", "Which way is worse?"):
        expect(page.get_by_role("heading", name=words, exact=True)).to_be_visible()
        press(page, "Next")
    expect(page.get_by_role("heading", name="Go the other way", exact=True)).to_be_visible()
    loop = page.locator(".st-key-home_still_loop svg")
    for _ in range(2):  # the same box twice, with another step in between
        idle(page)
        page.wait_for_timeout(600)  # the loop is drawn after the script has ended
        loop.get_by_text("7  stop").click(force=True)  # the box lies over its word
        expect(page.get_by_role("heading", name="Enough", exact=True)).to_be_visible()
        expect(page).to_have_url(re.compile("home_at=6"))
        expect(playing.clock(page)).to_have_count(
            0
        )  # the clock of the step before, which has a Back of its own, is gone
        press(page, "Back")
        expect(page.get_by_role("heading", name="Again, and again", exact=True)).to_be_visible()
    playing.press(page, "Play")
    expect(playing.clock(page)).to_have_attribute("data-moment", "60", timeout=30_000)
    press(page, "Next")
    expect(page).to_have_url(re.compile("home_at=6"))
    page.reload()
    idle(page)
    expect(page.get_by_role("heading", name="Enough", exact=True)).to_be_visible()
    press(page, "Start over")
    expect(page.get_by_role("heading", name="Begin anywhere", exact=True)).to_be_visible()


def test_the_pages_style_and_the_projectors_stay_when_something_is_said(visit: Visit) -> None:
    page = visit("Digit_training?training_epochs=1&training_dataset=UCI+handwriting")
    page.locator(".st-key-projector label").click()
    style = """() => [getComputedStyle(document.documentElement).fontSize,
      getComputedStyle(document.querySelector('.st-key-training_twins')).display]"""
    page.wait_for_function(f"() => ({style})()[0] === '20px'")
    idle(page)
    press(page, "Step")
    playing.expect_moment(page, 1)
    idle(page)
    press(page, "Pin this run")
    expect(page.get_by_text("Pinned as")).to_be_visible()
    idle(page)
    assert page.evaluate(style) == ["20px", "none"]
    page.locator(".st-key-projector label").click()
    page.wait_for_function(f"() => ({style})()[0] === '16px'")


def test_on_a_projector_a_chart_is_larger_and_is_clicked_where_it_is_and_other_pages_are_too(visit: Visit) -> None:
    """Zoomed by the browser, it ran out of its column and took a click for a place further left; another page forgot it."""
    page = visit("Stepping?stepping_start=-1")
    labels = "() => Math.max(...[...document.querySelectorAll('.st-key-stepping_hero svg text')].map(one => parseFloat(getComputedStyle(one).fontSize)))"
    before = page.evaluate(labels)
    page.locator(".st-key-projector label").click()
    page.wait_for_function(f"() => ({labels})() === {1.25 * before}")
    idle(page)
    chart = page.locator(".st-key-stepping_hero [data-testid=stVegaLiteChart]").first
    box, column = chart.bounding_box(), page.locator(".st-key-stepping_hero").bounding_box()
    assert box and column and box["x"] + box["width"] <= column["x"] + column["width"] + 1
    plot = chart.locator("svg .background").first.bounding_box()
    assert plot
    page.mouse.click(plot["x"] + 0.75 * plot["width"], plot["y"] + 0.6 * plot["height"])  # from −3 to 3
    page.wait_for_function(
        "() => Math.abs(parseFloat(new URLSearchParams(location.search).get('stepping_start')) - 1.5) < 0.06"
    )
    page.get_by_role("link", name="Derivatives").click()
    expect(page).to_have_url(re.compile("Derivatives"))
    page.get_by_role("link", name="Beyond the rule").click()
    expect(page).to_have_url(re.compile("Beyond"))
    idle(page)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    expect(page.locator(".st-key-projector input")).to_be_checked()


def test_stepping_plays_pauses_goes_back_and_resets(visit: Visit) -> None:
    page = visit("Stepping?stepping_steps=200")
    playing.press(page, "Play")
    expect(playing.clock(page)).to_have_attribute("data-moment", re.compile(r"[3-9]|\d\d+"))
    playing.press(page, "Pause")
    expect(page).to_have_url(re.compile(r"stepping_at=\d+"))
    at = playing.moment(page)
    playing.press(page, "Back")
    playing.expect_moment(page, at - 1)
    playing.press(page, "Step")
    expect(page).to_have_url(re.compile(f"stepping_at={at}"))
    playing.press(page, "Reset")
    playing.expect_moment(page, 0)


@contextmanager
def mirror(folder: Path, *, delay: float = 0.0, cut: bool = False) -> Iterator[str]:
    """Serve a folder over loopback HTTP, slowly if asked, or breaking off in the middle of each file."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]
            sent = 0
            while chunk := source.read(500_000):
                outputfile.write(chunk)
                sent += len(chunk)
                time.sleep(delay)
                if cut:
                    outputfile.flush()
                    self.connection.close()
                    return

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_mnist_is_fetched_with_a_progress_bar_and_then_opens_the_digit_pages(
    page: Page, tmp_path: Path, mnist_mirror: Path
) -> None:
    with mirror(mnist_mirror, delay=0.1) as source, serve_to(page, tmp_path / "data", SGD_LAB_MIRROR=source) as url:
        page.goto(url)
        idle(page)
        page.get_by_role("button", name="Fetch MNIST").click()
        expect(page.get_by_test_id("stProgress")).to_contain_text(re.compile(r"Fetching train-images.*[1-9]\.\d of"))
        expect(page.get_by_role("button", name="Fetch MNIST")).to_have_count(0, timeout=60_000)
        page.goto(f"{url}/Digit_training?training_epochs=1")
        idle(page)
        expect(page.get_by_role("combobox", name="Data set")).to_have_value("MNIST")
        press(page, "Train")
        expect(page.get_by_role("button", name="Train again", exact=True)).to_be_visible(timeout=60_000)
        expect(page.locator(".sgd-clock .numbers")).to_contain_text("step194")


def test_a_broken_mirror_is_answered_and_leaves_nothing(page: Page, tmp_path: Path, mnist_mirror: Path) -> None:
    data = tmp_path / "data"
    with mirror(mnist_mirror, cut=True) as source, serve_to(page, data, SGD_LAB_MIRROR=source) as url:
        page.goto(f"{url}/Digit_training?training_dataset=MNIST")
        idle(page)
        page.get_by_role("button", name="Fetch MNIST").click()
        expect(page.get_by_test_id("stAlert").filter(has_text="SGD_LAB_MIRROR")).to_be_visible()
        assert not [file for file in data.rglob("*") if file.is_file()]
        press(page, "Step")
        expect(page.locator(".sgd-clock .numbers")).to_contain_text("step1")


def test_what_is_closed_is_not_loaded_and_what_is_opened_is_there_also_while_it_plays(visit: Visit) -> None:
    """The code and the tables need two megabytes of scripts, for what nobody sees."""
    page = visit("Stepping?stepping_lr=0.3")
    code, table = (
        page.locator("[data-testid=stCode]", has_text="import torch"),
        page.locator("[data-testid=stDataFrame]"),
    )
    loaded = "() => performance.getEntriesByType('resource').some(one => /SyntaxHighlighter|DataFrame/.test(one.name))"
    page.wait_for_timeout(1000)
    assert not page.evaluate(loaded) and not code.count() and not table.count()
    playing.choose_speed(page, "slow")
    playing.press(page, "Play")
    page.get_by_text("The same in PyTorch").click()
    expect(code).to_contain_text("lr=0.3")
    assert page.evaluate(loaded)
    playing.expect_playing(page, True)
    before = playing.moment(page)
    page.wait_for_function(f"() => Number(document.querySelector('.sgd-clock').dataset.moment) > {before}")
    playing.press(page, "Pause")
    page.get_by_text("History, step by step").click()
    expect(table).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    page.get_by_role("radio", name="Race", exact=True).click()  # who reads code reads it in the next section too
    expect(code).to_contain_text("momentum")
    page.get_by_text("The same in PyTorch").click()
    expect(code).to_have_count(0)
