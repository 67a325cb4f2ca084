"""`python -m tests.storm.crowd`: thousands of sockets are lost at once, and come back as browsers do.

Three ways: the server is killed and started again, it is asked to stop and started again, the network resets
every connection. Meanwhile each thread gets a message a second. The exit status is 1 if anybody missed one, a
try failed while the server was up (but for those that the machine was too slow for), `/health/live` did not
answer, or the server's log has errors.
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import uvloop

from chinwag.db.pool import Connection
from chinwag.open_files import allow_many_sockets
from tests.storm.alone import Alone, alone, resident_bytes
from tests.storm.health import Answer, asked_for_health
from tests.storm.returning import STABLE_SECONDS, Crowd, Failure

INSERT = "insert into message (thread_id, content) values ($1, 'tick')"
CALM_SECONDS = STABLE_SECONDS + 2
MB = 1_000_000


async def kill(one: Alone, _: Crowd) -> None:
    await asyncio.to_thread(one.server.kill)
    await one.start()


async def terminate(one: Alone, _: Crowd) -> None:
    await asyncio.to_thread(one.server.stop)
    await one.start()


async def reset(_: Alone, crowd: Crowd) -> None:
    for person in crowd.people:
        person.drop()


Way = Callable[[Alone, Crowd], Awaitable[None]]
WAYS: dict[str, Way] = {way.__name__: way for way in (kill, terminate, reset)}


@dataclass
class Loss:
    """The measurements of one way to lose all connections."""

    name: str
    began: float
    up: float
    back: list[float]
    failures: list[Failure]
    most_tries: int
    closes: Counter[int]
    log_errors: list[str]
    missed: int
    resident: tuple[int, int]
    answers: list[Answer]

    @property
    def refused(self) -> list[Failure]:
        """The tries that failed while no server was up."""
        return [one for one in self.failures if self.began <= one.began < self.up]

    @property
    def errors(self) -> Counter[str]:
        """The tries that failed while a server was up."""
        return Counter(one.name for one in self.failures if not self.began <= one.began < self.up)

    @property
    def is_wrong(self) -> bool:
        unhealthy = any(answer.wrong for answer in self.answers)
        refused = self.errors.keys() - {"TimeoutError"}  # a slow machine is no fault of the server
        return bool(refused or self.missed or self.log_errors or unhealthy)


@click.command()
@click.option("--sockets", default=5000, show_default=True, help="Number of browsers.")
@click.option("--threads", default=50, show_default=True, help="Number of their threads.")
@click.option(
    "--way", multiple=True, type=click.Choice(list(WAYS)), help="Measure only this way; may be repeated."
)
def main(sockets: int, threads: int, way: tuple[str, ...]) -> None:
    """Lose every socket at once, three ways, and watch them come back."""
    allow_many_sockets()
    sys.exit(uvloop.run(measure(sockets, threads, way or tuple(WAYS))))


async def measure(sockets: int, threads: int, ways: Sequence[str]) -> int:
    async with alone("crowd", {}) as one, asyncio.TaskGroup() as group:
        db = await one.connect()
        rows = await db.fetch("insert into thread select from generate_series(1, $1) returning id", threads)
        ids = [row["id"] for row in rows]
        crowd = Crowd(one, ids, sockets)
        began = time.monotonic()
        tasks = [group.create_task(person.stay()) for person in crowd.people]
        tasks.append(group.create_task(_insert(await one.connect(), ids)))
        await crowd.until_back(began)
        click.echo(f"{sockets} sockets in {threads} threads after {time.monotonic() - began:.1f} s")
        losses = [await _lose(way, one, crowd, db) for way in (WAYS[name] for name in ways)]
        for task in tasks:
            task.cancel()
    _report(losses)
    return 1 if any(loss.is_wrong for loss in losses) else 0


async def _insert(db: Connection, threads: list[int]) -> None:
    """Insert a message a second into each thread, one thread after the other."""
    began = time.monotonic()
    for count, thread in enumerate(itertools.cycle(threads)):
        await asyncio.sleep(max(0, began + count / len(threads) - time.monotonic()))
        await db.execute(INSERT, thread)


async def _lose(way: Way, one: Alone, crowd: Crowd, db: Connection) -> Loss:
    click.echo(f"{way.__name__} …")
    crowd.failures, crowd.most_tries, crowd.closes = [], 0, Counter()
    logged = len(one.log_errors())
    with asked_for_health(one.server.port) as answers:
        await asyncio.sleep(CALM_SECONDS)
        before = resident_bytes(one.server)
        began = time.monotonic()
        await way(one, crowd)
        up = time.monotonic()
        back = await crowd.until_back(began)
        await asyncio.sleep(CALM_SECONDS)
        missed = await crowd.count_missed(db)
    return Loss(
        name=way.__name__,
        began=began,
        up=up,
        back=back,
        failures=crowd.failures,
        most_tries=crowd.most_tries,
        closes=crowd.closes,
        log_errors=one.log_errors()[logged:],
        missed=missed,
        resident=(before, resident_bytes(one.server)),
        answers=[answer for answer in answers if answer.answered < began or answer.asked > up],
    )


def _report(losses: list[Loss]) -> None:
    click.echo("\n| | " + " | ".join(loss.name for loss in losses) + " |")
    click.echo("|---" * (len(losses) + 1) + "|")
    lines: list[tuple[str, Callable[[Loss], object]]] = [
        ("the server was away, s", lambda loss: f"{loss.up - loss.began:.1f}"),
        ("closed, by code", lambda loss: _counts(loss.closes)),
        ("50 % are back after, s", lambda loss: f"{_after(loss, 0.5):.1f}"),
        ("99 %", lambda loss: f"{_after(loss, 0.99):.1f}"),
        ("100 %", lambda loss: f"{loss.back[-1]:.1f}"),
        ("tries, at most", lambda loss: loss.most_tries),
        ("tries that failed while it was away", lambda loss: len(loss.refused)),
        ("tries that failed while it was up", lambda loss: _counts(loss.errors)),
        ("/health/live, median, ms", lambda loss: f"{statistics.median(_seconds(loss)) * 1000:.1f}"),
        ("/health/live, worst, ms", lambda loss: f"{max(_seconds(loss)) * 1000:.0f}"),
        ("/health/live, failed", lambda loss: _counts(Counter(a.wrong for a in loss.answers if a.wrong))),
        ("errors in its log", lambda loss: len(loss.log_errors)),
        ("messages missed", lambda loss: loss.missed),
        ("its memory before and after, MB", lambda loss: " → ".join(f"{b / MB:.0f}" for b in loss.resident)),
    ]
    for name, of in lines:
        click.echo(f"| {name} | " + " | ".join(str(of(loss)) for loss in losses) + " |")
    for line in [line for loss in losses for line in loss.log_errors][:20]:
        click.echo(line)


def _after(loss: Loss, part: float) -> float:
    return loss.back[round(part * len(loss.back)) - 1]


def _seconds(loss: Loss) -> list[float]:
    return [answer.seconds for answer in loss.answers]


def _counts(counter: Counter[Any]) -> str:
    return ", ".join(f"{count} {name or 'without'}" for name, count in counter.items()) or "0"


if __name__ == "__main__":
    main()
