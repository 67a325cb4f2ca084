"""`python -m tests.storm.streaming`: what it costs that many replies stream at the same time.

Two servers have a bot, and each thread has three readers on these two. All replies begin at the same time,
each with so many words a second. It is measured how long each word takes from the bot to each reader, and
what the servers and PostgreSQL do meanwhile, beside the same load with a bot that says everything at the end.
Then other threads are written to through a third server, as fast as their messages come back, with and
without the streams beside them, in turn. The exit status is 1 if a reader has other text than the row.
"""

import asyncio
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
import uvloop

from chinwag.bench import chinwag as wire
from chinwag.bench.load import ingest
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.open_files import allow_many_sockets
from chinwag.provision import migrate
from tests.storm.run import create_threads
from tests.storm.streaming_load import WARM_UP_SECONDS, Load, Streams
from tests.storm.streaming_reader import percentile
from tests.storm.together import Together
from tests.support.http import http_client
from tests.support.process import ServerStarter, directory_for_all
from tests.support.timed import AT_ONCE, STREAMING

OPEN = {"CHINWAG_SIGN_IN": "anyone"}
INGEST_BYTES = 100

NEW_THREADS = """
    insert into thread (title, owner)
    select 'without a bot', (select author from message where role = 'user' order by id limit 1)
    from generate_series(1, $1) returning id
"""


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
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        for number in range(pairs):
            results = {}
            for streams in [(False, True), (True, False)][number % 2]:
                if streams:
                    await load.ask(rate, seconds + WARM_UP_SECONDS + 2)
                    await asyncio.sleep(WARM_UP_SECONDS)
                results[streams] = await _ingest(load, apart, writers, seconds)
                if streams:
                    report.wrong += await load.until_read()
            found.append((results[False], results[True]))
            say(f"{results[False]:.0f} a second without streams, {results[True]:.0f} with them")
    return found


async def _ingest(load: Load, apart: Executor, writers: int, seconds: float) -> float:
    # Who writes is alone in these threads, without a bot: nothing asks for a reply.
    threads = [row["id"] for row in await load.db.fetch(NEW_THREADS, writers)]
    urls = [wire.socket_url(load.place.servers[0].url, thread) for thread in threads]
    return await asyncio.get_running_loop().run_in_executor(apart, _ingest_apart, urls, seconds)


def _ingest_apart(urls: Sequence[str], seconds: float) -> float:
    """Write in another process than that of the readers, who would be in the way."""
    return uvloop.run(ingest(urls, wire.WIRE, wire.encoder(INGEST_BYTES), seconds=seconds)).rate


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
        say(f"| | median: | {median(beside / without for without, beside in report.pairs):.2f} |")


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
