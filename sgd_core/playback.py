"""What plays, pauses and steps: a run over any sequence of snapshots that several threads may touch.

A web page's script thread may be replaced by another in the middle of a step, and a bare generator then fails with
"generator already executing". Here the second thread is simply told that there is nothing new yet.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Playback(Generic[T]):
    """A run over `snapshots`, what it has recorded, and a cursor that steps back and forward through the record.

    `snapshots` is a generator (pulled one by one, when `advance` is called) or any finished sequence, such as the rows
    of a descent. The record grows without limit unless the caller calls `thin`. The cursor follows the newest snapshot
    while it stands on it, and stays where it is while the learner looks at an earlier one.
    """

    def __init__(self, snapshots: Iterable[T]) -> None:
        """Hold the run; nothing is computed before the first `advance`."""
        self._source = iter(snapshots)
        self._history: list[T] = []
        self._position = -1
        self._busy = Lock()  # held while a snapshot is being computed: may take long, so nobody waits for it
        self._record = Lock()  # held for moments only, to keep history and cursor in step
        self._closing = False
        self._ended = False
        self._playing = False
        self._error: Exception | None = None

    def advance(self, control: Any = None) -> T | None:
        """Compute and record the next snapshot; None when there is none or another thread is just computing it.

        `control` is sent into a generator that understands it; the first advance only starts the generator, which
        cannot receive anything yet. An exception inside the generator ends the run and is kept as `error`.
        """
        if not self._busy.acquire(blocking=False):
            return None
        try:
            if self._ended or self._closing:
                return None
            snapshot = self._pull(control)
        except StopIteration:
            self._end()
            return None
        except Exception as error:
            self._error = error
            self._end()
            return None
        else:
            with self._record:
                following = self._position == len(self._history) - 1
                self._history.append(snapshot)
                if following:
                    self._position += 1
            return snapshot
        finally:
            self._busy.release()
            self._close_if_asked()

    def _pull(self, control: Any) -> T:
        if control is not None and self._history and isinstance(self._source, Generator):
            return self._source.send(control)
        return next(self._source)

    @property
    def history(self) -> list[T]:
        """Everything recorded so far, oldest first, as a list of the caller's own."""
        with self._record:
            return list(self._history)

    @property
    def latest(self) -> T | None:
        """The newest snapshot, None before the first."""
        with self._record:
            return self._history[-1] if self._history else None

    @property
    def current(self) -> T | None:
        """The snapshot under the cursor, None before the first."""
        with self._record:
            return self._history[self._position] if self._history else None

    @property
    def position(self) -> int:
        """The cursor's place in the record, from 0; -1 before the first snapshot."""
        return self._position

    @property
    def at_latest(self) -> bool:
        """Whether the cursor stands on the newest snapshot and so follows the run."""
        with self._record:
            return self._position == len(self._history) - 1

    @property
    def ended(self) -> bool:
        """Whether no further snapshot will come."""
        return self._ended

    @property
    def error(self) -> Exception | None:
        """The exception that ended the run, if one did."""
        return self._error

    @property
    def playing(self) -> bool:
        """Whether the run is meant to go on by itself; False once there is nothing left to play, or to play again."""
        return self._playing and not (self._ended and self.at_latest)

    def play(self) -> None:
        """Mean the run to go on by itself; whoever paces it calls `advance` while `playing`."""
        self._playing = True

    def pause(self) -> None:
        """Mean the run to wait; a snapshot that is just being computed is still recorded."""
        self._playing = False

    def back(self) -> T | None:
        """Move the cursor to the snapshot before; None, and no move, at the first."""
        return self._move(-1)

    def forward(self) -> T | None:
        """Move the cursor to the snapshot after, among those recorded; None, and no move, at the newest."""
        return self._move(1)

    def seek(self, position: int) -> T | None:
        """Put the cursor on the nearest place there is in the record; -1 is the newest."""
        with self._record:
            last = len(self._history) - 1
            self._position = last if position == -1 else min(max(position, 0), last)
            return self._history[self._position] if self._history else None

    def thin(self, keep: Callable[[Sequence[T]], Iterable[T]]) -> None:
        """Replace the record by what `keep` makes of it (in order, the newest included), to bound its memory.

        The cursor stays on its snapshot, or goes to the nearest earlier one that was kept.
        """
        with self._record:
            kept = list(keep(tuple(self._history)))
            survivors = {id(snapshot) for snapshot in kept}
            earlier = sum(id(snapshot) in survivors for snapshot in self._history[: self._position + 1])
            self._history = kept
            self._position = max(earlier - 1, min(0, len(kept) - 1))

    def restart(self, snapshots: Iterable[T]) -> None:
        """Forget the run and hold a new one, not yet begun; waits for a snapshot that is just being computed."""
        with self._busy:
            if isinstance(self._source, Generator):
                self._source.close()
            with self._record:
                self._source, self._history, self._position = iter(snapshots), [], -1
                self._closing = self._ended = self._playing = False
                self._error = None

    def graft(self, snapshots: Iterable[T]) -> None:
        """Go on with another run from the newest snapshot, which gives way to the new run's first one.

        `snapshots` begins with that same moment. Waits for a snapshot that is just being computed; cursor, record and
        whether it plays stay.
        """
        with self._busy:
            if isinstance(self._source, Generator):
                self._source.close()
            self._source, self._ended, self._error = iter(snapshots), False, None
            first = next(self._source)
            with self._record:
                self._history[-1:] = [first]
                self._position = max(self._position, 0)

    def close(self) -> None:
        """End the run and let its generator go, at once or as soon as the snapshot in hand is done."""
        self._closing = True
        self._close_if_asked()

    def _close_if_asked(self) -> None:
        if self._closing and not self._ended and self._busy.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._busy.release()

    def _end(self) -> None:
        self._ended = True
        if isinstance(self._source, Generator):
            self._source.close()

    def _move(self, by: int) -> T | None:
        with self._record:
            if not 0 <= self._position + by < len(self._history):
                return None
            self._position += by
            return self._history[self._position]
