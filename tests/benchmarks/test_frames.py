"""How many frames a second reach the screen while training: one map and ten maps, curves and answers included.

Prints frames painted, and what share of its headless speed training keeps at full speed; asserts no time.
"""

import itertools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from playwright.sync_api import Page, expect, sync_playwright
from serving import idle, serve

import sgd_core

pytestmark = [pytest.mark.benchmark, pytest.mark.browser]
CHROMIUM = "/usr/bin/chromium"

# A frame counts when, in one of the browser's animation frames, the weight maps are others than in the last one.
WATCH = """() => { window.frames_ = []; let shown = '';
  const look = () => {
    const now = [...document.querySelectorAll('[aria-label^="Maps in motion"] img')].map(map => map.src).join();
    if (now !== shown) { shown = now; window.frames_.push(performance.now()); }
    requestAnimationFrame(look); };
  look(); }"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Page]]:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium")
    data = tmp_path_factory.mktemp("data")
    if os.environ.get("SGD_LAB_MIRROR"):
        from sgd_core.digits.download import download

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SGD_LAB_DATA", str(data))
            download("mnist")
    with serve(data) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SGD_LAB_DATA", str(data))
            yield url, browser.new_page(viewport={"width": 1440, "height": 1200})
        browser.close()


def open_training(page: Page, url: str, dataset: str, settings: str) -> None:
    if dataset == "MNIST" and not os.environ.get("SGD_LAB_MIRROR"):
        pytest.skip("SGD_LAB_MIRROR names no place to fetch MNIST from")
    page.goto(f"{url}/Digit_training?training_dataset={dataset}&{settings}".replace(" ", "+"))
    idle(page)


@pytest.mark.parametrize("classes", ["3 vs 7", "all ten"])
@pytest.mark.parametrize("dataset", ["UCI handwriting", "MNIST"])
def test_frames_painted_per_second(
    place: tuple[str, Page], dataset: str, classes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url, page = place
    settings = f"training_classes={classes}&training_epochs=500&training_speed=every+step&training_batch=64"
    open_training(page, url, dataset, settings)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_test_id("stProgress")).not_to_contain_text("step 0,")
    time.sleep(1)
    page.evaluate(WATCH)
    time.sleep(4)
    times = page.evaluate("window.frames_.filter(t => t > performance.now() - 4000)")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    rate = len(times) / 4
    with capsys.disabled():
        print(f"\n{dataset}, {classes}: {rate:.1f} frames a second painted in Chromium, every step seen")
    assert times, "the maps moved"


# Notes, at each animation frame, the step that the page says it has reached.
COUNT = """() => { window.steps_ = []; const look = () => {
    const found = /step ([\\d,]+)/.exec(document.querySelector('[data-testid=stProgress]')?.innerText || '');
    if (found) window.steps_.push([performance.now(), Number(found[1].replaceAll(',', ''))]);
    requestAnimationFrame(look); };
  look(); }"""


@pytest.mark.parametrize(
    ("dataset", "batch"), [("UCI handwriting", 8), ("MNIST", 64)]
)  # UCI's run is over too soon else
def test_full_speed_against_headless_training(
    place: tuple[str, Page], dataset: str, batch: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps a second on the page, browser and curves included, against `train` by itself: the same steps and epochs."""
    url, page = place
    open_training(page, url, dataset, f"training_epochs=1000&training_speed=full+speed&training_batch={batch}")
    page.evaluate(COUNT)
    page.get_by_role("button", name="Train", exact=True).click()
    time.sleep(5)
    noted = page.evaluate("window.steps_")
    page.reload()  # the run is left; nothing trains beside what is measured next
    idle(page)
    moving = [(t, step) for (t, step), (_, before) in zip(noted[1:], noted, strict=False) if step != before]
    began = moving[0][0] + 500  # past the first frames, in which the browser builds the charts
    moving = [moment for moment in moving if moment[0] >= began]
    on_page = (moving[-1][1] - moving[0][1]) / (moving[-1][0] - moving[0][0]) * 1000

    config = sgd_core.TrainConfig(dataset="mnist" if dataset == "MNIST" else "uci", epochs=1000, batch_size=batch)
    digits = sgd_core.load_digits(config.dataset, config.classes)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as on the page
    rates = []
    for _ in range(3):
        run = sgd_core.train(config, digits)  # records each epoch's end, as the page does at full speed
        first, start = next(itertools.islice(run, 5, None)), time.perf_counter()
        last = next(shot for shot in run if time.perf_counter() - start > 1 or shot.status != "running")
        rates.append((last.step - first.step) / (time.perf_counter() - start))
    torch.set_num_threads(threads)
    with capsys.disabled():
        print(
            f"\n{dataset}, 3 vs 7, full speed: {on_page:,.0f} steps a second on the page, {max(rates):,.0f} headless: "
            f"{on_page / max(rates):.0%} kept (aim: 70 %)"
        )
    assert on_page > 0
