"""The one thing that plays, pauses and steps.

A paced loop inside a fragment moves a `Playback` and paints each moment into slots. Any widget that a person touches
interrupts the loop at its next `st.` call, between two steps; the run itself lives in the session, so it goes on
from exactly where it was. Put `transport(...)` last on the page (inside a container laid out earlier), so that the rest
of the page is drawn before the loop begins.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.controls import BIND, Controls
from sgd_core.playback import Playback

Paint = Callable[[Any, bool], None]  # (snapshot, live): live frames are small and many, still ones may be rich
TICK = 0.05  # seconds: the longest nap, so that a pause is never kept waiting


class Speed(NamedTuple):
    """How fast a run plays: frames a second, what one frame asks of the run, and how long it may work for one."""

    frames: float
    control: Any = None
    budget: float = 0.0  # seconds a frame may spend on further moments; 0: exactly one moment a frame


class Words(NamedTuple):
    """What the buttons say."""

    play: str = "Play"
    again: str = "Play again"
    step: str = "Step"


def recorded(key: str, moments: int) -> Playback[int]:
    """Return the session's playback over moments 0 to `moments - 1` that are all known already.

    When their number changes, the position is kept as far as it still exists.
    """
    playback: Playback[int] | None = st.session_state.get(key)
    if playback is None or len(playback.history) != moments:
        before = playback
        playback = Playback(range(moments))
        while playback.advance() is not None:
            pass
        playback.seek(max(before.position, 0) if before else 0)
        if before and before.playing:
            playback.play()
        st.session_state[key] = playback
    return playback


def transport(
    controls: Controls,
    playback: Playback,
    stage: Callable[[], Paint],
    *,
    speed: Speed,
    step: Any = None,
    total: int | None = None,
    noun: str = "step",
    words: Words = Words(),  # noqa: B008  an immutable tuple of words
    scrub: bool = False,
    restart: Callable[[], Iterable[Any]] | None = None,
) -> None:
    """Draw the buttons and the stage, and play the run when it is playing.

    `stage()` lays out the slots and returns `paint(snapshot, live)`. `step` is what the Step button asks of the run.
    `total` is the number of the last moment where it is known. `scrub=True` adds a slider over the moments, bound to
    the address as `<page>_at`. `restart()` gives the snapshots of a new run for Reset; without it, Reset goes back to
    the first moment.
    """
    if scrub:
        _follow_link(controls, playback)
        controls.values["at"] = lambda: playback.position
    _fragment(controls, playback, stage, speed, step, total, noun, words, scrub, restart)


@st.fragment
def _fragment(
    controls: Controls,
    playback: Playback,
    stage: Callable[[], Paint],
    speed: Speed,
    step: Any,
    total: int | None,
    noun: str,
    words: Words,
    scrub: bool,
    restart: Callable[[], Iterable[Any]] | None,
) -> None:
    if playback.latest is None:
        playback.advance()  # the moment before the first step
    _buttons(controls, playback, step, words, scrub, restart)
    progress = st.empty()
    paint = stage()
    paint(playback.current, playback.playing)
    if not playback.playing:
        _rest(controls, playback, progress, total, noun, scrub)
        return
    _loop(playback, paint, speed, lambda: _progress(progress, playback, total, noun))
    # The run has come to its end: draw the page once more, at rest.
    st.rerun()


def _buttons(
    controls: Controls,
    playback: Playback,
    step: Any,
    words: Words,
    scrub: bool,
    restart: Callable[[], Iterable[Any]] | None,
) -> None:
    def again() -> None:
        if restart:
            playback.restart(restart())
            playback.advance()  # the moment before the first step
        else:
            playback.seek(0)

    def play() -> None:
        if at_end:
            again()
        playback.play()

    def one() -> None:
        playback.pause()
        _move(playback, step)

    def back() -> None:
        playback.pause()
        playback.back()

    def reset() -> None:
        playback.pause()
        again()

    at_end = playback.ended and playback.at_latest
    with st.container(horizontal=True, key=f"{controls.page}_transport"):
        if playback.playing:
            st.button(
                "Pause", icon=":material/pause:", type="primary", on_click=playback.pause, key=controls.key("pause")
            )
        else:
            label = words.again if at_end else words.play
            st.button(
                label,
                icon=":material/play_arrow:",
                type="primary",
                on_click=play,
                key=controls.key("play"),
            )
        st.button(words.step, icon=":material/skip_next:", on_click=one, key=controls.key("step"), disabled=at_end)
        if scrub:
            st.button(
                "Back",
                icon=":material/skip_previous:",
                on_click=back,
                key=controls.key("back"),
                disabled=playback.position == 0,
            )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            on_click=reset,
            key=controls.key("reset"),
            disabled=_untouched(playback),
        )


def _untouched(playback: Playback) -> bool:
    return playback.position == 0 and not playback.playing and len(playback.history) <= 1


def _move(playback: Playback, control: Any) -> Any:
    """Go one moment on: into what is recorded, or, at its end, by computing."""
    return playback.advance(control) if playback.at_latest else playback.forward()


def _loop(playback: Playback, paint: Paint, speed: Speed, progress: Callable[[], None]) -> None:
    due = time.monotonic()
    while playback.playing:
        started = time.monotonic()
        moved = _move(playback, speed.control)
        while moved is not None and speed.budget and time.monotonic() - started < speed.budget:
            further = _move(playback, speed.control)
            if further is None:
                break
            moved = further
        if moved is None and playback.ended and playback.at_latest:
            playback.pause()
            return
        if moved is not None:
            paint(moved, True)
        progress()
        due = max(due + 1 / speed.frames, time.monotonic())
        while (left := due - time.monotonic()) > 0:
            time.sleep(min(left, TICK))
            if left > TICK:
                progress()  # an `st.` call: where a click can come in


def _progress(slot: DeltaGenerator, playback: Playback, total: int | None, noun: str) -> None:
    end = total if total is not None else len(playback.history) - 1
    slot.progress(min(1.0, playback.position / end) if end else 1.0, f"{noun} {playback.position:,} of {end:,}")


def _rest(
    controls: Controls, playback: Playback, slot: DeltaGenerator, total: int | None, noun: str, scrub: bool
) -> None:
    end = max(len(playback.history) - 1, 0)
    if not scrub:
        return
    key = controls.key("at")
    if end == 0:
        slot.caption(f"{noun} 0 of {total or 0:,}")
        return
    st.session_state[key] = playback.position
    slot.slider(
        f"{noun} {playback.position:,} of {total if total is not None else end:,}",
        0,
        end,
        key=key,
        bind=BIND,
        on_change=lambda: playback.seek(st.session_state[key]),
    )


def _follow_link(controls: Controls, playback: Playback) -> None:
    """Go to the moment that the link names, once."""
    key, done = controls.key("at"), f"_followed_{controls.key('at')}"
    if st.session_state.get(done):
        return
    st.session_state[done] = True
    if key not in st.query_params:
        return
    last = len(playback.history) - 1
    try:
        at = int(st.query_params[key])
    except ValueError:
        at = -1
    if not 0 <= at <= last:
        controls.say(f"The link asks for `at = {st.query_params[key][:40]}`, but it has to be a step from 0 to {last}.")
        at = 0
    playback.seek(at)
