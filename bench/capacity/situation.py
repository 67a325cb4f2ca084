"""A situation: servers, sockets and messages at a steady rate, and what they use."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.growth.crowd import Crowd
from bench.growth.load import CONTENT, INSERT
from bench.wire import THREADS
from chinwag.bench.client import Client, connected
from chinwag.bench.cpu import cpu_seconds, postmaster_of

WARM_UP_SECONDS = 1.0
CONNECTIONS = 16
"""The connections over which rows are inserted."""

UNREAD = 100
"""The number of threads that nobody reads, the last ones. They are many: those who write to one thread wait
for one another."""

LIST_READY = b'{"type":"ready",'
WAL = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"


@dataclass(frozen=True)
class Situation:
    """What goes on, all the time.

    Attributes:
        servers: how many servers there are.
        threads: how many threads are read.
        readers: the sockets of each of these threads on each server.
        lists: the sockets of lists of threads on each server.
        typed: the messages a second that go to the threads in turn, through sockets of all servers.
        inserted: the messages a second that are inserted in SQL, one in a commit, into the threads in turn.
        unread: the same into threads that nobody reads.
    """

    title: str
    servers: int = 1
    threads: int = 1
    readers: int = 0
    lists: int = 0
    typed: float = 0
    inserted: float = 0
    unread: float = 0

    @property
    def messages(self) -> float:
        """The messages a second."""
        return self.typed + self.inserted + self.unread


@dataclass(frozen=True)
class Use:
    """What was used in a second.

    Attributes:
        server: the processor time of a server, the mean of all, in cores.
        database: that of PostgreSQL, in cores.
        wal: the bytes that PostgreSQL has written to its log.
        rate: the messages that were written.
    """

    server: float
    database: float
    wal: float
    rate: float


class ListReader(Client):
    """The list of threads in a browser, of which nothing is asked but that it is there."""

    def hear(self, payload: memoryview) -> None:
        if bytes(payload[: len(LIST_READY)]) == LIST_READY:
            self.become_ready()


async def measure(
    database_url: str, places: Sequence[tuple[int, str]], situation: Situation, seconds: float
) -> Use:
    """Keep up a situation for some seconds, and return what was used.

    Args:
        places: the process id and the URL of the WebSockets of each server.

    Raises:
        LoadFailed: a socket was lost, or did not get each message once and in order.
    """
    crowds = [Crowd(url) for _, url in places]
    lists = [[ListReader() for _ in range(situation.lists)] for _ in places]
    async with AsyncExitStack() as stack:
        for crowd, readers, (_, url) in zip(crowds, lists, places, strict=True):
            stack.callback(crowd.leave)
            for _ in range(situation.readers):
                await crowd.join(range(1, situation.threads + 1))
            await stack.enter_async_context(connected(readers, [url.removesuffix("/{thread}")]))
        for crowd in crowds:
            for socket in crowd.sockets:
                crowd.written[socket.thread] = socket.held
        connections: list[Any] = []
        for _ in range(CONNECTIONS):
            connections.append(await asyncpg.connect(database_url))
            stack.push_async_callback(connections[-1].close)
        return await _measure(connections, [pid for pid, _ in places], crowds, situation, seconds)


async def _measure(
    connections: Sequence[Any],
    servers: Sequence[int],
    crowds: Sequence[Crowd],
    situation: Situation,
    seconds: float,
) -> Use:
    authors = _Authors(connections, crowds, situation.threads)
    ways = [
        (situation.typed, authors.type),
        (situation.inserted, authors.insert),
        (situation.unread, authors.insert_unread),
    ]
    postmaster = postmaster_of(connections[0].get_server_pid())
    assert postmaster

    async def meters() -> tuple[float, ...]:
        wal = await connections[0].fetchval(WAL)
        seconds = cpu_seconds(servers) / len(servers), cpu_seconds([postmaster])
        return time.perf_counter(), *seconds, wal, authors.written

    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for rate, write in ways:
            if rate:
                group.create_task(_at_random(rate, write, stop, group))
        await asyncio.sleep(WARM_UP_SECONDS)
        before = await meters()
        await asyncio.sleep(seconds)
        after = await meters()
        stop.set()
    for crowd in crowds:
        await crowd.drain()
    took, *used = (end - begin for begin, end in zip(before, after, strict=True))
    return Use(*(one / took for one in used))


class _Authors:
    """Those who write, by typing in a browser or by inserting rows.

    Attributes:
        written: how many messages they have written.
    """

    def __init__(self, connections: Sequence[Any], crowds: Sequence[Crowd], threads: int) -> None:
        self.written = 0
        self._crowds = crowds
        self._free = asyncio.Queue[Any]()
        for connection in connections[1:]:
            self._free.put_nowait(connection)
        self._threads = itertools.cycle(range(1, threads + 1))
        self._unread = itertools.cycle(range(THREADS - UNREAD + 1, THREADS + 1))
        self._typing = itertools.cycle([socket for crowd in crowds for socket in crowd.sockets])
        self._ids = itertools.count(time.time_ns())

    async def type(self) -> None:
        socket = next(self._typing)
        self._expect(socket.thread)
        client_id = f"{next(self._ids):032x}"
        socket.send(b'{"content":"%s","client_id":"%s"}' % (CONTENT.encode(), client_id.encode()))

    async def insert(self) -> None:
        await self._insert_into(next(self._threads))

    async def insert_unread(self) -> None:
        await self._insert_into(next(self._unread))

    async def _insert_into(self, thread: int) -> None:
        connection = await self._free.get()
        self._expect(thread)
        await connection.execute(INSERT, thread, CONTENT)
        self._free.put_nowait(connection)

    def _expect(self, thread: int) -> None:
        self.written += 1
        for crowd in self._crowds:
            crowd.writing(thread)


async def _at_random(
    rate: float,
    write: Callable[[], Coroutine[None, None, None]],
    stop: asyncio.Event,
    group: asyncio.TaskGroup,
) -> None:
    """Begin to write at random moments, as people do who know nothing of one another (a Poisson process)."""
    due = time.perf_counter()
    while not stop.is_set():
        due += random.expovariate(rate)
        await asyncio.sleep(due - time.perf_counter())
        group.create_task(write())
