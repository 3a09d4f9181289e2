"""Which data sets are ready, and fetching the ones that are not."""

from collections.abc import Sequence
from typing import Any, Protocol

import streamlit as st

from sgd_core.digits.baselines import pixel_similarity
from sgd_core.digits.datasets import Digits, load_digits
from sgd_core.digits.download import DownloadError, download
from sgd_core.digits.sources import SOURCES, Source
from sgd_core.digits.storage import available, data_folder

EMBEDDED = "uci"


class Chooser(Protocol):
    """The page's fields, as far as the choice of a data set needs them."""

    values: dict[str, Any]

    def key(self, name: str) -> str:
        """Return the key of a widget."""

    def choice(self, name: str, label: str, options: Sequence[str], default: str, **more: Any) -> str:
        """Draw a drop-down."""


@st.cache_resource(max_entries=4, show_spinner="Reading the images …")
def digits_of(dataset: str, classes: tuple[int, ...] | None) -> Digits:
    """Return the images of these classes, kept for all visitors; treat them as read-only."""
    return load_digits(dataset, classes)


@st.cache_data(max_entries=64, show_spinner="Comparing with the mean images …")
def similarity_of(dataset: str, classes: tuple[int, ...] | None, distance: str = "l1") -> float:
    """Return the pixel-similarity baseline of a data set's classes."""
    return pixel_similarity(digits_of(dataset, classes), distance)


def preferred() -> str:
    """Return the data set the digit pages open with: MNIST once it is here, else the embedded one."""
    return "mnist" if available("mnist") else EMBEDDED


def choose_dataset(page: Chooser, **more: Any) -> str:
    """Draw the choice of a data set and return the key of one that can be used now.

    A data set that is not here yet is offered for download, and the page goes on with the embedded one.
    """
    titles = {source.title: key for key, source in SOURCES.items()}
    picked = titles[page.choice("dataset", "Data set", list(titles), SOURCES[preferred()].title, **more)]
    source = SOURCES[picked]
    st.caption(source.about)
    return picked if available(picked) else EMBEDDED


def offer_missing(page: Chooser) -> None:
    """Say when the chosen data set is not here, and offer to fetch it: at the top of the page, where it has notes."""
    wanted = next(s for s in SOURCES.values() if s.title == page.values["dataset"])
    if available(wanted.key):
        return
    with getattr(page, "notes", None) or st.container():
        st.info(
            f"**{wanted.title}** is not on this computer yet. Until it is, this page works with "
            f"{SOURCES[EMBEDDED].title}, which is built in.",
            icon=":material/download:",
        )
        fetch_button(wanted, page.key("fetch"))


def offer_mnist(page: Chooser) -> None:
    """Tell somebody who looks at the embedded digits that the real thing is one press away."""
    source = SOURCES["mnist"]
    if available("mnist") or page.values["dataset"] != SOURCES[EMBEDDED].title:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=page.key("offer")):
        st.markdown(
            f"These digits have 8 × 8 pixels. **{source.title}**, 28 × 28, is one press and some seconds away.",
            width="stretch",
        )
        fetch_button(source, page.key("fetch_mnist"))


def fetch_button(source: Source, key: str) -> None:
    """Draw the button that downloads a data set, with its progress and, if it fails, the reason."""
    if not st.button(f"Fetch {source.title}, {source.download_megabytes} MB", icon=":material/download:", key=key):
        return
    bar = st.progress(0.0, f"Fetching {source.title} …")

    def show(done: int, total: int | None, name: str) -> None:
        share = min(1.0, done / total) if total else 0.0
        of = f" of {total / 1e6:.1f}" if total else ""
        bar.progress(share, f"Fetching {name}: {done / 1e6:.1f}{of} MB")

    try:
        download(source.key, progress=show)
    except DownloadError as error:
        bar.empty()
        st.error(str(error), icon=":material/cloud_off:")
        return
    st.toast(f"{source.title} is ready.", icon=":material/check_circle:")
    st.rerun()


def shelf() -> None:
    """Show which data sets are here."""
    sources = list(SOURCES.values())
    for first in range(0, len(sources), 3):
        for column, source in zip(st.columns(3), sources[first : first + 3], strict=False):
            ready = available(source.key)
            with column:
                badge = ":green-badge[ready]" if ready else ":gray-badge[not downloaded]"
                st.markdown(f"**{source.title}** {badge}  \n:small[{source.about}]")
    st.caption(f"Downloads are kept in `{data_folder()}`. Set `SGD_LAB_DATA` to keep them elsewhere.")
