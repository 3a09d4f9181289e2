"""A published figure beside ours of the same thing."""

from typing import NamedTuple


class Check(NamedTuple):
    """One published figure, ours of the same thing, both as text ready to read; None while nothing has happened yet."""

    what: str
    published: str
    ours: str | None
