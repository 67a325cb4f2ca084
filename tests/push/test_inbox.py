"""Frames are taken a few at a time, however many have been read at once."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, cast

import pytest
import uvicorn

from chinwag.push.connection import EXTENSION
from chinwag.push.uvicorn.http import BoundedHttpProtocol, ConnectionLimits
from chinwag.push.uvicorn.incoming import FRAMES_A_TURN
from chinwag.push.uvicorn.protocol import UvicornConnection
from tests.storm.flooding import BINARY, TEXT, frame
from tests.support.client import LIMIT_SECONDS, hang_up
from tests.support.handshake import handshake


class Recorder:
    """A handler that notes what came, and in which iteration of the event loop."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []
        self.iterations: Counter[int] = Counter()
        self.iteration = 0
        self.gone = asyncio.Event()
        self._count()

    def receive(self, text: str | None) -> None:
        self.texts.append(text)
        self.iterations[self.iteration] += 1

    def stop(self) -> None:
        """Do nothing: the server does not stop."""

    def left(self) -> None:
        self.gone.set()

    def _count(self) -> None:
        self.iteration += 1
        if not self.gone.is_set():
            asyncio.get_running_loop().call_soon(self._count)


@contextlib.asynccontextmanager
async def connected(recorder: Recorder) -> AsyncIterator[asyncio.StreamWriter]:
    """Connect a client to a server that has nothing but our protocol and the recorder."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await scope["extensions"][EXTENSION].serve(recorder)

    config = uvicorn.Config(
        app,
        http=cast(Any, partial(BoundedHttpProtocol, limits=ConnectionLimits(20, 100))),
        ws=UvicornConnection,
        ws_max_size=100_000,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as address:
        serving = asyncio.create_task(server.serve([address]))
        reader, writer = await asyncio.open_connection(*address.getsockname())
        writer.write(handshake("/"))
        await reader.readuntil(b"\r\n\r\n")
        yield writer
        await hang_up(writer)
        server.should_exit = True
        await serving


async def test_of_many_frames_a_few_are_taken_in_an_iteration() -> None:
    recorder, count = Recorder(), 20_000
    async with asyncio.timeout(LIMIT_SECONDS), connected(recorder) as writer:
        writer.write(b"".join(frame(b"%d" % number) for number in range(count)) + frame(b"\x03\xe8", 8))
        await recorder.gone.wait()
    assert recorder.texts == [f"{number}" for number in range(count)]
    # Those of a read that is small, and those of a turn.
    assert max(recorder.iterations.values()) <= 2 * FRAMES_A_TURN


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000, 5000, 10**6])
async def test_frames_of_all_sizes_in_pieces_of_all_sizes(step: int) -> None:
    recorder = Recorder()
    sizes = [0, 1, 125, 126, 127, 300] if step < 1000 else [0, 1, 125, 126, 65_535, 65_536, 90_000, 5]
    data = b"".join(frame(b"x" * size) + frame(b"", 9) for size in sizes)
    data += frame(b"ab", final=False) + frame(b"", 0, final=False) + frame(b"c", 0) + frame(b"y", BINARY)
    data += frame(b"in", TEXT, final=False) + frame(b"ping", 9) + frame(b" pieces", 0) + frame(b"", 8)
    async with asyncio.timeout(LIMIT_SECONDS), connected(recorder) as writer:
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            await asyncio.sleep(0)
        await recorder.gone.wait()
    assert recorder.texts == [*("x" * size for size in sizes), "abc", None, "in pieces"]
