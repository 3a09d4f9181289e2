"""The app in-process: every page as a person would get it, without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.page import PAGES

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


def open_page(name: str, **query: str) -> AppTest:
    """Open a page by its short name as a link would, with the values of `query`; it must not raise."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if name != "home":
        at.switch_page(PAGES[name].path)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    return at


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has an empty data folder: no data set but the embedded one."""
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path / "data"))


@pytest.fixture
def app() -> Iterator[Open]:
    """A function that opens a page: `app("stepping", stepping_lr="0.3")`."""
    yield open_page
