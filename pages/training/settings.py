"""The sidebar of the Digit training page: what to train, on what, and how."""

import streamlit as st

from pages.ui.controls import Controls
from pages.ui.datasets import choose_dataset
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.sources import SOURCES

FIRST_PAIR, ANY_PAIR, ALL = "3 vs 7", "any pair", "all ten"


def choose_config(controls: Controls) -> TrainConfig:
    """Draw the sidebar and return the configuration it describes."""
    lr = controls.learning_rate("lr", 0.5, low=1e-3, high=100.0)
    epochs = controls.whole("epochs", "Epochs, passes over the training images", 1, 1000, 10)
    dataset = choose_dataset(controls)
    classes = _choose_classes(controls, dataset)
    batch_size = controls.whole(
        "batch",
        "Batch size",
        1,
        100_000,
        64,
        help="Images a step looks at. At least as many as there are: all of them.",
    )
    seed = controls.whole(
        "seed", "Seed", 0, 2**31 - 1, 0, help="Settles the order of the images. The same seed gives the same run."
    )
    return TrainConfig(classes=classes, dataset=dataset, lr=lr, epochs=epochs, batch_size=batch_size, seed=seed)


def _choose_classes(controls: Controls, dataset: str) -> tuple[int, ...] | None:
    which = controls.segments("classes", "Classes", [FIRST_PAIR, ANY_PAIR, ALL], FIRST_PAIR)
    if which == ALL:
        return None
    if which == FIRST_PAIR:
        return (3, 7)
    names = SOURCES[dataset].class_names
    left, right = st.columns(2)
    numbers = [str(number) for number in range(10)]

    def named(number: str) -> str:
        return number if names[int(number)] == number else f"{number} ({names[int(number)]})"

    with left:
        first = int(controls.choice("first", "Tell", numbers, "4"))
    with right:
        second = int(controls.choice("second", "from", numbers, "9"))
    if names[first] != str(first):
        st.caption(f"{named(str(first))} against {named(str(second))}")
    if first == second:
        st.error(
            f"Both classes are {first}, so there is nothing to tell apart. Choose two that differ; until then the page "
            "goes on with 3 vs 7.",
            icon=":material/error:",
        )
        return (3, 7)
    return (first, second)
