"""The player: pictures that the browser moves, by one clock for a section.

Python hands over moments; `clock.js` shows them and asks for more. Nothing is painted from here frame by frame.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.built import Built
from pages.ui.component import component, nothing
from pages.ui.gate import GATE
from pages.ui.reel import draw_resting, reel_on
from pages.ui.shown import PLAIN, Action, Moments, Picture, Shown, Speed, Words, speeds_for
from sgd_core.charts.fed import fed, packed, stamped
from sgd_core.charts.film import Film
from sgd_core.charts.specification import specification
from sgd_core.charts.vega import compact, moved_by_clock
from sgd_core.recording import CHUNK, Recording

MOST_RECORDINGS = 12
LINKED = 60  # seconds of work at most to get where a link says


_clock, _film, _feed = component("clock", "pace"), component("film"), component("feed")


class PlayerMixin:
    """What a page plays with."""

    hero: DeltaGenerator
    clock: DeltaGenerator
    beneath: DeltaGenerator
    controls: DeltaGenerator
    key: Callable[[str], str]

    def recording(self, name: Hashable, start: Callable[[], Recording[Any]], *, ahead: int = 16) -> Recording[Any]:
        """Return the visit's recording of that name; `start()` makes a new one, computed `ahead` moments far, within a blink.

        The first one of a visit is computed as far as the link says that its clock stands.
        """
        kept: OrderedDict[Hashable, Recording[Any]] = st.session_state.setdefault("_recordings", OrderedDict())
        recording = kept.pop(name, None) or start()
        kept[name] = recording
        while len(kept) > MOST_RECORDINGS:
            kept.popitem(last=False)[1].close()
        linked = st.query_params.get(self.key("at"), "")
        if f"_{self.key('clock')}_at" not in st.session_state and linked.isdecimal() and int(linked) >= ahead:
            with st.spinner("Computing up to the moment of the link …"):
                recording.extend(min(int(linked), recording.last) + 1, seconds=LINKED)
            recording.at = min(int(linked), len(recording.moments) - 1)
        ends_here = recording.at == recording.last  # asked for one more, it tells so
        recording.extend(max(ahead, recording.at + 1 + ends_here))
        return recording

    def player(self, pictures: Sequence[Picture], moments: Moments, *, film: Film | None = None, **more: Any) -> int:
        """Draw a run that is known to its end; see `live`."""
        return self.live(lambda: Shown(pictures, moments, film), **more)

    def live(
        self,
        show: Callable[[], Shown],
        *,
        film_place: DeltaGenerator | None = None,
        speeds: Sequence[Speed] | None = None,
        speed: str = "normal",
        words: Words = PLAIN,
        actions: Sequence[Action] = (),
        restart: Callable[[], None] | None = None,
        name: str = "",
    ) -> int:
        """Draw pictures and the clock that moves them; return the moment at which it rests.

        `show()` says what there is to see by now, and draws nothing itself: while a recording is played it is called again for
        each chunk of moments that the clock asks for, and its pictures are given their rows. `restart` is what Reset does
        beyond going back to the beginning. `name` begins the names of the controls where a page has several players:
        `<page>_<name>_at`.
        """
        shown = show()
        moments, film = shown.moments, shown.film
        at = self._place(moments, name)
        key = self._part(name, "film")
        count = max(len(moments.numbers), (moments.last or 0) + 1)
        if count < 2 and moments.ended:  # nothing moves
            charts: list[Any] = [moved_by_clock(compact(picture.chart), at) for picture in shown.pictures]
        else:
            charts, stamps, frames = self._taken_apart(shown, name)
            st.session_state[f"_{self._part(name, 'clock')}_stamps"] = stamps
            with self.clock:
                self._draw_clock(moments, at, name, list(speeds or speeds_for(count)), speed, words, actions, restart)
                self._feed(name, moments.recording, show, [{"frames": frames, "stamps": stamps}])
        for place, (picture, chart) in enumerate(zip(shown.pictures, charts, strict=True)):
            self._draw(picture, chart, self._part(name, f"chart_{place}"))
        if film is not None:
            with (film_place or self.hero).container(key=f"{key}box"):
                data = {**reel_on(film, moments.id, key), "still": min(at, len(film.maps) - 1)}
                _film(key=f"{key}_canvas", height="content", on_missing_change=nothing, data=data)
                draw_resting(film, moments.id, at, key)
        return at

    @st.fragment
    def _feed(
        self,
        name: str,
        recording: Recording[Any] | None,
        show: Callable[[], Shown],
        drawn: list[dict[str, Any]],
    ) -> None:
        """Give the charts their rows; alone, and with more moments, each time that the clock asks for them.

        `drawn` are the frames that the section has made; they are taken out, so that they do not stay in memory.
        """
        clock = self._part(name, "clock")
        data: dict[str, Any] = {"clock": clock}
        if drawn:
            data |= drawn.pop()
        ask = self._asked(name)
        # Each ask counts once.
        if recording and ask.get("run") == recording.id and ask != st.session_state.get(f"_{clock}_asked"):
            if st.session_state.pop("_redraw", False):
                st.rerun()
            with GATE.pass_through(later=True, look=_wanted):
                st.session_state[f"_{clock}_asked"] = ask
                recording.extend(int(ask["want"]), seconds=CHUNK if GATE.someone_waits else 2 * CHUNK)
                # Who leaves while it plays comes back to about here.
                recording.at = st.session_state[f"_{clock}_at"] = int(ask["at"])
                shown = show()
                _, stamps, frames = self._taken_apart(shown, name)
                there = st.session_state.get(f"_{clock}_stamps", [])
                data |= {**shown.moments.chunk(int(ask["have"])), "frames": frames, "stamps": [*there, *stamps]}
                # An axis that has changed is the section's to draw: the clock then asks for that.
                data["redraw"] = stamps != there
                if shown.film is not None:
                    data["film"] = reel_on(shown.film, shown.moments.id, self._part(name, "film"))
        _feed(key=self._part(name, "feed"), on_ask_change=nothing, data=data)

    def _taken_apart(self, shown: Shown, name: str) -> tuple[list[Any], list[str], list[dict[str, Any]]]:
        """Return the specifications of the pictures with their stamps, and the frames that they are given by the clock."""
        clock = self._part(name, "clock")
        # Where the charts stand before the clock has moved them; constant, so that they are built only once.
        opened = st.session_state.setdefault(f"_{clock}_opened", st.session_state[f"_{clock}_at"])
        frames: list[pd.DataFrame] = []
        charts = [
            moved_by_clock(compact(fed(picture.chart, clock, frames, place)), opened)
            for place, picture in enumerate(shown.pictures)
        ]
        made = [stamped(specification(chart)) for chart in charts]
        return [one for one, _ in made], [stamp for _, stamp in made], [packed(frame) for frame in frames]

    def show(self, picture: Picture, name: str) -> None:
        """Draw a picture that does not move."""
        self._draw(picture, compact(picture.chart), self.key(f"still_{name}"))

    def go_to(self, at: int, clock: str = "", *, play: bool = False) -> None:
        """Put the clock on a moment, from Python's side; `play` lets it go on from there by itself."""
        key = self._part(clock, "clock")
        st.session_state[f"_{key}_jump"] = st.session_state.get(f"_{key}_jump", 0) + 1
        st.session_state[f"_{key}_at"] = at
        st.session_state[f"_{key}_play"] = play

    # ---- below: how ----

    def _part(self, clock: str, part: str) -> str:
        """Return the key of a part of a player, such as its "clock"."""
        return self.key(f"{clock}_{part}" if clock else part)

    def _state(self, clock: str) -> dict[str, Any]:
        return st.session_state.get(self._part(clock, "clock"), None) or {}

    def _asked(self, clock: str) -> dict[str, Any]:
        """Return what the clock asked for last."""
        feed = st.session_state.get(self._part(clock, "feed"), None) or {}
        return feed.get("ask") or {}

    def _place(self, moments: Moments, name: str) -> int:
        """Return the moment at rest: where the clock last said it stood, else where the link or the recording says."""
        key = self._part(name, "clock")
        at_name, at_key = "_".join(filter(None, (name, "at"))), f"_{key}_at"
        last = len(moments.numbers) - 1
        if at_key not in st.session_state:
            st.session_state[at_key] = self._linked_place(at_name, max(last, moments.last or 0), moments.recording)
        another = st.session_state.get(f"_{key}_run") not in (None, moments.id)
        if not self._take_place(moments, name) and moments.recording and not moments.keep and another:
            st.session_state[at_key] = moments.recording.at  # another run: where it was left
        st.session_state[f"_{key}_run"] = moments.id
        at = min(max(int(st.session_state[at_key]), 0), max(last, 0))
        self.write_address(at_name, at)  # type: ignore[attr-defined]
        self.hold(at_name, at)  # type: ignore[attr-defined]
        return at

    def _take_place(self, moments: Moments, name: str) -> bool:
        """Take what the clock says of where it rests, once; return whether it says anything new."""
        key = self._part(name, "clock")
        said = self._state(name).get("place") or {}
        if not said or said == st.session_state.get(f"_{key}_said"):
            return False
        st.session_state[f"_{key}_said"] = said
        if moments.keep or said["run"] == moments.id:
            st.session_state[f"_{key}_at"] = int(said["at"])
            if moments.recording:
                moments.recording.at = int(said["at"])
        return True

    def _linked_place(self, name: str, last: int, recording: Recording[Any] | None) -> int:
        linked = st.query_params.get(self.key(name))
        if linked is None:
            return recording.at if recording else 0
        if linked.isdecimal() and int(linked) <= last:
            return int(linked)
        self.say(  # type: ignore[attr-defined]
            f"The link asks for `{name} = {linked[:40]}`, but it has to be a moment from 0 to {last}. Using `0` instead."
        )
        return 0

    def _draw(self, picture: Picture, made: Any, key: str) -> None:
        places = {"hero": self.hero, "beneath": self.beneath, "beside": self.controls}
        place = places[picture.where] if isinstance(picture.where, str) else picture.where
        chart: Any = Built(made)
        names = [name for name, take in (("pick", picture.on_pick), ("drag", picture.on_drag)) if take]
        if not names:
            place.altair_chart(chart, width=picture.width, alt=picture.alt, key=key)
            return

        def selected() -> None:
            selection = st.session_state[key].selection
            if picture.on_drag and (ends := selection.get("drag")):
                picture.on_drag(dict(ends))
            elif picture.on_pick and (rows := selection.get("pick")):
                picture.on_pick(dict(rows[0]))

        place.altair_chart(
            chart, width=picture.width, alt=picture.alt, key=key, on_select=selected, selection_mode=names
        )

    def _draw_clock(
        self,
        moments: Moments,
        at: int,
        name: str,
        speeds: list[Speed],
        speed: str,
        words: Words,
        actions: Sequence[Action],
        restart: Callable[[], None] | None,
    ) -> None:
        key = self._part(name, "clock")
        ask = self._asked(name)
        first = int(ask["have"]) if moments.recording and ask.get("run") == moments.id else 0
        acts = {action.name: action.act for action in actions}

        def act() -> None:
            pressed = st.session_state[key].get("act")
            if not pressed:
                return
            if pressed["name"] == "reset":
                st.session_state[f"_{key}_at"] = 0
                if restart:
                    restart()
            elif pressed["name"] in acts:
                acts[pressed["name"]](int(pressed["at"]))

        _clock(
            key=key,
            height="content",
            # At once: the section may be left in the same moment.
            on_place_change=partial(self._take_place, moments, name),
            on_act_change=act,
            data={
                **moments.chunk(first),
                "clock": key,
                "columns": [str(column) for column in moments.numbers.columns],
                "card": moments.cards is not None,
                "at": at,
                "jump": st.session_state.get(f"_{key}_jump", 0),
                "play": st.session_state.get(f"_{key}_play", False),
                "keep": moments.keep,
                "restart": restart is not None,
                "words": words._asdict(),
                "speeds": [one._asdict() for one in speeds],
                "speed": speed,
                "actions": [[action.name, action.label, action.help] for action in actions],
            },
        )


def _wanted() -> None:
    """End this run of the script if the learner has changed something meanwhile: Streamlit does so where its state is read."""
    st.session_state.get("_redraw")
