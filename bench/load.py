"""The load generator: a process of its own. It reads a Task from stdin and prints a Result.

Every socket must receive as many messages as were written, or there is no result.
"""

import asyncio
import itertools
import logging
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.wire import Result, Task

THREADS = 200
WRITERS = 4
WINDOW = 100
"""So many messages the writers are ahead of the sockets at most: a server is kept busy, and not flooded."""
RATE = 200
"""Messages a second while latency is measured."""
CONNECTING = 50
"""Sockets that connect at the same time."""
WARM_UP = 0.25
"""Of the seconds: so long before anything is counted."""
LIMIT_SECONDS = 60

MARK = b"@"
"""Twice in each message, and nowhere else in a frame."""
READ_BUFFER = bytearray(256 * 1024)
"""One for all sockets: it is looked at before the next one is read."""

PADDING = "The quick brown fox jumps over the lazy dog, twice."
SHORTEST = 100
"""Bytes. A frame that is shorter is no message, for the content and the names of its fields are longer."""

INSERT = "insert into message (thread_id, content) select $1, unnest($2::text[])"


class Unfit(Exception):
    """The server has not done the job, so there is nothing to compare."""


class Tally:
    """What was written and what has arrived."""

    def __init__(self) -> None:
        self.written = 0
        self.arrived = 0
        self.wanted = 0
        self.enough = asyncio.Event()

    def arrive(self, messages: int = 1) -> None:
        self.arrived += messages
        if self.arrived >= self.wanted:
            self.enough.set()

    async def until(self, arrived: int) -> None:
        while self.arrived < arrived:
            self.wanted = min(arrived, self.wanted) if self.wanted > self.arrived else arrived
            self.enough.clear()
            await self.enough.wait()


class Client(WSListener):
    """One socket. `take` is called with each message's frame."""

    def __init__(self, task: Task, thread: int, take: "Callable[[Client, WSFrame], None]") -> None:
        self.thread = thread
        self.received = 0
        self.ready = asyncio.Event()
        self.is_ready = False
        self.transport: WSTransport | None = None
        self._socketio = task.dialect == "socketio"
        self._take = take

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self.is_ready and frame.payload_size >= SHORTEST:
            self.received += 1
            self._take(self, frame)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        else:
            self._answer(transport, frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.transport = None

    def send(self, content: str, client_id: str) -> None:
        message = '{"content":"' + content + '","client_id":"' + client_id + '"}'
        self._send(f'42["message",{message}]' if self._socketio else message)

    def only_count(self, tally: Tally) -> None:
        """Look at no frame any more."""
        if self.transport is None:
            raise Unfit("a socket was closed")
        self.transport.underlying_transport.set_protocol(Counter(self, tally))

    def _send(self, text: str) -> None:
        if self.transport is None:
            raise Unfit("a socket was closed")
        self.transport.send(WSMsgType.TEXT, text.encode())

    def _answer(self, transport: WSTransport, payload: bytes) -> None:
        if b'"ready"' in payload:
            self.is_ready = True
            self.ready.set()
        elif self._socketio and payload.startswith(b"0"):
            self._send(f'40{{"thread":{self.thread}}}')
        elif self._socketio and payload == b"2":
            self._send("3")


class Counter(asyncio.BufferedProtocol):
    """Counts the messages of a socket that is live already, by the mark in each, one look for each read. With
    a look at each frame, the load generator would be what is measured."""

    def __init__(self, client: Client, tally: Tally) -> None:
        self._client = client
        self._tally = tally
        self._marks = 0

    def get_buffer(self, sizehint: int) -> bytearray:
        return READ_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        before = self._marks // 2
        self._marks += READ_BUFFER.count(MARK, 0, nbytes)  # one byte: no read ends in its middle
        arrived = self._marks // 2 - before
        self._client.received += arrived
        self._tally.arrive(arrived)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.transport = None


class Run:
    """One task while it is carried out."""

    def __init__(self, task: Task, stack: AsyncExitStack) -> None:
        self.task = task
        self.tally = Tally()
        self.clients: list[Client] = []
        self._stack = stack
        self._ids = itertools.count(1)
        self._began = (0.0, 0.0, 0.0)
        self.load = self.server = 0.0

    async def fanout(self) -> dict[str, float]:
        await self._connect([1] * self.task.sockets, lambda _client, _frame: self.tally.arrive())
        for client in self.clients:
            client.only_count(self.tally)
        writers = [await self._writer(place) for place in range(WRITERS)]
        stop = asyncio.Event()

        async def write(writer: Callable[[list[str]], Awaitable[object]]) -> None:
            while not stop.is_set():
                await self.tally.until((self.tally.written + self.task.batch - WINDOW) * self.task.sockets)
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
        """Each socket sends its next message when the one before has come back."""
        stopped = False

        def take(client: Client, _frame: WSFrame) -> None:
            self.tally.arrive()
            if not stopped:
                send(client)

        def send(client: Client) -> None:
            self.tally.written += 1
            client.send(self._content(), self._client_id())

        await self._connect([place % THREADS + 1 for place in range(self.task.sockets)], take)
        for client in self.clients:
            send(client)
        rate = await self._rate()
        stopped = True
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.tally.until(self.tally.written)
        return {"per_second": rate}

    async def latency(self) -> dict[str, float]:
        """From the moment at which a message is sent, as an INSERT or through a socket, to its frame."""
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
                [1] * self.task.sockets, lambda _client, frame: take(frame.get_payload_as_bytes())
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
        """Idle sockets. The first tenth of them pays for what all share, and is not counted."""

        def take(_client: Client, _frame: WSFrame) -> None:
            raise Unfit("a message arrived that nobody has written")

        threads = [place % THREADS + 1 for place in range(self.task.sockets)]
        warm_up = max(1, self.task.sockets // 10)
        await self._connect(threads[:warm_up], take)
        memory = resident_bytes(self.task.pid)
        self._begin()
        began = time.perf_counter()
        await self._connect(threads, take)
        seconds = time.perf_counter() - began
        self._end()
        await asyncio.sleep(min(0.5, self.task.seconds))  # what handshakes leave behind, may be freed
        used = (resident_bytes(self.task.pid) - memory) / 1024
        return {"per_second": self.task.sockets / seconds, "kib": used / self.task.sockets}

    async def _connect(self, threads: list[int], take: Callable[[Client, WSFrame], None]) -> None:
        """Returns when all sockets are ready."""
        gate = asyncio.Semaphore(CONNECTING)

        async def connect(thread: int) -> None:
            client = Client(self.task, thread, take)
            async with gate, asyncio.timeout(LIMIT_SECONDS):
                url = self.task.url.format(thread=thread)
                await ws_connect(lambda: client, url, read_buffer_init_size=8192, **CHEAP)
                await client.ready.wait()
            self.clients.append(client)

        async with asyncio.TaskGroup() as group:
            for thread in threads:
                group.create_task(connect(thread))

    async def _listen(self, take: Callable[..., None]) -> None:
        connection = await self._database()
        await connection.add_listener(self.task.url, take)

    async def _writer(self, place: int) -> Callable[[list[str]], Awaitable[object]]:
        """Writes messages to thread 1, all in one commit."""
        if self.task.hears_sql:
            connection = await self._database()
            return lambda contents: connection.execute(INSERT, 1, contents)
        client = self.clients[place % len(self.clients)]

        async def send(contents: list[str]) -> None:
            for content in contents:
                client.send(content, self._client_id())
            await asyncio.sleep(0)

        return send

    async def _database(self) -> Any:
        connection = await asyncpg.connect(self.task.database_url)
        self._stack.push_async_callback(connection.close)
        return connection

    async def _rate(self) -> float:
        """Deliveries a second, after the warm-up."""
        await asyncio.sleep(self.task.seconds * WARM_UP)
        began, arrived = time.perf_counter(), self.tally.arrived
        self._begin()
        await asyncio.sleep(self.task.seconds)
        self._end()
        return (self.tally.arrived - arrived) / (time.perf_counter() - began)

    async def _until_all_arrived(self) -> None:
        expected = self.tally.written
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.tally.until(expected * max(1, len(self.clients)))
        if any(client.received != expected for client in self.clients):
            raise Unfit(f"not every socket has received each of {expected} messages once")

    def _begin(self) -> None:
        self._began = (time.perf_counter(), time.process_time(), cpu_seconds(self.task.pid))

    def _end(self) -> None:
        began, load, server = self._began
        seconds = time.perf_counter() - began
        self.load = (time.process_time() - load) / seconds
        self.server = (cpu_seconds(self.task.pid) - server) / seconds

    def _content(self) -> str:
        return f"@{next(self._ids):08}@ {PADDING}"

    def _client_id(self) -> str:
        return f"{next(self._ids):08x}-0000-4000-8000-000000000000"


def resident_bytes(pid: int) -> int:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    if not pid:
        return 0
    # Behind the name, which may have blanks in it: proc_pid_stat(5), from field 3 on.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
        for client in run.clients:
            if client.transport is None:
                raise Unfit("a socket was closed")
            client.transport.disconnect(graceful=False)
        return Result(values, run.load, run.server)


CHEAP: dict[str, Any] = {"logger_name": logging.getLogger(__name__)}


if __name__ == "__main__":
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_carry_out(given))))
