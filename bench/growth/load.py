"""Messages for a crowd: as many as it takes, or one at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.growth.crowd import Crowd
from chinwag.bench.cpu import cpu_seconds

CONTENT = "The quick brown fox jumps over the lazy dog, and over the lazy dog."
INSERT = "insert into message (thread_id, content) values ($1, $2)"
WARM_UP_SECONDS = 0.25
"""The time before anything is counted, in which statements are prepared and caches are filled."""
RATE = 20
"""Messages a second while latency is measured: so few that none waits for another."""
FEWEST = 5
"""The fewest messages of which a median is taken."""

Write = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Flow:
    """The counts of the time in which a server was kept busy."""

    deliveries: int
    seconds: float
    server: float
    """The seconds of CPU time of the server."""
    load: float
    """The seconds of CPU time of this process, which holds the sockets."""

    @property
    def rate(self) -> float:
        """The deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def values(self) -> dict[str, float]:
        """Return the values by the keys of the figures."""
        return {
            "rate": self.rate,
            "cpu_us": self.server / max(1, self.deliveries) * 1e6,
            "server_share": 100 * self.server / self.seconds,
            "load_share": 100 * self.load / self.seconds,
        }


class Writers:
    """Connections to the database that insert into one thread, one message in a commit."""

    def __init__(self, url: str, thread: int, content: str = CONTENT) -> None:
        self.thread = thread
        self._url = url
        self._content = content
        self._stack = AsyncExitStack()

    async def open(self, count: int) -> list[Write]:
        return [self._write(await self._connect()) for _ in range(count)]

    async def __aenter__(self) -> "Writers":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _connect(self) -> Any:
        connection = await asyncpg.connect(self._url)
        self._stack.push_async_callback(connection.close)
        return connection

    def _write(self, connection: Any) -> Write:
        return lambda: connection.execute(INSERT, self.thread, self._content)


async def flood(
    crowd: Crowd, thread: int, writes: Sequence[Write], *, pid: int, seconds: float, in_flight: int
) -> Flow:
    """Insert as fast as the crowd takes it, at most `in_flight` messages ahead of the sockets."""
    stop = asyncio.Event()
    readers = sum(socket.thread == thread for socket in crowd.sockets)

    async def work(write: Write) -> None:
        while not stop.is_set():
            await crowd.all_but((in_flight - 1) * readers)
            crowd.writing(thread)
            await write()

    async with asyncio.TaskGroup() as group:
        for write in writes:
            group.create_task(work(write))
        flow = await count(crowd, pid, seconds)
        stop.set()
    await crowd.drain()
    return flow


async def count(crowd: Crowd, pid: int, seconds: float) -> Flow:
    """Count what arrives in some seconds, after the warm-up."""
    await asyncio.sleep(WARM_UP_SECONDS)
    began, arrived = time.perf_counter(), crowd.arrived
    server, load = cpu_seconds([pid]), time.process_time()
    await asyncio.sleep(seconds)
    return Flow(
        deliveries=crowd.arrived - arrived,
        seconds=time.perf_counter() - began,
        server=cpu_seconds([pid]) - server,
        load=time.process_time() - load,
    )


async def pace(crowd: Crowd, write: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Write at an even pace, but no message before the last one has arrived everywhere. `write` tells the
    crowd."""
    began = time.perf_counter()
    for number in range(max(FEWEST, int(seconds * RATE))):
        late = number / RATE - (time.perf_counter() - began)
        if late < -seconds and number >= FEWEST:
            break  # what takes longer than the pace allows, is asked less often
        await asyncio.sleep(max(0, late))
        await write()
        await crowd.all_but(0)
    await crowd.drain()


async def paced_inserts(crowd: Crowd, thread: int, write: Write, seconds: float) -> dict[str, float]:
    """Measure the time from before the INSERT until the frame is read: the median and the 99th percentile in
    ms."""

    async def insert() -> None:
        crowd.writing(thread, is_timed=True)
        await write()

    await pace(crowd, insert, seconds)
    return crowd.take_latencies()
