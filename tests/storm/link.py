"""The network between a server and a PostgreSQL, which can swallow everything without a word."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Link:
    """A link that forwards TCP connections from a local port to `target` while it is `open`.

    While it is not open, both sides believe that they are connected, and nothing moves: a black hole.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.open = asyncio.Event()
        self.open.set()
        self._pairs: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Forward inside the block, and give the block the port."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.cut()

    def forget(self) -> None:
        """Let the present connections hang for ever, while new ones work, as after the restart of a
        firewall."""
        self.open.clear()
        self.open = asyncio.Event()
        self.open.set()

    def resume(self) -> None:
        """Let everything move again."""
        self.open.set()

    def cut(self) -> None:
        """Break every connection, while new ones work."""
        self.open.set()
        for pair in self._pairs:
            pair.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = asyncio.create_task(self._join(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gate = self.open
        try:
            await gate.wait()
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
                try:
                    ways = [self._pump(gate, reader, far_writer), self._pump(gate, far_reader, writer)]
                    tasks = [asyncio.create_task(way) for way in ways]
                    try:
                        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for task in tasks:
                            task.cancel()
                        await asyncio.gather(*tasks, return_exceptions=True)
                finally:
                    far_writer.transport.abort()
        finally:
            writer.transport.abort()

    async def _pump(
        self, gate: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            await gate.wait()
            writer.write(data)
            await writer.drain()
