"""A process that inserts messages over one connection, one commit after the other.

It is not the process of the sockets: while those read what one commit has brought, the next commit is under
way. It runs as `python -m chinwag.bench.inserter`, is told on its stdin what to do, and ends with that.
"""

import asyncio
import contextlib
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import msgspec

from chinwag.errors import LoadFailed

LIMIT_SECONDS = 60

Commit = Callable[[int], Awaitable[None]]
"""A function that inserts the messages of one commit, beginning with the message of this number."""


class Insert(msgspec.Struct, frozen=True):
    """A way to insert messages.

    Attributes:
        database_url: the URL of the database.
        statement: inserts the messages number $1 to $1 + $2 - 1, in this order, in one statement.
        arguments: the values of $3, $4 …
    """

    database_url: str
    statement: str
    arguments: tuple[int | str, ...] = ()


class Pace(msgspec.Struct, frozen=True):
    """The pace of the inserter: a number of messages, evenly spread; or, with a rate of 0, as many as are
    allowed, as fast as possible."""

    rows_per_commit: int = 1
    rate: float = 0
    """In messages a second."""
    messages: int = 0


class Orders(msgspec.Struct):
    """What the process is told: how to insert, and at which pace."""

    insert: Insert
    pace: Pace


class Inserter:
    """The other process, as this one sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    def allow(self, number: int) -> None:
        """Allow the inserter to insert up to the message of this number."""
        assert self._process.stdin
        self._process.stdin.write(b"%d\n" % number)

    async def started(self) -> list[float]:
        """Wait until the inserter has inserted everything, and return the time.monotonic() before each
        commit."""
        return msgspec.json.decode(await _line(self._process), type=list[float])


@contextlib.asynccontextmanager
async def inserting(insert: Insert, pace: Pace) -> AsyncIterator[Inserter]:
    """Run an inserter that is connected to the database inside the block. With a rate of 0, it waits until
    messages are allowed, otherwise for `allow(0)`.

    Raises:
        LoadFailed: it cannot insert.
    """
    command = [sys.executable, "-m", "chinwag.bench.inserter"]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=2**26)
    try:
        assert process.stdin
        process.stdin.write(msgspec.json.encode(Orders(insert, pace)) + b"\n")
        await _line(process)
        yield Inserter(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _line(process: Process) -> bytes:
    assert process.stdout
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        raise LoadFailed("the process that inserts has failed")
    return line


async def main() -> None:
    """Do what stdin says."""
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    connection = await asyncpg.connect(orders.insert.database_url)
    insert = await connection.prepare(orders.insert.statement)

    async def commit(first: int) -> None:
        await insert.fetch(first, orders.pace.rows_per_commit, *orders.insert.arguments)

    allowed = Allowed()
    await allowed.listen()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await allowed.beyond(-1)
    if orders.pace.rate:
        await _insert_paced(orders.pace, commit)
    else:
        await _insert_allowed(orders.pace.rows_per_commit, allowed, commit)


async def _insert_allowed(rows: int, allowed: "Allowed", commit: Commit) -> None:
    last = 0
    while True:
        await allowed.beyond(last + rows - 1)
        await commit(last + 1)
        last += rows


async def _insert_paced(pace: Pace, commit: Commit) -> None:
    started = []
    began = time.monotonic()
    for count in range(0, pace.messages, pace.rows_per_commit):
        await asyncio.sleep(max(0, began + count / pace.rate - time.monotonic()))
        started.append(time.monotonic())
        await commit(count + 1)
    sys.stdout.write(msgspec.json.encode(started).decode() + "\n")
    sys.stdout.flush()


class Allowed(asyncio.Protocol):
    """The number up to which messages may be inserted: the last line of stdin."""

    def __init__(self) -> None:
        self._number = -1
        self._rest = b""
        self._grown = asyncio.Event()

    async def listen(self) -> None:
        await asyncio.get_running_loop().connect_read_pipe(lambda: self, sys.stdin.buffer)

    async def beyond(self, number: int) -> None:
        """Wait until the number is greater than this one."""
        while self._number <= number:
            self._grown.clear()
            await self._grown.wait()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._number = int(lines[-1])
            self._grown.set()

    def connection_lost(self, error: Exception | None) -> None:
        # The process that wanted this is gone.
        asyncio.get_running_loop().stop()


if __name__ == "__main__":
    import uvloop

    with contextlib.suppress(RuntimeError, KeyboardInterrupt):
        uvloop.run(main())
