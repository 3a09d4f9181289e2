"""A question that a learner answers before the page does."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Bet(NamedTuple):
    """The question, its choices, the right one of them, and why, in numbers.

    Where the answer takes long to compute, `answer` is a function that returns it with its reason.
    """

    question: str
    options: Sequence[str]
    answer: str | Callable[[], tuple[str, str]]
    why: str = ""
