"""`python -m tests.storm.streaming`: what it costs that many replies stream at the same time.

Two servers have a bot, and each thread has three readers on these two. All replies begin at the same time,
each with so many words a second. It is measured how long each word takes from the bot to each reader, and
what the servers and PostgreSQL do meanwhile, beside the same load with a bot that says everything at the end.
Then other threads are written to through a third server, as fast as their messages come back, with and
without the streams beside them, in turn. The exit status is 1 if a reader has other text than the row.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
import uvloop

from chinwag.bench import chinwag as wire
from chinwag.bench.client import connected
from chinwag.bench.cpu import Cpu
from chinwag.bench.load import ingest
from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.open_files import allow_many_sockets
from chinwag.provision import migrate
from tests.storm.run import create_threads
from tests.storm.streaming_load import DraftClient, faults, percentile
from tests.storm.together import Together
from tests.support.http import http_client
from tests.support.process import ServerStarter, directory_for_all
from tests.support.timed import AT_ONCE, STREAMING

READERS = 3
OPEN = {"CHINWAG_SIGN_IN": "anyone"}
WARM_UP_SECONDS = 2.0
"""The time until all replies of a run are under way."""

PATIENCE_SECONDS = 30

INGEST_BYTES = 100

COUNTERS = """
    select xact_commit, pg_current_wal_lsn() - '0/0'::pg_lsn as wal
    from pg_stat_database where datname = current_database()
"""

STORED = """
    select distinct on (thread_id) thread_id, content from message
    where role = 'assistant' order by thread_id, seq desc
"""


@dataclass
class Streams:
    """The measurements of one run of replies.

    Attributes:
        cpu: in percent of one core, by process.
    """

    replies: int = 0
    commits: float = 0
    wal: float = 0
    frames: int = 0
    gaps: int = 0
    latencies: list[float] = field(default_factory=list)
    cpu: Mapping[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Load:
    """Threads, their readers, and the servers that reply in them."""

    place: Together
    db: Connection
    http: httpx.AsyncClient
    postmaster: int
    threads: list[int]
    clients: list[DraftClient] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """Have all threads read inside the block, on the two servers that have a bot."""
        self.clients = [DraftClient() for _ in range(READERS * len(self.threads))]
        urls = [
            wire.socket_url(self.place.servers[1 + (number + thread) % 2].url, thread)
            for thread in self.threads
            for number in range(READERS)
        ]
        async with connected(self.clients, urls):
            yield

    async def ask(self, rate: float, seconds: float) -> None:
        """Have a reply begin in each thread."""
        for client in self.clients:
            client.begin()

        async def ask(thread: int) -> None:
            url = f"{self.place.servers[0].url}/api/v1/threads/{thread}/messages"
            answer = await self.http.post(url, json={"content": f"say {rate} {seconds}"})
            answer.raise_for_status()

        for begin in range(0, len(self.threads), 4):  # not all at once, or one server would take all
            await asyncio.gather(*(ask(thread) for thread in self.threads[begin : begin + 4]))
            await asyncio.sleep(0.01)

    async def until_read(self) -> list[str]:
        """Wait until all readers have the stored replies; return what is wrong."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not all(one.is_complete for one in self.clients):
                    await asyncio.sleep(0.05)
        stored = {row["thread_id"]: row["content"] for row in await self.db.fetch(STORED)}
        return faults(self.clients, stored, [thread for thread in self.threads for _ in range(READERS)])

    async def measure(self, rate: float, seconds: float) -> Streams:
        """Measure replies while all of them are under way."""
        await self.ask(rate, seconds)
        await asyncio.sleep(WARM_UP_SECONDS)
        cpu, began, before = self.cpu(), time.monotonic(), await self.db.fetchrow(COUNTERS)
        await asyncio.sleep(max(0.5, seconds - WARM_UP_SECONDS - 2))
        shares, elapsed = cpu.shares(), time.monotonic() - began
        after = await self.db.fetchrow(COUNTERS)
        assert before and after
        wrong = await self.until_read()
        return Streams(
            replies=len(self.threads),
            commits=(after["xact_commit"] - before["xact_commit"]) / elapsed,
            wal=float(after["wal"] - before["wal"]) / elapsed,
            frames=sum(one.frames for one in self.clients),
            gaps=sum(one.gaps for one in self.clients),
            latencies=[each for one in self.clients for each in one.latencies],
            cpu=shares,
            wrong=wrong,
        )

    def cpu(self) -> Cpu:
        names = ["server without a bot", "server 1", "server 2"]
        servers = dict(zip(names, ([one.process.pid] for one in self.place.servers), strict=True))
        return Cpu({**servers, "postgresql": [self.postmaster]})


@dataclass
class Report:
    streamed: Streams = field(default_factory=Streams)
    at_once: Streams = field(default_factory=Streams)
    pairs: list[tuple[float, float]] = field(default_factory=list)
    """The messages a second of other threads, without streams and with them."""
    wrong: list[str] = field(default_factory=list)


async def streaming(
    directory: Path,
    *,
    replies: int = 200,
    rate: float = 30,
    seconds: float = 20,
    pairs: int = 4,
    pair_seconds: float = 4,
    writers: int = 20,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measure all of it."""
    report = Report()
    with EmbeddedPostgres(directory) as postgres, ServerStarter(postgres.url) as starter:
        await migrate(postgres.url)
        for settings in (AT_ONCE, STREAMING):
            place = Together(postgres.url, starter)
            for each in (OPEN, OPEN | settings, OPEN | settings):
                await place.add_server(settings=each)
            db = await place.connect()
            threads = await create_threads(place, replies)
            async with http_client(timeout=60) as http:
                load = Load(place, db, http, postgres.pid, threads)
                async with load.read():
                    run = await load.measure(rate, seconds)
                    report.wrong += run.wrong
                    if settings is AT_ONCE:
                        report.at_once = run
                    else:
                        report.streamed = run
                        report.pairs = await _pairs(load, rate, pairs, pair_seconds, writers, report, say)
            await db.close()
            for server in place.servers:
                await asyncio.to_thread(server.kill)
    return report


async def _pairs(
    load: Load,
    rate: float,
    pairs: int,
    seconds: float,
    writers: int,
    report: Report,
    say: Callable[[str], None],
) -> list[tuple[float, float]]:
    found = []
    for number in range(pairs):
        results = {}
        for streams in [(False, True), (True, False)][number % 2]:
            if streams:
                await load.ask(rate, seconds + WARM_UP_SECONDS + 2)
                await asyncio.sleep(WARM_UP_SECONDS)
            results[streams] = await _ingest(load, writers, seconds)
            if streams:
                report.wrong += await load.until_read()
        found.append((results[False], results[True]))
        say(f"{results[False]:.0f} a second without streams, {results[True]:.0f} with them")
    return found


async def _ingest(load: Load, writers: int, seconds: float) -> float:
    threads = await create_threads(load.place, writers)
    await load.db.execute("update thread set has_bot = false where id = any ($1::bigint[])", threads)
    urls: Sequence[str] = [wire.socket_url(load.place.servers[0].url, thread) for thread in threads]
    return (await ingest(urls, wire.WIRE, wire.encoder(INGEST_BYTES), seconds=seconds)).rate


def print_tables(report: Report, say: Callable[[str], None]) -> None:
    streamed, at_once = report.streamed, report.at_once
    say(f"\n| {streamed.replies} replies at the same time | streamed | all at the end |")
    say("|---|---|---|")
    say(f"| PostgreSQL's commits a second | {streamed.commits:.0f} | {at_once.commits:.0f} |")
    say(f"| write-ahead log, kB a second | {streamed.wal / 1000:.0f} | {at_once.wal / 1000:.0f} |")
    for name in streamed.cpu:
        say(f"| CPU of {name}, % of a core | {streamed.cpu[name]:.0f} | {at_once.cpu[name]:.0f} |")
    say(f"| frames of drafts that readers got | {streamed.frames} | {at_once.frames} |")
    say(f"| times that a reader asked for the whole text | {streamed.gaps} | {at_once.gaps} |")
    percentiles = ", ".join(f"{percentile(streamed.latencies, p) * 1000:.0f} ms" for p in (50, 99, 100))
    words = f"each of {len(streamed.latencies):,} words"
    say(f"| from the bot to a reader, {words}: p50, p99, worst | {percentiles} | |")
    if report.pairs:
        say("\n| messages a second in other threads, without streams | with them | ratio |\n|---|---|---|")
        for without, beside in report.pairs:
            say(f"| {without:.0f} | {beside:.0f} | {beside / without:.2f} |")


@click.command()
@click.option("--replies", default=200, show_default=True, help="Number of replies at the same time.")
@click.option("--rate", default=30.0, show_default=True, help="Words a second of each.")
@click.option("--seconds", default=20.0, show_default=True, help="Length of a reply.")
@click.option("--pairs", default=4, show_default=True, help="Pairs of runs with and without streams.")
@click.option("--pair-seconds", default=4.0, show_default=True, help="Length of each of these runs.")
@click.option("--writers", default=20, show_default=True, help="Sockets that write to other threads.")
def main(replies: int, rate: float, seconds: float, pairs: int, pair_seconds: float, writers: int) -> None:
    """Measure many replies that stream at the same time."""
    allow_many_sockets()
    with directory_for_all() as directory:
        report = uvloop.run(
            streaming(
                directory,
                replies=replies,
                rate=rate,
                seconds=seconds,
                pairs=pairs,
                pair_seconds=pair_seconds,
                writers=writers,
                say=click.echo,
            )
        )
    print_tables(report, click.echo)
    for line in report.wrong[:20]:
        click.echo(f"WRONG: {line}")
    wrong = len(report.wrong)
    click.echo(f"{wrong} wrong" if wrong else "all readers have the text of the row")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
