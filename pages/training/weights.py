"""Look inside: what the weights have found, beside the mean image of each class."""

import numpy as np
import streamlit as st

from pages.training.session import Run
from pages.training.stage import Paint
from pages.training.words import signed
from pages.ui.controls import Controls
from pages.ui.datasets import dead_of, digits_of
from pages.ui.parts import notice
from sgd_core.charts import digit_images
from sgd_core.digits.baselines import mean_images
from sgd_core.digits.inspection import Landmark, landmarks


@st.cache_data(max_entries=32, show_spinner=False)
def _ideals(dataset: str, classes: tuple[int, ...] | None) -> np.ndarray:
    return mean_images(digits_of(dataset, classes)).numpy()


def draw(controls: Controls, run: Run) -> Paint | None:
    """Show the mean images and the pixels never inked; say where the strongest weights lie, and on which stroke."""
    now, config = run.playback.current, run.config
    digits = digits_of(config.dataset, config.classes)
    means, dead = _ideals(config.dataset, config.classes), dead_of(config.dataset, config.classes)
    names = digits.class_names
    pictures = np.concatenate([means, dead[None].astype(np.float32)])
    captions = [*(f"mean {name}" for name in names), "never inked"]
    columns = min(len(captions), 4)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.caption(
            'The "ideal image" of each class: the mean of its training images. Compare its strokes with the map.'
        )
        tile = 100 if len(captions) <= 4 else 84
        alt = f"The mean images of {', '.join(names)}, and the {int(dead.sum())} pixels without ink in any of them."
        st.html(digit_images.digit_strip(pictures, captions, columns=columns, tile=tile, alt=alt))
    sentences = []
    if now is None or now.step == 0:
        sentences.append("Nothing is learned yet. Press **Train**, pause, and come back: this box then says where.")
    elif config.model == "linear":
        sentences += _strokes(now.weights, means, names)
    else:
        outer = now.parameters[2]
        unit = int(np.abs(outer).max(0).argmax())
        sentences.append(
            f"Each hidden unit has a map of its own. Unit {unit + 1} counts most: its output is weighed with "
            f"{signed(outer[np.abs(outer[:, unit]).argmax(), unit])}."
        )
        sentences += _strokes(now.weights[unit : unit + 1], means, names, ["of that unit"])
    kept = "they stay at zero, white in the map" if config.init == "zeros" else "they keep their random start for ever"
    sentences.append(
        f"{int(dead.sum())} of the {dead.size} pixels have no ink in any training image. No gradient ever reaches their "
        f"weights, so {kept}, and each has a dot. Printing the first weights shows only those, whatever the model has learned."
        if dead.any()
        else "Every pixel has ink in some training image, so every weight gets a gradient."
    )
    if now is not None and now.step > 0 and len(names) == 2 and config.model == "linear":
        sentences.append(
            "The map does not look like a digit, and need not: a weight says how much ink here speaks for one class "
            "**against the other**, so strokes that both share stay pale."
        )
    with right:
        notice(*sentences)
    return None


def _strokes(
    weights: np.ndarray, means: np.ndarray, names: tuple[str, ...], whose: list[str] | None = None
) -> list[str]:
    """Say for the strongest map where its largest weights lie and how much ink each class has there."""
    strongest = int(np.abs(weights).max((1, 2)).argmax())
    owner = (whose or [f"for {name}" for name in names] if len(weights) > 1 or whose else [""])[
        strongest if not whose else 0
    ]
    return [
        _stroke(mark, kind, owner, means, names)
        for mark, kind in zip(landmarks(weights[strongest]), ("largest positive", "largest negative"), strict=True)
    ]


def _stroke(mark: Landmark, kind: str, owner: str, means: np.ndarray, names: tuple[str, ...]) -> str:
    ink = means[:, mark.row, mark.column]
    order = np.argsort(-ink)
    most, least = names[order[0]], names[order[-1]]
    owner = f" {owner}" if owner else ""
    return (
        f"The {kind} weight{owner}, {signed(mark.weight)}, is at row {mark.row}, column {mark.column}, in {mark.place}: a "
        f"stroke of {most}, with {ink[order[0]]:.0%} ink there on average, against {ink[order[-1]]:.0%} in {least}."
    )
