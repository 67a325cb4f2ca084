"""Incoming frames: a few are handled at a time, and only while the client reads what it is sent.

uvicorn's own protocol handles all the frames of a read at once, up to 40,000, and answers pings whether or
not the answers are read: a single WebSocket could stop the server and fill its memory. Here frames are given
to a handler without any task.
"""

import asyncio
import logging
from functools import cached_property
from typing import Any, cast

import uvicorn
import websockets.frames
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from chinwag.push.connection import InputHandler
from chinwag.push.round_robin import round_robin_of
from chinwag.push.uvicorn.inbox import Gate, Inbox
from chinwag.wire import CloseCode

FRAMES_A_TURN = 8
"""The number of frames of one WebSocket that are taken in an event-loop iteration."""

FRAMES_TO_DISCARD = 1000
"""The number of those that are dropped in an iteration after our close frame."""

MOST_DISCARDED = 10_000
"""Who sends more than these after our close frame is not waited for. After a flood they may be millions,
which would keep the server busy for seconds for nobody."""

BYTES_AT_ONCE = 4096
"""A longer read is not parsed at once, but in turns with all the connections that have sent as much
(chinwag.push.round_robin)."""


class FairProtocol(WebSocketsSansIOProtocol):
    """The receiving half of a WebSocket."""

    __slots__ = ("_busy", "_discarded", "_handler", "_rest_of_frame", "_to_discard", "_unparsed")

    logger = logging.getLogger("uvicorn.error")
    client = None  # uvicorn would show it in its own log

    def __init__(self, config: uvicorn.Config, server_state: ServerState) -> None:
        # Not uvicorn's own __init__: it makes a queue, an event and a parser for each WebSocket, which was a
        # tenth of what a handshake costs. Its attributes are set here.
        self.config = config
        self.app = config.loaded_app
        self.loop = asyncio.get_running_loop()
        self.connections = server_state.connections
        self.tasks = server_state.tasks
        self.default_headers = server_state.default_headers
        self.handshake_complete = False
        self.close_sent = False
        self.disconnected = False
        self.close_timer = None
        self.close_timeout = 10.0
        self.initial_response = None
        self.read_paused = False
        self.ping_interval = config.ws_ping_interval
        self.frames = []
        self.curr_msg_data_type = "bytes"
        self.queue = cast(Any, Inbox())
        self.writable = cast(Any, Gate())
        self._handler: InputHandler | None = None
        self._busy: asyncio.Future[Any] | None = None
        self._unparsed: bytes | memoryview = b""
        self._rest_of_frame = 0
        self._discarded = 0
        self._to_discard = 0  # bytes of a frame of which the beginning was dropped

    @cached_property
    def conn(self) -> ServerProtocol:  # type: ignore[override]
        """The parser of frames. Most browsers only listen, so it is made when the first frame comes."""
        return ServerProtocol(state=OPEN, max_size=self.config.ws_max_size, logger=self.logger)

    async def serve(self, handler: InputHandler) -> None:
        self._handler = handler
        cast(Inbox, self.queue).consumer = self
        self._deliver()

    def data_received(self, data: bytes) -> None:
        self._unparsed = b"".join((self._unparsed, data)) if self._unparsed else data
        if len(data) <= BYTES_AT_ONCE:
            self.take_turn()
        else:
            self.read_paused = True
            self.transport.pause_reading()
            round_robin_of(self.loop).add(self)

    def take_turn(self) -> None:
        """Take the next frames of what has been read. More is read when all of it has been taken."""
        if self.close_sent:
            self._discard()
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

    def _discard(self) -> None:
        """Drop what the client has sent before it has read our close frame, up to a close frame of its
        own."""
        if self._rest_of_frame or not self._may_take():
            return  # the parser has the beginning of it, or the client reads nothing
        data, start = memoryview(self._unparsed), self._to_discard
        for _ in range(FRAMES_TO_DISCARD):
            rest = data[start : start + 14]
            if not (size := _frame_size(rest)) or rest[0] & 0x0F == websockets.frames.Opcode.CLOSE:
                break
            start += size
            self._discarded += 1
        self._to_discard = max(0, start - len(data))
        self._unparsed = data[start:] if start < len(data) else b""
        if self._discarded > MOST_DISCARDED:
            self._reset()

    def _reset(self) -> None:
        """Drop the connection at once."""
        self.transport.abort()

    def _next_size(self) -> int:
        """Return the number of bytes up to the end of the next frame, whether they have been read already or
        not.

        0: no frame may be taken now, or only a part of its header has been read.
        """
        if not self._unparsed or not self._may_take():
            return 0
        return self._rest_of_frame or _frame_size(self._unparsed)

    def _may_take(self) -> bool:
        """Whether the handshake was answered, the handler has handled what came before, and the client has
        read what was sent to it."""
        if not self.handshake_complete or self.transport.is_closing() or not self.writable.is_set():
            return False
        if self.close_sent:
            return True  # nothing goes to the handler any more, and the client's close frame is still to come
        is_busy = self._busy is not None and not self._busy.done()
        return not is_busy and cast(Inbox, self.queue).empty()

    def _pause_or_resume_reading(self) -> None:
        if self.transport.is_closing():
            self._unparsed, self.read_paused = b"", False
            return
        pauses = bool(self._unparsed) and (not self._may_take() or self._next_size() > 0)
        if pauses and not self.read_paused:
            self.transport.pause_reading()
        elif self.read_paused and not pauses:
            self.transport.resume_reading()
        self.read_paused = pauses

    def resume_writing(self) -> None:
        super().resume_writing()
        self._deliver()

    def arrived(self) -> None:
        # Not at once, because uvicorn calls this in the middle of something.
        self.loop.call_soon(self._deliver)

    def _deliver(self, _busy: object = None) -> None:
        """Pass on what came before there was a handler, and the end of the connection; then read on."""
        inbox = cast(Inbox, self.queue)
        while self._handler and not inbox.empty() and self.writable.is_set():
            if self._busy and not self._busy.done():
                return
            event = inbox.get_nowait()
            if event["type"] == "websocket.receive":
                self._receive(self._handler, event["text"])
            else:
                handler, self._handler, inbox.consumer = self._handler, None, None
                handler.left()
        if self._unparsed or self.read_paused:
            round_robin_of(self.loop).add(self)

    def _receive(self, handler: InputHandler, text: str | None) -> None:
        self._busy = handler.receive(text)
        if self._busy:
            self._busy.add_done_callback(self._deliver)

    def handle_ping(self) -> None:
        """Do nothing: a ping is answered at the end of the turn, together with the others."""

    def _answer_pings(self) -> None:
        # They are joined: a write for each would keep 60 bytes for each pong of two bytes that is not read.
        if (pongs := self.conn.data_to_send()) and not self.transport.is_closing():
            self.transport.write(b"".join(pongs))

    def handle_cont(self, event: websockets.frames.Frame) -> None:
        # They are joined as they come: a list of them could grow without end, because they may be empty.
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
                self.conn.send_close(CloseCode.INVALID_TEXT)
                return self.handle_parser_exception()
        if self._handler:
            self._receive(self._handler, text)
        else:
            self.queue.put_nowait(cast(Any, {"type": "websocket.receive", "text": text}))
        return None


def _frame_size(data: bytes | memoryview) -> int:
    """Return the number of bytes of the masked frame that begins here (RFC 6455, section 5.2); 0 if too
    little of its header is there."""
    if len(data) < 2:
        return 0
    match data[1] & 0x7F:
        case 127:
            return 14 + int.from_bytes(data[2:10], "big") if len(data) >= 10 else 0
        case 126:
            return 8 + int.from_bytes(data[2:4], "big") if len(data) >= 4 else 0
        case size:
            return 6 + size
