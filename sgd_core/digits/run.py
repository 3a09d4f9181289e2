"""A run of training as it is kept: its moments so far, the settings in force, and where it branched off."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import Digits
from sgd_core.digits.inspection import dead_pixels
from sgd_core.digits.segments import Segment, segments_until, split_at, steps_of
from sgd_core.digits.training import Snapshot, StepRequest, train
from sgd_core.moments import moment_steps
from sgd_core.recording import Recording
from sgd_core.status import Status

T = TypeVar("T")
MOST_BYTES = 64 * 2**20  # of arrays in one run's record
FEWEST_MOMENTS = 50  # that a run may still record, however large they are


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a branch begins: a moment of another run, how that run got there, and its curves to compare with.

    `segments` lead from the first step to the moment; `own` are the parent's, from where it began to as far as it went.
    """

    moment: Snapshot
    config: TrainConfig
    segments: tuple[Segment, ...]
    own: tuple[Segment, ...]
    curves: pd.DataFrame
    before: "Origin | None"

    @property
    def chain(self) -> "list[tuple[tuple[Segment, ...], int]]":
        """Each run from the first to this moment's: its own segments, and the step at which the next one leaves it."""
        return [*(self.before.chain if self.before else []), (self.own, self.moment.step)]


class Run(Recording[Snapshot]):
    """A run with the settings in force; `segments` are those it made under others, from the very first step.

    `grey` are the curves of the run that it is compared with: its parent's, or those of the run before. `every` is the
    step from which each step is a moment.
    """

    def __init__(
        self,
        config: TrainConfig,
        digits: Digits,
        origin: Origin | None = None,
        grey: pd.DataFrame | None = None,
        source: Iterable[Snapshot] | None = None,
    ) -> None:
        """Begin the run, at a moment of another one if it is a branch; `source` are moments recorded already."""
        self.config, self.digits, self.origin, self.every = config, digits, origin, None
        self.segments: tuple[Segment, ...] = origin.segments if origin else ()
        self.grey = origin.curves if origin else grey
        self._known: dict[str, list[Any]] = {}
        super().__init__(source or self._train(origin.moment if origin else None), 0)
        self.extend(1)
        self._plan()

    every: int | None
    """The step from which on each step is recorded."""

    @cached_property
    def dead(self) -> NDArray[np.bool_]:
        """The pixels (H, W) without ink in any training image."""
        return dead_pixels(self.digits)

    def remember(self, what: str, compute: Callable[[int], T]) -> list[T]:
        """Return `compute(at)` of each moment, each of them computed once."""
        known = self._known.setdefault(what, [])
        while len(known) < len(self.moments):
            known.append(compute(len(known)))
        return known

    def go_on(self, source: Iterable[Snapshot], last: int) -> None:
        """Go on from the newest moment with other settings; what is remembered of it is of the old ones."""
        for known in self._known.values():
            del known[len(self.moments) - 1 :]
        super().go_on(source, last)

    def origin_at(self, at: int, curves: pd.DataFrame) -> Origin:
        """Return what a branch at one of its moments begins with; `curves` are its own, with a column epoch."""
        moment = self.moments[at]
        if self.origin is not None:
            earlier = self.origin.curves
            curves = pd.concat([earlier[earlier["epoch"] < curves["epoch"].iloc[0]], curves])
        own = self.segments_until(self.latest)[len(self.origin.segments) if self.origin else 0 :]
        return Origin(moment, self.config, tuple(self.segments_until(moment)), tuple(own), curves, self.origin)

    @property
    def latest(self) -> Snapshot:
        """The newest moment."""
        return self.moments[-1]

    @property
    def over(self) -> bool:
        """Whether the run has come to its own end."""
        return self.latest.status is not Status.RUNNING

    def follow(self, config: TrainConfig) -> None:
        """Take on the learning rate and the limits of `config`; a run that had ended by the old ones may go on."""
        before, self.config, latest = self.config, config, self.latest
        if _limits(config) != _limits(before) and latest.status is not Status.DIVERGED:
            if config.schedule != "constant" and latest.step > 0:  # another plan of learning rates from here on
                self.segments = tuple(segments_until(before, latest, self.segments))
            self.go_on(self._train(latest), self.last)
            self._plan()
        elif self.ended and not self.over:  # let go while the learner was elsewhere
            self.go_on(self._train(latest), self.last)

    def each_step_from(self, at: int) -> None:
        """Record each step from a moment on; what was recorded after it is made again."""
        with self._lock:
            self.every = self.moments[at].step
            del self.moments[at + 1 :]
            for known in self._known.values():
                del known[at + 1 :]
            self.id = f"{self.id.split('-')[0]}-{self.every}"
        self.go_on(self._train(self.latest), self.last)
        self._plan()
        self.at = at

    def segments_until(self, now: Snapshot) -> list[Segment]:
        """Return the segments from the very first step to `now`."""
        if now.step < steps_of(self.segments):
            return split_at(self.segments, now.step)[0]
        return segments_until(self.config, now, self.segments)

    @property
    def begin(self) -> int:
        """The step at which it begins."""
        return self.origin.moment.step if self.origin else 0

    @property
    def steered(self) -> bool:
        """Whether its learning rate was changed by hand, or its schedule stretched, after it began."""
        stretched = self.segments != (self.origin.segments if self.origin else ())
        return stretched or any(step > self.begin for step, _ in self.latest.rates)

    @property
    def per_epoch(self) -> int:
        """The steps of an epoch."""
        count = len(self.digits.train_images)
        return -(-count // min(self.config.batch_size or count, count))

    @property
    def steps(self) -> int:
        """The step at which all epochs are done."""
        now, count = self.latest, len(self.digits.train_images)
        size = min(self.config.batch_size or count, count)
        images = round(now.epoch * count)
        of_this_epoch = -(-(-images % count) // size)
        whole = max(self.config.epochs - -(-images // count), 0)
        return now.step + of_this_epoch + whole * self.per_epoch

    def _train(self, after: Snapshot | None) -> Iterable[Snapshot]:
        return train(self.config, self.digits, after=after)

    def _plan(self) -> None:
        """Settle which steps ahead are moments, as many as the memory holds, and so the last moment's number."""
        newest, last = self.latest.step, self.steps
        ends = np.arange(last, newest, -self.per_epoch)
        room = max(FEWEST_MOMENTS, MOST_BYTES // max(1, self.latest.nbytes) - len(self.moments))
        if self.every is not None:
            steps: NDArray[np.int64] = np.arange(newest + 1, min(last, newest + room) + 1)
        else:
            since = newest - self.begin
            steps = self.begin + moment_steps(last - self.begin)
            steps = np.union1d(steps[steps > self.begin + since], ends)
        if len(steps) > room:
            first = steps[: max(0, 32 - len(self.moments))]
            rest = steps[len(first) :]
            kept = np.linspace(0, len(rest) - 1, room - len(first)).round().astype(int)
            steps = np.concatenate([first, rest[kept]])
        self._due, self.last = steps, len(self.moments) + len(steps) - 1

    def _pull(self) -> Snapshot:
        if not self.moments:
            return next(self._source)
        place = int(np.searchsorted(self._due, self.latest.step, side="right"))
        due = int(self._due[place]) if place < len(self._due) else self.steps
        now = self.latest
        while True:  # an epoch's end that has no room is passed over
            request = StepRequest(steps=max(1, due - now.step), lr=self.config.lr)
            now = self._source.send(request) if hasattr(self._source, "send") else next(self._source)
            if now.step >= due or now.status is not Status.RUNNING:
                return cast(Snapshot, now)


def _limits(config: TrainConfig) -> tuple[object, ...]:
    return config.epochs, config.patience, config.seconds
