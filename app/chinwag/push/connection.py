"""A browser's connection: bounded output with backpressure, and input that is read no faster than it is
handled.

The fast way is chinwag.push.uvicorn.protocol, under our own server. This is the plain one, for any ASGI
server.
"""

import asyncio
from collections import deque
from typing import Any, Protocol, cast

from litestar import WebSocket

from chinwag.push.burst import Burst

EXTENSION = "chinwag.connection"
"""The key in the ASGI scope's extensions under which chinwag.push.uvicorn.protocol offers its connection."""

QUEUED_FRAMES = 64

AnyWebSocket = WebSocket[Any, Any, Any]

CLOSED = (OSError, RuntimeError)
"""Two ways in which servers say that a socket is closed."""


class InputHandler(Protocol):
    """What a connection calls with all that its browser does: the subscription."""

    def receive(self, text: str | None) -> asyncio.Future[Any] | None:
        """Take what it has sent; None: that was binary. No more comes before the future, if there is one, is
        done."""

    def stop(self) -> None:
        """The server stops. When all is done that should be, the handler calls `finish`."""

    def left(self) -> None:
        """It is closed, whoever has done it. Called once, and last."""


class Connection(Protocol):
    """What goes out to one browser, in order."""

    def push(self, burst: Burst) -> bool:
        """Send frames. False: they were taken, but no more should come before `drained`."""

    async def drained(self) -> None:
        """Wait until there is room."""

    def is_gone(self) -> bool:
        """Whether the browser is known to have left."""

    async def serve(self, handler: InputHandler) -> None:
        """Tell a handler all that the browser does from here on. It is the last that an application does: it
        returns when the browser has left, or at once if the handler can be called without a task that waits.
        """

    async def close(self, code: int, reason: str) -> None:
        """Close it, once there is room to say so. Raises one of CLOSED."""

    def finish(self) -> None:
        """Close it with 1012, or drop it if there is no room for that."""


def connection_of(socket: AnyWebSocket) -> Connection:
    """The fast connection where the server offers one, else the plain one."""
    extensions = cast(dict[str, Any], socket.scope.get("extensions") or {})
    fast: Connection | None = extensions.get(EXTENSION)
    return fast or AsgiConnection(socket)


class AsgiConnection:
    """Sends through the ASGI server, which waits where the network does."""

    def __init__(self, socket: AnyWebSocket) -> None:
        self._socket = socket
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
        """ASGI says so only to who receives."""
        return False

    async def serve(self, handler: InputHandler) -> None:
        try:
            while (event := await self._socket.receive())["type"] == "websocket.receive":
                await self.drained()
                if busy := handler.receive(cast(Any, event).get("text")):
                    await asyncio.wait([busy])
                await asyncio.sleep(0)  # what has come already would be taken without a turn for anybody else
        finally:
            handler.left()

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)

    def finish(self) -> None:
        """A server of which nothing is known closes its sockets itself, at once: nobody asks for this."""

    async def _send(self) -> None:
        try:
            while self._texts:
                text = self._texts[0].decode()
                await self._socket.send({"type": "websocket.send", "text": text, "bytes": None})
                self._texts.popleft()
                if not self._texts:
                    self._has_room.set()
        except CLOSED:
            self._texts.clear()  # its handler ends by itself
        finally:
            self._sender = None
