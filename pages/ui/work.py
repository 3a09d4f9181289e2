"""Work that takes longer than a glance: what is there by now is shown, the rest follows bit by bit, and it can be stopped."""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import streamlit as st

from pages.ui.gate import GATE
from sgd_core.numbers import percent

T = TypeVar("T")
# Seconds of work before the first picture, each time that the section is drawn again, and between two looks at what the
# learner does.
FIRST, AGAIN, CHUNK = 0.9, 0.1, 0.4


@dataclass
class Work(Generic[T]):
    """What an iterator has come to; `share` of it says how much of the whole that is. `stopped` by the learner."""

    name: Hashable
    going: Iterator[T]
    share: Callable[[T], float]
    now: T
    stopped: bool = False

    @property
    def done(self) -> float:
        """The share that is computed."""
        return self.share(self.now)

    def go_on(self, seconds: float) -> None:
        """Compute for so long, or to the end."""
        until = time.monotonic() + seconds
        while self.done < 1 and time.monotonic() < until:
            self.now = next(self.going)


class WorkMixin:
    """Computing bit by bit."""

    def key(self, name: str) -> str:
        """Return the key of a widget (see `Fields`)."""
        raise NotImplementedError

    def work(
        self,
        what: str,
        name: Hashable,
        start: Callable[[], Iterator[T]],
        share: Callable[[T], float],
        words: str,
        *,
        first: float | None = None,
    ) -> T:
        """Return what has been computed by now of the work of this name; another name is other work.

        It is worked on for `first` seconds (0.9 by default) before anything is shown.

        While it goes on, or is stopped, this draws how far it is and a button. When it is done the page is drawn anew.
        """
        key = self.key(f"{what}_work")
        work = cast("Work[T] | None", st.session_state.get(key))
        if work is None or work.name != name:
            going = start()
            work = st.session_state[key] = Work(name, going, share, next(going))
            work.go_on(FIRST if first is None else first)
        if work.done < 1:
            if work.stopped:
                st.caption(f"Stopped after {percent(work.done, 2)}.")
                rest = self.key(f"{what}_rest")
                st.button("Compute the rest", key=rest, on_click=setattr, args=(work, "stopped", False))
            else:
                _rest(work, words, self.key(f"{what}_stop"), [True])
        return work.now


@st.fragment(run_every=0.1)
def _rest(work: Work[Any], words: str, key: str, drawn: list[bool]) -> None:
    """Compute a bit more; in between the learner may do something else, for a fragment of its own stops nobody.

    `drawn` is emptied the first time, when it is the section that draws: that does not wait long.
    """
    seconds = AGAIN if drawn else CHUNK
    drawn.clear()
    if not work.stopped:
        with GATE.pass_through(later=True):
            work.go_on(seconds)
    if work.stopped or work.done >= 1:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):  # as high as a button
        st.progress(work.done, words)
        st.button("Stop", key=key, on_click=setattr, args=(work, "stopped", True))
