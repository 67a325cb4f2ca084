"""`python -m bench.capacity`: measure what the parts cost, check the model, and write a page about it."""

import asyncio
import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import click
import uvloop

from bench import databases
from bench.capacity import report
from bench.capacity.model import CHECKS, MEASURED_BY, units
from bench.capacity.situation import CONNECTIONS, Situation, Use, measure
from bench.contestants import ROOT
from bench.files import allow_many_sockets
from bench.growth.chinwag import CHINWAG
from bench.growth.cluster import Cluster
from bench.growth.load import CONTENT, INSERT
from chinwag.bench import chinwag, load
from chinwag.bench.cpu import resident_bytes

SET = "select set_relay_only($1)"
SOCKETS = 2_000
THREADS = 50


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Number of rounds.")
@click.option(
    "--seconds", default=8.0, show_default=True, type=click.FloatRange(0.1), help="For how long is written."
)
@click.option("--small", is_flag=True, help="Measure few sockets and messages, to see that it works.")
@click.option(
    "--output",
    default=ROOT / "docs",
    type=click.Path(path_type=Path),
    help="Folder for the page.  [default: docs]",
)
def main(rounds: int, seconds: float, small: bool, output: Path) -> None:
    """Measure what the parts of a load cost, and write capacity.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    allow_many_sockets()
    seconds = 0.5 if small else seconds
    situations = [*MEASURED_BY.values(), *CHECKS]
    if small:
        situations = [_small(one) for one in situations]
    taken: dict[str, list[Use]] = defaultdict(list)
    others: dict[str, list[float]] = defaultdict(list)
    with databases.started(fsync=not small) as postgres:
        for number in range(1, rounds + 1):
            with postgres.fresh(CHINWAG) as url, Cluster(url) as cluster:
                for situation in sorted(situations, key=lambda one: one.servers):
                    is_first = not cluster.places
                    if len(cluster.places) < situation.servers:
                        cluster.grow(situation.servers)
                    if is_first:
                        found = _others(url, cluster.places[0], 100 if small else SOCKETS, seconds)
                        _tell(f"round {number}/{rounds}  {found}")
                        for name, value in found.items():
                            others[name].append(value)
                    use = uvloop.run(measure(url, cluster.places, situation, seconds))
                    taken[situation.title].append(use)
                    _tell(f"round {number}/{rounds}  {situation.title}: {use}")
        version = postgres.server_version()
    medians = {title: _median(uses) for title, uses in taken.items()}
    made = units(
        {name: medians[one.title] for name, one in MEASURED_BY.items()},
        {name: statistics.median(values) for name, values in others.items()},
    )
    command = " ".join(["python -m bench.capacity", *sys.argv[1:]])
    page = report.render(made, [(one, medians[one.title]) for one in CHECKS], command, rounds, version)
    output.mkdir(parents=True, exist_ok=True)
    (output / "capacity.md").write_text(page, encoding="utf-8")
    click.echo(page)


def _small(one: Situation) -> Situation:
    return replace(
        one,
        servers=1,
        threads=min(5, one.threads),
        readers=min(5, one.readers),
        lists=min(5, one.lists),
    )


def _others(url: str, place: tuple[int, str], sockets: int, seconds: float) -> dict[str, float]:
    """Measure what is not a steady load: handshakes, memory, and as many commits as there may be."""
    pid, socket_url = place
    server = resident_bytes([pid])
    urls = [socket_url.format(thread=thread) for thread in range(1, THREADS + 1)]
    opened = uvloop.run(
        load.connections(urls, chinwag.WIRE, sockets=sockets, processes={"server": [pid]})
    )
    assert opened.bytes_per_socket is not None
    return {
        "handshake": opened.cpu["server"] / 100 * opened.seconds / sockets * 1e6,
        "socket": opened.bytes_per_socket,
        "server": float(server),
        "commits": uvloop.run(_commits(url, seconds, quietly=False)),
        "quiet_commits": uvloop.run(_commits(url, seconds, quietly=True)),
    }


async def _commits(url: str, seconds: float, *, quietly: bool) -> float:
    """Return how many rows were inserted a second, one in a commit, each writer into its own thread.

    Args:
        quietly: as where relays alone notify messages.
    """
    connections: list[Any] = [await asyncpg.connect(url) for _ in range(CONNECTIONS)]
    written = 0

    async def work(thread: int) -> None:
        nonlocal written
        while time.perf_counter() < ends:
            await connections[thread - 1].execute(INSERT, thread, CONTENT)
            written += 1

    try:
        await connections[0].execute(SET, quietly)
        began = time.perf_counter()
        ends = began + seconds
        await asyncio.gather(*[work(thread) for thread in range(1, CONNECTIONS + 1)])
        rate = written / (time.perf_counter() - began)
        await connections[0].execute(SET, False)
    finally:
        for connection in connections:
            await connection.close()
    return rate


def _median(uses: Sequence[Use]) -> Use:
    columns = zip(*(vars(use).values() for use in uses), strict=True)
    return Use(*(statistics.median(values) for values in columns))


def _tell(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
