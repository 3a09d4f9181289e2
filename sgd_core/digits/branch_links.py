"""A branch in a link: the runs from the first to the present one's parent, as text, and what such a link leaves out."""

import json
from itertools import takewhile

from sgd_core.digits.datasets import Digits
from sgd_core.digits.run import Origin, Run
from sgd_core.digits.segments import Segment, from_plain, replay, split_at, to_plain
from sgd_core.digits.sources import SOURCES

MOST_BRANCHES = 10  # one off the other in a link
Ancestor = tuple[list[Segment], int]


def write_chain(run: Run) -> str:
    """Return the runs that this one branched off from as text; empty without a branch, and where there are too many."""
    chain = run.origin.chain if run.origin else []
    if not 1 <= len(chain) <= MOST_BRANCHES:
        return ""
    return json.dumps([[to_plain(own), step] for own, step in chain], separators=(",", ":"))


def read_chain(text: str) -> list[Ancestor]:
    """Return of each run that `write_chain` wrote its segments and the step at which the next one leaves it.

    Raises ValueError with the end of a sentence on anything else.
    """
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        found = None
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_BRANCHES:
        raise ValueError("it cannot be read.")
    return [_ancestor(plain) for plain in found]


def _ancestor(plain: object) -> Ancestor:
    if not isinstance(plain, list) or len(plain) != 2:
        raise ValueError("it cannot be read.")
    segments = from_plain(plain[0])
    if not isinstance(plain[1], int) or isinstance(plain[1], bool) or segments[-1].steps is None:
        raise ValueError("it names no step of the parent.")
    return segments, plain[1]


def run_again(
    segments: list[Segment], step: int, digits: Digits, origin: Origin | None, epochs: int
) -> tuple[Run, int]:
    """Train a run again, up to so many epochs; return it, and at which of its moments it has made `step`.

    `origin` is where it branched off itself. Raises ValueError with the end of a sentence where it never makes that step.
    """
    begin = origin.moment.step if origin else 0
    if step < begin:
        raise ValueError(f"its parent begins after step {step:,}.")
    before, rest = split_at(segments, step - begin)  # so that the moment at which the branch leaves is recorded
    again = replay([*before, *rest], digits, origin.moment if origin else None)
    moments = list(takewhile(lambda now: now.epoch <= epochs, again))
    places = [place for place, now in enumerate(moments) if now.step == step]
    if not places:
        raise ValueError(f"its parent never makes step {step:,}.")
    run = Run(segments[-1].config, digits, origin, source=iter(moments))
    run.segments = (*(origin.segments if origin else ()), *segments[:-1])
    run.moments = moments
    return run, places[-1]


def left_out(run: Run) -> str | None:
    """Return what a link to this run does not hold, as a sentence; None if it holds everything."""
    home = "Script and notebook under “Take it home” tell all of it."
    if run.digits.name not in SOURCES:
        return "**The link does not hold your drawings.** Save them as a file, and load it where the link is opened."
    if run.origin and not write_chain(run):
        return (
            "**The link re-runs these settings from the start, without the branch**, which has too long a story for a "
            f"link. {home}"
        )
    if run.steered:
        begin = "from the branch on" if run.origin else "from the start"
        return f"**The link does not hold what was changed in mid-run**: it runs the present settings {begin}. {home}"
    return None
