"""The names of what a learning rate does. They need no PyTorch, so that charts and tables can use them, too."""

from enum import StrEnum


class RegimeName(StrEnum):
    """The name of what a learning rate does; the first four are the main ones."""

    TOO_LOW = "too low"
    GOOD = "good"
    BOUNCING = "bouncing"
    DIVERGING = "diverging"
    LEFT_DOMAIN = "left the domain"
    FALLING = "falling"
    THROWN_OUT = "thrown out"
    AT_REST = "at rest"
    UNDECIDED = "undecided"


TOO_LOW, GOOD, BOUNCING, DIVERGING, LEFT_DOMAIN, FALLING, THROWN_OUT, AT_REST, UNDECIDED = RegimeName


TOO_LOW, GOOD, BOUNCING, DIVERGING, LEFT_DOMAIN, FALLING, THROWN_OUT, AT_REST, UNDECIDED = RegimeName
