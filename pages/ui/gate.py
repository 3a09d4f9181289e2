"""A fair gate for computing: as many sections are worked on at once as there are cores.

What a person has changed goes before more moments of a run that plays: the clock asks for these a second before it needs them,
and a person waits at once. Chunks of runs go in the order in which they came, and never take the last place, so that a change
finds one free; and after a row of changes a chunk has its turn. So a class that trains keeps nobody's slider waiting, and no
run is starved.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, local

ROW = 2  # changes that may go before a chunk that waits
LOOK = 0.1  # seconds between two looks at whether somebody who waits is still wanted


class Gate:
    """Lets `places` threads through at a time."""

    def __init__(self, places: int) -> None:
        """Open the gate."""
        self._places, self._inside, self._chunks_inside, self._row = places, 0, 0, 0
        self._changes, self._chunks = deque[object](), deque[object]()
        self._turn, self._here = Condition(), local()

    @contextmanager
    def pass_through(self, *, later: bool = False, look: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Wait for a place, and hold it meanwhile; `later` for a chunk of a run.

        `look` is called now and then while one waits, and may raise: who is not wanted any more gives its turn up. Who is
        inside already, as a part of a section that is drawn with it, goes through: waiting for another place it would
        hold the one that others wait for.
        """
        if getattr(self._here, "inside", False):
            yield
            return
        me, queue = object(), self._chunks if later else self._changes
        with self._turn:
            queue.append(me)
            try:
                while not self._turn.wait_for(lambda: self._next() is me, LOOK):
                    look()
            except BaseException:
                queue.remove(me)
                self._turn.notify_all()
                raise
            queue.popleft()
            self._row = 0 if later else self._row + 1
            self._inside += 1
            self._chunks_inside += later
            self._turn.notify_all()
        self._here.inside = True
        try:
            yield
        finally:
            self._here.inside = False
            with self._turn:
                self._inside -= 1
                self._chunks_inside -= later
                self._turn.notify_all()

    @property
    def someone_waits(self) -> bool:
        """Whether others wait for their turn."""
        return bool(self._changes or self._chunks)

    def _next(self) -> object | None:
        """Return who goes next, if there is a place."""
        if self._inside >= self._places:
            return None
        chunk = self._chunks[0] if self._chunks and self._chunks_inside < max(1, self._places - 1) else None
        if self._changes and (chunk is None or self._row < ROW):
            return self._changes[0]
        return chunk


GATE = Gate(max(1, os.cpu_count() or 1))
