"""Many weights: two weights of one prediction, a vector of them, and all weights of a digit model."""

from pages.derivatives.digits import digit_model
from pages.derivatives.pair import two_weights_of
from pages.derivatives.vector import vector
from pages.ui.page import Page

PARTS = {"two weights": two_weights_of, "a vector": vector, "a digit model": digit_model}


def many_weights(page: Page) -> None:
    """Choose how many weights, and look at their gradient."""
    with page.controls:
        part = page.segments("part", "How many weights?", list(PARTS), next(iter(PARTS)))
    PARTS[part](page)
