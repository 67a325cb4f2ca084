"""`python -m bench`: measure Chinwag and other servers in turn, and write a page and a chart."""

import resource
import signal
import sys
from pathlib import Path

import click

from bench import chart, databases, report
from bench.contest import Contest
from bench.contestants import CONTESTANTS, ROOT

NAMES = [contestant.name for contestant in CONTESTANTS]


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Number of rounds.")
@click.option(
    "--seconds", default=2.0, show_default=True, type=click.FloatRange(0.1), help="Length of a run."
)
@click.option(
    "--sockets", default=2000, show_default=True, type=click.IntRange(1), help="The most sockets at a time."
)
@click.option("--fsync/--no-fsync", default=True, help="Whether a commit waits for the disk.")
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Measure only this; may be repeated.")
@click.option(
    "--small", is_flag=True, help="Start each server once for all measurements, to see that they work."
)
@click.option(
    "--output",
    default=ROOT / "docs",
    type=click.Path(path_type=Path),
    help="Folder for the page and the chart.  [default: docs]",
)
def main(
    rounds: int,
    seconds: float,
    sockets: int,
    fsync: bool,
    only: tuple[str, ...],
    small: bool,
    output: Path,
) -> None:
    """Measure Chinwag and other servers side by side, and write bench.md and bench.svg."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    _allow_many_sockets()
    skipped, contestants = [], []
    for contestant in CONTESTANTS:
        if only and contestant.name not in only:
            continue
        if reason := contestant.missing():
            skipped.append(f"{contestant.title}, {reason}")
        else:
            contestants.append(contestant)
    for sentence in skipped:
        click.echo(f"skipped: {sentence}", err=True)
    if not contestants:
        sys.exit("there is nobody to measure")
    contest = Contest(rounds, seconds, sockets, starts_once=small)
    with databases.started(fsync=fsync) as postgres:
        outcome = contest.hold(contestants, postgres, lambda line: click.echo(line, err=True))
        version = postgres.server_version()
    given = " ".join(["python -m bench", *sys.argv[1:]])
    page = report.render(outcome, contest, skipped, version, given)
    output.mkdir(parents=True, exist_ok=True)
    (output / "bench.md").write_text(page, encoding="utf-8")
    (output / "bench.svg").write_text(chart.draw(outcome, report.caption(contest)), encoding="utf-8")
    click.echo(page)
    for failure in outcome.failures:
        click.echo(f"failed: {failure}", err=True)
    sys.exit(1 if outcome.failures else 0)


def _allow_many_sockets() -> None:
    """Raise the limit on open files, also for the servers and the load generator, which inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
