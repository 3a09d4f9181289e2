"""Widgets whose values live in the address of the page.

Every widget's key reads `<page>_<name>` and is its name in the address too; its value lives there and nowhere else. A link
is written by people and by other versions of the app, so a value that makes no sense is answered with a sentence, never
with an exception.
"""

import math
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.pair import Pair, log_stops, nearest
from sgd_core.numbers import number as written

BIND: Literal["query-params"] = "query-params"
T = TypeVar("T")
LEAST, MOST = 1e-12, 1e12  # learning rates


class Fields:
    """The widgets of one page: they read the link, say what it got wrong, and can be written out as a link again."""

    def __init__(self, page: str) -> None:
        """`page` begins the key of every widget."""
        self.page = page
        # Kept for the visit: a section that is closed now still has its place in the link.
        self.values: dict[str, Any] = st.session_state.setdefault(f"_values_{page}", {})
        self.notes: DeltaGenerator = st.container()

    def key(self, name: str) -> str:
        """Return the key of a widget, which is its name in the address."""
        return f"{self.page}_{name}"

    def set(self, name: str, value: Any) -> None:
        """Put a field to a value, in a callback or before it is drawn."""
        key = self.key(name)
        self.write(key, value)
        if (stops := st.session_state.get(f"_{key}_stops")) is not None:
            pair: Pair = st.session_state[f"_{key}_pair"]
            pair.put(stops, float(value), time.monotonic())
            self.write(f"{key}_slider", pair.slider)

    def write(self, key: str, value: Any) -> None:
        """Put a widget to a value, by its key, for the browser to hear.

        What a run says that is cut short may never leave the server. So the value is written once more by each run, until
        one has drawn the section to its end.
        """
        st.session_state[key] = st.session_state.setdefault("_unheard", {})[key] = value

    def write_again(self, key: str) -> None:
        """Write a widget's value once more, before it is drawn, if the browser may not have heard of it."""
        unheard = st.session_state.get("_unheard", {})
        if key in unheard and st.session_state.get(key) == unheard[key]:
            st.session_state[key] = unheard[key]

    def _keep_inside(self, key: str, low: float, high: float) -> None:
        """Move what a click has set into the field's range, which another choice may have narrowed since.

        What a person had set in another range is left to Streamlit, which begins anew.
        """
        value = st.session_state.get("_unheard", {}).get(key)
        if isinstance(value, (int, float)) and not low <= value <= high:
            self.write(key, type(value)(min(max(value, low), high)))

    def slider(self, name: str, label: str, low: float, high: float, default: float, step: float, **more: Any) -> float:
        """A linear slider for a number."""
        key, linked = self._linked(name)
        self._keep_inside(key, low, high)
        value = st.slider(label, low, high, default, step, key=key, bind=BIND, **more)
        return self._checked(name, linked, value, float, f"a number from {written(low)} to {written(high)}")

    def whole(self, name: str, label: str, low: int, high: int, default: int, **more: Any) -> int:
        """A whole number, typed or stepped."""
        key, linked = self._linked(name)
        # Streamlit raises an error where a link gives such a field an infinite number, so it does not read that link.
        unread = st.session_state.setdefault(f"_{key}_infinite", linked is not None and _is_infinite(linked))
        self._keep_inside(key, low, high)
        value = st.number_input(label, low, high, default, 1, key=key, bind=None if unread else BIND, **more)
        return self._checked(name, linked, int(value), float, f"a whole number from {low:,} to {high:,}")

    def number(self, name: str, label: str, low: float, high: float, default: float, **more: Any) -> float:
        """A number, typed."""
        key, linked = self._linked(name)
        self._keep_inside(key, low, high)
        value = st.number_input(label, low, high, default, key=key, bind=BIND, **{"format": "%.6g", **more})
        return self._checked(name, linked, float(value), float, f"a number from {written(low)} to {written(high)}")

    def choice(self, name: str, label: str, options: Sequence[str], default: str, **more: Any) -> str:
        """One of a list, as a drop-down; the options are the words in the address."""
        key, linked = self._linked(name)
        value = st.selectbox(label, options, options.index(default), key=key, bind=BIND, **more)
        return self._checked(name, linked, str(value), str, "one of " + ", ".join(options))

    def segments(self, name: str, label: str, options: Sequence[str], default: str, **more: Any) -> str:
        """One of a few, as a row of buttons."""
        key, linked = self._linked(name)
        value = st.segmented_control(label, options, default=default, key=key, bind=BIND, required=True, **more)
        return self._checked(name, linked, str(value or default), str, "one of " + ", ".join(options))

    def toggle(self, name: str, label: str, default: bool, **more: Any) -> bool:
        """A switch."""
        key, linked = self._linked(name)
        value = st.toggle(label, default, key=key, bind=BIND, **more)
        return self._checked(name, linked, value, lambda text: text.lower() == "true", "true or false")

    def text(self, name: str, label: str, default: str, **more: Any) -> str:
        """A line of text, such as a formula."""
        key, linked = self._linked(name)
        value = st.text_input(label, default, key=key, bind=BIND, **more)
        return self._checked(name, linked, str(value), str, "text")

    def learning_rate(
        self, name: str, default: float, *, low: float = 1e-4, high: float = 10.0, label: str = "Learning rate"
    ) -> float:
        """A learning rate: a logarithmic slider with ten stops a decade, and the exact number, which is what counts.

        The number takes any positive value and is what the address holds. Each of the two moves the other by its
        callback only: a slider that the script wrote in every run would lose key presses. While keys are pressed quickly
        the browser still sends numbers that the slider has long replaced; they are told from typed ones.
        """
        key, linked = self._linked(name)
        slider_key, stops = f"{key}_slider", log_stops(low, high)
        pair: Pair = st.session_state.setdefault(f"_{key}_pair", Pair())

        def moved() -> None:
            slider, number = st.session_state.get(slider_key), st.session_state[key]
            if slider is None:  # the page was cut short before it was drawn: it will follow the number
                return
            value = pair.now(stops, slider, number, time.monotonic())
            if value != number:
                self.write(key, value)
            if slider != pair.slider:
                self.write(slider_key, pair.slider)

        with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_row", gap="small"):
            slider = st.container()
            value = float(
                st.number_input(
                    f"{label}, exact",
                    LEAST,
                    MOST,
                    default,
                    format="%.6g",
                    key=key,
                    bind=BIND,
                    label_visibility="collapsed",
                    width=110,
                    on_change=moved,
                    help="Any positive number.",
                )
            )
        # A link, a preset or a click on a picture sets the number; the slider then follows once.
        if st.session_state.get(f"_{key}_stops") != stops or slider_key not in st.session_state:
            st.session_state[f"_{key}_stops"] = stops
            self.write(slider_key, nearest(stops, value))
        if value != pair.value:  # from the address, by Back: what it replaces may come again
            pair.numbers.clear()
        pair.slider, pair.value = st.session_state[slider_key], value
        self.write_again(slider_key)
        slider.select_slider(label, stops, pair.slider, key=slider_key, on_change=moved, format_func=written)
        return self._checked(name, linked, value, float, f"a positive number up to {written(MOST)}")

    def position(self, name: str, last: int) -> int:
        """A place from 0 to `last` that buttons move (see `turn`); it has no widget of its own."""
        key, linked = self._linked(name)
        if key not in st.session_state:
            st.session_state[key] = int(linked) if linked and linked.isdecimal() and int(linked) <= last else 0
        value = min(int(st.session_state[key]), last)
        self.write_address(name, value)
        return self._checked(name, linked, value, float, f"a whole number from 0 to {last}")

    def turn(self, name: str, label: str, by: int, possible: bool, **more: Any) -> None:
        """A button that moves the place `name` by so many."""
        key = self.key(name)

        def move() -> None:
            st.session_state[key] += by

        st.button(label, key=f"{key}_{label.lower().replace(' ', '_')}", on_click=move, disabled=not possible, **more)

    def hold(self, name: str, value: Any) -> None:
        """Give a value that has no widget here its place in the link."""
        self.values[name] = value

    def write_address(self, name: str, value: Any) -> None:
        """Put a value without a widget into the address; 0, "" and None leave it."""
        key, text = self.key(name), _text(value) if value else ""
        if st.query_params.get(key, "") != text:
            st.query_params.update({key: text}) if text else st.query_params.pop(key, None)

    def link(self) -> str:
        """Return the page's address with every value written out, defaults included."""
        base = (st.context.url or "").split("?")[0]
        return f"{base}?{urlencode({self.key(name): _text(value) for name, value in self.values.items()})}"

    def say(self, sentence: str) -> None:
        """Say something about the link at the top of the page."""
        self.notes.warning(sentence, icon=":material/link_off:")

    def changed(self, name: str, value: Hashable) -> bool:
        """Tell whether `value` differs from the last time this was asked under `name`; False the first time."""
        key = f"_{self.key(name)}_before"
        before = st.session_state.setdefault(key, value)
        st.session_state[key] = value
        return bool(before != value)

    def _linked(self, name: str) -> tuple[str, str | None]:
        """Return the widget's key and what the link says, if this is the first time the widget is drawn."""
        key = self.key(name)
        self.write_again(key)
        if key not in st.session_state and key in st.query_params:
            st.session_state[f"_linked_{key}"] = st.query_params[key]
        return key, st.session_state.get(f"_linked_{key}")

    def _checked(self, name: str, linked: str | None, value: T, read: Callable[[str], Any], wanted: str) -> T:
        """Note the value, and answer a link that says something else until the person moves the widget."""
        self.values[name] = value
        if linked is None:
            return value
        key = self.key(name)
        first = st.session_state.setdefault(f"_given_{key}", value)
        if value != first:  # moved since: the link is history
            st.session_state.pop(f"_linked_{key}", None)
            return value
        try:
            same = read(linked) == value
        except ValueError:
            same = False
        if not same:
            shown = linked[:40].replace("`", "'") + ("…" if len(linked) > 40 else "")  # a link stays inside its ticks
            self.say(
                f"The link asks for `{name} = {shown}`, but it has to be {wanted}. Using `{_text(value)}` instead."
            )
        return value


def _is_infinite(text: str) -> bool:
    try:
        return math.isinf(float(text))
    except ValueError:
        return False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
