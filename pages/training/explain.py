"""Why this answer: one image, what each of its pixels adds to the score, and how the sum becomes an answer."""

import numpy as np
import streamlit as st

from pages.training import drawing
from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts.answers import waterfall
from sgd_core.charts.maps import live_frame, live_maps
from sgd_core.digits.answer_words import score_rows, tell_answer, tell_sum
from sgd_core.digits.evaluation import predict
from sgd_core.digits.inspection import contributions, evaluate_images, filter_responses
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.models import MODELS
from sgd_core.digits.run import Run
from sgd_core.digits.snapshots import Snapshot

KINDS = ["my drawing", "by its number", "most wrong", "least sure", "of a cell"]
TILE = 160  # pixels
FIRST = {"most wrong": "the most wrong", "least sure": "the least sure", "of a cell": "the clearest"}


def draw(page: Page, run: Run, at: int) -> list[str]:
    """Let an image be chosen; show how its answer comes about."""
    has = drawing.drawn(page, run.config.dataset) is not None
    kind = page.segments("why", "Which image", KINDS, KINDS[0] if has else KINDS[1], label_visibility="collapsed")
    image, truth = _chosen(page, kind, run, at)
    if image is not None:
        _explain(page, run, run.moments[at], image, truth)
    return []


def _chosen(page: Page, kind: str, run: Run, at: int) -> tuple[np.ndarray | None, int | None]:
    """Return the chosen image with its class; nothing but a sentence where there is none."""
    digits, names, now = run.digits, run.digits.class_names, run.moments[at]
    if kind == "my drawing":
        image = drawing.drawn(page, run.config.dataset)
        if image is None:
            st.info("There is no drawing yet: choose “my digit” beside the map, and draw one.", icon=":material/draw:")
        return image, None
    rows = np.arange(len(digits.valid_labels))
    if kind != "by its number":
        evaluated = evaluate_images(now, run.config, digits)
        rows = evaluated.worst_first if kind == "most wrong" else evaluated.least_sure_first
        if kind == "of a cell":
            with st.container(horizontal=True):
                truth = names.index(page.choice("cell_truth", "It is", names, names[-1], width=160))
                answer = names.index(page.choice("cell_says", "The model says", names, names[0], width=160))
            rows = evaluated.cell(truth, answer)
            if not len(rows):
                st.caption(f"No image of {names[truth]} is called {names[answer]} at this moment.")
                return None, None
    label = "Validation image" if kind == "by its number" else f"Which of {len(rows):,}, from 0, {FIRST[kind]}"
    row = int(rows[min(page.whole("image", label, 0, 99_999, 0, width=260), len(rows) - 1)])
    return digits.valid_images[row].numpy(), int(digits.valid_labels[row])


def _explain(page: Page, run: Run, now: Snapshot, image: np.ndarray, truth: int | None) -> None:
    names, loss = run.digits.class_names, LOSSES[run.config.loss]
    answer = predict(now, run.config, image)
    found = contributions(now, image)
    of = 0 if len(names) == 2 else int(answer.decided[0])
    if not np.isfinite(found.score).all():
        st.caption("The run has diverged: its scores are no numbers, so there is nothing to explain.")
        return
    left, right = st.columns([5, 4], gap="large")
    whose = (
        f"speaks for {names[0]} (red) or {names[-1]} (blue)" if len(names) == 2 else f"adds to the score of {names[of]}"
    )
    with left:
        model = MODELS[run.config.model]
        factor = [] if model.maps_are_filters or model.takes_hidden else [now.weights[of]]
        how = "The image × the weights =" if factor else "All layers together:"
        st.caption(f"{how} what each pixel {whose}.")
        pictures = [*factor, found.maps[of]]
        titles = ["× weights", "= contributions"] if factor else ["contributions"]
        count = 1 + len(pictures)
        frame = live_frame(pictures, ["the image", *titles], columns=count, image=image)
        chart = live_maps(frame, count=count, columns=count, tile=TILE)
        words = f"The image{', the weights' if factor else ''} and the contributions, each map on its own scale."
        where = st.container(key=page.key("equation"))
        page.show(Picture(chart, words, where=where, width="content"), "contributions")
        if model.maps_are_filters:
            answers = filter_responses(now, image)
            chart = live_maps(
                live_frame(answers, [f"filter {i + 1}" for i in range(len(answers))], columns=8),
                count=len(answers),
                columns=8,
                tile=64,
            )
            page.show(Picture(chart, "What each filter answers.", where=left, width="content"), "responses")
    with right:
        frame = score_rows(found, of)
        title = "score" if len(names) == 2 else f"score of {names[of]}"
        chart = waterfall(frame, title=title, height=40 + 21 * len(frame))
        page.show(Picture(chart, tell_sum(found, of), where=right), "waterfall")
        if now.origin is not None:
            st.caption(
                "The model looks at the image without the mean training image; what that takes away is in the bias."
            )
        st.markdown("  \n".join(tell_answer(found.score, answer, truth, names, loss)))
