"""`python -m bench.relays`: the commands `latency` and `gone`."""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.contestants import ROOT
from bench.relays import curve, gone, latency
from bench.report import machine
from chinwag.bench.place import new_place
from chinwag.logs import configure_logs


@click.group()
def main() -> None:
    """Measure relays, on PostgreSQL servers of our own, of which nothing is left."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    configure_logs("text")


@main.command("latency")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Number of rounds.")
@click.option(
    "--seconds", default=3.0, show_default=True, type=click.FloatRange(0.1), help="Length of a run."
)
@click.option(
    "--writers", default=16, show_default=True, type=click.IntRange(1), help="Writers in SQL beside it."
)
@click.option(
    "--rate", default=300.0, show_default=True, type=click.FloatRange(1), help="Their commits/s, together."
)
@click.option("--fsync-delay-ms", default=0.0, type=click.FloatRange(0), help="Have each fsync take longer.")
def latency_command(rounds: int, seconds: float, writers: int, rate: float, fsync_delay_ms: float) -> None:
    """Measure the time from an INSERT to a socket: by the primary, by a relay, idle and beside writers."""
    with new_place(fsync=True, fsync_delay_ms=fsync_delay_ms) as place:
        loads = latency.loads(writers, rate)
        taken = latency.measure(place, loads, rounds=rounds, seconds=seconds, tell=_tell)
    click.echo(f"{_command()}\n{datetime.now(UTC):%Y-%m-%d}, {machine()}, {rounds} rounds\n")
    click.echo(latency.table(taken))


@main.command("gone")
@click.option(
    "--limit", default=256, show_default=True, type=click.IntRange(32), help="max_slot_wal_keep_size, in MB."
)
@click.option(
    "--before", default=10.0, show_default=True, type=click.FloatRange(0.5), help="Seconds before the kill."
)
@click.option(
    "--wait", default=600.0, show_default=True, type=click.FloatRange(1), help="Seconds until it is given up."
)
@click.option("--fsync/--no-fsync", default=True, help="Whether commits wait for the disk.")
@click.option(
    "--picture",
    default=ROOT / "docs" / "relay-gone.svg",
    type=click.Path(path_type=Path),
    help="Where the curve is drawn.  [default: docs/relay-gone.svg]",
)
def gone_command(limit: int, before: float, wait: float, fsync: bool, picture: Path) -> None:
    """Kill a relay for good under load, and draw how much WAL the primary keeps for it."""
    with new_place(fsync=fsync) as place:
        story = gone.watch(place, limit=limit, before=before, most_seconds=wait, tell=_tell)
    picture.parent.mkdir(parents=True, exist_ok=True)
    command = f"python -m bench.relays gone --limit {limit}"
    picture.write_text(curve.draw(story, command), encoding="utf-8")
    click.echo(gone.table(story))


def _command() -> str:
    return " ".join(["python -m bench.relays", *sys.argv[1:]])


def _tell(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
