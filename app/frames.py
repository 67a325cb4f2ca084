"""uvicorn's WebSocket protocol, made for pushing: the outbox that app.outbox speaks of.

What is pushed to many sockets is framed and joined once (app.turns). What the browser sends is given to a
receiver without any task.
"""

import asyncio
import contextlib
import fcntl
import struct
import sys
import termios
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, cast

import websockets.frames
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from app.keepalive import Peer, keepalive_of
from app.light import Gate, Inbox
from app.outbox import EXTENSION, Receiver
from app.round_robin import round_robin_of
from app.turns import Burst

PING = b"\x89\0"  # RFC 6455, section 5.5.2

RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s

FRAMES_A_TURN = 8
"""So many frames of one socket are taken in an event-loop iteration; a single read may hold 40,000."""

BYTES_AT_ONCE = 4096
"""What a read has beyond this, is not parsed before the socket's turn among those that have sent as much."""


class PushProtocol(WebSocketsSansIOProtocol):
    """One browser's WebSocket, and its outbox."""

    # Half of them are uvicorn's. Python keeps up to 30 attributes in a dictionary whose keys all instances
    # share; with more, each idle socket would have 1 KiB of its own for them.
    __slots__ = (
        "_awaits_pong",
        "_busy",
        "_portion",
        "_receiver",
        "_rest_of_frame",
        "_unparsed",
        "_unsent",
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
        self._unsent: int | None = None
        self._unparsed: bytes | memoryview = b""
        self._rest_of_frame = 0

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

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            return super().data_received(data)
        self._unparsed = b"".join((self._unparsed, data)) if self._unparsed else data
        if len(data) <= BYTES_AT_ONCE:
            self.take_turn()
        else:
            self.read_paused = True
            self.transport.pause_reading()
            round_robin_of(self.loop).add(self)

    def take_turn(self) -> None:
        """Take the next frames of what has been read; more is read when all of it is taken."""
        for _ in range(FRAMES_A_TURN):
            if not (size := self._next_size()):
                break
            part = self._unparsed
            if size < len(part):
                part = memoryview(part)[:size]
                self._unparsed = memoryview(self._unparsed)[size:]
            else:
                self._unparsed = b""
            self._rest_of_frame = size - len(part)
            super().data_received(cast(bytes, part))
        self._answer_pings()
        if self._next_size():
            round_robin_of(self.loop).add(self)
        self._pause_or_resume_reading()

    def _next_size(self) -> int:
        """The bytes to the end of the frame that comes next, in what has been read or beyond; 0: none may be
        taken now, or the beginning of its header is all that is there."""
        if not self._unparsed or not self._may_take():
            return 0
        return self._rest_of_frame or _frame_size(self._unparsed)

    def _may_take(self) -> bool:
        """Whether the receiver has handled what came before, and the peer has read what was sent to it."""
        if self.transport.is_closing() or not self.writable.is_set():
            return False
        if self.close_sent:
            return True  # nothing goes to the receiver any more, and the peer's close frame is still to come
        is_busy = self._busy is not None and not self._busy.done()
        return not is_busy and cast(Inbox, self.queue).empty()

    def _pause_or_resume_reading(self) -> None:
        if self.transport.is_closing():
            self._unparsed = b""
            return
        pauses = bool(self._unparsed) and (not self._may_take() or self._next_size() > 0)
        if pauses and not self.read_paused:
            self.transport.pause_reading()
        elif self.read_paused and not pauses:
            self.transport.resume_reading()
        self.read_paused = pauses

    async def serve(self, receiver: Receiver) -> None:
        self._receiver = receiver
        cast(Inbox, self.queue).waiter = self
        self._deliver()

    def arrived(self) -> None:
        # Not at once: uvicorn is in the midst of something.
        self.loop.call_soon(self._deliver)

    def _deliver(self, _busy: object = None) -> None:
        """Pass on what came before there was a receiver, and the end of the connection; then read on."""
        inbox = cast(Inbox, self.queue)
        while self._receiver and not inbox.empty() and self.writable.is_set():
            if self._busy and not self._busy.done():
                return
            event = inbox.get_nowait()
            if event["type"] == "websocket.receive":
                self._receive(self._receiver, event["text"])
            else:
                receiver, self._receiver, inbox.waiter = self._receiver, None, None
                receiver.left()
        if self._unparsed or self.read_paused:
            round_robin_of(self.loop).add(self)

    def _receive(self, receiver: Receiver, text: str | None) -> None:
        self._busy = receiver.receive(text)
        if self._busy:
            self._busy.add_done_callback(self._deliver)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._awaits_pong, self._unsent = False, None  # it reads: somebody is there
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
        """Drop a peer that since the last check has neither answered the ping nor, while so much waits for it
        that it is not read, taken anything of that."""
        if not self.writable.is_set():
            before, self._unsent = self._unsent, self._unsent_bytes()
            if before is not None and self._unsent >= before:
                self._reset()
        elif not self.read_paused:  # else the pong may be among what we have not read
            if self._awaits_pong:
                return self._reset()
            self._awaits_pong = True
            if not self.close_sent and not self.transport.is_closing():  # else it has as long to be gone
                self.transport.write(PING)

    def _unsent_bytes(self) -> int:
        """The bytes that the peer has not acknowledged. Those here alone would stay the same while it reads
        the megabytes that the kernel may hold."""
        in_kernel = bytearray(4)
        with contextlib.suppress(OSError):  # there is no such request on macOS
            descriptor = self.transport.get_extra_info("socket").fileno()
            fcntl.ioctl(descriptor, termios.TIOCOUTQ, in_kernel)  # tcp(7), SIOCOUTQ
        return self.transport.get_write_buffer_size() + int.from_bytes(in_kernel, sys.byteorder)

    def handle_ping(self) -> None:
        """It is answered together with the others of the turn."""

    def _answer_pings(self) -> None:
        # A write for each would keep 60 bytes for each pong of two bytes that its peer does not read.
        if (pongs := self.conn.data_to_send()) and not self.transport.is_closing():
            self.transport.write(b"".join(pongs))

    def handle_pong(self, event: websockets.frames.Frame) -> None:
        self._awaits_pong = False  # any will do: somebody is there

    def _reset(self) -> None:
        # Not close(), which would wait for a buffer that the dead peer never empties; and with a reset, or
        # the kernel would keep that buffer for it.
        self.stop_keepalive()
        self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET)
        self.transport.abort()

    def handle_cont(self, event: websockets.frames.Frame) -> None:
        # Joined as they come: a list of them could grow without end, as they may be empty.
        whole: Any = self.frames[0]
        if not isinstance(whole, bytearray):
            self.frames[0] = whole = cast(Any, bytearray(whole))
        whole += event.data
        if event.fin:
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        [data], self.frames = self.frames, []
        text = None
        if self.close_sent:
            return None
        if self.curr_msg_data_type == "text":
            try:
                text = data.decode()
            except UnicodeDecodeError:
                # uvicorn would log a traceback for what is only a client's mistake (RFC 6455, section 8.1).
                self.conn.send_close(1007)
                return self.handle_parser_exception()
        if self._receiver:
            self._receive(self._receiver, text)
        else:
            self.queue.put_nowait(cast(Any, {"type": "websocket.receive", "text": text}))
        return None


def _frame_size(data: bytes | memoryview) -> int:
    """The bytes of the masked frame that begins here (RFC 6455, section 5.2); 0: it is too soon to know."""
    if len(data) < 2:
        return 0
    match data[1] & 0x7F:
        case 127:
            return 14 + int.from_bytes(data[2:10], "big") if len(data) >= 10 else 0
        case 126:
            return 8 + int.from_bytes(data[2:4], "big") if len(data) >= 4 else 0
        case size:
            return 6 + size
