"""Widgets whose values live in the address of the page.

Every widget's key reads `<page>_<name>` and is its name in the address too. A link is written by people and by other
versions of the app, so a value that makes no sense is answered with a sentence, never with an exception.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

BIND: Literal["query-params"] = "query-params"
T = TypeVar("T")


def lead(key: str, value: Any) -> None:
    """Put a widget where the page wants it; call it before the widget is drawn."""
    st.session_state[key] = st.session_state[f"_led_{key}"] = value


def by_hand(key: str) -> bool:
    """Tell in a widget's callback whether a person has moved it from where `lead` has put it.

    Streamlit (1.67) calls back without a person too: a slider whose range has changed is a new widget to it, and where
    clicks cut the page's runs short, as each one does while something plays, an earlier one's callback comes with the
    next click on anything.
    """
    return bool(st.session_state[key] != st.session_state.get(f"_led_{key}"))


class Controls:
    """The widgets of one page: they read the link, say what it got wrong, and can be written out as a link again."""

    def __init__(self, page: str, *, notes: DeltaGenerator, share: DeltaGenerator) -> None:
        """`notes` is where rejected values are answered, `share` where the link to copy is offered."""
        self.page = page
        # Kept for the visit: a section that is closed now still has its place in the link.
        self.values: dict[str, Any] = st.session_state.setdefault(f"_values_{page}", {})
        self._notes, self._share = notes, share

    def key(self, name: str) -> str:
        """Return the key of a widget, which is its name in the address."""
        return f"{self.page}_{name}"

    def slider(self, name: str, label: str, low: float, high: float, default: float, step: float, **more: Any) -> float:
        """A linear slider for a number."""
        key, asked = self._asked(name)
        value = st.slider(label, low, high, default, step, key=key, bind=BIND, **more)
        return self._took(name, asked, value, _number, f"a number from {low:g} to {high:g}")

    def whole(self, name: str, label: str, low: int, high: int, default: int, **more: Any) -> int:
        """A whole number, typed or stepped."""
        key, asked = self._asked(name)
        value = st.number_input(label, low, high, default, 1, key=key, bind=BIND, **more)
        return self._took(name, asked, int(value), _number, f"a whole number from {low:,} to {high:,}")

    def number(self, name: str, label: str, low: float, high: float, default: float, **more: Any) -> float:
        """A number, typed."""
        key, asked = self._asked(name)
        more = {"format": "%.6g", **more}
        value = st.number_input(label, low, high, default, key=key, bind=BIND, **more)
        return self._took(name, asked, float(value), _number, f"a number from {low:g} to {high:g}")

    def choice(self, name: str, label: str, options: Sequence[str], default: str, **more: Any) -> str:
        """One of a list, as a drop-down; the options are the words in the address."""
        key, asked = self._asked(name)
        value = st.selectbox(label, options, options.index(default), key=key, bind=BIND, **more)
        return self._took(name, asked, str(value), str, "one of " + ", ".join(options))

    def segments(self, name: str, label: str, options: Sequence[str], default: str, **more: Any) -> str:
        """One of a few, as a row of buttons."""
        key, asked = self._asked(name)
        value = st.segmented_control(label, options, default=default, key=key, bind=BIND, required=True, **more)
        return self._took(name, asked, str(value or default), str, "one of " + ", ".join(options))

    def section(self, names: Sequence[str]) -> str:
        """Which of the page's sections is shown; only that one is to be drawn.

        No `st.tabs`: the browser goes through all tabs and their panels, three times, with each message that it gets
        while something plays.
        """
        return self.segments("section", "Section", names, names[0], label_visibility="collapsed", width="stretch")

    def toggle(self, name: str, label: str, default: bool, **more: Any) -> bool:
        """A switch."""
        key, asked = self._asked(name)
        value = st.toggle(label, default, key=key, bind=BIND, **more)
        return self._took(name, asked, value, lambda text: text.lower() == "true", "true or false")

    def text(self, name: str, label: str, default: str, **more: Any) -> str:
        """A line of text, such as a formula."""
        key, asked = self._asked(name)
        value = st.text_input(label, default, key=key, bind=BIND, **more)
        return self._took(name, asked, str(value), str, "text")

    def learning_rate(
        self,
        name: str,
        default: float,
        *,
        low: float = 1e-4,
        high: float = 10.0,
        label: str = "Learning rate",
        stacked: bool = False,
    ) -> float:
        """A learning rate: a logarithmic slider, and with it the exact number, which is what counts.

        The slider has ten stops a decade. The number takes any positive value and is what the address holds.
        `stacked=True` puts the number below the slider, for narrow columns.
        """
        key, asked = self._asked(name)
        stops = _stops(low, high)
        slider_key = f"{key}_slider"

        def slid() -> None:
            if by_hand(slider_key):
                st.session_state[key] = st.session_state[slider_key]

        # The number is drawn second but decides: the slider only follows it to its nearest stop.
        places = (st.container(), st.container()) if stacked else st.columns([3, 2], vertical_alignment="bottom")
        value = float(
            places[1].number_input(
                f"{label}, exact",
                1e-12,
                1e12,
                default,
                format="%.6g",
                key=key,
                bind=BIND,
                label_visibility="collapsed",
                help="Any positive number.",
            )
        )
        if low < value < high and value not in stops:
            stops = sorted([*stops, value])  # so that the slider, too, says the exact value
        lead(slider_key, min(stops, key=lambda stop: abs(math.log(stop / value))))
        places[0].select_slider(label, stops, key=slider_key, on_change=slid, format_func=lambda v: f"{v:g}")
        return self._took(name, asked, value, _number, "a positive number")

    def position(self, name: str, last: int) -> int:
        """A place from 0 to `last` that buttons move (see `turn`); it has no widget of its own."""
        key, asked = self._asked(name)
        if key not in st.session_state:
            st.session_state[key] = int(asked) if asked and asked.isdecimal() and int(asked) <= last else 0
        value = min(int(st.session_state[key]), last)
        st.query_params.update({key: str(value)}) if value else st.query_params.pop(key, None)
        return self._took(name, asked, value, _number, f"a whole number from 0 to {last}")

    def turn(self, name: str, label: str, by: int, possible: bool, **more: Any) -> None:
        """A button that moves the place `name` by so many."""
        key = self.key(name)

        def move() -> None:
            st.session_state[key] += by

        st.button(label, key=f"{key}_{label.lower().replace(' ', '_')}", on_click=move, disabled=not possible, **more)

    def link(self) -> str:
        """Return the page's address with every value written out, defaults included."""
        base = (st.context.url or "").split("?")[0]
        return f"{base}?{urlencode({self.key(name): _text(value) for name, value in self.values.items()})}"

    def close(self, left_out: str | None = None) -> None:
        """Offer the link; call it last, when every control has been drawn. `left_out` says what it does not hold."""
        share = self._share.popover(
            "Copy link", icon=":material/link:", width="stretch", key=self.key("share"), on_change="rerun"
        )
        if share.open:  # the link changes with every move of a slider: draw it only for someone who looks at it
            if left_out:
                share.warning(left_out, icon=":material/link:")
            else:
                share.caption("Everything on this page, seeds included. It means the same on another machine.")
            share.code(self.link(), language=None, wrap_lines=True)

    def say(self, sentence: str) -> None:
        """Say something about the link at the top of the page."""
        self._notes.warning(sentence, icon=":material/link_off:")

    def _asked(self, name: str) -> tuple[str, str | None]:
        """Return the widget's key and what the link asks for, if this is the first time the widget is drawn."""
        key = self.key(name)
        first = key not in st.session_state
        if first and key in st.query_params:
            st.session_state[f"_asked_{key}"] = st.query_params[key]
        return key, st.session_state.get(f"_asked_{key}")

    def _took(self, name: str, asked: str | None, value: T, read: Callable[[str], Any], wanted: str) -> T:
        """Note the value, and answer a link that asked for something else until the person moves the widget."""
        self.values[name] = value
        if asked is None:
            return value
        key = self.key(name)
        first = st.session_state.setdefault(f"_given_{key}", value)
        if value != first:  # moved since: the link is history
            st.session_state.pop(f"_asked_{key}", None)
            return value
        try:
            same = read(asked) == value
        except ValueError:
            same = False
        if not same:
            shown = asked if len(asked) <= 40 else asked[:40] + "…"
            self.say(
                f"The link asks for `{name} = {shown}`, but it has to be {wanted}. Using `{_text(value)}` instead."
            )
        return value


def _number(text: str) -> float:
    return float(text)


def _text(value: Any) -> str:
    if callable(value):  # a value that moves while the page plays
        value = value()
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _stops(low: float, high: float) -> list[float]:
    """Return ten stops a decade from `low` to `high`, rounded to what people say: 1, 1.25, 1.6, 2 ..."""
    mantissas = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)
    first, last = round(math.log10(low)), round(math.log10(high))
    stops = [float(f"{m}e{power}") for power in range(first, last) for m in mantissas]
    return [*stops, float(f"1e{last}")]
