"""A learner who trains and changes the learning rate, as the clock in the browser would have it."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.load.visitor import Visitor

RATE = 12.0  # moments a second that are watched, about the clock's normal pace
EVERY = 3.0  # seconds between two changes


@dataclass
class Seen:
    """What one learner has seen."""

    answers: list[float] = field(default_factory=list)  # seconds from a change to the end of the run that answers it
    moments: float = 0.0
    errors: list[str] = field(default_factory=list)


class Learner(Visitor):
    """One visitor of Digit training: opens the page, plays, asks for moments as the clock does, changes the rate."""

    def __init__(self, url: str, page: str, query: str, seed: int) -> None:
        """`seed` settles when the learner changes the rate, and to what."""
        super().__init__(url, page, query)
        self.seed = seed
        self.clock: dict[str, Any] = {}  # what it was last sent
        self.feed: tuple[str, str] | None = None  # the component's id, and its fragment: what is drawn when it asks
        self.have = 0  # moments that have come
        self.rate: tuple[str, str] | None = None  # the field's id, and the fragment that it belongs to

    async def learn(self, seconds: float) -> Seen:
        """Learn for so long; return what was seen."""
        seen = Seen(errors=self.errors)
        try:
            async with self.connect() as self.socket:
                await self.rerun()
                if not (self.clock and self.feed and self.rate):
                    self.errors.append("the page has no clock or no learning rate")
                await self._play(seconds, seen)
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        return seen

    async def _play(self, seconds: float, seen: Seen) -> None:
        begin = time.monotonic()
        end, changed, change = begin + seconds, begin + (self.seed % 10) * EVERY / 10, 0
        at, before, run = 0.0, begin, None
        while (now := time.monotonic()) < end and self.feed:
            data, have = self.clock, self.have
            if data["run"] != run:  # another run begins at its beginning
                run, at = data["run"], float(data["at"])
            gone = max(0.0, min(RATE * (now - before), have - 1 - at))
            at, before = at + gone, now
            seen.moments += gone
            if now - changed >= EVERY and self.rate:
                changed, change = now, change + 1
                rate, fragment = self.rate
                self.widgets[rate] = WidgetState(id=rate, double_value=(0.1, 0.2, 0.3, 0.5)[(self.seed + change) % 4])
                await self.rerun(fragment)
                seen.answers.append(time.monotonic() - now)
            elif not data["ended"] and have - 1 - at < RATE:
                ask = {"run": data["run"], "have": have, "want": int(at + 1 + 2 * RATE), "at": int(at), "n": have}
                component, fragment = self.feed
                self.widgets[component] = WidgetState(id=component, json_value=json.dumps({"ask": ask}))
                await self.rerun(fragment)
            else:
                await asyncio.sleep(0.05)

    def read(self, kind: str, element: Any, fragment: str) -> None:
        """Keep what clock and feed have been sent, and which field is the learning rate."""
        if kind == "bidi_component" and element.component_name.endswith(("sgd_clock", "sgd_feed")):
            data = json.loads(element.json or element.mixed.json)
            if element.component_name.endswith("sgd_clock"):
                self.clock = data
            else:
                self.feed = element.id, fragment
            if "run" in data and data["run"] == self.clock.get("run"):
                self.clock["ended"] = data["ended"]
                self.have = int(data["first"]) + len(data["rows"])
        elif kind == "number_input" and element.label == "Learning rate, exact":
            self.rate = element.id, fragment
