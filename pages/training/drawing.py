"""Teach it your digit: a drawing whose score is watched while the model learns, and digits of one's own to learn from."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from pages.ui.pad import pad
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.answers import probability_bars
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.drawing import pack_drawing, prepared, shifted, unpack_drawing
from sgd_core.digits.drawing_words import SHIFTS, output_rows, tell_drawing
from sgd_core.digits.drawn_digits import LARGEST_FILE, DrawnDigits
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.run import Run
from sgd_core.digits.sources import SOURCES

ARROWS = dict(zip(SHIFTS, "←→↑↓", strict=True))
Image = np.ndarray


def drawn(page: Page, dataset: str) -> Image | None:
    """Return the visit's drawing as the model sees it, (H, W); at first the one that the link holds."""
    kept: dict[str, str] = st.session_state.setdefault(
        "training_drawn", {"text": st.query_params.get(page.key("drawing"), "")}
    )
    image = None
    if kept["text"]:
        try:
            image = unpack_drawing(kept["text"], dataset)
        except ValueError as error:
            page.say(str(error))
            kept["text"] = ""
    page.write_address("drawing", kept["text"])
    page.hold("drawing", kept["text"])
    return image


def _keep(image: Image | None, dataset: str, *, shown: bool) -> None:
    """Keep a drawing; `shown`: it stands on the sheet already."""
    kept: dict[str, str] = st.session_state["training_drawn"]
    kept["text"] = "" if image is None else pack_drawing(image, dataset)
    if not shown:
        kept["revision"] = f"{int(kept.get('revision', '0')) + 1}"


def teach(page: Page, run: Run) -> tuple[Callable[[], list[Picture]], Callable[[], None]]:
    """Draw the sheet and what one can do with the drawing.

    Return what makes the picture of its score, which moves, and what says the answer, once it is known where the clock rests.
    """
    dataset, names = run.config.dataset, run.digits.class_names
    image = drawn(page, dataset)
    with page.controls:
        left, right = st.columns([1, 1])
        with left:
            words = f"Draw {names[0]} or {names[1]}" if len(names) == 2 else "Draw a digit"
            revision = f"{dataset}/{st.session_state['training_drawn'].get('revision', '0')}"
            ink = pad(page.key("pad"), f"{words} here with mouse or finger", image, revision)
            if ink is not None and (new := prepared(ink, dataset)) is not None:
                _keep(new, dataset, shown=True)
                image = drawn(page, dataset)
            _buttons(page, image, dataset)
        bars, words_place = right.container(), right.container()
        with right:
            if image is None:
                st.info(
                    f"{words} on the white sheet. It is shown to the model at every moment.", icon=":material/draw:"
                )
            else:
                _offer_to_keep(page, run, image)
    if image is None:
        return list, lambda: None
    drawing = image

    def tell() -> None:
        words_place.caption(tell_drawing(run, drawing))

    return lambda: [_score(run, drawing)._replace(where=bars)], tell


def _buttons(page: Page, image: Image | None, dataset: str) -> None:
    def shift(by: tuple[int, int]) -> Callable[[], None]:
        def act() -> None:
            if image is not None:
                _keep(shifted(image, *by), dataset, shown=False)

        return act

    with st.container(horizontal=True, gap="small", key=page.key("shifts")):
        for way, by in SHIFTS.items():
            st.button(
                ARROWS[way],
                key=page.key(f"shift_{way.split()[-1]}"),
                help=f"Shift the drawing one pixel {way}.",
                on_click=shift(by),
                disabled=image is None,
            )
        st.button(
            "Clear",
            key=page.key("clear_drawing"),
            on_click=lambda: _keep(None, dataset, shown=False),
            disabled=image is None,
        )


def _score(run: Run, image: Image) -> Picture:
    """Return the bars of the drawing's score at every moment."""
    rows, names, loss = output_rows(run, image), run.digits.class_names, LOSSES[run.config.loss]
    threshold = 0.5 if len(names) == 2 else None
    chart = probability_bars(rows, names=tuple(rows["name"].unique()), title=loss.output_title, threshold=threshold)
    return Picture(chart, "How sure the model is of each class for the drawing, at the moment shown.")


# ---- Digits of one's own ----


def own_digits(dataset: str) -> DrawnDigits:
    """Return the visit's labelled drawings in the format of a data set."""
    kept: dict[str, DrawnDigits] = st.session_state.setdefault("training_own", {})
    return kept.setdefault(dataset, DrawnDigits.empty(dataset))


def _offer_to_keep(page: Page, run: Run, image: Image) -> None:
    dataset, classes, names = run.config.dataset, run.digits.classes, run.digits.class_names

    def add(label: int) -> Callable[[], None]:
        def act() -> None:
            try:
                st.session_state["training_own"][dataset] = own_digits(dataset).added(image, label)
            except ValueError as error:
                st.toast(str(error))
                return
            _keep(None, dataset, shown=False)

        return act

    own = own_digits(dataset).counts()
    with st.container(horizontal=True, gap="small"):
        if len(classes) > 2:
            name = st.selectbox("It is", names, key=page.key("own_label"), label_visibility="collapsed", width=90)
            label = classes[names.index(name)]
            st.button(f"Keep it ({own.get(label, 0)})", key=page.key("own_keep"), on_click=add(label))
        else:
            for label, name in zip(classes, names, strict=True):
                st.button(
                    f"Keep as {name} ({own.get(label, 0)})",
                    key=page.key(f"own_{label}"),
                    on_click=add(label),
                    help="Puts the drawing among your own digits and gives you a new sheet. Draw ten of each, then let "
                    "a model learn from them alone: see “Your own digits” below.",
                )


def offer_own(page: Page, config: TrainConfig) -> None:
    """Say how many drawings are kept; offer to train on them, to save them as a file, and to load one."""
    own = own_digits(config.dataset)
    with page.more("Your own digits", ":material/draw:"):
        counts = ", ".join(f"{count} of {SOURCES[config.dataset].class_names[c]}" for c, count in own.counts().items())
        st.caption(
            f"Kept for {SOURCES[config.dataset].title}: {counts or 'nothing yet'}. Draw a digit under “my digit” beside "
            "the map, then press **Keep as …**. A model can learn from these alone; every fifth is kept to test it."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            page.toggle("mine", "Train on mine", False, on_change=page.redraw)
            if len(own.labels):
                st.download_button(
                    "Save them",
                    own.to_bytes(),
                    f"my-digits-{config.dataset}.safetensors",
                    icon=":material/download:",
                    key=page.key("own_save"),
                    on_click="ignore",
                )
            if own.labels.size:
                st.button(
                    "Forget them",
                    key=page.key("own_forget"),
                    on_click=lambda: _replace_own(DrawnDigits.empty(config.dataset)),
                )
        sent = st.file_uploader(
            "Load saved drawings",
            type="safetensors",
            key=page.key("own_load"),
            max_upload_size=LARGEST_FILE // 1_000_000,
        )
        if sent is not None and st.session_state.get("training_loaded") != sent.file_id:
            st.session_state["training_loaded"] = sent.file_id
            try:
                loaded = DrawnDigits.from_bytes(sent.getvalue())
            except ValueError as error:
                st.error(str(error), icon=":material/error:")
                return
            _replace_own(loaded)
            st.toast(f"{len(loaded.labels)} drawings for {SOURCES[loaded.dataset].title} are loaded.")
            st.rerun()


def _replace_own(own: DrawnDigits) -> None:
    st.session_state.setdefault("training_own", {})[own.dataset] = own


def own_choice(page: Page, config: TrainConfig) -> tuple[TrainConfig, Digits] | None:
    """Return the configuration and the images of a run on the learner's own drawings, if that is chosen and can be."""
    if not st.session_state.get(page.key("mine"), st.query_params.get(page.key("mine")) == "true"):
        return None
    own = own_digits(config.dataset)
    key = (config.dataset, config.classes, own)
    kept = st.session_state.get("_training_own_digits")
    if kept is None or kept[0] != key:
        try:
            kept = (key, own.digits(config.classes))
        except ValueError as error:
            page.notes.warning(f"“Train on mine” is on. {error} Until then the page goes on with the data set.")
            return None
        st.session_state["_training_own_digits"] = kept
    return replace(config, classes=kept[1].classes), kept[1]
