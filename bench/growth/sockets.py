"""The curve of sockets in one thread."""

import uvloop

from bench.contestants import running
from bench.databases import Databases
from bench.growth.chinwag import CHINWAG
from bench.growth.crowd import Crowd
from bench.growth.curve import SHARES, Curve, Figure, Panel, Record, Scale
from bench.growth.load import Writers, flood, paced_inserts

THREAD = 1
WRITERS = 4
IN_FLIGHT = 100
DELIVERIES_AHEAD = 100_000
"""The most deliveries under way. With many sockets, the writers are fewer messages ahead: a server is kept
busy, and not flooded."""

ABOUT = """\
Four writers insert into one thread, one message per commit, as fast as its sockets take them. With few
sockets the commits are the bottleneck, and a delivery bears the whole cost of hearing a message. With many
sockets the writes to them are the bottleneck, and a delivery costs what a write to a socket costs. The
latency is measured with one message after the other, at most 20 per second, from the `INSERT` until the load
generator has read the frame. With many sockets it includes the time for the sockets before this one, and the
time in which the load generator reads their frames."""


def measure(databases: Databases, points: tuple[int, ...], scale: Scale, record: Record) -> None:
    for _ in range(scale.rounds):
        with databases.fresh(CHINWAG) as url, running(CHINWAG, url) as (pid, sockets_url):
            uvloop.run(_round(url, pid, Crowd(sockets_url), points, scale.seconds, record))


async def _round(
    url: str, pid: int, crowd: Crowd, points: tuple[int, ...], seconds: float, record: Record
) -> None:
    async with Writers(url, THREAD) as writers:
        writes = await writers.open(WRITERS)
        for sockets in sorted(points):
            await crowd.join([THREAD] * (sockets - len(crowd.sockets)))
            in_flight = max(WRITERS, min(IN_FLIGHT, DELIVERIES_AHEAD // sockets))
            flow = await flood(crowd, THREAD, writes, pid=pid, seconds=seconds, in_flight=in_flight)
            latencies = await paced_inserts(crowd, THREAD, writes[0], seconds)
            record(sockets, {**flow.values, **latencies})
    crowd.leave()


CURVE = Curve(
    name="sockets",
    title="Sockets in a thread",
    about=ABOUT,
    axis="sockets",
    points=(1, 10, 100, 1_000, 10_000),
    small=(1, 3),
    figures=(
        Figure("rate", "deliveries/s"),
        Figure("cpu_us", "CPU of the server, µs a delivery"),
        Figure("median_ms", "latency, median, ms"),
        Figure("p99_ms", "99th percentile, ms"),
        *SHARES,
    ),
    panels=(
        Panel("Sockets in a thread", "deliveries/s", (("rate", ""),), is_log=True),
        Panel("Sockets in a thread", "µs of server CPU a delivery", (("cpu_us", ""),), is_log=True),
        Panel(
            "Sockets in a thread",
            "ms from INSERT to the frame",
            (("median_ms", "median"), ("p99_ms", "99th percentile")),
            is_log=True,
        ),
    ),
    measure=measure,
    sockets=lambda point: point,
)
