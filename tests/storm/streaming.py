"""`python -m tests.storm.streaming`: what it costs that many replies stream at the same time.

Two servers have a bot, and each thread has three readers on these two. All replies begin at the same time,
each with so many words a second. It is measured how long each word takes from the bot to each reader, and
what the servers and PostgreSQL do meanwhile, beside the same load with a bot that thinks of each word at the
same time and says all of them at the end. Then other threads are written to through a third server, as fast
as their messages come back: without replies, beside those that are told at the end, and beside those that
stream, in turn. The exit status is 1 if a reader has other text than the row.
"""

import asyncio
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

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
from tests.support.timed import TIMED, Way

OPEN = {"CHINWAG_SIGN_IN": "anyone"}
INGEST_BYTES = 100

STEADY = {"autovacuum": "off", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}
"""PostgreSQL does nothing by itself while ratios are measured."""

NEW_THREADS = """
    insert into thread (title, owner)
    select 'without a bot', (select author from message where role = 'user' order by id limit 1)
    from generate_series(1, $1) returning id
"""


Beside = Way | Literal["nothing"]
BESIDE: tuple[Beside, ...] = ("nothing", "at the end", "streamed")

Ingests = Mapping[Beside, float]
"""The messages a second, by what was going on beside them."""


@dataclass
class Report:
    streamed: Streams = field(default_factory=Streams)
    at_the_end: Streams = field(default_factory=Streams)
    ingests: list[Ingests] = field(default_factory=list)
    """The messages a second of other threads."""
    wrong: list[str] = field(default_factory=list)


async def streaming(
    directory: Path,
    *,
    replies: int = 200,
    rate: float = 30,
    seconds: float = 20,
    rounds: int = 5,
    round_seconds: float = 4,
    writers: int = 20,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measure all of it."""
    report = Report()
    with EmbeddedPostgres(directory, options=STEADY) as postgres, ServerStarter(postgres.url) as starter:
        await migrate(postgres.url)
        place = Together(postgres.url, starter)
        for each in (OPEN, OPEN | TIMED, OPEN | TIMED):
            await place.add_server(settings=each)
        db = await place.connect()
        threads = await create_threads(place, replies)
        async with http_client(timeout=60) as http:
            load = Load(place, db, http, postgres.pid, threads)
            async with load.read():
                report.at_the_end = await load.measure("at the end", rate, seconds)
                report.streamed = await load.measure("streamed", rate, seconds)
                report.wrong = report.at_the_end.wrong + report.streamed.wrong
                await _ingests(load, rate, rounds, round_seconds, writers, report, say)
        await db.close()
        for server in place.servers:
            await asyncio.to_thread(server.kill)
    return report


async def _ingests(
    load: Load,
    rate: float,
    rounds: int,
    seconds: float,
    writers: int,
    report: Report,
    say: Callable[[str], None],
) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        for number in range(rounds):
            found: dict[Beside, float] = {}
            first = number % len(BESIDE)
            for beside in (*BESIDE[first:], *BESIDE[:first]):
                if beside != "nothing":
                    await load.ask(beside, rate, seconds + WARM_UP_SECONDS + 2)
                    await asyncio.sleep(WARM_UP_SECONDS)
                found[beside] = await _ingest(load, apart, writers, seconds)
                if beside != "nothing":
                    report.wrong += await load.until_read()
            report.ingests.append(found)
            say(", ".join(f"{rate:.0f} a second beside {beside!r}" for beside, rate in found.items()))


async def _ingest(load: Load, apart: Executor, writers: int, seconds: float) -> float:
    # Who writes is alone in these threads, without a bot: nothing asks for a reply.
    threads = [row["id"] for row in await load.db.fetch(NEW_THREADS, writers)]
    urls = [wire.socket_url(load.place.servers[0].url, thread) for thread in threads]
    return await asyncio.get_running_loop().run_in_executor(apart, _ingest_apart, urls, seconds)


def _ingest_apart(urls: Sequence[str], seconds: float) -> float:
    """Write in another process than that of the readers, who would be in the way."""
    return uvloop.run(ingest(urls, wire.WIRE, wire.encoder(INGEST_BYTES), seconds=seconds)).rate


def print_tables(report: Report, say: Callable[[str], None]) -> None:
    streamed, at_the_end = report.streamed, report.at_the_end
    say(f"\n| {streamed.replies} replies at the same time | streamed | told at the end |")
    say("|---|---|---|")
    say(f"| PostgreSQL's commits a second | {streamed.commits:.0f} | {at_the_end.commits:.0f} |")
    say(f"| write-ahead log, kB a second | {streamed.wal / 1000:.0f} | {at_the_end.wal / 1000:.0f} |")
    for name in streamed.cpu:
        say(f"| CPU of {name}, % of a core | {streamed.cpu[name]:.0f} | {at_the_end.cpu[name]:.0f} |")
    say(f"| frames of drafts that readers got | {streamed.frames} | {at_the_end.frames} |")
    say(f"| times that a reader asked for the whole text | {streamed.gaps} | {at_the_end.gaps} |")
    percentiles = ", ".join(f"{percentile(streamed.latencies, p) * 1000:.0f} ms" for p in (50, 99, 100))
    words = f"each of {len(streamed.latencies):,} words"
    say(f"| from the bot to a reader, {words}: p50, p99, worst | {percentiles} | |")
    if report.ingests:
        say("\n| messages a second in other threads, beside | nothing | told at the end | streamed |")
        say("|---|---|---|---|")
        for number, found in enumerate(report.ingests, 1):
            say(f"| round {number} | " + " | ".join(f"{found[beside]:.0f}" for beside in BESIDE) + " |")
        for base in BESIDE[:2]:
            ratios = [found["streamed"] / found[base] for found in report.ingests]
            each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            say(f"streamed, of what is written beside {base!r}: {each}; median {median(ratios):.2f}")


@click.command()
@click.option("--replies", default=200, show_default=True, help="Number of replies at the same time.")
@click.option("--rate", default=30.0, show_default=True, help="Words a second of each.")
@click.option("--seconds", default=20.0, show_default=True, help="Length of a reply.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of writing to other threads.")
@click.option("--round-seconds", default=4.0, show_default=True, help="Length of each run of a round.")
@click.option("--writers", default=20, show_default=True, help="Sockets that write to other threads.")
def main(
    replies: int, rate: float, seconds: float, rounds: int, round_seconds: float, writers: int
) -> None:
    """Measure many replies that stream at the same time."""
    allow_many_sockets()
    with directory_for_all() as directory:
        report = uvloop.run(
            streaming(
                directory,
                replies=replies,
                rate=rate,
                seconds=seconds,
                rounds=rounds,
                round_seconds=round_seconds,
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
