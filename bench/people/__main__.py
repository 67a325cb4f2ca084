"""`python -m bench.people`: measure what a team costs one server, and write a page about it."""

import asyncio
import os
import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import click
import uvloop

from bench import databases
from bench.contestants import ROOT, running
from bench.databases import Databases
from bench.files import allow_many_sockets
from bench.growth.chinwag import CHINWAG
from bench.growth.curve import Scale
from bench.people import report, team
from bench.people.measure import Round, Values
from bench.people.team import Size, Team

SIZES = (
    Size(10, 10, 10),
    Size(10, 200, 10),
    Size(100, 200, 50),
    Size(1_000, 10, 50),
    Size(1_000, 200, 50),
    Size(1_000, 200, 1_000),
)
Part = Callable[[Round], Awaitable[Values]]

SMALL = (Size(4, 3, 2),)


@click.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Number of rounds.")
@click.option(
    "--seconds", default=5.0, show_default=True, type=click.FloatRange(0.1), help="For how long is written."
)
@click.option("--small", is_flag=True, help="Measure tiny teams, to see that it works.")
@click.option(
    "--output",
    default=ROOT / "docs",
    type=click.Path(path_type=Path),
    help="Folder for the page.  [default: docs]",
)
def main(rounds: int, seconds: float, small: bool, output: Path) -> None:
    """Measure what a team costs one server, and write people.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    allow_many_sockets()
    load = os.getloadavg()[0]
    scale = Scale(rounds, 0.2 if small else seconds, 3 if small else 100)
    taken: dict[Size, list[Values]] = defaultdict(list)
    with databases.started(fsync=not small) as postgres:
        for size in SMALL if small else SIZES:
            began = time.monotonic()
            taken[size] = _measure(postgres, size, scale)
            click.echo(f"  {time.monotonic() - began:.0f} s", err=True)
        version = postgres.server_version()
    loads = load, os.getloadavg()[0]
    figures = {size: _medians(values) for size, values in taken.items()}
    page = report.render(figures, " ".join(["python -m bench.people", *sys.argv[1:]]), rounds, version, loads)
    output.mkdir(parents=True, exist_ok=True)
    (output / "people.md").write_text(page, encoding="utf-8")
    click.echo(page)


def _measure(postgres: Databases, size: Size, scale: Scale) -> list[Values]:
    """Measure a team in several rounds."""
    click.echo(f"{size.accounts:,} accounts, {size.threads} threads of {size.members:,}", err=True)
    taken = []
    with postgres.fresh(CHINWAG) as url:
        made = asyncio.run(team.create(url, size))
        for number in range(1, scale.rounds + 1):
            values: Values = {}
            # Each on a server that has just started. What a rush of connections leaves behind in memory would
            # hide what the connections need.
            for part in (Round.rush, Round.measure):
                with running(CHINWAG, url) as (pid, sockets_url):
                    values |= uvloop.run(_carry_out(part, url, made, pid, sockets_url, scale))
            numbers = "  ".join(f"{name} {value:,.2f}" for name, value in values.items())
            click.echo(f"round {number}/{scale.rounds}  {numbers}", err=True)
            taken.append(values)
    return taken


async def _carry_out(
    part: Part, url: str, made: Team, pid: int, sockets_url: str, scale: Scale
) -> Values:
    connection = await asyncpg.connect(url)
    try:
        return await part(Round(made, connection, pid, sockets_url, scale))
    finally:
        await connection.close()


def _medians(rounds: Sequence[Values]) -> Values:
    return {key: statistics.median(values[key] for values in rounds) for key in rounds[0]}


if __name__ == "__main__":
    main()
