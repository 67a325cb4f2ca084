"""uvicorn's WebSocket protocol, extended for pushing: the fast kind of Connection (chinwag.push.connection).

What is pushed to many connections is framed and joined once (chinwag.push.pacing). What the browser sends is
taken in chinwag.push.uvicorn.incoming.
"""

from typing import Any, cast

import websockets.frames
from uvicorn.protocols.utils import ClientDisconnected
from websockets.http11 import Request

from chinwag.push.burst import Burst
from chinwag.push.connection import EXTENSION
from chinwag.push.uvicorn.incoming import FairProtocol
from chinwag.push.uvicorn.keepalive import Checkable, acknowledged, reset, timer_wheel_of

PING = b"\x89\0"  # RFC 6455, section 5.5.2


class UvicornConnection(FairProtocol):
    """The connection to one browser: its WebSocket."""

    # Half of them are uvicorn's. Python keeps up to 30 attributes in a dictionary whose keys all instances
    # share; with more, each idle socket would have 1 KiB of its own for them.
    __slots__ = (
        "_awaits_pong",
        "_slot",
        "_taken",
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
        self._slot: set[Checkable] | None = None
        self._awaits_pong = False
        self._taken: int | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # This is in time: the application's task has been created, but has not run yet.
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    async def run_asgi(self) -> None:
        # uvicorn's own takes the end of the application for the end of the socket. But a socket that has a
        # handler needs no task: 9 of 15 KiB were what an application keeps that waits.
        try:
            await self.app(cast(Any, self.scope), cast(Any, self.receive), cast(Any, self.send))
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
        self.send_500_response()  # this does nothing if the handshake was answered
        self.scope = cast(Any, None)
        if self._handler is None and self.close_timer is None:
            self.transport.close()

    def resume_writing(self) -> None:
        self._awaits_pong = False  # it reads, so the client is there
        super().resume_writing()

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
        # The parser would keep the request for as long as the WebSocket lives.
        self.request.headers.clear()
        self.request = self.response = cast(Any, None)

    async def close(self, code: int, reason: str) -> None:
        await self.send({"type": "websocket.close", "code": code, "reason": reason})

    def shutdown(self) -> None:
        # uvicorn calls it when the server stops.
        if self._handler and not self.close_sent:
            self._handler.stop()
        else:
            self.finish()

    def finish(self) -> None:
        if self.writable.is_set():
            super().shutdown()
        else:
            self._reset()

    def start_keepalive(self) -> None:
        if self.ping_interval:
            self._slot = timer_wheel_of(self.loop, self.ping_interval).join(self)

    def stop_keepalive(self) -> None:
        if self._slot is not None:
            self._slot.discard(self)
            self._slot = None

    def check(self) -> None:
        """Drop a client that since the last check has neither answered the ping nor taken anything else.

        A slow client comes to the ping only after all that was sent before it, which may be megabytes.
        """
        before, self._taken = self._taken, acknowledged(self.transport)
        takes = before is None or self._taken > before
        if not self.writable.is_set():
            if not takes:
                self._reset()
        elif not self.read_paused:  # otherwise the pong may be among what has not been read here
            if self._awaits_pong:
                if not takes:
                    self._reset()
                return
            self._awaits_pong = True
            # A connection that is closing gets the same time to end.
            if not self.close_sent and not self.transport.is_closing():
                self.transport.write(PING)
                self._taken += len(PING)  # the client's system takes the ping even if nobody is there

    def handle_pong(self, event: websockets.frames.Frame) -> None:
        self._awaits_pong = False  # any pong shows that the client is there

    def _reset(self) -> None:
        self.stop_keepalive()
        reset(self.transport)
