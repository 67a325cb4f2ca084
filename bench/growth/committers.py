"""Writers in SQL, each in a thread of its own, so that they compete only for the commit."""

import asyncio
import statistics
import time
from collections.abc import Iterable
from typing import Any

import asyncpg

from bench.growth.crowd import LIMIT_SECONDS, Crowd
from bench.growth.load import CONTENT, INSERT, WARM_UP_SECONDS, pace
from chinwag.bench.cpu import cpu_seconds
from chinwag.errors import LoadFailed

WRITERS = 8
CHANNEL = "chinwag"

BACKENDS = "select pid from pg_stat_activity where backend_type in ('client backend', 'walsender')"
STORED = "select thread_id, count(*) from message group by thread_id having count(*) = max(seq)"


class Committers:
    """Writers to the threads 1, 2, 3 … What the sockets of `crowd` should get of it is awaited there."""

    def __init__(self, database_url: str, crowd: Crowd, listen_url: str) -> None:
        """
        Args:
            listen_url: where messages are notified.
        """
        self._url = database_url
        self._crowd = crowd
        self._listen_url = listen_url
        self._connections: list[Any] = []
        self._commits = 0

    async def open(self) -> None:
        for _ in range(WRITERS):
            self._connections.append(await asyncpg.connect(self._url))

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    async def flood(self, servers: Iterable[int], seconds: float) -> dict[str, float]:
        """Measure the commits a second, and the CPU time in µs of each: that of PostgreSQL's processes for
        its connections, and that of the servers with these process ids."""
        stop = asyncio.Event()
        backends = [row["pid"] for row in await self._connections[0].fetch(BACKENDS)]
        groups = {"database_us": backends, "servers_us": list(servers)}
        async with asyncio.TaskGroup() as group:
            for thread in range(1, WRITERS + 1):
                group.create_task(self._work(thread, stop))
            await asyncio.sleep(WARM_UP_SECONDS)
            began, before = time.perf_counter(), self._commits
            used = {name: cpu_seconds(pids) for name, pids in groups.items()}
            await asyncio.sleep(seconds)
            commits, elapsed = max(1, self._commits - before), time.perf_counter() - began
            cpu = {name: (cpu_seconds(pids) - used[name]) / commits * 1e6 for name, pids in groups.items()}
            stop.set()
        await self._crowd.drain()
        await self._check()
        return {"rate": commits / elapsed, **cpu}

    async def latencies(self, seconds: float) -> dict[str, float]:
        """Measure the time from the INSERT to a bare connection that LISTENs, and to the socket: medians in
        ms."""
        heard: asyncio.Queue[float] = asyncio.Queue()
        taken = []

        async def write() -> None:
            began = time.perf_counter()
            self._crowd.writing(1, is_timed=True)
            await self._connections[0].execute(INSERT, 1, CONTENT)
            async with asyncio.timeout(LIMIT_SECONDS):
                taken.append(await heard.get() - began)

        def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            if str(payload).startswith("1 "):  # of the thread that is written to, and not what servers tell
                heard.put_nowait(time.perf_counter())

        listener: Any = await asyncpg.connect(self._listen_url)
        try:
            await listener.add_listener(CHANNEL, hear)
            await pace(self._crowd, write, seconds)
        finally:
            await listener.close()
        socket = self._crowd.take_latencies()["median_ms"]
        return {"listen_ms": statistics.median(taken) * 1000, "socket_ms": socket}

    async def write_to(self, thread: int) -> None:
        await self._connections[0].execute(INSERT, thread, CONTENT)

    async def _work(self, thread: int, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._crowd.writing(thread)
            await self._connections[thread - 1].execute(INSERT, thread, CONTENT)
            self._commits += 1

    async def _check(self) -> None:
        stored = dict(await self._connections[0].fetch(STORED))
        if any(stored.get(thread) != self._crowd.written[thread] for thread in range(1, WRITERS + 1)):
            raise LoadFailed("not every message was stored")
