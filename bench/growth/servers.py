"""The curve of servers that LISTEN on one database."""

import asyncio

import uvloop

from bench.databases import Databases
from bench.growth.chinwag import CHINWAG
from bench.growth.cluster import Cluster
from bench.growth.committers import WRITERS, Committers
from bench.growth.crowd import Crowd
from bench.growth.curve import Curve, Figure, Panel, Record, Scale

ROLL_CALL = WRITERS + 1
"""A thread in which each server has a socket, to see at each point that all of them hear."""

ABOUT = f"""\
Every server hears every message, whether or not anybody reads it there. These are real servers, on one
machine with PostgreSQL and the writers. {WRITERS} writers, each in a thread of its own, insert one message
per commit as fast as they can; a socket of the first server reads one of the threads. The number of commits
falls because everything here shares the cores. The two columns of CPU tell what a cluster of machines would
see: the CPU of *all servers* is their sum, and each machine would bear its own part; the CPU of *PostgreSQL*,
which wakes each listener and writes to it, stays with the database. The latency is measured with one message
after the other, at most 20 per second, from the `INSERT` to a bare connection that LISTENs in addition to
the servers, and to the socket. PostgreSQL wakes one listener after the other: the bare one is late, and the
first server is early. At each point one more message must reach a socket of every server."""


def measure(databases: Databases, points: tuple[int, ...], scale: Scale, record: Record) -> None:
    for _ in range(scale.rounds):
        with databases.fresh(CHINWAG) as url, Cluster(url) as cluster:
            uvloop.run(_round(url, cluster, points, scale.seconds, record))


async def _round(
    url: str, cluster: Cluster, points: tuple[int, ...], seconds: float, record: Record
) -> None:
    await asyncio.to_thread(cluster.grow, 1)
    first = Crowd(cluster.places[0][1])
    await first.join([1])
    roll: list[Crowd] = []
    committers = Committers(url, first)
    try:
        await committers.open()
        for servers in sorted(points):
            await asyncio.to_thread(cluster.grow, servers)
            await _enrol(cluster, roll)
            values = await committers.flood([pid for pid, _ in cluster.places], seconds)
            values |= await committers.latencies(seconds)
            await _call(roll, committers)
            record(servers, values)
    finally:
        await committers.close()
        for crowd in (first, *roll):
            crowd.leave()


async def _enrol(cluster: Cluster, roll: list[Crowd]) -> None:
    for _, url in cluster.places[len(roll) :]:
        crowd = Crowd(url)
        await crowd.join([ROLL_CALL])
        crowd.written[ROLL_CALL] = crowd.sockets[0].held
        roll.append(crowd)


async def _call(roll: list[Crowd], committers: Committers) -> None:
    """Check that every server hears.

    Raises:
        LoadFailed: a server has not heard.
    """
    for crowd in roll:
        crowd.writing(ROLL_CALL)
    await committers.write_to(ROLL_CALL)
    for crowd in roll:
        await crowd.drain()


CURVE = Curve(
    name="servers",
    title="Servers that LISTEN",
    about=ABOUT,
    axis="servers",
    points=(1, 2, 4, 8, 16, 32),
    small=(1, 2),
    figures=(
        Figure("rate", "commits/s"),
        Figure("database_us", "CPU of PostgreSQL's connections, µs a commit"),
        Figure("servers_us", "of all servers, µs a commit"),
        Figure("listen_ms", "latency to a bare LISTEN, median, ms"),
        Figure("socket_ms", "to a socket, median, ms"),
    ),
    panels=(
        Panel("Servers that LISTEN", "commits/s", (("rate", ""),)),
        Panel(
            "Servers that LISTEN",
            "µs of CPU a commit",
            (("database_us", "PostgreSQL"), ("servers_us", "all servers")),
        ),
        Panel(
            "Servers that LISTEN",
            "ms from INSERT, median",
            (("listen_ms", "bare LISTEN"), ("socket_ms", "socket")),
        ),
    ),
    measure=measure,
)
