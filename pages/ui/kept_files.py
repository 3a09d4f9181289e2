"""Streamlit's own scripts and fonts, answered from memory.

A page is 130 small files. Streamlit asks the disk about each of them each time, on the thread that serves all learners: half
a second for each who comes.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class KeptFiles:
    """Keep each answer that may be kept for ever, as its headers say, and give it again; an ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what answers what is not kept."""
        self._app = app
        self._kept: dict[str, list[Message]] = {}  # by path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        whole = scope["type"] == "http" and scope["method"] == "GET" and not _asks_for_less(scope)
        if not whole:
            await self._app(scope, receive, send)
        elif kept := self._kept.get(scope["path"]):
            for message in kept:
                await send(message)
        else:
            answer: list[Message] = []

            async def noting(message: Message) -> None:
                answer.append(message)
                await send(message)

            await self._app(scope, receive, noting)
            if _for_ever(answer[0]):
                self._kept[scope["path"]] = answer


def _asks_for_less(scope: Scope) -> bool:
    """Tell whether a request is for a part of a file, or for a file only if it has changed."""
    return any(name == b"range" or name.startswith(b"if-") for name, _ in scope["headers"])


def _for_ever(start: Message) -> bool:
    """Tell whether an answer is a file that never changes, for anybody: Streamlit says so of those that have a sum in their names."""
    headers = dict(start.get("headers", ()))
    same_for_all = b"content-encoding" not in headers  # not packed for one who can unpack it
    return start.get("status") == 200 and same_for_all and b"immutable" in headers.get(b"cache-control", b"")
