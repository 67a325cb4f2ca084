"""The load of many replies that are written at the same time, and what it costs."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import httpx

from chinwag.bench import chinwag as wire
from chinwag.bench.client import connected
from chinwag.bench.cpu import Cpu
from chinwag.db.pool import Connection
from tests.storm.streaming_reader import DraftClient, faults
from tests.storm.together import Together
from tests.support.timed import Way, order

READERS = 3
WARM_UP_SECONDS = 2.0
"""The time until all replies of a run are under way."""

PATIENCE_SECONDS = 30

COUNTERS = """
    select xact_commit, pg_current_wal_lsn() - '0/0'::pg_lsn as wal
    from pg_stat_database where datname = current_database()
"""

STORED = """
    select distinct on (thread_id) thread_id, content from message
    where role = 'assistant' order by thread_id, seq desc
"""


@dataclass
class Streams:
    """The measurements of one run of replies.

    Attributes:
        cpu: in percent of one core, by process.
    """

    replies: int = 0
    commits: float = 0
    wal: float = 0
    frames: int = 0
    gaps: int = 0
    latencies: list[float] = field(default_factory=list)
    cpu: Mapping[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Load:
    """Threads, their readers, and the servers that reply in them."""

    place: Together
    db: Connection
    http: httpx.AsyncClient
    postmaster: int
    threads: list[int]
    clients: list[DraftClient] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """Have all threads read inside the block, on the two servers that have a bot."""
        self.clients = [DraftClient() for _ in range(READERS * len(self.threads))]
        urls = [
            wire.socket_url(self.place.servers[1 + (number + thread) % 2].url, thread)
            for thread in self.threads
            for number in range(READERS)
        ]
        async with connected(self.clients, urls):
            yield

    async def ask(self, way: Way, rate: float, seconds: float) -> None:
        """Have a reply begin in each thread."""
        for client in self.clients:
            client.begin()

        async def ask(thread: int) -> None:
            url = f"{self.place.servers[0].url}/api/v1/threads/{thread}/messages"
            answer = await self.http.post(url, json={"content": order(way, rate, seconds)})
            answer.raise_for_status()

        for begin in range(0, len(self.threads), 4):  # not all at once, or one server would take all
            await asyncio.gather(*(ask(thread) for thread in self.threads[begin : begin + 4]))
            await asyncio.sleep(0.01)

    async def until_read(self) -> list[str]:
        """Wait until all readers have the stored replies; return what is wrong."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not all(one.is_complete for one in self.clients):
                    await asyncio.sleep(0.05)
        stored = {row["thread_id"]: row["content"] for row in await self.db.fetch(STORED)}
        return faults(self.clients, stored, [thread for thread in self.threads for _ in range(READERS)])

    async def measure(self, way: Way, rate: float, seconds: float) -> Streams:
        """Measure replies while all of them are under way."""
        await self.ask(way, rate, seconds)
        await asyncio.sleep(WARM_UP_SECONDS)
        cpu, began, before = self.cpu(), time.monotonic(), await self.db.fetchrow(COUNTERS)
        await asyncio.sleep(max(0.5, seconds - WARM_UP_SECONDS - 2))
        shares, elapsed = cpu.shares(), time.monotonic() - began
        after = await self.db.fetchrow(COUNTERS)
        assert before and after
        wrong = await self.until_read()
        return Streams(
            replies=len(self.threads),
            commits=(after["xact_commit"] - before["xact_commit"]) / elapsed,
            wal=float(after["wal"] - before["wal"]) / elapsed,
            frames=sum(one.frames for one in self.clients),
            gaps=sum(one.gaps for one in self.clients),
            latencies=[each for one in self.clients for each in one.latencies],
            cpu=shares,
            wrong=wrong,
        )

    def cpu(self) -> Cpu:
        names = ["server without a bot", "server 1", "server 2"]
        servers = dict(zip(names, ([one.process.pid] for one in self.place.servers), strict=True))
        return Cpu({**servers, "postgresql": [self.postmaster]})
