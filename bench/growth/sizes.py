"""The curve of message sizes."""

import asyncpg
import uvloop

from bench.contestants import running
from bench.databases import Databases
from bench.growth.chinwag import CHINWAG
from bench.growth.crowd import Crowd
from bench.growth.curve import SHARES, Curve, Figure, Panel, Record, Scale
from bench.growth.load import Writers, flood, paced_inserts
from bench.wire import THREADS
from chinwag.errors import LoadFailed

SOCKETS = 100
WRITERS = 4
IN_FLIGHT = 100
BYTES_AHEAD = 256_000
"""The bytes under way for each socket. A server that is further behind would take its readers for slow ones,
as it should."""

KNEE = 8_000
"""The bytes from which on PostgreSQL refuses a payload of NOTIFY."""

PAYLOAD = """
    select octet_length(thread_id || ' ' || seq || ' ' || frame('message', message_json(message)))
    from message where thread_id = $1 order by seq desc limit 1
"""

ABOUT = f"""\
Four writers insert into one thread with {SOCKETS} sockets, one message per commit. The size is that of the
content; its frame has some 170 bytes more. NOTIFY takes less than {KNEE:,} bytes (the column *payload* says
how long a payload with its frame would be). So a frame of 7,950 bytes or more is left out, and the server
reads the row. That costs one more query, which shows in the latency. The latency is measured to a single
socket, with one message after the other, at most 20 per second. When messages come fast, one query reads all
that have gathered."""


def measure(databases: Databases, points: tuple[int, ...], scale: Scale, record: Record) -> None:
    for _ in range(scale.rounds):
        with databases.fresh(CHINWAG) as url, running(CHINWAG, url) as (pid, sockets_url):
            # Each size has a thread of its own.
            for thread, size in zip(range(1, THREADS + 1), points, strict=False):
                record(size, uvloop.run(_point(url, pid, Crowd(sockets_url), thread, size, scale.seconds)))


async def _point(
    url: str, pid: int, crowd: Crowd, thread: int, size: int, seconds: float
) -> dict[str, float]:
    in_flight = max(WRITERS, min(IN_FLIGHT, BYTES_AHEAD // size))
    async with Writers(url, thread, "x" * size) as writers:
        writes = await writers.open(WRITERS)
        await crowd.join([thread])
        latencies = await paced_inserts(crowd, thread, writes[0], seconds)
        await crowd.join([thread] * (SOCKETS - 1))
        flow = await flood(crowd, thread, writes, pid=pid, seconds=seconds, in_flight=in_flight)
    crowd.leave()
    return {
        "payload": await _payload(url, thread),
        **flow.values,
        "megabytes": flow.rate * size / 1e6,
        **latencies,
    }


async def _payload(url: str, thread: int) -> float:
    connection = await asyncpg.connect(url)
    try:
        length = await connection.fetchval(PAYLOAD, thread)
    finally:
        await connection.close()
    if length is None:
        raise LoadFailed("no message was stored")
    return float(length)


def label(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:g} kB"


CURVE = Curve(
    name="size",
    title="The size of a message",
    about=ABOUT,
    axis="content",
    points=(10, 100, 1_000, 4_000, 7_000, 7_700, 8_000, 16_000, 64_000),
    small=(10, 8_000),
    figures=(
        Figure("payload", "payload, bytes"),
        Figure("rate", "deliveries/s"),
        Figure("megabytes", "MB/s of content"),
        Figure("cpu_us", "CPU of the server, µs a delivery"),
        Figure("median_ms", "latency to one socket, median, ms"),
        Figure("p99_ms", "99th percentile, ms"),
        *SHARES,
    ),
    panels=(
        Panel("Size of a message", f"deliveries/s to {SOCKETS} sockets", (("rate", ""),)),
        Panel("Size of a message", f"MB/s of content to {SOCKETS} sockets", (("megabytes", ""),)),
        Panel(
            "Size of a message",
            "ms from INSERT to one socket",
            (("median_ms", "median"), ("p99_ms", "99th percentile")),
        ),
    ),
    measure=measure,
    label=label,
)
