"""What the server does besides drawing pages."""

import gc
import time
import weakref
from collections.abc import Iterator

import pytest

from pages.ui.starting import QUIET, give_back_memory


class Left:
    """Something that a learner leaves behind: it holds itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


def nights(*busy: bool) -> Iterator[float]:
    """The processor's time at the beginning and the end of each quiet while."""
    now = 0.0
    for work in busy:
        yield now
        now += QUIET if work else 0.0
        yield now


@pytest.mark.parametrize(("busy", "collected"), [([False], True), ([True], False), ([True, False], True)])
def test_what_is_left_behind_is_collected_once_nobody_asks(
    monkeypatch: pytest.MonkeyPatch, busy: list[bool], collected: bool
) -> None:
    spent = nights(*busy)
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    gone = weakref.ref(Left())
    gc.disable()
    try:
        with pytest.raises(StopIteration):
            give_back_memory()
    finally:
        gc.enable()
    assert (gone() is None) == collected
