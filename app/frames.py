"""uvicorn's WebSocket protocol, made for pushing: the outbox that app.outbox speaks of.

A frame that goes to many sockets is framed once (app.hub.Frame). All frames that reach a socket in one turn
of the event loop leave it in one write.
"""

import struct
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from app.hub import Frame
from app.light import Gate, Inbox
from app.outbox import EXTENSION

TURN_BYTES = 256 * 1024
"""More than this is written before the turn ends, so that a burst does not pile up for each socket."""


RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s


class PushProtocol(WebSocketsSansIOProtocol):
    """One browser's WebSocket, and its outbox."""

    # Half of them are uvicorn's. Python keeps up to 30 attributes in a dictionary whose keys all instances
    # share; with more, each idle socket would have 1 KiB of its own for them.
    __slots__ = (
        "_finish",
        "_turn",
        "_turn_bytes",
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
        self._turn: list[bytes] = []
        self._turn_bytes = 0
        self._finish: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # In time: the application's task has been created, but has not run yet.
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    def push(self, frame: Frame) -> bool:
        framed = frame.framed
        if not self._turn:
            self.loop.call_soon(self._flush)
        self._turn.append(framed)
        self._turn_bytes += len(framed)
        if self._turn_bytes > TURN_BYTES:
            self._flush()
        return self.writable.is_set()

    async def drained(self) -> None:
        await self.writable.wait()

    def is_gone(self) -> bool:
        return self.disconnected

    def _flush(self) -> None:
        turn, self._turn, self._turn_bytes = self._turn, [], 0
        if turn and not self.close_sent and not self.transport.is_closing():
            self.transport.write(turn[0] if len(turn) == 1 else b"".join(turn))

    async def send(self, message: Any) -> None:
        # What was pushed before a close goes before it.
        self._flush()
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
            self._flush()
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
