"""`python -m tests.storm.removals`: who is removed from a busy thread, or signed out, hears nothing more.

Three servers share one PostgreSQL. A thread gets 200 messages a second, while one person is removed from it
and added again at random times: over HTTP by its owner, by themselves, in SQL, or because a thread that was
open is its members' again. All frames of all sockets are recorded. Afterwards they are compared with the
table: nothing above the seq of a removal may have reached the person before they were added again, and
everybody else must have everything, once and in order. Then sessions and keys end, and it is measured how
long their sockets stay open. The exit status is 1 if anything is wrong.
"""

import asyncio
import contextlib
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
import uvloop

from tests.storm.access import Access, incomplete, read_access
from tests.storm.endings import Ending, Endings
from tests.storm.membership import Membership, new_cast, new_thread
from tests.storm.people import Place
from tests.storm.persons import Person
from tests.storm.recorder import PageReader, Record, Recorder
from tests.storm.steady import Load
from tests.storm.together import together
from tests.support.http import http_client
from tests.support.process import directory_for_all

CALM_SECONDS = 30
SHORTEST, LONGEST = 0.03, 0.5
"""The seconds between two changes of a membership."""

NO_SUCH_THREAD = 4004

COUNT = "select count(*) from message where role = 'user'"


@dataclass
class Report:
    """The result.

    Attributes:
        removals: how often the person lost the thread.
        closed: of each socket that was open then, the seconds until it was closed.
        frames: how many frames of each type reached those who may not see all.
    """

    removals: int = 0
    messages: int = 0
    seconds: float = 0
    closed: list[float] = field(default_factory=list)
    frames: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        return [*self.faults, *self.seen, *(line for one in self.endings for line in one.wrong)]


async def removals(
    directory: Path,
    *,
    times: int,
    rate: float,
    endings: int,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Remove a person so many times from a thread that gets `rate` messages a second, and end sessions and
    keys, each way so many times."""
    report = Report()
    async with together(directory, 3) as place, http_client(timeout=30) as http:
        db, of_writer = await place.connect(), await place.connect()
        cast = await new_cast(db)
        thread = await new_thread(db, cast)
        witnesses = [
            Recorder(server, person, where)
            for server, person in zip(place.servers, cast.stays, strict=True)
            for where in (thread, None)
        ]
        of_guest = sockets_of(place, cast.guest, thread)
        of_outsider = sockets_of(place, cast.outsider, thread)
        pages = [PageReader(place, http, one, thread) for one in (cast.guest, cast.outsider)]
        whole = [*witnesses, *(one for one in of_guest if one.resumes)]
        load = Load(place, http, thread, cast.stays, rate)
        async with asyncio.TaskGroup() as group:
            records: list[Record] = [*witnesses, *of_guest, *of_outsider, *pages]
            following = [group.create_task(one.run()) for one in records]
            await _until(lambda: all(one.stays for one in witnesses))
            writers = load.works(of_writer, [one for one in witnesses if one.thread], "@guest")
            writing = [group.create_task(work) for work in writers]
            await _come_and_go(Membership(place, http, cast, thread), times, say)
            report.endings = await Endings(place, http, db, cast.owner, thread).end_all(endings, say)
            load.stop()
            await asyncio.wait(writing)
            last_seq = await db.fetchval("select last_seq from thread where id = $1", thread)
            with contextlib.suppress(TimeoutError):
                await _until(lambda: all(one.last_seq == last_seq for one in whole))
            for task in following:
                task.cancel()
        report.faults = [*load.wrong, *incomplete(whole, last_seq)]
        report.messages, report.seconds = await db.fetchval(COUNT), load.seconds
        if report.messages != load.sent:
            report.faults.append(f"{report.messages} messages are stored of {load.sent}")
        for sockets, page in ((of_guest, pages[0]), (of_outsider, pages[1])):
            access = await read_access(db, thread, page.person.id)
            records = [*sockets, page]
            report.seen += access.seen(records, thread)
            report.frames.update(frame.type for one in records for frame in one.frames)
        access = await read_access(db, thread, cast.guest.id)
        report.removals, report.closed = len(access.revoked), _closed(access, of_guest)
        for connection in (db, of_writer):
            await connection.close()
    return report


def sockets_of(place: Place, person: Person, thread: int) -> list[Recorder]:
    """Sockets of a person on every server: two that stay, and one that comes and goes all the time."""
    return [
        recorder
        for server in place.servers
        for recorder in (
            Recorder(server, person, thread),
            Recorder(server, person, None),
            Recorder(server, person, thread, resumes=False, restless=True),
        )
    ]


async def _come_and_go(membership: Membership, times: int, say: Callable[[str], None]) -> None:
    await asyncio.sleep(1)
    for number in range(1, times + 1):
        await membership.revoke()
        await asyncio.sleep(random.uniform(SHORTEST, LONGEST))
        await (membership.grant() if number < times else membership.grant_for_good())
        await asyncio.sleep(random.uniform(SHORTEST, LONGEST))
        if number % 20 == 0:
            say(f"{number} removals")


def _closed(access: Access, recorders: list[Recorder]) -> list[float]:
    """Return how long each socket was open after a removal, if it was closed before the person was added
    again."""
    return [
        stay.closed - at
        for one in recorders
        for stay in one.stays
        for _, at, again in access.revoked
        if stay.opened < at <= stay.closed < again and stay.code == NO_SUCH_THREAD
    ]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(CALM_SECONDS):
        while not holds():
            await asyncio.sleep(0.05)


def print_tables(report: Report, say: Callable[[str], None]) -> None:
    kinds = ", ".join(f"{count} {type}" for type, count in sorted(report.frames.items()))
    say("\n| | |\n|---|---|")
    for name, value in (
        ("removals", report.removals),
        ("messages", f"{report.messages}, {report.messages / report.seconds:.0f} a second"),
        ("what reached who comes and goes, and who never belongs", kinds),
        ("of it above a removal", len(report.seen)),
        ("sockets that a removal has closed", len(report.closed)),
        ("until they were closed: median, worst", f"{_median(report.closed)}, {_worst(report.closed)}"),
    ):
        say(f"| {name} | {value} |")
    say("\n| what ends | times | sockets closed | median | worst | wrong, or later than 1 s |")
    say("|---|---|---|---|---|---|")
    for one in report.endings:
        numbers = (one.times, len(one.seconds), _median(one.seconds), _worst(one.seconds), len(one.wrong))
        say(f"| {one.name} | " + " | ".join(map(str, numbers)) + " |")


def _median(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f} ms" if seconds else "none"


def _worst(seconds: list[float]) -> str:
    return f"{max(seconds) * 1000:.0f} ms" if seconds else "none"


@click.command()
@click.option("--times", default=200, show_default=True, help="Number of removals.")
@click.option("--rate", default=200.0, show_default=True, help="Messages a second.")
@click.option("--endings", default=20, show_default=True, help="How often each kind of sign-in ends.")
def main(times: int, rate: float, endings: int) -> None:
    """Remove a person from a busy thread, again and again, and end sessions and keys."""
    with directory_for_all() as directory:
        report = uvloop.run(removals(directory, times=times, rate=rate, endings=endings, say=click.echo))
    print_tables(report, click.echo)
    for line in report.wrong[:50]:
        click.echo(f"WRONG: {line}")
    wrong = len(report.wrong)
    click.echo(f"{wrong} wrong" if wrong else "0 lost, 0 twice, 0 out of order, 0 seen by who may not")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
