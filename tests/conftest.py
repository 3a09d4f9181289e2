"""What tests of several wings share: MNIST, fetched once a session from the mirror that SGD_LAB_MIRROR names."""

import os

import pytest
from hypothesis import settings

# No test asserts a time; and what CI checks must not depend on the day, so there the examples are the same each run.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Before torch is imported, and for the processes that tests start: where cores are shared with a browser or another
# run, a second thread makes small operations wait for each other (an epoch of UCI: 52 ms with two, 0.6 ms with one).
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def mnist_folder(tmp_path_factory):
    """A data folder (for SGD_LAB_DATA) with MNIST in it; skips where no mirror is named."""
    if not os.environ.get("SGD_LAB_MIRROR"):
        pytest.skip("SGD_LAB_MIRROR names no place to fetch MNIST from")
    from sgd_core.digits.download import download

    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SGD_LAB_DATA", str(folder))
        download("mnist")
    return folder


@pytest.fixture(scope="session")
def mnist(mnist_folder):
    """MNIST's 3s and 7s."""
    from sgd_core.digits.datasets import load_digits

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SGD_LAB_DATA", str(mnist_folder))
        return load_digits("mnist", classes=(3, 7))


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that drive a browser follow each other in one process: two browsers at once slow each other down."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))
