"""Browsers by the thousand in one process: WebSockets on picows, a compiled client."""

import asyncio
import contextlib
import itertools
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chinwag.errors import ChinwagError, LoadFailed

try:
    from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
except ImportError:
    raise ChinwagError("the load is made with picows: pip install 'chinwag[bench]'") from None

CONNECT_SECONDS = 30
"""A server that is asked by thousands at once may take long for one."""

AT_ONCE = 64
"""So many handshakes are under way at a time."""

CHEAP: dict[str, Any] = {
    "read_buffer_init_size": 2048,  # picows' own choice would be 80 MB for 5,000 sockets
    "logger_name": logging.getLogger(__name__),
    "use_aiofastnet": False,  # its create_connection is written in Python
}

RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s

CONTROL_BYTES = 125
"""No control frame is longer (RFC 6455, section 5.5)."""


def is_always_ready(_: memoryview) -> bool:
    return True


def has_no_answer(_: memoryview) -> bytes | None:
    return None


@dataclass(frozen=True)
class Wire:
    """How a server's text frames are read and written. Messages are numbered 1, 2, 3 … in each thread.

    Attributes:
        number: the number of the message in a frame; -1 or a ValueError for any other frame.
        encode: the frame by which a browser sends message number n.
        is_ready: whether a frame that is no message says that the socket is live.
        needs_ready: False: it is live when the handshake is done, and `is_ready` is not asked.
        answer: what must be answered to a frame that is no message, such as Socket.IO's own ping.
    """

    number: Callable[[memoryview], int]
    encode: Callable[[int], bytes]
    is_ready: Callable[[memoryview], bool] = is_always_ready
    needs_ready: bool = True
    answer: Callable[[memoryview], bytes | None] = has_no_answer


class Client(WSListener):
    """One socket. `held` is the number of the message that it got last.

    Of the frames that come in one read only the last is parsed, unless they are so short that they may be
    control frames: the load must cost less than what it measures.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.held = 0
        self.missed = 0
        """How many messages did not come, or not in order."""
        self.lost = ""
        """Why the connection was lost, if it was."""
        self.transport: WSTransport | None = None
        self._unparsed = 0
        self._ready = asyncio.get_running_loop().create_future()

    async def connect(self, url: str) -> None:
        """Returns when it is live.

        Raises:
            LoadFailed: it is not.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await open_socket(self, url, CONNECT_SECONDS)
                await self._ready
        except (OSError, TimeoutError, WSError) as error:
            raise LoadFailed(f"{url}: {error or 'no answer'}") from None

    @property
    def is_live(self) -> bool:
        return self.transport is not None and self._ready.done()

    def send(self, number: int) -> None:
        assert self.transport
        self.transport.send(WSMsgType.TEXT, self.wire.encode(number))

    def drop(self) -> None:
        """End the connection with a reset: after a close, its port would not be free for a minute."""
        if transport := self.transport:
            self.transport = None
            reset(transport)

    def take(self, first: int, last: int) -> None:
        """Called with the numbers of the messages that one read has brought."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        if not self.wire.needs_ready:
            self._become_ready()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._unparsed += 1
        if frame.last_in_buffer or frame.payload_size <= CONTROL_BYTES:
            self._parse(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.transport is transport:
            self.transport = None
            self.lost = self.lost or "the connection was lost"
        if not self._ready.done():
            self._ready.set_exception(LoadFailed(self.lost or "the connection was lost"))

    def _parse(self, transport: WSTransport, frame: WSFrame) -> None:
        unparsed, self._unparsed = self._unparsed, 0
        number = self._number(frame)
        if number < 0:
            if unparsed > 1:
                self._advance(self.held + unparsed - 1)
            return self._take_other(transport, frame)
        # Fewer than `unparsed` are no fault: a long frame among them may have been no message.
        self.missed += max(0, number - self.held - unparsed)
        self.missed += number <= self.held
        self._advance(number)

    def _number(self, frame: WSFrame) -> int:
        try:
            return self.wire.number(frame.get_payload_as_memoryview())
        except ValueError:
            return -1

    def _advance(self, number: int) -> None:
        first, self.held = self.held + 1, number
        self.take(first, number)

    def _take_other(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self.lost = f"closed with {frame.get_close_code()} {frame.get_close_reason()}"
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            payload = frame.get_payload_as_memoryview()
            if answer := self.wire.answer(payload):
                transport.send(WSMsgType.TEXT, answer)
            if self.wire.needs_ready and self.wire.is_ready(payload):
                self._become_ready()

    def _become_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)


async def open_socket(listener: WSListener, url: str, limit: float, receive_bytes: int = 0) -> WSTransport:
    """Open a TCP connection and shake hands within `limit` seconds. `receive_bytes` is the size of the
    kernel's buffer, 0 for its own choice.

    Raises:
        OSError, TimeoutError, WSError: it did not work.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    # Of a handshake that is cancelled, picows keeps the connection open; one that times out it drops.
    async with asyncio.timeout_at(deadline):
        end = await _connect_tcp(url, receive_bytes)
    transport, _ = await ws_connect(
        lambda: listener,
        url,
        socket_factory=lambda _: end,
        websocket_handshake_timeout=max(0.0, deadline - loop.time()),
        enable_auto_pong=False,  # it would hide that a read has ended with a ping
        **CHEAP,
    )
    return transport


def reset(transport: WSTransport) -> None:
    """Lose a connection as a network does: at once, and without a word of the protocol."""
    connection = transport.underlying_transport
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.abort()


async def connect_all(clients: Sequence[Client], urls: Sequence[str], at_once: int = AT_ONCE) -> None:
    """Connect each client to the URL at its place; when `urls` are fewer, they are used in turn.

    Raises:
        LoadFailed: one could not be connected.
    """
    todo = zip(clients, itertools.cycle(urls), strict=False)

    async def work() -> None:
        for client, url in todo:
            await client.connect(url)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(clients))):
            group.create_task(work())


@contextlib.asynccontextmanager
async def connected(clients: Sequence[Client], urls: Sequence[str]) -> AsyncIterator[None]:
    """Connected inside the block, gone after it."""
    try:
        await connect_all(clients, urls)
        yield
    finally:
        for client in clients:
            client.drop()


async def _connect_tcp(url: str, receive_bytes: int) -> socket.socket:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
    end = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    end.setblocking(False)
    if receive_bytes:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    try:
        await asyncio.get_running_loop().sock_connect(end, (host, port))
    except BaseException:
        end.close()
        raise
    return end
