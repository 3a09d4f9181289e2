"""The digits of the page's sections: two classes, or all ten."""

import streamlit as st

from pages.ui.datasets import choose_dataset, digits_of, offer_missing
from pages.ui.page import Page
from sgd_core.beyond.tasks import Task, digit_task
from sgd_core.digits.datasets import Digits

PAIR = (3, 7)


def choose_digits(page: Page, classes: tuple[int, ...] | None = PAIR) -> tuple[str, Digits]:
    """Draw the choice of a data set; return its key and its images of these classes."""
    dataset = choose_dataset(page)
    offer_missing(page)
    return dataset, digits_of(dataset, classes)


@st.cache_resource(max_entries=8, show_spinner=False)
def pair_task(dataset: str, hidden: int | None = None) -> Task:
    """Return the full-batch task of 500 images of two classes, kept for all visitors."""
    return digit_task(digits_of(dataset, PAIR), hidden=hidden)
