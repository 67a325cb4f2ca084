"""`python -m bench.growth`: measure the curves in turn, and write a page and a chart of them."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from bench import browser, databases
from bench.contestants import ROOT
from bench.databases import Databases
from bench.files import allow_many_sockets
from bench.growth import chart, history, report, servers, sizes, sockets, threads
from bench.growth.curve import Curve, Scale
from bench.growth.outcome import Outcome

CURVES = (sockets.CURVE, threads.CURVE, servers.CURVE, *servers.SLOW, sizes.CURVE, history.CURVE)
NAMES = [curve.name for curve in CURVES]
OTHER_FILES = 500
"""The files that a process opens in addition to its sockets."""


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Number of rounds.")
@click.option(
    "--seconds", default=0.75, show_default=True, type=click.FloatRange(0.1), help="Length of a run."
)
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Measure only this; may be repeated.")
@click.option("--small", is_flag=True, help="Measure few points with small loads, to see that it works.")
@click.option(
    "--output",
    default=ROOT / "docs",
    type=click.Path(path_type=Path),
    help="Folder for the page and the chart.  [default: docs]",
)
def main(rounds: int, seconds: float, only: tuple[str, ...], small: bool, output: Path) -> None:
    """Measure how Chinwag's cost grows, and write growth.md and growth.svg."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    curves = [curve for curve in CURVES if not only or curve.name in only]
    outcome = Outcome(curves, {}, rounds)
    files = allow_many_sockets()
    for curve in curves:
        outcome.points[curve.name] = _points(curve, small, files, outcome)
    if history.CURVE in curves and (reason := browser.missing()):
        outcome.skipped.append(f"first paint, {reason}")
    for sentence in outcome.skipped:
        _tell(f"skipped: {sentence}")
    scale = Scale(rounds, 0.1 if small else seconds, 2 if small else 20)
    with databases.started(fsync=not small) as postgres:
        for curve in curves:
            _measure(curve, postgres, scale, outcome)
        versions = report.versions(postgres.server_version())
    _write(outcome, versions, output)
    for failure in outcome.failures:
        _tell(f"failed: {failure}")
    sys.exit(1 if outcome.failures else 0)


def _points(curve: Curve, small: bool, files: int, outcome: Outcome) -> tuple[int, ...]:
    points = curve.small if small else curve.points
    possible = tuple(point for point in points if curve.sockets(point) + OTHER_FILES <= files)
    if possible != points:
        wanted = curve.sockets(max(points)) + OTHER_FILES
        sentence = f"{curve.name} above {max(possible):,}, which takes {wanted:,} open files: ulimit -n"
        outcome.skipped.append(sentence)
    return possible


def _measure(curve: Curve, postgres: Databases, scale: Scale, outcome: Outcome) -> None:
    points = outcome.points[curve.name]

    def record(point: int, values: Mapping[str, float]) -> None:
        number = outcome.record(curve, point, values)
        numbers = "  ".join(f"{name} {value:,.2f}" for name, value in values.items())
        _tell(f"round {number}/{scale.rounds}  {curve.label(point):>9} {curve.axis:9} {numbers}")

    _tell(f"{curve.title}")
    try:
        curve.measure(postgres, points, scale, record)
    except Exception as error:
        # Whatever it is, it is this curve's: the others are still worth drawing.
        outcome.failures.append(f"{curve.name}: {_told(error)}")


def _told(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return "\n".join([f"{type(error).__name__}: {error}", *notes])


def _write(outcome: Outcome, versions: list[str], output: Path) -> None:
    if not browser.missing():
        versions.append(browser.version())
    page = report.render(outcome, versions, " ".join(["python -m bench.growth", *sys.argv[1:]]))
    output.mkdir(parents=True, exist_ok=True)
    (output / "growth.md").write_text(page, encoding="utf-8")
    (output / "growth.svg").write_text(chart.draw(outcome), encoding="utf-8")
    click.echo(page)


def _tell(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
