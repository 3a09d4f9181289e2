"""The protocol that every section of every page is written in.

A page is its title, its claim and its sections:

    open_page("stepping", "The slope says which way is down. ...").sections(
        Section("One weight", one_weight, "Each step goes against the slope."), ...)

A section is one function of the `Page`, and reads as the lesson: controls, computation, pictures, words, code.

    def one_weight(page: Page) -> None:
        with page.controls:
            lr = page.learning_rate("lr", 0.1)                # bound to the address
        run = descend(...)                                    # computed in sgd_core
        at = page.player([Picture(...), ...], Moments(...))   # pictures; they play if there is more than one moment
        page.notice(*tell(run, at))                           # about the numbers on the screen
        page.code(script(...))                                # the same in PyTorch

A run that is computed while it is watched is a `page.recording`, shown by `page.live(show)`: `show()` says what there is by
now. Other work that takes long is `page.work`: what is there is shown, the rest follows, and it can be stopped. What is one
click away stands in `page.more` if it holds controls, else in `page.opened`, which is drawn once it is open.

No section knows of fragments, slots, frame rates or session keys: the page draws a section again when one of its
controls is moved or its clock comes to rest, and closes it with its code and its link.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from pages.ui.built import on_projector
from pages.ui.fields import Fields
from pages.ui.gate import GATE
from pages.ui.panels import QuizMixin
from pages.ui.player import PlayerMixin
from pages.ui.visit import watch_connection
from pages.ui.work import WorkMixin

ICON = Path(__file__).with_name("icon.png")  # a file of ours: a named icon would be fetched from the internet
STYLE = Path(__file__).with_name("page.css").read_text()
ADDRESS = Path(__file__).with_name("address.js").read_text()


class PageRow(NamedTuple):
    """One page of the app: its file, its name in the menu, and what it promises there."""

    path: str
    title: str
    icon: str
    promise: str

    @property
    def address(self) -> str:
        """What follows the app's address: the file's name without its number; nothing for Home."""
        return "" if self.path == "app.py" else Path(self.path).stem.partition("_")[2]


PAGES = {
    "home": PageRow("app.py", "Home", ":material/home:", "The seven steps of learning, run live on real digits."),
    "derivatives": PageRow(
        "pages/1_Derivatives.py", "Derivatives", ":material/show_chart:", "What a slope says, and how PyTorch finds it."
    ),
    "stepping": PageRow(
        "pages/2_Stepping.py",
        "Stepping",
        ":material/footprint:",
        "From one step with a learning rate to a whole descent.",
    ),
    "pitfalls": PageRow(
        "pages/3_Learning_rate_pitfalls.py",
        "Learning-rate pitfalls",
        ":material/warning:",
        "Too low, too high, bouncing: how to know which.",
    ),
    "training": PageRow(
        "pages/4_Digit_training.py",
        "Digit training",
        ":material/model_training:",
        "Watch a model learn to read digits.",
    ),
    "beyond": PageRow(
        "pages/5_Beyond_the_rule.py",
        "Beyond the rule",
        ":material/rocket_launch:",
        "What learning rates do that the rule forbids: catapults, the edge, silver steps.",
    ),
}


class Section(NamedTuple):
    """A section: its name in the address, the function that shows it, what it claims, and how wide its picture is.

    `split` are the shares of the picture's column and of the controls beside it. `clock_above`: the clock stands above
    them both, on a phone below.
    """

    name: str
    show: Callable[["Page"], None]
    claim: str = ""
    split: tuple[float, float] = (7, 3)
    clock_above: bool = False


class Page(Fields, PlayerMixin, QuizMixin, WorkMixin):
    """What a section draws with: fields, the player, and places on the page.

    `hero` is where the picture that matters stands, `controls` is beside it, `below` under both; `with` one of them
    puts there whatever is drawn.
    """

    controls: DeltaGenerator
    hero: DeltaGenerator
    beneath: DeltaGenerator
    clock: DeltaGenerator
    below: DeltaGenerator
    _missing: str | None = None  # what the link does not hold, as a sentence

    def sections(self, *sections: Section) -> None:
        """Draw the choice of sections and the one that is chosen."""
        chosen = sections[0]
        if len(sections) > 1:
            names = [section.name for section in sections]
            name = self.segments("section", "Section", names, names[0], label_visibility="collapsed", width="stretch")
            chosen = sections[names.index(name)]
        with st.container(key=self.key(f"body_{_slug(chosen.name)}")):  # another key: nothing of the old one stays
            _body(self, chosen)

    def notice(self, *sentences: str) -> None:
        """Say what to notice, in sentences about the numbers on the screen."""
        with self.below.container(border=True, key=self.key("notice")):
            st.markdown("**What to notice**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences if sentence))

    def code(self, script: str, caption: str = "Run as it is, this prints the numbers above.") -> None:
        """Show the script that, run as it is, prints the numbers on the screen."""
        with self.opened("The same in PyTorch", ":material/code:", "code") as opened:
            if opened:
                st.caption(caption)
                st.code(script, language="python")

    def table(self, frame: pd.DataFrame, title: str, *, file: str) -> None:
        """Offer a frame to read, and as a CSV file with every digit it has."""
        with self.opened(title, ":material/table_rows:", f"table_{file}") as opened:
            if opened:
                st.dataframe(frame, hide_index=True, width="stretch", height=300 if len(frame) > 8 else "auto")
                self.csv(frame, file)

    @contextmanager
    def opened(self, title: str, icon: str, name: str = "") -> Iterator[bool]:
        """What is one click away and holds no control: an expander; yields whether to draw what is in it.

        That is once it is open: the browser would load two megabytes with the page for what nobody sees, and draw it at each
        change. Who reads the page without a browser (AppTest) cannot open it, and gets it at once.
        """
        key = self.key(name or f"more_{_slug(title)}")
        part = self._end.expander(title, icon=icon, key=key, on_change="rerun")
        with part:
            yield bool(part.open) or not st.context.headers

    def csv(self, frame: pd.DataFrame, file: str) -> None:
        """Offer a frame as a CSV file."""
        st.download_button(
            "Download CSV",
            lambda: frame.to_csv(index=False),
            f"{file}.csv",
            "text/csv",
            icon=":material/download:",
            key=self.key(f"csv_{file}"),
            on_click="ignore",
        )

    @contextmanager
    def more(self, title: str, icon: str = ":material/expand_more:") -> Iterator[None]:
        """What is one click away and holds controls, whose values count while it is closed: an expander below the picture."""
        with self._end.expander(title, icon=icon, key=self.key(f"more_{_slug(title)}")):
            yield

    def redraw(self) -> None:
        """Draw the whole page, not only the section: call it in a callback that moves what stands outside of it."""
        st.session_state["_redraw"] = True

    def not_in_link(self, sentence: str | None) -> None:
        """Say what the link does not hold."""
        self._missing = sentence

    def _open(self, section: Section) -> None:
        """Lay the section out: claim and link, the picture with its clock, the controls beside it, the words below."""
        self._missing = None
        top = st.container(horizontal=True, vertical_alignment="center", key=self.key("top"))
        if section.claim:
            top.markdown(section.claim, width="stretch")
        self._share = top
        self.notes = st.container()
        with st.container(key=self.key("stage")):
            above = st.container(key=self.key("above_clock_place")) if section.clock_above else None
            left, right = st.columns(list(section.split), gap="medium")
        self.hero = left.container(key=self.key("hero"))
        self.clock = above or left.container(key=self.key("clock_place"))
        self.beneath = left.container(key=self.key("beneath"))
        self.controls = right.container(key=self.key("controls"))
        self.below = st.container(key=self.key("below"))
        self._end = st.container(key=self.key("end"))

    def _close(self) -> None:
        # It tells nobody that it opens and closes: it closes with a press on another page or section, and that press would be lost.
        with self._share.popover("Copy link", icon=":material/link:", key=self.key("share")):
            if self._missing:
                st.warning(self._missing, icon=":material/link:")
            else:
                st.caption("Everything on this page, seeds included. It means the same on another machine.")
            st.code(self.link(), language=None, wrap_lines=True)


@st.fragment
def _body(page: Page, section: Section) -> None:
    if st.session_state.pop("_redraw", False):
        st.rerun()
    with GATE.pass_through():
        page._open(section)
        section.show(page)
        page._close()
    st.session_state.pop("_unheard", None)


def open_page(name: str, lead: str) -> Page:
    """Draw the page's frame: title, menu and claim; call it first on every page."""
    # Small tensors and a browser on the same few cores: a second thread of torch only stands in the way.
    torch.set_num_threads(1)
    row = PAGES[name]
    st.session_state.pop("_redraw", None)
    st.set_page_config(page_title=f"{row.title} · SGD Lab", page_icon=ICON, layout="wide", initial_sidebar_state=250)
    with st.sidebar:
        st.markdown("### SGD Lab")
        for entry in PAGES.values():
            st.page_link(entry.path, label=entry.title, icon=entry.icon)
        if st.session_state.get("_projector_on") != name:  # another page: its switch is a new one
            st.session_state["_projector_on"], st.session_state["projector"] = name, on_projector()
        help = "Larger axes, marks and words, for the back row."
        st.session_state["_projector"] = st.toggle("Projector", key="projector", help=help)
    dress(row.address)
    with st.container(horizontal=True, vertical_alignment="center", key="page_heading", gap="medium"):
        st.title("SGD Lab" if name == "home" else row.title, anchor=False, width="content")
        st.markdown(lead, width="stretch")
    return Page(name)


def dress(address: str = "") -> None:
    """Give the page its style, the browser's Back button its sense, and a restart of the server its sentence."""
    style = STYLE + PROJECTOR if on_projector() else STYLE
    # In one element: Streamlit keeps a style that stands alone among the toasts, and the next toast takes its place.
    st.html(f"<style>{style}</style><script>{ADDRESS}</script>", unsafe_allow_javascript=True)
    watch_connection(address, [entry.address for entry in PAGES.values()])


# Words of the page by the root's font size; charts are drawn larger, since zoomed ones mistake where they are clicked.
PROJECTOR = """html { font-size: 20px !important; } .sgd-film .captions span { zoom: 1.25; }
[data-testid="stPageLink"] p { font-size: 0.76rem; }"""


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())
