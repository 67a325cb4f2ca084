"""The WebSocket client of all load generators.

It is made with picows, which is compiled, so that one process can be thousands of browsers. It shares no
code with the server and knows no frames: a subclass does.
"""

import asyncio
import contextlib
import itertools
import logging
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from chinwag.errors import ChinwagError, LoadFailed

try:
    from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
except ImportError:
    raise ChinwagError("the load is made with picows: pip install 'chinwag[bench]'") from None

CONNECT_SECONDS = 30
"""A server that thousands of clients ask at once may take long to answer one of them."""

AT_ONCE = 64
"""The number of handshakes that are under way at a time."""

CHEAP: dict[str, Any] = {
    "read_buffer_init_size": 2048,  # picows' own choice would be 80 MB for 5,000 sockets
    "logger_name": logging.getLogger(__name__),
    "use_aiofastnet": False,  # its create_connection is written in Python
}

RESET = struct.pack("ii", 1, 0)  # socket(7): linger on, for 0 s


class ConnectionLost(Exception):
    """There is no connection any more, or there has never been one."""


class Client(WSListener):
    """One WebSocket. `hear` is called with each text frame, and calls `become_ready` when the server has
    said that the socket is live; a subclass knows the frames.

    Attributes:
        headers: the fields that it adds to its handshake, such as a cookie.
        transport: None while there is no connection.
        is_ready: whether the current connection is or was live.
        close_code: the code with which the server has closed the last connection; 0 if it was lost
            without one.
        lost: the reason why the connection was lost, if it was.
    """

    headers: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.transport: WSTransport | None = None
        self.is_ready = False
        self.close_code = 0
        self.lost = ""
        self._heard = asyncio.Event()

    @property
    def is_live(self) -> bool:
        return self.transport is not None and self.is_ready

    async def connect(self, url: str, limit: float = CONNECT_SECONDS, receive_bytes: int = 0) -> None:
        """Connect, and return when the socket is live.

        Args:
            limit: the time for the handshake, and from then on between two frames, in seconds.
            receive_bytes: the size of the kernel's buffer; 0 for its own choice.

        Raises:
            OSError, TimeoutError, WSError, ConnectionLost: it is not live.
        """
        self.is_ready, self.close_code, self.lost = False, 0, ""
        transport = await open_socket(self, url, limit, receive_bytes, self.headers)
        try:
            while not self.is_ready:
                if self.transport is not transport:
                    raise ConnectionLost(self.lost)
                await self._wait_for_frame(limit)
        except BaseException:
            transport.disconnect(graceful=False)
            raise

    def send(self, frame: bytes) -> None:
        """Send a text frame.

        Raises:
            ConnectionLost: there is no connection.
        """
        if self.transport is None:
            raise ConnectionLost(self.lost or "there is no connection")
        self.transport.send(WSMsgType.TEXT, frame)

    def drop(self) -> None:
        """End the connection with a reset, as a lost network does: at once, and without a word of the
        protocol.

        After an ordinary close, the port would not be free for a minute.
        """
        if transport := self.transport:
            self.transport = None
            connection = transport.underlying_transport
            connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.abort()

    def hear(self, payload: memoryview) -> None:
        """Take a text frame."""

    def become_ready(self) -> None:
        self.is_ready = True

    def note_frame(self) -> None:
        """Give the server more time for its next frame: each frame before the socket is live does so."""
        self._heard.set()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.hear(frame.get_payload_as_memoryview())
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self.close_code = int(frame.get_close_code().value)
            self.lost = f"closed with {self.close_code} {frame.get_close_reason() or ''}".rstrip()
            transport.disconnect()
        self.note_frame()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.transport is transport:
            self.transport = None
            self.lost = self.lost or "the connection was lost"
            self._heard.set()

    async def _wait_for_frame(self, limit: float) -> None:
        """Wait for a frame or for the end of the connection."""
        self._heard.clear()
        try:
            async with asyncio.timeout(limit):
                await self._heard.wait()
        except TimeoutError:
            if not self._heard.is_set():  # the frame was late, and not this process
                raise


async def open_socket(
    listener: WSListener,
    url: str,
    limit: float,
    receive_bytes: int = 0,
    headers: Mapping[str, str] | None = None,
) -> WSTransport:
    """Open a TCP connection and shake hands within `limit` seconds.

    Args:
        receive_bytes: the size of the kernel's buffer; 0 for its own choice.
        headers: fields that are added to the handshake.

    Raises:
        OSError, TimeoutError, WSError: the connection or the handshake failed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit
    # If a handshake is cancelled, picows keeps the connection open; if it times out, picows drops it.
    async with asyncio.timeout_at(deadline):
        end = await _connect_tcp(url, receive_bytes)
    transport, _ = await ws_connect(
        lambda: listener,
        url,
        socket_factory=lambda _: end,
        websocket_handshake_timeout=max(0.0, deadline - loop.time()),
        extra_headers=headers,
        enable_auto_pong=False,  # an automatic pong would hide that a read has ended with a ping
        **CHEAP,
    )
    return transport


async def connect_all(clients: Sequence[Client], urls: Sequence[str], at_once: int = AT_ONCE) -> None:
    """Connect each client to the URL at its place. If there are fewer URLs, they are used again.

    Raises:
        LoadFailed: a client could not be connected.
    """
    todo = zip(clients, itertools.cycle(urls), strict=False)

    async def work() -> None:
        for client, url in todo:
            try:
                await client.connect(url)
            except (OSError, TimeoutError, WSError, ConnectionLost) as error:
                raise LoadFailed(f"{url}: {error or 'no answer'}") from None

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(clients))):
            group.create_task(work())


@contextlib.asynccontextmanager
async def connected(clients: Sequence[Client], urls: Sequence[str]) -> AsyncIterator[None]:
    """Keep all clients connected inside the block, and drop their connections at its end."""
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
