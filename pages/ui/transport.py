"""The one thing that plays, pauses and steps.

A paced loop moves a `Playback` and paints each moment into slots. Any widget that a person touches interrupts the loop
at its next `st.` call, between two steps; the run itself lives in the session, so it goes on from exactly where it
was. The buttons stand outside of the fragment, because a click inside it would wait for the loop to end. Call `play(Player(...))` last on the page (inside a container laid out earlier), so that the
rest of the page is drawn before the loop begins.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.controls import BIND, Controls, by_hand, lead
from sgd_core.playback import Playback

Paint = Callable[[Any, bool], None]  # (snapshot, live): live frames are small and many, still ones may be rich
NAP = 0.05  # seconds: the longest sleep, so that a pause is never kept waiting
READABLE = 0.2  # seconds that words stay while a run plays: nobody reads faster, and drawing them costs frames


class Speed(NamedTuple):
    """How fast a run plays: frames a second, what one frame asks of the run, and how long it may work for one."""

    frames: float
    control: Any = None
    budget: float = 0.0  # seconds a frame may spend on further moments; 0: exactly `stride` moments a frame
    stride: int = 1  # moments a frame goes on at least


class Reading:
    """Lets words through only so often while a run plays; pictures move with every frame."""

    def __init__(self) -> None:
        """Let the first ones through."""
        self._next = 0.0

    def due(self, live: bool = True) -> bool:
        """Tell whether to draw words now: at rest always, in `live` frames if the last ones could be read."""
        now = time.monotonic()
        if live and now < self._next:
            return False
        self._next = now + READABLE
        return True


class Words(NamedTuple):
    """What the buttons say."""

    play: str = "Play"
    again: str = "Play again"
    step: str = "Step"


PLAIN = Words()


@dataclass(frozen=True)
class Player:
    """A run and how it is shown and driven.

    `stage()` lays out the slots and returns `paint(snapshot, live)`. `progress(snapshot)` says how far the run is, as a
    share from 0 to 1 and in words. `step` is what the Step button asks of the run. `scrub=True` adds Back, End and, in
    the bar's place while nothing plays, a slider over the moments, in the address as `<page>_at`. `whole_page=True` is
    for a page that shows the moment outside of the stage too: the slider then stands beside the bar, pauses, redraws
    the whole page, and stays out of the address, since a link cannot go back in a run that has yet to be made. `name`
    begins the names of the controls where a page has several players: `<page>_<name>_at`.
    `restart()` gives the snapshots of a new run for Reset; without it, Reset goes back to the first moment.
    `longer` is a button for a longer step, its words and what it does.
    """

    controls: Controls
    playback: Playback[Any]
    stage: Callable[[], Paint]
    speed: Speed
    progress: Callable[[Any], tuple[float, str]]
    step: Any = None
    words: Words = PLAIN
    scrub: bool = False
    restart: Callable[[], Iterable[Any]] | None = None
    whole_page: bool = False
    longer: tuple[str, Callable[[], None]] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """Give the position its place in the link, and go where the link says; before `controls.close()`, that is."""
        if self.scrub and not self.whole_page:
            _follow_link(self)
            self.controls.values[self.part("at")] = lambda: self.playback.position

    def part(self, word: str) -> str:
        """Return the name of one of this player's controls; `name` tells several players of a page apart."""
        return f"{self.name}_{word}" if self.name else word

    def key(self, word: str) -> str:
        """Return the key of one of this player's controls."""
        return self.controls.key(self.part(word))

    @property
    def at_end(self) -> bool:
        """Whether there is nothing further to show."""
        return self.playback.ended and self.playback.at_latest

    def move(self, control: Any) -> Any:
        """Go one moment on: into what is recorded, or, at its end, by computing. None when there is nothing new."""
        return self.playback.advance(control) if self.playback.at_latest else self.playback.forward()

    def rewind(self) -> None:
        """Go back to the beginning, with a new run where one can be made."""
        self.playback.pause()
        if self.restart is None:
            self.playback.seek(0)
        else:
            self.playback.restart(self.restart())
            self.playback.advance()  # the moment before the first step

    def toggle(self) -> None:
        """Play, or pause; at the end, play again from the beginning."""
        if self.playback.playing:
            self.playback.pause()
            return
        if self.at_end:
            self.rewind()
        self.playback.play()

    def one(self) -> None:
        """Pause and go one step on."""
        self.playback.pause()
        self.move(self.step)

    def back(self) -> None:
        """Pause and go one step back."""
        self.playback.pause()
        self.playback.back()

    def last(self) -> None:
        """Pause and go to the last moment recorded."""
        self.playback.pause()
        self.playback.seek(-1)


def recorded(key: str, moments: int) -> Playback[int]:
    """Return the session's playback over moments 0 to `moments - 1` that are all known already.

    When their number changes, the position is kept as far as it still exists.
    """
    before: Playback[int] | None = st.session_state.get(key)
    if before is not None and len(before.history) == moments:
        return before
    playback = Playback(range(moments))
    while playback.advance() is not None:
        pass
    playback.seek(max(before.position, 0) if before else 0)
    if before and before.playing:
        playback.play()
    st.session_state[key] = playback
    return playback


def play(player: Player) -> None:
    """Draw the buttons and the stage, and play the run while it is meant to play."""
    if player.playback.latest is None:
        player.playback.advance()  # the moment before the first step
    _buttons(player)
    if player.scrub and player.whole_page:
        _time_machine(player)
    _fragment(player)


@st.fragment
def _fragment(player: Player) -> None:
    playback = player.playback
    bar = st.empty()
    paint = player.stage()
    paint(playback.current, playback.playing)
    if not playback.playing:
        _scrubber(player, bar)
        return
    _loop(player, paint, bar)
    st.rerun()  # the run has come to its end: draw the whole page once more, at rest


def _buttons(player: Player) -> None:
    playback, key, words = player.playback, player.key, player.words
    untouched = (
        playback.position == 0 and not playback.playing and (player.restart is None or len(playback.history) == 1)
    )
    # Play and Pause are one button under one key, so that it changes its face in place.
    face, icon = (words.again if player.at_end else words.play), ":material/play_arrow:"
    if playback.playing:
        face, icon = "Pause", ":material/pause:"
    with st.container(horizontal=True, key=key("transport")):
        st.button(face, icon=icon, type="primary", on_click=player.toggle, key=key("play"))
        st.button(words.step, icon=":material/skip_next:", on_click=player.one, key=key("step"), disabled=player.at_end)
        if player.longer is not None:
            label, act = player.longer
            st.button(label, icon=":material/fast_forward:", on_click=act, key=key("longer"), disabled=player.at_end)
        if player.scrub:
            st.button(
                "Back",
                icon=":material/skip_previous:",
                on_click=player.back,
                key=key("back"),
                disabled=playback.position == 0,
            )
            st.button(
                "End", icon=":material/last_page:", on_click=player.last, key=key("end"), disabled=playback.at_latest
            )
        st.button("Reset", icon=":material/restart_alt:", on_click=player.rewind, key=key("reset"), disabled=untouched)


def _loop(player: Player, paint: Paint, bar: DeltaGenerator) -> None:
    playback, speed, due, reading = player.playback, player.speed, time.monotonic(), Reading()
    while playback.playing:
        started = time.monotonic()
        moved = player.move(speed.control)
        for _ in range(speed.stride - 1):
            moved = player.move(speed.control) or moved
        while moved is not None and time.monotonic() - started < speed.budget:
            moved = player.move(speed.control) or moved
            if player.at_end:
                break
        if moved is not None:
            paint(moved, True)
        if moved is None or reading.due():
            _show_progress(player, bar)
        pace = 1 / speed.frames
        due = max(due + pace, time.monotonic() - pace)  # what one frame took too long, the next ones make up for
        while (left := due - time.monotonic()) > 0:
            time.sleep(min(left, NAP))
            if left > NAP:
                _show_progress(player, bar)  # an `st.` call is where a click can come in
    playback.pause()


def _show_progress(player: Player, bar: DeltaGenerator) -> None:
    share, words = player.progress(player.playback.current)
    bar.progress(min(max(share, 0.0), 1.0), words)


def _scrubber(player: Player, bar: DeltaGenerator) -> None:
    last = len(player.playback.history) - 1
    if not player.scrub or player.whole_page or last < 1:
        _show_progress(player, bar)
        return
    key = player.key("at")

    def go() -> None:
        if by_hand(key):
            player.playback.seek(int(st.session_state[key]))

    lead(key, player.playback.position)
    words = player.progress(player.playback.current)[1]
    bar.slider(words, 0, last, key=key, bind=BIND, on_change=go)


def _time_machine(player: Player) -> None:
    playback, key = player.playback, player.key("at")
    last = len(playback.history) - 1

    def go() -> None:
        if by_hand(key):
            playback.pause()
            playback.seek(int(st.session_state[key]))

    lead(key, playback.position)
    st.slider(
        "Time machine: every recorded moment",
        0,
        max(last, 1),
        key=key,
        on_change=go,
        disabled=last < 1,
        format=f"%d of {last}",
    )


def _follow_link(player: Player) -> None:
    """Go to the moment that the link names, once."""
    controls, last = player.controls, len(player.playback.history) - 1
    key = player.key("at")
    done = f"_followed_{key}"
    if st.session_state.get(done):
        return
    st.session_state[done] = True
    asked = st.query_params.get(key)
    if asked is None:
        return
    if asked.isdecimal() and int(asked) <= last:
        player.playback.seek(int(asked))
    else:
        controls.say(
            f"The link asks for `{player.part('at')} = {asked[:40]}`, but it has to be a step from 0 to {last}. Using `0` instead."
        )
