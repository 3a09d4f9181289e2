"""Look inside: what the weights have found, beside the mean image of each class."""

import numpy as np
import streamlit as st

from pages.ui.page import Page
from sgd_core.charts import digit_images
from sgd_core.digits.baselines import mean_images
from sgd_core.digits.inspection import Landmark, landmarks
from sgd_core.digits.models import MODELS
from sgd_core.digits.run import Run
from sgd_core.numbers import percent, signed


def draw(_page: Page, run: Run, at: int) -> list[str]:
    """Show the mean images and the pixels never inked; say where the strongest weights lie, and on which stroke."""
    now, config, digits = run.moments[at], run.config, run.digits
    means, dead, names = mean_images(digits).numpy(), run.dead, digits.class_names
    st.caption("The “ideal image” of each class: the mean of its training images. Compare its strokes with the map.")
    pictures = np.concatenate([means, dead[None].astype(np.float32)])
    captions = [*(f"mean {name}" for name in names), "never inked"]
    alt = f"The mean images of {', '.join(names)}, and the {int(dead.sum())} pixels without ink in any of them."
    st.html(digit_images.digit_strip(pictures, captions, columns=11, tile=88 if len(captions) > 4 else 120, alt=alt))
    model = MODELS[config.model]
    sentences = []
    if now.step == 0:
        sentences.append("Nothing is learned yet. Press **Train**, pause, and come back: this box then says where.")
    elif model.maps_are_filters:
        sentences.append(
            "Each filter is a small pattern that moves over the image; it answers strongly where the image looks like it. "
            "“Why this answer?” shows what they answer."
        )
    elif model.takes_hidden:
        outer = now.parameters[2]
        unit = int(np.abs(outer).max(0).argmax())
        sentences.append(
            f"Each hidden unit has a map of its own. Unit {unit + 1} counts most: its output is weighed with "
            f"{signed(outer[np.abs(outer[:, unit]).argmax(), unit], 3)}."
        )
        sentences += _strokes(now.weights[unit : unit + 1], means, names, "of that unit")
    else:
        sentences += _strokes(now.weights, means, names)
    stay = "they stay at zero, white in the map" if config.init == "zeros" else "they keep their random start for ever"
    if dead.any() and not model.maps_are_filters:
        sentences.append(
            f"{int(dead.sum())} of the {dead.size} pixels have no ink in any training image. No gradient ever reaches their "
            f"weights, so {stay}. Printing the first weights shows only those, whatever the model has learned."
        )
    elif not model.maps_are_filters:
        sentences.append("Every pixel has ink in some training image, so every weight gets a gradient.")
    if now.step > 0 and len(names) == 2 and len(now.weights) == 1:
        sentences.append(
            "The map does not look like a digit, and need not: a weight says how much ink here speaks for one class "
            "**against the other**, so strokes that both share stay pale."
        )
    return sentences


def _strokes(weights: np.ndarray, means: np.ndarray, names: tuple[str, ...], whose: str = "") -> list[str]:
    """Say for the strongest map where its largest weights lie and how much ink each class has there."""
    if not np.isfinite(weights).all():
        return ["The weights are no numbers any more."]
    strongest = int(np.abs(weights).max((1, 2)).argmax())
    whose = whose or (f"for {names[strongest]}" if len(weights) > 1 else "")
    high, low = landmarks(weights[strongest])
    return [
        _stroke(high, "largest positive", whose, means, names),
        _stroke(low, "strongest negative", whose, means, names),
    ]


def _stroke(mark: Landmark, kind: str, whose: str, means: np.ndarray, names: tuple[str, ...]) -> str:
    ink = means[:, mark.row, mark.column]
    order = np.argsort(-ink)
    most, least = names[order[0]], names[order[-1]]
    sign = "positive" if mark.weight > 0 else "negative" if mark.weight < 0 else "zero"
    if sign not in kind:
        return f"No weight {whose} is {kind.split()[-1]}.".replace("  ", " ")
    place = (
        f"The {kind} weight {whose}, {signed(mark.weight, 3)}, is at row {mark.row}, column {mark.column}, {mark.place}"
    )
    return (
        (
            f"{place}: there {most} has {percent(ink[order[0]], 2)} ink on average and {least} {percent(ink[order[-1]], 2)}."
        )
        .replace(" ,", ",")
        .replace("  ", " ")
    )
