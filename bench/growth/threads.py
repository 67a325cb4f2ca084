"""The curve of threads, each with one socket."""

import asyncio
import itertools
import random

import asyncpg
import uvloop

from bench.contestants import running
from bench.databases import Databases
from bench.growth.chinwag import CHINWAG
from bench.growth.crowd import Crowd, CrowdClient
from bench.growth.curve import SHARES, Curve, Figure, Panel, Record, Scale
from bench.growth.load import CONTENT, Flow, count, pace
from bench.wire import THREADS

UNDER_WAY = 50
"""The messages of a socket that are under way. A server reads no further from a socket that has 64 of them
unstored."""

MORE_THREADS = "insert into thread (title) select 'bench' from generate_series(1, $1::integer)"

ABOUT = f"""\
Each thread has one socket. {UNDER_WAY} messages are in flight at a time: when one comes back as a frame,
the next one is sent through the socket of a random thread. So a message goes from a browser to a row and
back, and the server writes the messages that arrive together in one commit. The latency is measured with one
message after the other, at most 20 per second, from sending until the frame is read. The CPU is that of the
server for the whole way: to read a message, store it, hear of it and push it."""


def measure(databases: Databases, points: tuple[int, ...], scale: Scale, record: Record) -> None:
    for _ in range(scale.rounds):
        with databases.fresh(CHINWAG) as url:
            uvloop.run(_create_threads(url, max(points)))
            with running(CHINWAG, url) as (pid, sockets_url):
                uvloop.run(_round(pid, Crowd(sockets_url), points, scale.seconds, record))


async def _create_threads(url: str, wanted: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(MORE_THREADS, max(0, wanted - THREADS))
        await connection.execute("vacuum analyze thread")
    finally:
        await connection.close()


async def _round(
    pid: int, crowd: Crowd, points: tuple[int, ...], seconds: float, record: Record
) -> None:
    speakers = Speakers(crowd)
    for threads in sorted(points):
        await crowd.join(range(len(crowd.sockets) + 1, threads + 1))
        flow = await speakers.flood(pid, seconds)
        await pace(crowd, speakers.speak_timed, seconds)
        latencies = crowd.take_latencies()
        record(threads, {**flow.values, **latencies})
    crowd.leave()


class Speakers:
    """The clients of a crowd, which also write."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._ids = itertools.count(1)

    async def flood(self, pid: int, seconds: float) -> Flow:
        self._crowd.on_message = lambda _socket: self._speak()
        for _ in range(UNDER_WAY):
            self._speak()
        flow = await count(self._crowd, pid, seconds)
        self._crowd.on_message = lambda _socket: None
        await self._crowd.drain()
        return flow

    async def speak_timed(self) -> None:
        self._speak(is_timed=True)
        await asyncio.sleep(0)

    def _speak(self, *, is_timed: bool = False) -> None:
        socket: CrowdClient = random.choice(self._crowd.sockets)
        id = f"{next(self._ids):08x}-0000-4000-8000-000000000000"
        self._crowd.writing(socket.thread, is_timed=is_timed)
        socket.send(b'{"content":"%s","client_id":"%s"}' % (CONTENT.encode(), id.encode()))


CURVE = Curve(
    name="threads",
    title="Threads",
    about=ABOUT,
    axis="threads",
    points=(1, 10, 100, 1_000, 10_000),
    small=(1, 3),
    figures=(
        Figure("rate", "messages/s"),
        Figure("cpu_us", "CPU of the server, µs a message"),
        Figure("median_ms", "latency, median, ms"),
        Figure("p99_ms", "99th percentile, ms"),
        *SHARES,
    ),
    panels=(
        Panel("Threads", "messages/s, browser to row to browser", (("rate", ""),)),
        Panel("Threads", "µs of server CPU a message", (("cpu_us", ""),)),
        Panel(
            "Threads",
            "ms from sending to the frame",
            (("median_ms", "median"), ("p99_ms", "99th percentile")),
        ),
    ),
    measure=measure,
    sockets=lambda point: point,
)
