"""The connection of a browser: its output is bounded by backpressure, and its input is read no faster than
it is handled.

chinwag.push.uvicorn.protocol has the fast connection, for our own server. The one here is plain, for any
ASGI server.
"""

import asyncio
from collections import deque
from typing import Any, Protocol, cast

from litestar.types import Receive, Scope, Send

from chinwag.push.burst import Burst

EXTENSION = "chinwag.connection"
"""The key in the ASGI scope's extensions under which chinwag.push.uvicorn.protocol offers its connection."""

PEER = "chinwag.peer"
"""The key in the ASGI scope of a connection's own address, where somebody must be known by it
(chinwag.push.uvicorn.peer)."""

QUEUED_FRAMES = 64

CLOSED = (OSError, RuntimeError)
"""The two errors by which servers say that a WebSocket is closed."""


class InputHandler(Protocol):
    """What a connection calls with all that its browser does: the subscription."""

    def receive(self, text: str | None) -> asyncio.Future[Any] | None:
        """Take what the browser has sent; None stands for a binary frame.

        If a future is returned, no more is received until it is done.
        """

    def stop(self) -> None:
        """Finish, because the server stops. When all is done, the handler calls `finish`."""

    def left(self) -> None:
        """Clean up, because the connection is closed, whoever has closed it. This is called once, and
        last."""


class Connection(Protocol):
    """The connection to one browser, which sends frames in order."""

    def push(self, burst: Burst) -> bool:
        """Send frames. False: they were taken, but no more should be pushed before `drained`."""

    async def drained(self) -> None:
        """Wait until there is room for more frames."""

    def is_gone(self) -> bool:
        """Whether the browser is known to have left."""

    async def serve(self, handler: InputHandler) -> None:
        """Tell a handler all that the browser does from here on.

        An application does this last. It returns when the browser has left, or at once if the handler can be
        called without a task that waits.
        """

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket when there is room for the close frame.

        Raises:
            one of CLOSED: the browser has closed it already.
        """

    def finish(self) -> None:
        """Close the WebSocket with 1012, or drop the connection if there is no room for the close frame."""


def connection_of(scope: Scope, receive: Receive, send: Send) -> Connection:
    """Return the fast connection where the server offers one, or else the plain one."""
    extensions = cast(dict[str, Any], scope.get("extensions") or {})
    fast: Connection | None = extensions.get(EXTENSION)
    return fast or AsgiConnection(receive, send)


class AsgiConnection:
    """The connection through any ASGI server, whose `send` waits when the network does."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send_event = send
        self._texts: deque[bytes] = deque()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._sender: asyncio.Task[None] | None = None

    def push(self, burst: Burst) -> bool:
        self._texts.extend(burst.texts)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        if len(self._texts) >= QUEUED_FRAMES:
            self._has_room.clear()
        return self._has_room.is_set()

    async def drained(self) -> None:
        await self._has_room.wait()

    def is_gone(self) -> bool:
        """False, because ASGI tells only a receiver that a browser has left."""
        return False

    async def serve(self, handler: InputHandler) -> None:
        try:
            while (event := await self._receive())["type"] == "websocket.receive":
                await self.drained()
                if busy := handler.receive(cast(Any, event).get("text")):
                    await asyncio.wait([busy])
                await asyncio.sleep(0)  # so that others are served in between
        finally:
            handler.left()

    async def close(self, code: int, reason: str) -> None:
        await self._send_event({"type": "websocket.close", "code": code, "reason": reason})

    def finish(self) -> None:
        """Do nothing: such a server closes its WebSockets itself, at once, and nobody calls this."""

    async def _send(self) -> None:
        try:
            while self._texts:
                text = self._texts[0].decode()
                await self._send_event({"type": "websocket.send", "text": text, "bytes": None})
                self._texts.popleft()
                if not self._texts:
                    self._has_room.set()
        except CLOSED:
            self._texts.clear()  # the handler hears of it from `serve`
        finally:
            self._sender = None
