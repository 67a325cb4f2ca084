"""Where a socket's frames go out: bounded, and honest about being full.

The fast way is app.frames, under our own server. This is the plain one, for any ASGI server.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

from litestar import WebSocket
from litestar.exceptions import WebSocketException

from app.turns import Burst

AnyWebSocket = WebSocket[Any, Any, Any]

EXTENSION = "chinwag.outbox"
"""The key in the ASGI scope's extensions under which app.frames offers its outbox."""

OUTBOX_FRAMES = 64


class Outbox(Protocol):
    """What goes out to one browser, in order."""

    def push(self, burst: Burst) -> bool:
        """Send frames. False: they were taken, but no more should come before `drained`."""

    async def drained(self) -> None:
        """Wait until there is room."""

    def is_gone(self) -> bool:
        """Whether the browser is known to have left."""

    def before_shutdown(self, finish: Callable[[], None]) -> None:
        """Have `finish` called when the server stops, and leave it to that to call `shutdown`."""

    def shutdown(self) -> None:
        """Close it with 1012, or drop it if there is no room for that."""


def outbox_of(socket: AnyWebSocket) -> Outbox:
    """The fast outbox where the server offers one, else the plain one."""
    extensions = cast(dict[str, Any], socket.scope.get("extensions") or {})
    fast: Outbox | None = extensions.get(EXTENSION)
    return fast or AsgiOutbox(socket)


class AsgiOutbox:
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
        if len(self._texts) >= OUTBOX_FRAMES:
            self._has_room.clear()
        return self._has_room.is_set()

    async def drained(self) -> None:
        await self._has_room.wait()

    def is_gone(self) -> bool:
        """ASGI says so only to who receives."""
        return False

    def before_shutdown(self, finish: Callable[[], None]) -> None:
        """A server of which nothing is known closes its sockets itself, at once."""

    def shutdown(self) -> None:
        """So nobody asks for this."""

    async def _send(self) -> None:
        try:
            while self._texts:
                await self._socket.send_text(self._texts[0].decode())
                self._texts.popleft()
                if not self._texts:
                    self._has_room.set()
        except (WebSocketException, OSError, RuntimeError):
            # Three ways in which servers say that it is closed. Its handler ends by itself.
            self._texts.clear()
        finally:
            self._sender = None
