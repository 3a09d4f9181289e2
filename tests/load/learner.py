"""A learner who trains and changes the learning rate, without a browser: it speaks Streamlit's own websocket protocol."""

import asyncio
import json
import time
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

RATE = 12.0  # moments a second that are watched, about the clock's normal pace
EVERY = 3.0  # seconds between two changes


@dataclass
class Seen:
    """What one learner has seen."""

    answers: list[float] = field(default_factory=list)  # seconds from a change to the end of the run that answers it
    moments: int = 0
    errors: list[str] = field(default_factory=list)


class Learner:
    """One visitor of Digit training: opens the page, plays, asks for moments as the clock does, changes the rate."""

    def __init__(self, url: str, page: str, query: str, seed: int) -> None:
        """`url` is "ws://host:port"; `page` the page's name in the address."""
        self.url, self.page, self.query, self.seed = url, page, query, seed
        self.seen = Seen()
        self.widgets: dict[str, WidgetState] = {}
        self.fragment = ""
        self.clock: tuple[str, dict[str, object]] | None = None  # the component's id, and what it was last sent
        self.rate_id = ""
        self.page_hash = ""

    async def learn(self, seconds: float) -> Seen:
        """Learn for so long; return what was seen."""
        socket = f"{self.url}/_stcore/stream"
        try:
            async with websockets.connect(socket, subprotocols=["streamlit"], max_size=None) as self.socket:  # type: ignore[list-item]
                await self._rerun(fragment=False)
                await self._until_finished()
                await self._play(seconds)
        except Exception as error:
            self.seen.errors.append(f"{type(error).__name__}: {error}")
        return self.seen

    async def _play(self, seconds: float) -> None:
        begin = time.monotonic()
        end, changed, change = begin + seconds, begin + (self.seed % 10) * EVERY / 10, 0
        at, before = 0.0, begin
        while (now := time.monotonic()) < end and self.clock:
            component, data = self.clock
            have = int(str(data["first"])) + len(data["rows"])  # type: ignore[arg-type]
            at = min(at + RATE * (now - before), have - 1)
            before = now
            self.seen.moments = int(at)
            if now - changed >= EVERY and self.rate_id:
                changed, change = now, change + 1
                state = WidgetState(id=self.rate_id, double_value=(0.1, 0.2, 0.3, 0.5)[(self.seed + change) % 4])
                self.widgets[self.rate_id] = state
                await self._rerun(fragment=False)
                await self._until_finished()
                self.seen.answers.append(time.monotonic() - now)
            elif not data["ended"] and have - 1 - at < RATE:
                ask = {"run": data["run"], "have": have, "want": int(at + 1 + 2 * RATE), "at": int(at), "n": have}
                self.widgets[component] = WidgetState(id=component, json_value=json.dumps({"ask": ask}))
                await self._rerun(fragment=True)
                await self._until_finished()
            else:
                await asyncio.sleep(0.05)

    async def _rerun(self, *, fragment: bool) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self.page, self.page_hash
        state.widget_states.widgets.extend(self.widgets.values())
        if fragment:
            state.fragment_id = self.fragment
        await self.socket.send(message.SerializeToString())

    async def _until_finished(self) -> None:
        while True:
            data = await asyncio.wait_for(self.socket.recv(), 60)
            message = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._read(message)
            elif kind == "new_session":
                self.page_hash = message.new_session.page_script_hash
            elif kind == "script_finished" and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            ):
                return

    def _read(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.seen.errors.append(element.exception.message)
        elif kind == "bidi_component" and element.bidi_component.component_name.endswith("sgd_clock"):
            component = element.bidi_component
            self.clock = component.id, json.loads(component.json or component.mixed.json)
            self.fragment = message.delta.fragment_id
        elif kind == "number_input" and element.number_input.label == "Learning rate, exact":
            self.rate_id = element.number_input.id
