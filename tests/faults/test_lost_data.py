"""A data folder that goes away while a page uses it, and a disk that is full."""

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from sgd_core.digits import datasets
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import available, raw_files

ROOT = Path(__file__).resolve().parents[2]


def little_mnist() -> None:
    """Write a data set in MNIST's format into the data folder: two hundred images, twenty of each digit."""
    rng = np.random.default_rng(0)
    images, labels, valid_images, valid_labels = raw_files(SOURCES["mnist"])
    images.parent.mkdir(parents=True, exist_ok=True)
    for pixels, answers in ((images, labels), (valid_images, valid_labels)):
        pixels.write_bytes(
            bytes([0, 0, 8, 3, 0, 0, 0, 200, 0, 0, 0, 28, 0, 0, 0, 28])
            + rng.integers(0, 256, 200 * 784, np.uint8).tobytes()
        )
        answers.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 200]) + (np.arange(200) % 10).astype(np.uint8).tobytes())


@pytest.fixture(autouse=True)
def _forget() -> None:
    datasets._read.cache_clear()
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("pages/4_Digit_training.py", {"training_dataset": "MNIST"}),
        ("pages/3_Learning_rate_pitfalls.py", {"pitfalls_section": "On digits", "pitfalls_dataset": "MNIST"}),
        ("app.py", {}),
    ],
)
def test_a_data_folder_that_goes_in_mid_run_is_answered_with_the_built_in_digits(
    page: str, query: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path / "data"))
    little_mnist()
    assert available("mnist")
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if page != "app.py":
        at.switch_page(page)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception
    shutil.rmtree(tmp_path / "data")
    at.run()  # what is in memory goes on
    assert not at.exception, at.exception
    datasets._read.cache_clear()
    st.cache_resource.clear()
    st.cache_data.clear()
    at.run()  # and what is not is read from what there is
    assert not at.exception, at.exception


def test_a_disk_that_is_full_while_a_data_set_is_fetched_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SGD_LAB_DATA", str(tmp_path / "data"))

    def full(self: Path, *args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    monkeypatch.setattr(Path, "mkdir", full)
    fetch = [button for button in at.button if "Fetch MNIST" in button.label]
    assert fetch
    fetch[0].click().run()
    assert not at.exception, at.exception
    assert any("space" in error.value.lower() for error in at.error), [error.value for error in at.error]
