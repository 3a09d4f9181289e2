"""The Home page: the seven steps of learning, run live, and the way into the lessons."""

from pages.home.story import story
from pages.ui.page import Section, open_page


def show() -> None:
    """Draw the page."""
    open_page(
        "home",
        "How does a machine learn? It guesses, sees how wrong it was, and moves every number a little the less wrong way. "
        "Seven steps, on real digits.",
    ).sections(Section("Home", story, "Press a box of the loop, or **Next**.", split=(13, 7)))
