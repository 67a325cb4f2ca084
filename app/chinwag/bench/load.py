"""A load generator for any server that pushes rows of PostgreSQL to WebSockets, with its measurements.

Each function takes the URLs of the sockets, how the server's frames are read (`Wire`) and how a row is
written (`Insert`). The messages of a thread must be numbered 1, 2, 3 …: take a new thread for each run.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import asyncpg

from chinwag.bench.client import connected
from chinwag.bench.clients import (
    CountingClient,
    Encode,
    SamplingClient,
    SendingClient,
    Tally,
    TimingClient,
    check,
    check_alive,
    until,
)
from chinwag.bench.cpu import Cpu, resident_bytes
from chinwag.bench.inserter import Insert, Inserter, Pace, inserting
from chinwag.bench.numbered import NumberedClient, Wire
from chinwag.bench.span import Connections, Latencies, Span
from chinwag.errors import LoadFailed

WARM_UP_SECONDS = 0.5
"""The time before the clock runs: code is loaded, statements are prepared, and caches become warm."""

WATCH_SECONDS = 0.2
REST_SECONDS = 1.0
"""The time before memory is measured, so that what a handshake leaves behind for a moment is not counted as
the memory of an idle socket."""

Processes = Mapping[str, Sequence[int]]
"""The ids of the processes whose CPU time is shown, by name, such as {"server": [123], "postgresql":
[45]}."""

Watch = Callable[[str], None]
"""A function that is called now and then with what has been reached."""


def nobody(_: str) -> None:
    """Watch nothing."""


async def fanout(
    url: str,
    wire: Wire,
    insert: Insert,
    *,
    sockets: int = 500,
    rows_per_commit: int = 1,
    in_flight: int = 64,
    seconds: float = 3,
    processes: Processes | None = None,
    watch: Watch = nobody,
) -> Span:
    """Measure the deliveries a second to many sockets in one thread.

    The messages are inserted as fast as they are delivered: `in_flight` of them are under way.

    Raises:
        LoadFailed: a socket was lost, or did not get each message once and in order.
    """
    tally = Tally()
    clients = [CountingClient(wire, tally) for _ in range(sockets)]
    pace = Pace(rows_per_commit)
    async with connected(clients, [url]), inserting(insert, pace) as inserter:
        last = _keep_under_way(tally, inserter, sockets, max(in_flight, rows_per_commit), rows_per_commit)
        span = await _counted(tally, clients, seconds, _with(processes, inserter), watch)
        tally.stopped = True
        await until(lambda: tally.delivered >= last() * sockets, clients)
        check(clients, last())
    return span


async def ingest(
    urls: Sequence[str],
    wire: Wire,
    encode: Encode,
    *,
    seconds: float = 3,
    processes: Processes | None = None,
    watch: Watch = nobody,
) -> Span:
    """Measure the messages a second that go from a browser to a row and back to the browser.

    There is one socket for each URL, each in a thread of its own. It sends its next message when the last
    one came back.

    Raises:
        LoadFailed: a socket was lost, or did not get each of its messages once and in order.
    """
    tally = Tally()
    senders = [SendingClient(wire, encode, tally) for _ in urls]
    async with connected(senders, urls):
        for sender in senders:
            sender.send_next()
        span = await _counted(tally, senders, seconds, processes, watch)
        tally.stopped = True
        await until(lambda: all(sender.held >= sender.sent for sender in senders), senders)
        for sender in senders:
            check([sender], sender.sent)
    return span


async def latency(
    url: str,
    wire: Wire,
    insert: Insert,
    *,
    sockets: int = 1,
    rate: float = 200,
    seconds: float = 3,
    processes: Processes | None = None,
) -> Latencies:
    """Measure how long a message takes from before its INSERT to each of the sockets in its thread.

    Messages are inserted at an even pace, one in a commit.

    Raises:
        LoadFailed: a socket was lost, or did not get each message once and in order.
    """
    clients = [TimingClient(wire) for _ in range(sockets)]
    pace = _pace(rate, seconds)
    async with connected(clients, [url]), inserting(insert, pace) as inserter:
        cpu = Cpu(_with(processes, inserter))
        inserter.allow(0)
        started = await inserter.started()
        shares = cpu.shares()
        await until(lambda: all(client.held >= pace.messages for client in clients), clients)
        check(clients, pace.messages)
    return _latencies(started, [client.came for client in clients], rate, shares)


async def listen_latency(
    channel: str,
    insert: Insert,
    is_message: Callable[[str], bool],
    *,
    rate: float = 200,
    seconds: float = 3,
    processes: Processes | None = None,
) -> Latencies:
    """Measure the same for a bare client that LISTENs and does nothing else: no server can be faster.

    Args:
        is_message: tells from a payload whether it is one of our messages.
    """
    came: list[float] = []

    def take(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        if is_message(str(payload)):
            came.append(time.monotonic())

    pace = _pace(rate, seconds)
    connection = await asyncpg.connect(insert.database_url)
    try:
        await connection.add_listener(channel, take)
        async with inserting(insert, pace) as inserter:
            cpu = Cpu(_with(processes, inserter))
            inserter.allow(0)
            started = await inserter.started()
            shares = cpu.shares()
            await until(lambda: len(came) >= pace.messages, ())
    finally:
        await connection.close()
    return _latencies(started, [came], rate, shares)


async def connections(
    urls: Sequence[str],
    wire: Wire,
    *,
    sockets: int = 5000,
    processes: Processes | None = None,
    watch: Watch = nobody,
) -> Connections:
    """Measure the handshakes a second until each socket is live, and then the bytes of each idle socket in
    the processes named "server".

    The first run after the start of a server is the one that counts: memory that a server frees, it may
    keep.

    Raises:
        LoadFailed: a socket could not be connected, or was lost.
    """
    server = (processes or {}).get("server", ())
    async with connected([SamplingClient(wire) for _ in range(min(50, sockets))], urls):
        pass  # so that what is loaded for the first sockets is not counted
    await asyncio.sleep(REST_SECONDS)
    before = resident_bytes(server)
    clients = [SamplingClient(wire) for _ in range(sockets)]
    cpu, began = Cpu(processes or {}), time.monotonic()
    watcher = asyncio.create_task(_watch_connections(clients, watch))
    try:
        async with connected(clients, urls):
            seconds, shares = time.monotonic() - began, cpu.shares()
            await asyncio.sleep(REST_SECONDS)
            check(clients, 0)
            grown = (resident_bytes(server) - before) / sockets if server else None
    finally:
        watcher.cancel()
    return Connections(sockets, seconds, shares, grown)


def _keep_under_way(
    tally: Tally, inserter: Inserter, sockets: int, in_flight: int, rows: int
) -> Callable[[], int]:
    """Let as many messages be inserted as have been delivered, and `in_flight` more.

    Returns:
        A function that tells the number of the last message that may be inserted.
    """
    allowed = 0

    def allow() -> None:
        nonlocal allowed
        delivered = tally.delivered // sockets
        tally.due = (delivered + 1) * sockets
        most = (delivered + in_flight) // rows * rows
        if not tally.stopped and most > allowed:
            allowed = most
            inserter.allow(allowed)

    tally.on_due = allow
    allow()
    return lambda: allowed


async def _counted(
    tally: Tally, clients: Sequence[NumberedClient], seconds: float, processes: Processes | None, watch: Watch
) -> Span:
    """Count the deliveries for some seconds, after a warm-up."""
    await asyncio.sleep(WARM_UP_SECONDS)
    cpu, began, before = Cpu(processes or {}), time.monotonic(), tally.delivered
    seen, ends = before, began + seconds
    while (left := ends - time.monotonic()) > 0:
        await asyncio.sleep(min(WATCH_SECONDS, left))
        elapsed = time.monotonic() - began
        watch(f"{elapsed:3.1f} of {seconds:g} s, {(tally.delivered - before) / elapsed:9,.0f}/s")
        check_alive(clients)
        seen = tally.delivered
    span = Span(seen - before, time.monotonic() - began, cpu.shares())
    if not span.count:
        raise LoadFailed("no message was delivered")
    return span


async def _watch_connections(clients: Sequence[NumberedClient], watch: Watch) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        watch(f"{sum(client.is_live for client in clients):,} of {len(clients):,} sockets")


def _with(processes: Processes | None, inserter: Inserter) -> Processes:
    return {**(processes or {}), "inserter": [inserter.pid]}


def _pace(rate: float, seconds: float) -> Pace:
    return Pace(rate=rate, messages=max(1, round(rate * (WARM_UP_SECONDS + seconds))))


def _latencies(
    started: Sequence[float], came: Sequence[Sequence[float]], rate: float, shares: Mapping[str, float]
) -> Latencies:
    warm = round(rate * WARM_UP_SECONDS)
    pairs = [zip(started[warm:], one[warm:], strict=True) for one in came]
    latencies = [after - before for pair in pairs for before, after in pair]
    seconds = max(one[-1] for one in came) - started[warm]
    return Latencies(len(latencies), seconds, shares, latencies)
