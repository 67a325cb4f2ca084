"""The load generator: a process of its own, which reads a Task from stdin and prints a Result.

Every socket must receive as many messages as were written, or there is no result.
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import msgspec
import uvloop
from picows import WSFrame

from bench.sockets import TaskClient
from bench.tally import Tally
from bench.wire import THREADS, Result, Task
from chinwag.bench.client import connect_all
from chinwag.bench.cpu import LOAD, Cpu, resident_bytes
from chinwag.errors import LoadFailed

WRITERS = 4
IN_FLIGHT = 100
"""The most messages by which the writers are ahead of the sockets: a server is kept busy, and not flooded."""
RATE = 200
"""Messages a second while latency is measured."""
CONNECTING = 50
"""The number of sockets that connect at the same time."""
WARM_UP = 0.25
"""The share of the seconds that passes before anything is counted."""
LIMIT_SECONDS = 60

PADDING = "The quick brown fox jumps over the lazy dog, twice."
INSERT = "insert into message (thread_id, content) select $1, unnest($2::text[])"


class Run:
    """One task while it is carried out."""

    def __init__(self, task: Task, stack: AsyncExitStack) -> None:
        self.task = task
        self.tally = Tally()
        self.sockets: list[TaskClient] = []
        self._stack = stack
        self._ids = itertools.count(1)
        self._cpu = Cpu({})
        self.load = self.server = 0.0

    async def fanout(self) -> dict[str, float]:
        await self._connect([1] * self.task.sockets, lambda _socket, _frame: self.tally.arrive())
        for socket in self.sockets:
            socket.only_count(self.tally)
        writers = [await self._writer(place) for place in range(WRITERS)]
        stop = asyncio.Event()

        async def write(writer: Callable[[list[str]], Awaitable[object]]) -> None:
            while not stop.is_set():
                await self.tally.until((self.tally.written + self.task.batch - IN_FLIGHT) * self.task.sockets)
                self.tally.written += self.task.batch
                await writer([self._content() for _ in range(self.task.batch)])

        async with asyncio.timeout(self.task.seconds + LIMIT_SECONDS), asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(write(writer))
            rate = await self._rate()
            stop.set()
        await self._until_all_arrived()
        return {"per_second": rate}

    async def ingest(self) -> dict[str, float]:
        """Measure messages a second: each socket sends its next message when the last one has come back."""
        stopped = False

        def take(socket: TaskClient, _frame: WSFrame) -> None:
            self.tally.arrive()
            if not stopped:
                send(socket)

        def send(socket: TaskClient) -> None:
            self.tally.written += 1
            socket.write(self._content(), self._client_id())

        await self._connect([place % THREADS + 1 for place in range(self.task.sockets)], take)
        for socket in self.sockets:
            send(socket)
        rate = await self._rate()
        stopped = True
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.tally.until(self.tally.written)
        return {"per_second": rate}

    async def latency(self) -> dict[str, float]:
        """Measure the time from the moment at which a message is sent, as an INSERT or through a socket, to
        its frame."""
        sent: list[float] = []
        taken: list[float] = []
        seconds = self.task.seconds * (1 + WARM_UP)
        first = int(self.task.seconds * WARM_UP * RATE)

        def take(payload: bytes) -> None:
            at = payload.index(b"@") + 1
            number = int(payload[at : at + 8])
            if number >= first:
                taken.append(time.perf_counter() - sent[number])
            self.tally.arrive()

        if self.task.dialect == "listen":
            await self._listen(lambda *arguments: take(str(arguments[3]).encode()))
        else:
            await self._connect(
                [1] * self.task.sockets, lambda _socket, frame: take(frame.get_payload_as_bytes())
            )
        write = await self._writer(0)
        self._begin()
        began = time.perf_counter()
        for number in range(int(seconds * RATE)):
            await asyncio.sleep(max(0, began + number / RATE - time.perf_counter()))
            sent.append(time.perf_counter())
            self.tally.written += 1
            await write([f"@{number:08}@ {PADDING}"])
        self._end()
        await self._until_all_arrived()
        percentiles = statistics.quantiles(taken, n=100, method="inclusive")
        return {"median_ms": percentiles[49] * 1000, "p99_ms": percentiles[98] * 1000}

    async def connections(self) -> dict[str, float]:
        """Measure handshakes and the memory of idle sockets. The first tenth of them pays for what all
        share, and is not counted."""

        def take(_socket: TaskClient, _frame: WSFrame) -> None:
            raise LoadFailed("a message arrived that nobody has written")

        threads = [place % THREADS + 1 for place in range(self.task.sockets)]
        warm_up = max(1, self.task.sockets // 10)
        await self._connect(threads[:warm_up], take)
        memory = resident_bytes([self.task.pid])
        self._begin()
        began = time.perf_counter()
        await self._connect(threads, take)
        seconds = time.perf_counter() - began
        self._end()
        await asyncio.sleep(min(0.5, self.task.seconds))  # what handshakes leave behind, may be freed
        used = (resident_bytes([self.task.pid]) - memory) / 1024
        return {"per_second": self.task.sockets / seconds, "kib": used / self.task.sockets}

    async def _connect(self, threads: list[int], take: Callable[[TaskClient, WSFrame], None]) -> None:
        """Connect sockets to these threads, and return when all are ready."""
        sockets = [TaskClient(self.task, thread, take) for thread in threads]
        await connect_all(sockets, [socket.url for socket in sockets], CONNECTING)
        self.sockets += sockets

    async def _listen(self, take: Callable[..., None]) -> None:
        connection = await self._database()
        await connection.add_listener(self.task.url, take)

    async def _writer(self, place: int) -> Callable[[list[str]], Awaitable[object]]:
        """Return a function that writes messages to thread 1, all in one commit."""
        if self.task.hears_sql:
            connection = await self._database()
            return lambda contents: connection.execute(INSERT, 1, contents)
        socket = self.sockets[place % len(self.sockets)]

        async def send(contents: list[str]) -> None:
            for content in contents:
                socket.write(content, self._client_id())
            await asyncio.sleep(0)

        return send

    async def _database(self) -> Any:
        connection = await asyncpg.connect(self.task.database_url)
        self._stack.push_async_callback(connection.close)
        return connection

    async def _rate(self) -> float:
        """Count the deliveries a second, after the warm-up."""
        await asyncio.sleep(self.task.seconds * WARM_UP)
        self._begin()
        began, arrived = time.perf_counter(), self.tally.arrived
        await asyncio.sleep(self.task.seconds)
        rate = (self.tally.arrived - arrived) / (time.perf_counter() - began)
        self._end()
        return rate

    async def _until_all_arrived(self) -> None:
        expected = self.tally.written
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.tally.until(expected * max(1, len(self.sockets)))
        if any(socket.received != expected for socket in self.sockets):
            raise LoadFailed(f"not every socket has received each of {expected} messages once")

    def _begin(self) -> None:
        self._cpu = Cpu({"server": [self.task.pid]} if self.task.pid else {})

    def _end(self) -> None:
        shares = self._cpu.shares()
        self.load, self.server = shares[LOAD] / 100, shares.get("server", 0) / 100

    def _content(self) -> str:
        return f"@{next(self._ids):08}@ {PADDING}"

    def _client_id(self) -> str:
        return f"{next(self._ids):08x}-0000-4000-8000-000000000000"


async def _carry_out(task: Task) -> Result:
    async with AsyncExitStack() as stack:
        run = Run(task, stack)
        measures = {
            "fanout": run.fanout,
            "ingest": run.ingest,
            "latency": run.latency,
            "connections": run.connections,
        }
        values = await measures[task.measure]()
        for socket in run.sockets:
            if socket.transport is None:
                raise LoadFailed("a socket was closed")
            socket.drop()
        return Result(values, run.load, run.server)


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_carry_out(given))))
