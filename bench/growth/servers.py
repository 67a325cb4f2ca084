"""The curves of servers that hear of each message, from the primary or through a relay."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import asyncpg
import uvloop

from bench.databases import OPTIONS, Databases
from bench.growth.cluster import Cluster, give_way
from bench.growth.committers import WRITERS, Committers
from bench.growth.crowd import Crowd
from bench.growth.curve import Curve, Figure, Panel, Record, Scale
from bench.wire import THREADS
from chinwag.bench.place import Place, new_place
from chinwag.bench.relayed import relay_of, relays_alone
from chinwag.provision import migrate

ROLL_CALL = WRITERS + 1
"""A thread in which each server has a socket, to see at each point that all of them hear."""

MORE_THREADS = "insert into thread (title) select 'bench' from generate_series(1, $1::integer)"

ABOUT = f"""\
Every server hears every message, whether or not anybody reads it there: from the primary, or through a
[relay](relays.md). These are real servers, on one machine with PostgreSQL and the writers. {WRITERS} writers,
each in a thread of its own, insert one message per commit as fast as they can; a socket of the first server
reads one of the threads. The servers and the relay have the lowest priority, so that the primary has the
cores first, as if the others had machines of their own. The CPU of *the primary* is that of its connections:
where it notifies messages it wakes each listener and writes to it, and with a relay it sends each message
once. The CPU of *all servers* is their sum, and each machine would bear its own part. The latency is measured
with one message after the other, at most 20 per second, from the `INSERT` to the socket. At each point one
more message must reach a socket of every server."""

ABOUT_SLOW = """\
The same, with each fsync of the primary and of the relay taking {delay:g} ms longer, as on a network disk.
A commit that notifies holds a lock meanwhile, and so these commits wait for each other. Without NOTIFY one
fsync is for all that wait."""


@dataclass(frozen=True)
class Way:
    """A way by which servers hear of messages.

    Attributes:
        listen_url: where messages are notified.
        has_relay: whether that is a relay.
    """

    database_url: str
    listen_url: str
    has_relay: bool = False

    @property
    def prefix(self) -> str:
        """The beginning of the keys of its figures."""
        return "relay_" if self.has_relay else ""


def measure(
    delay_ms: float, databases: Databases, points: tuple[int, ...], scale: Scale, record: Record
) -> None:
    fsync = databases.fsync or delay_ms > 0
    for _ in range(scale.rounds):
        for has_relay in (False, True):
            with (
                new_place(fsync=fsync, fsync_delay_ms=delay_ms) as place,
                _way(place, has_relay) as way,
                Cluster(way.database_url, way.listen_url if has_relay else None) as cluster,
            ):
                uvloop.run(_round(way, cluster, points, scale.seconds, record))


@contextlib.contextmanager
def _way(place: Place, has_relay: bool) -> Iterator[Way]:
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(place.postgres("primary", OPTIONS, port=0))
        url = primary.url
        asyncio.run(_prepare(url))
        if not has_relay:
            yield Way(url, url)
            return
        relay = stack.enter_context(relay_of(primary, place))
        for pid in relay.pids:
            give_way(pid)
        relays_alone(primary)
        yield Way(url, relay.url, has_relay=True)


async def _prepare(url: str) -> None:
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(MORE_THREADS, THREADS)
    finally:
        await connection.close()


async def _round(way: Way, cluster: Cluster, points: tuple[int, ...], seconds: float, record: Record) -> None:
    await asyncio.to_thread(cluster.grow, 1)
    first = Crowd(cluster.places[0][1])
    await first.join([1])
    roll: list[Crowd] = []
    committers = Committers(way.database_url, first, way.listen_url)
    try:
        await committers.open()
        for servers in sorted(points):
            await asyncio.to_thread(cluster.grow, servers)
            await _enrol(cluster, roll)
            values = await committers.flood([pid for pid, _ in cluster.places], seconds)
            values |= await committers.latencies(seconds)
            await _call(roll, committers)
            record(servers, {way.prefix + key: value for key, value in values.items()})
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


def _curve(name: str, title: str, about: str, delay_ms: float, points: tuple[int, ...]) -> Curve:
    return Curve(
        name=name,
        title=title,
        about=about,
        axis="servers",
        points=points,
        small=(1,) if delay_ms else (1, 2),
        figures=(
            Figure("rate", "commits/s, primary notifies"),
            Figure("relay_rate", "relay notifies"),
            Figure("database_us", "CPU of the primary, µs a commit, primary notifies"),
            Figure("relay_database_us", "relay notifies"),
            Figure("servers_us", "of all servers, µs a commit, primary notifies"),
            Figure("relay_servers_us", "relay notifies"),
            Figure("socket_ms", "latency to a socket, median, ms, primary notifies"),
            Figure("relay_socket_ms", "relay notifies"),
        ),
        panels=(
            Panel(title, "commits/s", (("rate", "primary"), ("relay_rate", "relay"))),
            Panel(
                title,
                "µs of the primary's CPU a commit",
                (("database_us", "primary"), ("relay_database_us", "relay")),
            ),
            Panel(
                title,
                "ms from INSERT to a socket, median",
                (("socket_ms", "primary"), ("relay_socket_ms", "relay")),
            ),
        ),
        measure=partial(measure, delay_ms),
    )


CURVE = _curve("servers", "Servers that LISTEN", ABOUT, 0, (1, 4, 16, 32))
SLOW = tuple(
    _curve(
        f"servers{delay}ms",
        f"Servers, fsync {delay} ms slower",
        ABOUT_SLOW.format(delay=delay),
        delay,
        (1, 16),
    )
    for delay in (2, 10)
)
