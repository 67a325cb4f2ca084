"""`python -m bench.page`: measure the page in Chromium, and write a page about it."""

import asyncio
import platform
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from bench import browser, databases
from bench.contestants import ROOT, running
from bench.growth.chinwag import CHINWAG
from bench.growth.past import create_threads
from bench.page import busy_thread, first_load, growing_reply, long_thread
from bench.page.figures import Figure
from bench.report import machine


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Number of rounds.")
@click.option(
    "--messages", default=100_000, show_default=True, type=click.IntRange(300), help="In the long thread."
)
@click.option("--small", is_flag=True, help="Type and read for a moment, to see that it works.")
@click.option(
    "--output",
    default=ROOT / "docs",
    type=click.Path(path_type=Path),
    help="Folder for the page.  [default: docs]",
)
def main(rounds: int, messages: int, small: bool, output: Path) -> None:
    """Measure the page in Chromium, and write page.md."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended
    if reason := browser.missing():
        sys.exit(reason)
    with (
        databases.started(fsync=True) as postgres,
        postgres.fresh(CHINWAG) as database_url,
        running(CHINWAG, database_url) as (_, sockets_url),
    ):
        url = f"http://{urlsplit(sockets_url).netloc}"
        sections = asyncio.run(_measure(url, database_url, messages, rounds, small))
        version = postgres.server_version()
    page = _render(sections, messages, rounds, version)
    output.mkdir(parents=True, exist_ok=True)
    (output / "page.md").write_text(page, encoding="utf-8")
    click.echo(page)


async def _measure(
    url: str, database_url: str, messages: int, rounds: int, small: bool
) -> Mapping[str, list[Figure]]:
    sections: dict[str, list[Figure]] = {}
    short, busy, growing = await create_threads(database_url, (first_load.MESSAGES,) * 3)
    async with browser.launched() as chromium:
        click.echo("the first load", err=True)
        sections[first_load.ABOUT] = await first_load.measure(chromium, url, short, rounds)
        click.echo("a busy thread", err=True)
        measured = await busy_thread.measure(chromium, url, database_url, busy, rounds, small=small)
        sections[busy_thread.ABOUT] = measured
        click.echo("a growing reply", err=True)
        measured = await growing_reply.measure(
            chromium, url, database_url, growing, rounds, small=small
        )
        sections[growing_reply.ABOUT] = measured
        click.echo(f"a long thread, of {messages:,} messages", err=True)
        [long] = await create_threads(database_url, (messages,))
        sections[long_thread.ABOUT] = await long_thread.measure(chromium, url, long, messages, rounds)
    return sections


def _render(sections: Mapping[str, list[Figure]], messages: int, rounds: int, postgres: str) -> str:
    command = " ".join(["python -m bench.page", *sys.argv[1:]])
    parts = [
        "# The page in a browser",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with",
        f"    {command}",
        f"which wrote this page: {rounds} rounds, a long thread of {messages:,} messages. {machine()}.",
    ]
    titles = ("First load", "Busy thread", "Growing reply", "Long thread")
    for title, (about, figures) in zip(titles, sections.items(), strict=True):
        parts += [f"## {title}", about, _table(figures)]
    versions = [f"{browser.version()}, PostgreSQL {postgres}, Python {platform.python_version()}"]
    parts += ["## Versions", "\n".join(f"- Chinwag on {CHINWAG.version()}; {one}" for one in versions)]
    return "\n\n".join(parts) + "\n"


def _table(figures: list[Figure]) -> str:
    rows = ["| | median | worst | count | limit | |", "| --- | --: | --: | --: | --: | --- |"]
    for figure in figures:
        of = "median" if figure.of_median else "each"
        limit = "" if figure.limit is None else f"{of} ≤ {figure.limit:g}"
        verdict = "" if figure.limit is None else "met" if figure.is_met else "**missed**"
        title = f"{figure.title}, {figure.unit}".removesuffix(", ")
        figures_ = f"{figure.median:,.1f} | {figure.worst:,.1f} | {len(figure.taken)}"
        rows.append(f"| {title} | {figures_} | {limit} | {verdict} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
