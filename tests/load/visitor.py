"""A visitor without a browser: it opens a page and sends what a browser would, by Streamlit's own websocket protocol."""

import asyncio
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

WENT_WRONG = "Something went wrong"  # how the app's own sentence about an error begins


class Visitor:
    """One browser's tab, as the server sees it. `errors` are what the page said of errors, `elements` what it drew."""

    def __init__(self, url: str, page: str, query: str = "") -> None:
        """`url` is "ws://host:port"; `page` the page's name in the address."""
        self.url, self.page, self.query = url, page, query
        self.widgets: dict[str, WidgetState] = {}
        self.errors: list[str] = []
        self.socket: Any = None

    def connect(self) -> Any:
        """Open the websocket: `async with visitor.connect() as visitor.socket`."""
        return websockets.connect(f"{self.url}/_stcore/stream", subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]

    async def rerun(self, fragment: str = "") -> None:
        """Ask for a run of the page, or of one of its fragments, and read what comes until it has ended."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self.page
        state.widget_states.widgets.extend(self.widgets.values())
        if fragment:
            state.fragment_id = fragment
        await self.socket.send(message.SerializeToString())
        while True:
            data = await asyncio.wait_for(self.socket.recv(), 120)
            answer = ForwardMsg.FromString(data if isinstance(data, bytes) else data.encode())
            kind = answer.WhichOneof("type")
            if kind == "delta":
                self._look(answer)
            elif kind == "script_finished" and answer.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
            ):
                return

    def _look(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(element.exception.message)
        elif kind == "alert" and element.alert.body.startswith(WENT_WRONG):
            self.errors.append(element.alert.body)
        elif kind:
            self.read(kind, getattr(element, kind), message.delta.fragment_id)

    def read(self, kind: str, element: Any, fragment: str) -> None:
        """Look at an element that the page has drawn."""
