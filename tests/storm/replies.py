"""`python -m tests.storm.replies`: replies are written while servers are killed and paused, people stop them,
and load pages anew.

Two servers have a bot, each of whose attempts at a reply says other words. A third one has none: it takes
the questions, and cannot be killed. Each thread has a reader on each server. Afterwards there must be exactly
one stored reply to each question, no reader may ever have shown anything but the beginning of what one
attempt has said, nor an attempt again after another one, and all must have the message that is stored. The
exit status is 1 if anything is wrong.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import click
import uvloop

from tests.storm.reply_faults import Faults, Outcome
from tests.storm.run import create_threads
from tests.storm.talk_judge import judge
from tests.storm.talks import Reader, Talks
from tests.storm.together import together
from tests.storm.upstream import stop_upstream
from tests.support.http import http_client
from tests.support.process import directory_for_all
from tests.support.tagged import TAGGED

KINDS = ("kill", "pause", "hiccup", "stop", "reload", "upstream")

THREADS = 20
OPEN = {"CHINWAG_SIGN_IN": "anyone"}
LIMIT_SECONDS = 5.0
"""How soon another server must have taken over what a dead one has begun."""

AT_MOST = {"from kill to the first new word": LIMIT_SECONDS, "from Stop to the closed connection": 1.0}


async def replies(
    directory: Path,
    kinds: Sequence[str] = KINDS,
    *,
    replies: int,
    pause: float,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[list[Outcome], list[str]]:
    """Do what `kinds` say to so many replies each; return the outcomes, and what is wrong."""
    outcomes, wrong = [], []
    async with together(directory, 0) as place, http_client(timeout=60) as http:
        for settings in (OPEN, OPEN | TAGGED, OPEN | TAGGED):
            await place.add_server(settings=settings)
        db = await place.connect()
        talks = Talks(http, place.servers[0], await create_threads(place, THREADS))
        talks.readers = [
            Reader(server, thread, comes_and_goes=comes_and_goes)
            for thread in talks.threads
            for server, comes_and_goes in [*((one, False) for one in place.servers), (place.servers[0], True)]
        ]
        async with asyncio.TaskGroup() as group:
            following = [group.create_task(one.run()) for one in talks.readers]
            await asyncio.gather(*(one.is_live.wait() for one in talks.readers))
            faults = Faults(place, talks, say)
            for kind in kinds:
                if kind == "pause":
                    outcomes.append(await faults.pause(replies, pause))
                elif kind != "upstream":
                    outcomes.append(await getattr(faults, kind)(replies))
            for task in following:
                task.cancel()
        wrong += await judge(talks, db, place.database_url)
        await db.close()
        if "upstream" in kinds:
            for server in place.servers[1:]:
                await asyncio.to_thread(server.kill)
            outcomes.append(await stop_upstream(place, http, replies, OPEN))
    wrong += [line for one in outcomes for line in one.wrong]
    return outcomes, [*wrong, *_too_slow(outcomes)]


def _too_slow(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"{name}: {max(one.seconds[name]):.2f} s"
        for one in outcomes
        for name, most in AT_MOST.items()
        if name in one.seconds and max(one.seconds[name]) > most
    ]


def print_table(outcomes: Sequence[Outcome], say: Callable[[str], None]) -> None:
    say("\n| fault | questions | replies hit | what is measured | median | worst |")
    say("|---|---|---|---|---|---|")
    for one in outcomes:
        for name, seconds in one.seconds.items():
            times = f"{_text(median(seconds))} | {_text(max(seconds))}"
            say(f"| {one.name} | {one.asked} | {one.hit} | {name} | {times} |")


def _text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


@click.command()
@click.option("--replies", "count", default=100, show_default=True, help="Number of replies of each kind.")
@click.option("--pause", default=30.0, show_default=True, help="Seconds for which a server is paused.")
@click.option("--kind", multiple=True, type=click.Choice(KINDS), help="Only this kind; may be repeated.")
def main(count: int, pause: float, kind: tuple[str, ...]) -> None:
    """Have replies written while servers die and pause, people stop them, and pages are loaded anew."""
    with directory_for_all() as directory:
        outcomes, wrong = uvloop.run(
            replies(directory, kind or KINDS, replies=count, pause=pause, say=click.echo)
        )
    print_table(outcomes, click.echo)
    for line in wrong[:50]:
        click.echo(f"WRONG: {line}")
    click.echo(f"{len(wrong)} wrong" if wrong else "each question has one reply, and nobody saw another text")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
