"""`python -m tests.storm`: the long storm, as a command."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import click

from tests.storm.picture import draw
from tests.storm.run import storm


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="Length of the storm.")
@click.option("--servers", default=3, show_default=True, help="Number of servers.")
@click.option("--threads", default=4, show_default=True, help="Number of threads.")
@click.option("--readers", default=3, show_default=True, help="Number of readers of each thread.")
@click.option("--browsers", default=2, show_default=True, help="Number of Chromium's windows.")
@click.option("--pace", default=0.05, show_default=True, help="Seconds between a writer's messages.")
@click.option("--relays", default=0, show_default=True, help="Number of relays, which then notify messages.")
@click.option("--standby-reads", is_flag=True, help="Servers read from a standby, which breaks, too.")
@click.option("--fault", multiple=True, help="Cause only this fault; may be repeated.")
@click.option("--picture", type=click.Path(path_type=Path), default=Path("storm.svg"), show_default=True)
def main(
    minutes: float,
    servers: int,
    threads: int,
    readers: int,
    browsers: int,
    pace: float,
    relays: int,
    standby_reads: bool,
    fault: list[str],
    picture: Path,
) -> None:
    """Chat while everything breaks and people come and go, and judge: nothing lost, nothing twice, nothing
    out of order, nothing seen by who may not."""
    # A real disk, and a place which the user that runs PostgreSQL for root can enter.
    directory = Path(tempfile.gettempdir()) / "chinwag-storm"
    shutil.rmtree(directory, ignore_errors=True)
    history, wrong = asyncio.run(
        storm(
            directory,
            seconds=minutes * 60,
            servers=servers,
            threads=threads,
            readers=readers,
            browsers=browsers,
            pace=pace,
            only=fault,
            relays=relays,
            standby_reads=standby_reads,
            say=click.echo,
        )
    )
    shutil.rmtree(directory)
    draw(history, picture)
    sent = history.sent
    unknown = len(sent.unknown - sent.stored)
    click.echo(f"{len(sent.stored)} messages acknowledged, {unknown} of unknown outcome")
    click.echo(f"{sum(history.delivered.values())} delivered to {len(history.readings)} readers")
    click.echo(f"{len(history.faults)} faults in {history.seconds:.0f} s; the picture is {picture}")
    click.echo(", ".join(f"{count} {name}" for name, count in history.changes.items()))
    for line in wrong[:50]:
        click.echo(f"WRONG: {line}")
    click.echo(f"{len(wrong)} wrong" if wrong else "0 lost, 0 twice, 0 out of order, 0 seen by who may not")
    sys.exit(1 if wrong else 0)


main()
