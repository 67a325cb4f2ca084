"""An endpoint of language models that misbehaves on purpose, as the name of the model says, or, where that is
`as-told`, the last message (tests.support.endpoint_modes).

In a test it runs in the test's own event loop. For load it is a process of its own, which writes its URL, and
tells at /asked what it was asked:

    python -m tests.support.endpoint --port 8099
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

from tests.support.endpoint_answer import Answering, Asked
from tests.support.endpoint_modes import MODES, tokens


class FakeEndpoint:
    """The endpoint, while it runs.

    Attributes:
        asked: the requests, in their order.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.port = 0
        self._changed = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def until(self, holds: Callable[[list[Asked]], object], seconds: float = 20) -> None:
        """Wait until something holds of the requests."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: holds(self.asked))

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["FakeEndpoint"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer a request, and return whether another may follow."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if head[0].startswith("GET /asked "):
            told = json.dumps([asdict(one) for one in self.asked]).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))
            return True
        request = json.loads(body)
        model = request["model"]
        if model == "as-told":
            model = request["messages"][-1]["content"]
        asked = Asked(model, headers, request)
        before = sum(one.model == asked.model for one in self.asked)
        self.asked.append(asked)
        await self._tell()
        mode = tokens if asked.model.startswith("tokens-") else MODES[asked.model]
        answering = asyncio.ensure_future(mode(Answering(asked, writer, before)))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
            return asked.is_finished and not leaving.done() and await _stop(leaving)
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
            asked.closed = time.monotonic()
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _stop(leaving: "asyncio.Future[bytes]") -> bool:
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    return True


async def _main(port: int) -> None:
    async with FakeEndpoint().running(port) as endpoint:
        sys.stdout.write(f"{endpoint.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0)
    asyncio.run(_main(arguments.parse_args().port))
