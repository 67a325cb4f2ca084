"""An HTTP client that sends bytes as they are, right or wrong."""

import asyncio
import re
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.client import LIMIT_SECONDS, hang_up
from tests.support.process import Server

STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class RawConnection:
    """A TCP connection to a server, which is closed at the end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes, or as many of them as the server takes."""
        self._writer.write(data)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._writer.drain()
        except ConnectionError:
            pass

    async def until(self, end: bytes) -> bytes:
        """Wait for `end`, and return what has come up to it."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self._reader.readuntil(end)

    async def some(self, most: int) -> bytes:
        """Return the next bytes, up to a number; none at the end."""
        async with asyncio.timeout(LIMIT_SECONDS):
            return await self._reader.read(most)

    async def is_reset(self) -> bool:
        """Whether the server resets the connection while nothing of what it sends is read."""
        events = select.poll()
        events.register(self._writer.get_extra_info("socket").fileno(), 0)  # errors alone
        return bool(await asyncio.to_thread(events.poll, LIMIT_SECONDS * 1000))

    async def rest(self, limit: float = LIMIT_SECONDS) -> bytes:
        """Return all that comes until the server closes the connection, which it must do."""
        pieces = []
        try:
            async with asyncio.timeout(limit):
                while piece := await self._reader.read(65536):
                    pieces.append(piece)  # to add them up would copy megabytes for each
        except ConnectionError:
            pass
        return b"".join(pieces)


@asynccontextmanager
async def raw_connection(server: Server, receive_buffer: int | None = None) -> AsyncIterator[RawConnection]:
    """Open a connection. `receive_buffer` is the size of the system's buffer for what is not read, in
    bytes."""
    client = socket.socket()
    if receive_buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        yield RawConnection(reader, writer)
    finally:
        await hang_up(writer)


async def ask(server: Server, *pieces: bytes) -> bytes:
    """Send the pieces, and return all that comes until the server closes the connection."""
    async with raw_connection(server) as connection:
        for piece in pieces:
            await connection.send(piece)
        return await connection.rest()


def request(method: str, path: str, *fields: str, body: bytes = b"", host: str = "127.0.0.1") -> bytes:
    """Make a request with these fields. With a body it gets a Content-Length, unless a field frames the
    body."""
    names = {field.partition(":")[0].lower() for field in fields}
    if body and not names & {"content-length", "transfer-encoding"}:
        fields = (*fields, f"Content-Length: {len(body)}")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def statuses(received: bytes) -> list[int]:
    """Return the statuses of all answers, including those of `100 Continue`."""
    return [int(status) for status in STATUS_LINE.findall(received)]
