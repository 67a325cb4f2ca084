"""The commits per second of concurrent SQL writers with NOTIFY, without it, and with a relay."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from chinwag.bench.cpu import Cpu
from chinwag.bench.load import Watch
from chinwag.bench.measures import Scale, run
from chinwag.bench.pgbench import pgbench
from chinwag.bench.relayed import caught_up, relayed_subject
from chinwag.bench.report import Figure
from chinwag.bench.span import Span
from chinwag.bench.subject import Subject, new_threads
from chinwag.db.pool import connect
from chinwag.embedded.initdb import OWNER
from chinwag.errors import LoadFailed
from chinwag.provision import migrate

UNHEARD = "chinwag_unheard"
MUTE = Path(__file__).with_name("unheard.sql")

NOTIFY, NONE, RELAY = "with NOTIFY", "without NOTIFY", "with a relay"

PROGRESS = re.compile(r"progress: ([\d.]+) s, ([\d.]+) tps")


@dataclass(frozen=True)
class Way:
    """A database whose messages are notified in one way, with threads, and the processes that take part."""

    url: str
    threads: Sequence[int]
    processes: Mapping[str, list[int]]
    relay_url: str | None = None


def writers(subject: Subject, scale: Scale, watch: Watch) -> list[Figure]:
    """Measure the commits per second of SQL writers, each of which has a thread of its own, so that they
    compete only for the database's commit.

    Without NOTIFY is measured in a second database of our own PostgreSQL, whose `notify_servers` does
    nothing, and with a relay in a PostgreSQL of its own. In a database of somebody else nothing is changed,
    and so these are left out.
    """
    with contextlib.ExitStack() as stack:
        threads = stack.enter_context(new_threads(subject, max(scale.writers)))
        ways = {NOTIFY: Way(subject.database, threads, subject.processes)}
        if subject.superuser_url and subject.place:
            watch("making the other databases")
            unheard, its_threads = run(_unheard(subject.database, subject.superuser_url, max(scale.writers)))
            ways[NONE] = Way(unheard, its_threads, subject.processes)
            relayed = stack.enter_context(relayed_subject(subject.place))
            its_threads = stack.enter_context(new_threads(relayed, max(scale.writers)))
            ways[RELAY] = Way(relayed.database, its_threads, relayed.processes, relayed.relay_url)
        return [figure for count in scale.writers for figure in _figures(ways, count, scale, watch)]


def _figures(ways: Mapping[str, Way], count: int, scale: Scale, watch: Watch) -> Iterator[Figure]:
    """Measure some writers in each way, one after the other."""
    who = f"{count} writer{'s' * (count > 1)}"
    rates = {}
    for name, way in ways.items():
        span = run(_commits(way, count, scale, watch, f"{who} {name}"))
        rates[name] = span.rate
        yield Figure(f"{who} {name}", "commits/s", span.rate, span.cpu)
        if way.relay_url:
            behind = run(caught_up(way.url, way.relay_url))
            yield Figure(f"{who}, then until the relay has notified all", "ms", behind * 1000)
    if RELAY in ways:
        yield Figure(f"{who}, with a relay : without NOTIFY", "ratio", rates[RELAY] / (rates[NONE] or 1))
        yield Figure(f"{who}, with a relay : with NOTIFY", "ratio", rates[RELAY] / (rates[NOTIFY] or 1))


async def _unheard(url: str, superuser_url: str, threads: int) -> tuple[str, list[int]]:
    """Make another database with our schema and some threads, in which nobody is notified."""
    there = urlsplit(url)._replace(path=f"/{UNHEARD}").geturl()
    connection = await connect(superuser_url)
    try:
        await connection.execute(f"drop database if exists {UNHEARD}")
        await connection.execute(f"create database {UNHEARD} owner {OWNER}")
    finally:
        await connection.close()
    await migrate(there)
    connection = await connect(there)
    try:
        await connection.execute(MUTE.read_text())
        rows = await connection.fetch(
            "insert into thread select from generate_series(1, $1) returning id", threads
        )
    finally:
        await connection.close()
    return there, [row["id"] for row in rows]


async def _commits(way: Way, writers: int, scale: Scale, watch: Watch, who: str) -> Span:
    """Count the commits of some writers, after a warm-up."""
    warm_up = 1 + writers // 64  # each session makes plans of its own
    said: list[str] = []
    commits, counted, last = 0.0, 0.0, 0.0
    async with pgbench(way.url, way.threads[:writers], scale.size) as process:
        cpu = Cpu({**way.processes, "pgbench": [process.pid]})
        assert process.stdout
        while counted < max(1, scale.seconds) - 0.5:
            said.append((await process.stdout.readline()).decode())
            if not said[-1]:
                raise LoadFailed(f"pgbench failed:\n{''.join(said)}")
            if progress := PROGRESS.match(said[-1]):
                now, rate = float(progress[1]), float(progress[2])
                if last >= warm_up - 0.5:
                    commits, counted = commits + rate * (now - last), counted + now - last
                    watch(f"{who}, {rate:,.0f} commits/s")
                else:
                    cpu.shares()  # from here on it is counted
                last = now
        return Span(round(commits), counted, cpu.shares())
