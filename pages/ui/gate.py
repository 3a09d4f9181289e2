"""A fair gate for computing: as many sections are worked on at once as there are cores, in the order in which they are due.

What a person has changed is due at once; more moments of a run that plays are due half a second later, since the clock asks a
second before it needs them. So a class that trains does not keep anybody's slider waiting, and no run is starved.
"""

import heapq
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

LATER = 0.5  # seconds


class Gate:
    """Lets `places` threads through at a time, the one that is due first before the others."""

    def __init__(self, places: int) -> None:
        """Open the gate."""
        self._free, self._waiting, self._number = places, list[tuple[float, int]](), itertools.count()
        self._turn = Condition()

    @contextmanager
    def pass_through(self, *, later: bool = False) -> Iterator[None]:
        """Wait for a place, and hold it meanwhile; `later` for work that is not due at once."""
        me = (time.monotonic() + (LATER if later else 0.0), next(self._number))
        with self._turn:
            heapq.heappush(self._waiting, me)
            self._turn.wait_for(lambda: self._free > 0 and self._waiting[0] == me)
            heapq.heappop(self._waiting)
            self._free -= 1
            self._turn.notify_all()
        try:
            yield
        finally:
            with self._turn:
                self._free += 1
                self._turn.notify_all()


GATE = Gate(max(1, os.cpu_count() or 1))
