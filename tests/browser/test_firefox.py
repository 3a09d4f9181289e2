"""A smoke walk in Debian's Firefox: every page, Play and Pause, a slider, a drawing."""

import shutil
from collections.abc import Iterator

import pytest
from bidi import Firefox, firefox
from serving import ERROR

from pages.ui.page import PAGES

FIREFOX = shutil.which("firefox-esr")
ARROW_RIGHT = "\ue014"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not FIREFOX, reason="needs Debian's Firefox: apt-get install firefox-esr"),
]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(str(FIREFOX), tmp_path_factory.mktemp("firefox")) as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_broke(tab: Firefox) -> Iterator[None]:
    tab.errors.clear()
    yield
    assert not tab.ask(f"document.querySelector({ERROR!r})?.innerText ?? ''")
    # a deep link makes Streamlit look for the server under the page's path first, and who leaves a page stops its fonts
    assert not [error for error in tab.errors if "404" not in error and "downloadable font" not in error]


def path(name: str) -> str:
    """The path of a page in the address."""
    file = PAGES[name].path
    return "" if name == "home" else file.removeprefix("pages/")[2:].removesuffix(".py")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens(tab: Firefox, server: str, name: str) -> None:
    tab.open(f"{server}/{path(name)}")
    title = "SGD Lab" if name == "home" else PAGES[name].title
    tab.until(f"document.querySelector('h1')?.innerText.includes({title!r})")


def test_play_and_pause(tab: Firefox, server: str) -> None:
    tab.open(f"{server}/Stepping?stepping_steps=200")
    tab.until("document.querySelector('.sgd-clock')?.dataset.moment === '0'")
    tab.click(".sgd-clock .play")
    tab.until("Number(document.querySelector('.sgd-clock').dataset.moment) > 3")
    tab.click(".sgd-clock .play")
    tab.until("document.querySelector('.sgd-clock').dataset.playing === 'false'")
    tab.until("location.search.includes('stepping_at=' + document.querySelector('.sgd-clock').dataset.moment)")


def test_a_run_is_trained_while_it_is_watched(tab: Firefox, server: str) -> None:
    tab.open(f"{server}/Digit_training")
    tab.click(".sgd-clock .play")
    tab.until("Number(document.querySelector('.sgd-clock').dataset.moment) > 20")
    drawn = "(() => { const c = document.querySelector('.sgd-film canvas'); const p = c.getContext('2d')"
    drawn += ".getImageData(0, 0, c.width, c.height).data; return new Set(p).size > 20; })()"
    tab.until(drawn)  # the map has taken shape


def test_a_slider_by_keys(tab: Firefox, server: str) -> None:
    tab.open(f"{server}/Stepping")
    before = tab.ask("document.querySelector('.st-key-stepping_lr input')?.value")
    knob = "document.querySelector('.st-key-stepping_lr_slider :is([role=slider], input[type=range])')"
    tab.until(knob)
    tab.ask(f"{knob}.focus()")
    tab.key(ARROW_RIGHT, 3)
    tab.until("location.search.includes('stepping_lr=')")
    assert tab.ask("document.querySelector('.st-key-stepping_lr input')?.value") != before


def test_a_drawing(tab: Firefox, server: str) -> None:
    tab.open(f"{server}/Digit_training?training_beside=my+digit")
    tab.drag(".sgd-pad canvas", [(0.3, 0.2), (0.7, 0.25), (0.5, 0.5), (0.7, 0.75), (0.3, 0.8)])
    tab.until("location.search.includes('training_drawing=')")
