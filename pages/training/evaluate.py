"""Judge it: which digits the model takes for which, and how wrong it is where it is wrong."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.page import Page
from pages.ui.shown import Picture
from sgd_core.charts import digit_images
from sgd_core.charts.answers import confusion_matrix
from sgd_core.digits.datasets import Digits
from sgd_core.digits.evaluation_words import (
    captions,
    count_words,
    has_room,
    matrix_rows,
    tell_evaluated,
    tell_matrix,
)
from sgd_core.digits.inspection import Evaluated, common_mistake, confusion, evaluate_images
from sgd_core.digits.run import Run

MOST, COLUMNS = 8, 4
COMMON, CHOSEN = "most common mistake", "a cell I choose"


def draw(page: Page, run: Run, at: int) -> list[str]:
    """Show the confusion matrix, the images of one cell, accuracy per class, the worst mistakes."""
    now, config, digits = run.moments[at], run.config, run.digits
    if now.step == 0:
        st.info("Before the first step there is nothing to judge. Press **Train**.", icon=":material/gavel:")
        return []
    evaluated = evaluate_images(now, config, digits)
    names = digits.class_names
    counts = confusion(evaluated, digits)
    st.caption(
        f"All {counts.sum():,} validation images at step {now.step:,}, where the clock last rested. Click a cell to see its "
        "images."
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        truth, answer = _matrix(page, counts, names)
    with right:
        _cell(evaluated, digits, names.index(truth), names.index(answer), names)
    with left:
        shares = counts.diagonal() / counts.sum(1).clip(1)
        st.dataframe(
            pd.DataFrame({"class": names, "right": shares, "images": counts.sum(1)}),
            hide_index=True,
            column_config={
                "right": st.column_config.ProgressColumn("right", format="percent", min_value=0, max_value=1)
            },
        )
    with right:
        st.markdown("**The worst mistakes**, those that cost the most loss")
        worst = evaluated.worst_first
        worst = worst[evaluated.wrong[worst]][:MOST]
        if len(worst):
            _strip(evaluated, digits, worst, names)
        else:
            st.caption("There are none: every validation image is right.")
    return tell_evaluated(evaluated, names)


def _matrix(page: Page, counts: np.ndarray, names: tuple[str, ...]) -> tuple[str, str]:
    common = common_mistake(counts)

    def choose() -> None:
        st.session_state[page.key("cell")] = CHOSEN

    if page.segments("cell", "Images of", [COMMON, CHOSEN], COMMON, label_visibility="collapsed") == COMMON:
        st.session_state[page.key("truth")] = names[common[0]]
        st.session_state[page.key("says")] = names[common[1]]
        if common[0] == common[1]:
            st.caption("There is no mistake. So here is the first class, and right.")
    boxes = st.columns(2)  # what a click sets, for the keyboard and for the link
    with boxes[0]:
        truth = page.choice("truth", "It is", names, names[0], on_change=choose)
    with boxes[1]:
        answer = page.choice("says", "The model says", names, names[-1], on_change=choose)

    def pick(cell: dict[str, Any]) -> None:
        choose()
        st.session_state[page.key("truth")] = str(cell["truth"])
        st.session_state[page.key("says")] = str(cell["answer"])

    words = f"{tell_matrix(counts, names)} Click a cell to see its images."
    chart = confusion_matrix(matrix_rows(counts, names), names=names, side=180 if len(names) == 2 else 330)
    page.show(Picture(chart, words, pick, st.container(), "content"), "matrix")
    return truth, answer


def _cell(evaluated: Evaluated, digits: Digits, truth: int, answer: int, names: tuple[str, ...]) -> None:
    rows = evaluated.cell(truth, answer)
    st.markdown(f"**It is {names[truth]}, the model says {names[answer]}**: {count_words(len(rows))}")
    if not len(rows):
        return
    _strip(evaluated, digits, rows[:MOST], names)
    first = f"The {MOST} clearest" if len(rows) > MOST else "The clearest first"
    sure = " with its probability" if has_room(evaluated, names) else ""
    st.caption(f"{first}. Over each: its number, for “Why this answer?”, and the model's answer{sure}.")


def _strip(evaluated: Evaluated, digits: Digits, rows: np.ndarray, names: tuple[str, ...]) -> None:
    words = captions(evaluated, rows, names)
    alt = f"{len(rows)} validation images and what the model says of each: {', '.join(words)}."
    images, right = digits.valid_images.numpy()[rows], [bool(one) for one in ~evaluated.wrong[rows]]
    st.html(digit_images.digit_strip(images, words, right, columns=COLUMNS, tile=88, alt=alt))
