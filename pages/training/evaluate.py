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
from sgd_core.digits.inspection import Evaluated, confusion, evaluate_images
from sgd_core.digits.run import Run

MOST, COLUMNS, SURE = 8, 4, 0.99
COMMON, CHOSEN = "most common mistake", "a cell I choose"
LONGEST = 6  # letters of a class's name over a small image


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
    wrong = evaluated.predictions.decided != digits.valid_labels.numpy()
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
        worst = [row for row in np.argsort(-evaluated.losses) if wrong[row]][:MOST]
        if worst:
            _strip(evaluated, digits, worst, names)
        else:
            st.caption("There are none: every validation image is right.")
    return _lessons(evaluated, wrong, names, digits)


def _matrix(page: Page, counts: np.ndarray, names: tuple[str, ...]) -> tuple[str, str]:
    mistakes = counts - np.diag(counts.diagonal())
    common = np.unravel_index(int(mistakes.argmax()), counts.shape)

    def choose() -> None:
        st.session_state[page.key("cell")] = CHOSEN

    if page.segments("cell", "Images of", [COMMON, CHOSEN], COMMON, label_visibility="collapsed") == COMMON:
        st.session_state[page.key("truth")] = names[common[0]]
        st.session_state[page.key("says")] = names[common[1]]
        if not mistakes.any():
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

    rows = [
        {
            "truth": name,
            "answer": other,
            "count": int(counts[i, j]),
            "share": float(counts[i, j] / max(counts[i].sum(), 1)),
            "right": i == j,
        }
        for i, name in enumerate(names)
        for j, other in enumerate(names)
    ]
    words = (
        f"{counts.trace():,} of {counts.sum():,} images are right; the most common mistake is to take {names[common[0]]} for "
        f"{names[common[1]]}, {mistakes.max()} times. Click a cell to see its images."
    )
    chart = confusion_matrix(pd.DataFrame(rows), names=names, side=180 if len(names) == 2 else 330)
    page.show(Picture(chart, words, pick, st.container(), "content"), "matrix")
    return truth, answer


def _cell(evaluated: Evaluated, digits: Digits, truth: int, answer: int, names: tuple[str, ...]) -> None:
    labels = digits.valid_labels.numpy()
    rows = np.flatnonzero((labels == truth) & (evaluated.predictions.decided == answer))
    st.markdown(f"**It is {names[truth]}, the model says {names[answer]}**: {_images(len(rows)) or 'no image'}")
    if not len(rows):
        return
    count = len(rows)
    rows = rows[np.argsort(-evaluated.margin[rows], kind="stable")][:MOST]
    _strip(evaluated, digits, list(rows), names)
    first = f"The {MOST} clearest" if count > MOST else "The clearest first"
    st.caption(
        f"{first}. Over each: its number, for “Why this answer?”, and the model's answer{_sureness(evaluated, names)}."
    )


def _strip(evaluated: Evaluated, digits: Digits, rows: list[Any], names: tuple[str, ...]) -> None:
    labels, decided = digits.valid_labels.numpy(), evaluated.predictions.decided
    told = evaluated.confidence if _sureness(evaluated, names) else None
    sure = [f", {told[row]:.0%}" if told is not None else "" for row in rows]
    captions = [f"#{row}: {_short(names[decided[row]])}{part}" for row, part in zip(rows, sure, strict=True)]
    right = [bool(decided[row] == labels[row]) for row in rows]
    alt = f"{len(rows)} validation images and what the model says of each: {', '.join(captions)}."
    images = digits.valid_images[rows].numpy()
    st.html(digit_images.digit_strip(images, captions, right, columns=COLUMNS, tile=88, alt=alt))


def _images(count: int) -> str:
    return "" if count == 0 else "1 image" if count == 1 else f"{count:,} images"


def _sureness(evaluated: Evaluated, names: tuple[str, ...]) -> str:
    """Name what stands in a caption beside the answer, if there is room for it and the model gives it."""
    return " with its probability" if evaluated.confidence is not None and max(map(len, names)) <= 2 else ""


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def _lessons(evaluated: Evaluated, wrong: np.ndarray, names: tuple[str, ...], digits: Digits) -> list[str]:
    total, mistakes = float(evaluated.losses.sum()), int(wrong.sum())
    said = []
    if mistakes and np.isfinite(total) and total > 0:
        said.append(
            f"Accuracy counts: {mistakes:,} of {len(wrong):,} wrong. Loss weighs: {mistakes / len(wrong):.1%} of the "
            f"images are wrong, and {evaluated.losses[wrong].sum() / total:.0%} of the whole loss is theirs."
        )
    if evaluated.confidence is not None:
        sure = evaluated.confidence >= SURE
        misled = int((sure & wrong).sum())
        if misled:
            row = int(np.where(wrong, evaluated.confidence, -1).argmax())
            said.append(
                f"Confident is not right: of the {int(sure.sum()):,} answers given with at least {SURE:.0%}, {misled:,} "
                f"are wrong. Image #{row} is called {names[evaluated.predictions.decided[row]]} with "
                f"{evaluated.confidence[row]:.2%} and is {names[int(digits.valid_labels[row])]}."
            )
        elif sure.any():
            said.append(
                f"Every answer given with at least {SURE:.0%} is right here: {int(sure.sum()):,} of them. That holds for "
                "these images and promises nothing for others: a model can be as confident about a scribble."
            )
        else:
            said.append(f"No answer is given with {SURE:.0%} or more: the model is that sure of no image yet.")
    else:
        said.append("The mean squared error aims its scores at 0 and 1; they are no probabilities, so none are shown.")
    return said
