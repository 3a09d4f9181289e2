"""A run as the list of its segments: what a script, a link and a second training of the same run are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sgd_core.digits.config import MOST_EPOCHS, TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.snapshots import Snapshot, StepRequest
from sgd_core.digits.training import train

MOST_SEGMENTS = 1000


@dataclass(frozen=True)
class Segment:
    """A part of a run: so many steps under one configuration, whose `lr` is the learning rate in force.

    The first segment begins with the run, each other one where the one before it ended: a learning rate set by hand
    and a branch both begin a new one. `steps=None`, which only the last segment may have, means: until its
    configuration ends the run. Raises ValueError on another number of steps.
    """

    config: TrainConfig
    steps: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no run can have made."""
        if self.steps is not None and (
            not isinstance(self.steps, int) or isinstance(self.steps, bool) or self.steps < 0
        ):
            raise ValueError(f"The steps of a segment are a whole number from 0, not {self.steps!r}.")


def steps_of(segments: Sequence[Segment]) -> int:
    """The steps of all segments together; one without an end counts as none."""
    return sum(segment.steps or 0 for segment in segments)


def segments_until(config: TrainConfig, now: Snapshot, before: Sequence[Segment] = ()) -> list[Segment]:
    """The segments from a run's first step to the snapshot `now`.

    `before` are those up to where the run of `config` began as a branch. `now.rates` says when the learning rate was
    set by hand. Raises ValueError if `now` lies before the end of `before`.
    """
    begin = steps_of(before)
    if now.step < begin:
        raise ValueError(f"The branch begins at step {begin:,}, after step {now.step:,}.")
    lr = [rate for step, rate in now.rates if step <= begin][-1]
    marks = [(begin, lr), *((step, rate) for step, rate in now.rates if step > begin)]
    ends = [*(step for step, _ in marks[1:]), now.step]
    own = [Segment(replace(config, lr=rate), end - step) for (step, rate), end in zip(marks, ends, strict=True)]
    return [*before, *own]


def split_at(segments: Sequence[Segment], steps: int) -> tuple[list[Segment], list[Segment]]:
    """A run's segments before and after so many steps; the one in which they end is cut in two."""
    done = 0
    for number, segment in enumerate(segments):
        if segment.steps is None or done + segment.steps >= steps:
            left = None if segment.steps is None else done + segment.steps - steps
            first, rest = replace(segment, steps=steps - done), replace(segment, steps=left)
            return [*segments[:number], first], [*([] if left == 0 else [rest]), *segments[number + 1 :]]
        done += segment.steps
    raise ValueError(f"The run has only {done:,} steps, not {steps:,}.")


def replay(segments: Sequence[Segment], digits: Digits, after: Snapshot | None = None) -> Iterator[Snapshot]:
    """Train a run again, bit for bit, from its first step or from `after`; yield its epochs' and segments' ends.

    The first snapshot is the moment it begins with. It ends after the steps of the last segment, or where it diverges;
    what ended the run then (patience, a time limit) plays no part, since the steps are known.
    """
    now = after
    for number, segment in enumerate(segments):
        config = segment.config
        if segment.steps is not None:
            # with a schedule the number of epochs decides the learning rates; otherwise it is only a limit
            epochs = MOST_EPOCHS if config.schedule == "constant" else config.epochs
            config = replace(config, patience=None, seconds=None, epochs=epochs)
        run = train(config, digits, after=now)
        now = next(run)
        if number == 0:
            yield now
        end = None if segment.steps is None else now.step + segment.steps
        while now.status == "running" and (end is None or now.step < end):
            now = run.send(None if end is None else StepRequest(steps=end - now.step))
            yield now
        if now.status == "diverged":
            return


def to_plain(segments: Sequence[Segment]) -> list[Any]:
    """The segments as JSON has them: of each, the settings that differ from the one before (first: from the defaults)."""
    plain, before = [], TrainConfig().to_dict()
    for segment in segments:
        settings = segment.config.to_dict()
        plain.append([{name: value for name, value in settings.items() if value != before[name]}, segment.steps])
        before = settings
    return plain


def from_plain(plain: Any) -> list[Segment]:
    """The segments that `to_plain` described; ValueError on anything else."""
    if not isinstance(plain, list) or not 1 <= len(plain) <= MOST_SEGMENTS:
        raise ValueError(f"This describes no run: {str(plain)[:80]}.")
    segments: list[Segment] = []
    settings = TrainConfig().to_dict()
    for entry in plain:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], dict):
            raise ValueError(f"This describes no part of a run: {str(entry)[:80]}.")
        settings = {**settings, **entry[0]}
        segments.append(Segment(TrainConfig.from_dict(settings), entry[1]))
    if any(segment.steps is None for segment in segments[:-1]):
        raise ValueError("Only the last part of a run may be without an end.")
    return segments
