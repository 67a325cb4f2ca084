"""One round with a team on one server: all join, are there, and hear of messages."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.growth.committers import BACKENDS
from bench.growth.crowd import CONNECTING, Crowd
from bench.growth.curve import Scale
from bench.growth.http import Http
from bench.growth.load import CONTENT
from bench.people.lists import Lists, in_ms
from bench.people.team import SEED, Team, headers_of
from chinwag.bench.cpu import cpu_seconds, resident_bytes
from chinwag.errors import LoadFailed

RATE = 50
"""Messages a second, each a commit of its own, to random threads."""
WARM_UPS = 20
"""The joins before anything is counted, in which the server loads what all connections share."""
SETTLE_SECONDS = 1.0
"""The time in which the server frees what handshakes leave behind, and tells who is there."""
PATH = "/api/v1/ws/threads"
PAGE = 50
"""The threads on a page of the list."""
MIB = 1024 * 1024

INSERT = "insert into message (thread_id, content, author) values ($1, $2, $3)"
SEQS = "select id, last_seq from thread"

Values = dict[str, float]


class Round:
    """What is measured in turn, on a server that has just started."""

    def __init__(self, team: Team, database: Any, pid: int, sockets_url: str, scale: Scale) -> None:
        """
        Args:
            database: a connection, with which messages are written.
            sockets_url: the URL of the WebSocket of a thread, with `{thread}` in it.
        """
        self._team = team
        self._database = database
        self._pid = pid
        self._seconds = scale.seconds
        self._repeats = scale.repeats
        self._settle = min(SETTLE_SECONDS, scale.seconds)
        netloc = urlsplit(sockets_url).netloc
        self._url = f"http://{netloc}"
        self._lists = Lists(f"ws://{netloc}{PATH}", team)
        self._crowd = Crowd(sockets_url)
        self._chance = random.Random(SEED)
        self._sees = team.sees()
        self._pids: list[int] = []
        """The processes of PostgreSQL's connections."""

    async def rush(self) -> Values:
        """Have all join at once, and again when the server knows them."""
        try:
            new = await self._join_at_once()
            rush_mib = resident_bytes([self._pid]) / MIB
            self._lists.leave()
            await asyncio.sleep(self._settle)
            known = await self._join_at_once()
        finally:
            self._lists.leave()
        return {f"new_{key}": value for key, value in new.items()} | {
            **{f"known_{key}": value for key, value in known.items()},
            "rush_mib": rush_mib,
        }

    async def measure(self) -> Values:
        """Have all join, a few at a time, and measure all the rest while they are there."""
        try:
            return await self._join() | await self._write() | await self._join_again() | self._read_lists()
        finally:
            self._lists.leave()
            self._crowd.leave()

    async def _join_at_once(self) -> Values:
        began = self._used()
        taken = await self._lists.join_all(len(self._team.accounts))
        used = self._used().since(began)
        return {
            "joins": len(taken) / used.seconds,
            "median_ms": in_ms(taken, 50),
            "p99_ms": in_ms(taken, 99),
            "share": 100 * used.server / used.seconds,
            "load_share": 100 * used.load / used.seconds,
        }

    async def _join(self) -> Values:
        """Connect the lists of all, and then a thread for each."""
        accounts = self._team.accounts
        for _ in range(WARM_UPS):
            await self._lists.join_one_more(accounts[0])
        alone = resident_bytes([self._pid])
        await self._lists.join_all(CONNECTING)
        await asyncio.sleep(self._settle)
        lists = resident_bytes([self._pid])
        threads = [self._chance.choice(sorted(self._sees[account])) for account in accounts]
        await self._crowd.join(threads, headers=[headers_of(account) for account in accounts])
        await asyncio.sleep(self._settle)
        both = resident_bytes([self._pid])
        return {
            "alone_mib": alone / MIB,
            "both_mib": both / MIB,
            "list_kib": (lists - alone) / 1024 / len(accounts),
            "thread_kib": (both - lists) / 1024 / len(accounts),
        }

    async def _write(self) -> Values:
        """Write at an even pace while all are there. What is used while nobody writes is not counted."""
        self._pids = [row["pid"] for row in await self._database.fetch(BACKENDS)]
        seqs = dict(await self._database.fetch(SEQS))
        self._lists.written.update(seqs)
        self._crowd.written.update(seqs)
        # One message in each thread first, for what the server then remembers of it.
        await self._insert(list(self._team.audiences), pause=0, is_timed=False)
        self._lists.forget()
        idle = self._used()
        await asyncio.sleep(self._seconds)
        idle = self._used().since(idle)
        threads = self._chance.choices(list(self._team.audiences), k=max(2, round(self._seconds * RATE)))
        pushed, began = self._crowd.arrived, self._used()
        elapsed = await self._insert(threads, pause=1 / RATE, is_timed=True)
        used, count = self._used().since(began), len(threads)
        heard, frames = self._lists.latencies(), self._crowd.take_latencies()
        return {
            "rate": count / elapsed,
            "list_deliveries": self._lists.deliveries / count,
            "thread_deliveries": (self._crowd.arrived - pushed) / count,
            "server_us": (used.server - idle.server * used.seconds / idle.seconds) / count * 1e6,
            "database_us": (used.database - idle.database * used.seconds / idle.seconds) / count * 1e6,
            "idle_share": 100 * idle.server / idle.seconds,
            "last_median_ms": in_ms(heard, 50),
            "last_p99_ms": in_ms(heard, 99),
            "frame_median_ms": frames["median_ms"],
            "frame_p99_ms": frames["p99_ms"],
            "load_share": 100 * used.load / used.seconds,
            "after_mib": resident_bytes([self._pid]) / MIB,
        }

    async def _join_again(self) -> Values:
        """Open another browser of one of them, while all are there."""
        several = self._chance.choices(self._team.accounts, k=self._repeats)
        taken = [await self._lists.join_one_more(account) for account in several]
        return {"one_median_ms": in_ms(taken, 50), "one_p99_ms": in_ms(taken, 99)}

    def _read_lists(self) -> Values:
        """Read the first page of the list over HTTP, one account after the other."""
        taken, threads, began = [], [], self._used()
        with Http(self._url) as http:
            for account in self._chance.choices(self._team.accounts, k=self._repeats):
                begun = time.perf_counter()
                page = http.threads(headers_of(account))
                taken.append(time.perf_counter() - begun)
                listed = {thread["id"] for thread in json.loads(page)}
                threads.append(len(listed))
                seen = self._sees[account]
                if not listed <= seen or len(listed) != min(len(seen), PAGE):
                    raise LoadFailed(f"account {account} has read the list of somebody else")
        used = self._used().since(began)
        return {
            "read_threads": statistics.median(threads),
            "read_median_ms": in_ms(taken, 50),
            "read_p99_ms": in_ms(taken, 99),
            "read_server_ms": used.server / len(taken) * 1000,
            "read_database_ms": used.database / len(taken) * 1000,
        }

    async def _insert(self, threads: Sequence[int], *, pause: float, is_timed: bool) -> float:
        """Insert a message into each of the threads, and wait until all have heard of all. Return for how
        many seconds was written."""
        began = time.perf_counter()
        for number, thread in enumerate(threads):
            await asyncio.sleep(max(0, began + number * pause - time.perf_counter()))
            author = self._chance.choice(self._team.audiences[thread])
            self._crowd.writing(thread, is_timed=is_timed)
            self._lists.writing(thread)
            await self._database.execute(INSERT, thread, CONTENT, author)
        elapsed = time.perf_counter() - began
        await self._crowd.drain()
        await self._lists.drain()
        return elapsed

    def _used(self) -> "Used":
        return Used(
            time.perf_counter(), cpu_seconds([self._pid]), cpu_seconds(self._pids), time.process_time()
        )


class Used(NamedTuple):
    """The time, and the seconds of CPU time of the server, of PostgreSQL's connections and of this
    process."""

    seconds: float
    server: float
    database: float
    load: float

    def since(self, earlier: "Used") -> "Used":
        return Used(*(now - then for now, then in zip(self, earlier, strict=True)))
