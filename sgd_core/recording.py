"""A run that is computed ahead in chunks, and everything that it has recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from threading import Lock
from typing import Any, Generic, TypeVar
from uuid import uuid4

T = TypeVar("T")
CHUNK = 0.2  # seconds of work at most between two looks at what people do


class Recording(Generic[T]):
    """The moments of a run, pulled from a generator when somebody is about to watch them.

    `moments` grows at its end only, but for `replace_last`. `last` is the index that the last moment is expected to
    have. A generator may be sent requests (`request(moment)` gives one for what comes after a moment), which is how a
    changed learning rate takes effect. Several threads may call `extend`; one works, the others wait for its chunk.
    """

    def __init__(
        self, source: Iterable[T], last: int, request: Callable[[T], Any] | None = None, *, at: int = 0
    ) -> None:
        """Hold the run; nothing is computed before the first `extend`. `at` is the moment that it opens with."""
        self.id = uuid4().hex[:12]
        self.moments: list[T] = []
        self.last, self.request, self.at = last, request, at
        self.ended = False
        self.error: Exception | None = None
        self._source = iter(source)
        self._lock = Lock()

    def extend(self, count: int, seconds: float = CHUNK) -> None:
        """Record until there are `count` moments, the run has ended, or `seconds` have gone by (at least one moment).

        An exception inside the run ends it and is kept as `error`.
        """
        until = time.monotonic() + seconds
        with self._lock:
            while len(self.moments) < count and not self.ended:
                try:
                    self.moments.append(self._pull())
                except StopIteration:
                    self.ended = True
                except Exception as error:
                    self.error, self.ended = error, True
                if time.monotonic() > until:
                    return

    def go_on(self, source: Iterable[T], last: int) -> None:
        """Go on with another run from the newest moment, which gives way to the new run's first one."""
        with self._lock:
            self._close()
            self._source, self.ended, self.error, self.last = iter(source), False, None, last
            self.moments[-1:] = [next(self._source)]

    def close(self) -> None:
        """Let the run go; what is recorded stays."""
        with self._lock:
            self._close()
            self.ended = True

    def _pull(self) -> T:
        if self.request and self.moments and isinstance(self._source, Generator):
            return self._source.send(self.request(self.moments[-1]))
        return next(self._source)

    def _close(self) -> None:
        if isinstance(self._source, Generator):
            self._source.close()
