"""uvicorn's WebSocket protocol, made for pushing: the outbox that app.outbox speaks of.

What is pushed to many sockets is framed and joined once (app.turns). What the browser sends is given to a
receiver without any task.
"""

import asyncio
from typing import Any, cast

import websockets.frames
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from app.keepalive import Peer, keepalive_of, reset
from app.light import Gate, Inbox
from app.outbox import EXTENSION, Receiver
from app.turns import Burst

PING = b"\x89\0"  # RFC 6455, section 5.5.2


class PushProtocol(WebSocketsSansIOProtocol):
    """One browser's WebSocket, and its outbox."""

    # Half of them are uvicorn's. Python keeps up to 30 attributes in a dictionary whose keys all instances
    # share; with more, each idle socket would have 1 KiB of its own for them.
    __slots__ = (
        "_awaits_pong",
        "_busy",
        "_portion",
        "_receiver",
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
        self._receiver: Receiver | None = None
        self._busy: asyncio.Future[Any] | None = None
        self._portion: set[Peer] | None = None
        self._awaits_pong = False

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # In time: the application's task has been created, but has not run yet.
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    async def run_asgi(self) -> None:
        # uvicorn's own takes the end of the application for the end of the socket. But a socket that has a
        # receiver needs no task: 9 of 15 KiB were what an application keeps that waits.
        try:
            await self.app(cast(Any, self.scope), cast(Any, self.receive), cast(Any, self.send))
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
        self.send_500_response()  # if it has not even accepted
        self.scope = cast(Any, None)
        if self._receiver is None and self.close_timer is None:
            self.transport.close()

    async def serve(self, receiver: Receiver) -> None:
        self._receiver = receiver
        cast(Inbox, self.queue).waiter = self
        self._deliver()

    def arrived(self) -> None:
        # Not at once: uvicorn is in the midst of something.
        self.loop.call_soon(self._deliver)

    def _deliver(self, _busy: object = None) -> None:
        inbox = cast(Inbox, self.queue)
        while self._receiver and not inbox.empty() and self.writable.is_set():
            if self._busy and not self._busy.done():
                return
            event = inbox.get_nowait()
            if event["type"] == "websocket.receive":
                self._busy = self._receiver.receive(event.get("text"))
                if self._busy:
                    self._busy.add_done_callback(self._deliver)
            else:
                receiver, self._receiver, inbox.waiter = self._receiver, None, None
                receiver.left()
        if self.read_paused and inbox.empty() and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._deliver()

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
        # The parser would keep it for as long as the socket lives.
        self.request.headers.clear()
        self.request = self.response = cast(Any, None)

    async def close(self, code: int, reason: str) -> None:
        await self.send({"type": "websocket.close", "code": code, "reason": reason})

    def shutdown(self) -> None:
        # uvicorn calls it when the server stops.
        if self._receiver and not self.close_sent:
            self._receiver.stop()
        else:
            self.finish()

    def finish(self) -> None:
        if self.writable.is_set():
            super().shutdown()
        else:
            self._reset()

    def start_keepalive(self) -> None:
        if self.ping_interval:
            self._portion = keepalive_of(self.loop, self.ping_interval).join(self)

    def stop_keepalive(self) -> None:
        if self._portion is not None:
            self._portion.discard(self)
            self._portion = None

    def check(self) -> None:
        if self._awaits_pong:
            return self._reset()
        self._awaits_pong = True
        if not self.close_sent and not self.transport.is_closing():  # else it has as long to be gone
            self.transport.write(PING)

    def handle_pong(self, event: websockets.frames.Frame) -> None:
        self._awaits_pong = False  # any will do: somebody is there

    def _reset(self) -> None:
        self.stop_keepalive()
        reset(self.transport)

    def send_receive_event_to_app(self) -> None:
        # uvicorn would log a traceback for what is only a client's mistake (RFC 6455, section 8.1).
        is_text = self.curr_msg_data_type == "text" and not self.close_sent
        if is_text and not _is_utf8(b"".join(self.frames)):
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
