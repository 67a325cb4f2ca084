"""A WebSocket client that follows the protocol as the browser does, and keeps all that it gets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.process import Server

LIMIT_SECONDS = 20
"""The longest that any test waits for a signal."""

Frame = dict[str, Any]


class Client:
    """One connection. `frames` holds every frame in the order in which it came."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self.raw: list[str] = []
        self._arrived = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def messages(self) -> list[Frame]:
        return [frame["data"] for frame in self.frames if frame["type"] == "message"]

    @property
    def seqs(self) -> list[int]:
        return [message["seq"] for message in self.messages]

    async def send(self, content: str, client_id: UUID | None = None) -> UUID:
        client_id = client_id or uuid4()
        await self.connection.send(json.dumps({"content": content, "client_id": str(client_id)}))
        return client_id

    async def until(self, holds: Callable[[list[Frame]], object], limit: float = LIMIT_SECONDS) -> None:
        """Wait until a condition holds for the frames."""
        async with asyncio.timeout(limit), self._arrived:
            await self._arrived.wait_for(lambda: holds(self.frames))

    async def frame(self, type: str, where: Callable[[Frame], object] = lambda data: True) -> Frame:
        """Wait for the first frame of a type, and return its data."""

        def found() -> list[Frame]:
            wanted = [one.get("data", {}) for one in self.frames if one["type"] == type]
            return [data for data in wanted if where(data)]

        await self.until(lambda _: found())
        return found()[0]

    async def until_seq(self, seq: int, limit: float = LIMIT_SECONDS) -> None:
        """Wait for a message and all before it. This fails at once if a message is missing, comes twice or
        out of order."""
        await self.until(lambda frames: frames and self.seqs and self.seqs[-1] >= seq, limit)
        assert self.seqs == list(range(self.seqs[0], self.seqs[0] + len(self.seqs)))

    async def closed(self) -> int:
        """Wait until the connection is closed, and return the code of the close."""
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.connection.wait_closed()
        code = self.connection.close_code
        assert code is not None
        return code

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                assert isinstance(text, str)
                async with self._arrived:
                    self.raw.append(text)
                    self.frames.append(json.loads(text))
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass  # asked for with closed()

    async def end(self) -> None:
        await self.connection.close()
        await self._reading


@asynccontextmanager
async def open_thread(
    server: Server, thread: int | str, after: int | str | None = None, **options: Any
) -> AsyncIterator[Client]:
    """Connect a client to a thread. It is live after its `ready` frame has come."""
    query = "" if after is None else f"?after={after}"
    async with _open(f"{server.websocket_url}/api/v1/ws/threads/{thread}{query}", options) as client:
        yield client


@asynccontextmanager
async def open_list(server: Server, **options: Any) -> AsyncIterator[Client]:
    """Connect a client to the list of threads."""
    async with _open(f"{server.websocket_url}/api/v1/ws/threads", options) as client:
        await client.frame("ready")
        yield client


@asynccontextmanager
async def _open(url: str, options: dict[str, Any]) -> AsyncIterator[Client]:
    connection = await connect(url, max_size=None, proxy=None, open_timeout=LIMIT_SECONDS, **options)
    client = Client(connection)
    try:
        yield client
    finally:
        await client.end()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Drop a connection, and wait until its socket is closed."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
