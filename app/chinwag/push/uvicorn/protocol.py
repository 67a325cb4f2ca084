"""uvicorn's WebSocket protocol, extended for pushing: the fast kind of Connection (chinwag.push.connection).

What is pushed to many connections is framed and joined once (chinwag.push.pacing). What the browser sends is
taken in chinwag.push.uvicorn.incoming.
"""

from http import HTTPStatus
from typing import Any, cast

import uvicorn
import websockets.frames
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState

from chinwag.push.burst import Burst
from chinwag.push.uvicorn.handshake import answer
from chinwag.push.uvicorn.incoming import FairProtocol
from chinwag.push.uvicorn.keepalive import Checkable, acknowledged, reset, timer_wheel_of

PING = b"\x89\0"  # RFC 6455, section 5.5.2


class UvicornConnection(FairProtocol):
    """The connection to one browser: its WebSocket."""

    # Some of them are uvicorn's. Python keeps up to 30 attributes in a dictionary whose keys all instances
    # share; with more, each idle socket would have 1 KiB of its own for them.
    __slots__ = (
        "_accept",
        "_awaits_pong",
        "_slot",
        "_taken",
        "close_timer",
        "initial_response",
        "scope",
    )

    def __init__(self, config: uvicorn.Config, server_state: ServerState) -> None:
        super().__init__(config, server_state)
        self._slot: set[Checkable] | None = None
        self._awaits_pong = False
        self._taken: int | None = None
        self._accept = b""

    def begin(self, transport: Any, scope: Any, accept: bytes) -> None:
        """Run the application for a handshake.

        Args:
            scope: the ASGI scope.
            accept: the value of Sec-WebSocket-Accept in the answer.
        """
        self.transport = transport
        self.scope = scope
        self._accept = accept
        self.connections.add(self)
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

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
        if self.handshake_complete:
            return await super().send(message)
        if self.disconnected:
            raise ClientDisconnected
        if message["type"] == "websocket.accept":
            fields = [*self.default_headers, *message.get("headers", ())]
            self.handshake_complete = True
            self.transport.write(answer(self._accept, fields))
            self.start_keepalive()
        else:
            assert message["type"] == "websocket.close", message["type"]
            self._refuse(HTTPStatus.FORBIDDEN)
        return None

    def send_500_response(self) -> None:
        """Answer that the application has failed, unless the handshake was answered."""
        if not self.handshake_complete:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _refuse(self, status: HTTPStatus) -> None:
        self.handshake_complete = self.close_sent = True
        fields = [*self.default_headers, (b"content-length", b"0"), (b"connection", b"close")]
        lines = [b"%s: %s\r\n" % field for field in fields]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n"]))
        self.transport.close()

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
