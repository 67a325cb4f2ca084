"""uvicorn's WebSocket protocol, made for pushing: the outbox that app.outbox speaks of.

What is pushed to many sockets is framed once, and joined once (app.turns).
"""

import struct
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from app.light import Gate, Inbox
from app.outbox import EXTENSION
from app.turns import Burst

RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s


class PushProtocol(WebSocketsSansIOProtocol):
    """One browser's WebSocket, and its outbox."""

    # Half of them are uvicorn's. Python keeps up to 30 attributes in a dictionary whose keys all instances
    # share; with more, each idle socket would have 1 KiB of its own for them.
    __slots__ = (
        "_finish",
        "close_timer",
        "initial_response",
        "last_ping_rtt",
        "pending_ping_payload",
        "ping_sent_at",
        "ping_timer",
        "pong_timer",
        "request",
        "response",
        "scope",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = cast(Any, Inbox())
        self.writable = cast(Any, Gate())
        self._finish: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # In time: the application's task has been created, but has not run yet.
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    def push(self, burst: Burst) -> bool:
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(burst.framed)
        return self.writable.is_set()

    async def drained(self) -> None:
        await self.writable.wait()

    def is_gone(self) -> bool:
        return self.disconnected

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._forget_handshake()

    def _forget_handshake(self) -> None:
        # The parser, uvicorn and Litestar would keep it for as long as the socket lives. So whatever the
        # application wants to know of the headers, it must ask before it accepts.
        self.request.headers.clear()
        self.scope["headers"] = []
        self.request = self.response = cast(Any, None)

    def before_shutdown(self, finish: Callable[[], None]) -> None:
        self._finish = finish

    def shutdown(self) -> None:
        # uvicorn calls it when the server stops, and the socket when it has finished.
        finish, self._finish = self._finish, None
        if finish and not self.close_sent:
            finish()
        elif self.writable.is_set():
            super().shutdown()
        else:
            self._reset()

    def keepalive_timeout(self) -> None:
        self._reset()

    def _reset(self) -> None:
        # Not close(), which would wait for a buffer that the dead peer never empties; and with a reset, or
        # the kernel would keep that buffer for it.
        self.stop_keepalive()
        self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET)
        self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        # uvicorn would log a traceback for what is only a client's mistake (RFC 6455, section 8.1).
        if self.curr_msg_data_type == "text" and not _is_utf8(b"".join(self.frames)):
            self.conn.send_close(1007)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
