"""`python -m tests.storm.unread`: three devices of a person agree with the table about what is unread.

Others write and mention the person in four threads. The person reads on any device, writes, and is removed
and added again. Meanwhile servers are killed, connections to the database are cut, and devices come back.
Every few seconds all of it stops. Soon after, the counts that each device has from `GET /threads`,
`thread.active` and `thread.read` must be those that SQL counts. The exit status is 1 if one never is.
"""

import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import click
import httpx

from chinwag.db.pool import DATABASE_ERRORS
from tests.storm.devices import Device
from tests.storm.faults import TERMINATE
from tests.storm.persons import Database, Person, new_person
from tests.storm.together import Together, together
from tests.support.http import http_client
from tests.support.process import directory_for_all

DEVICES = 3
THREADS = 4
SETTLE_SECONDS = 15
LATE_SECONDS = 0.5
"""How long the counts must stay right after they are right: a late frame must not spoil them."""

COUNT = """
    select thread.id, last_seq - read_seq as unread, (
      select count(*) from mention
      where mention.thread_id = thread.id and mention.account_id = $1 and seq > coalesce(read_seq, 0)
    ) as mentions
    from thread left join read_mark on read_mark.thread_id = thread.id and read_mark.account_id = $1
    where is_open or exists (
      select from member where member.thread_id = thread.id and member.account_id = $1
    )
"""

READ_IN_SQL = """
    update read_mark set read_seq = greatest(read_seq, $3) where thread_id = $1 and account_id = $2
"""

WRITE = "insert into message (thread_id, content) select $1, $2 from generate_series(1, $3)"

Counts = dict[int, tuple[int | None, int]]
"""By thread, how many messages are unread and how many of them mention the person."""


@dataclass
class Report:
    """The result.

    Attributes:
        settled: of each quiet moment, the seconds until all devices had the counts.
    """

    done: Counter[str] = field(default_factory=Counter)
    frames: Counter[str] = field(default_factory=Counter)
    settled: list[float] = field(default_factory=list)
    compared: int = 0
    wrong: list[str] = field(default_factory=list)


class Life:
    """What happens to the threads and the servers between two quiet moments."""

    def __init__(
        self,
        place: Together,
        http: httpx.AsyncClient,
        db: Database,
        person: Person,
        other: Person,
        threads: list[int],
        devices: list[Device],
        report: Report,
    ) -> None:
        self._place, self._http, self._db = place, http, db
        self._person, self._other = person, other
        self._threads = threads
        self._devices = devices
        self._report = report

    async def go_on(self, seconds: float) -> None:
        """Let all of it happen for a while, and until nothing is broken any more."""
        calm, over = asyncio.Event(), asyncio.Event()
        paces: list[tuple[Callable[[], Awaitable[None]], float]] = [
            (self._write, 0.01),
            (self._write_in_sql, 0.03),
            (self._read, 0.03),
            (self._read, 0.03),
            (self._drop_device, 0.5),
            (self._change_members, 0.7),
        ]
        async with asyncio.TaskGroup() as group:
            for act, pace in paces:
                group.create_task(self._repeat(act, pace, over))
            disturbing = group.create_task(self._repeat(self._disturb, 1.5, calm))
            await asyncio.sleep(seconds)
            calm.set()
            await disturbing
            over.set()

    async def _repeat(self, act: Callable[[], Awaitable[None]], pace: float, over: asyncio.Event) -> None:
        await asyncio.sleep(random.uniform(0, pace))
        while not over.is_set():
            # Nobody minds here what a killed server has not done.
            with contextlib.suppress(httpx.TransportError, asyncpg.PostgresError, *DATABASE_ERRORS):
                await act()
                self._report.done[act.__name__.strip("_").replace("_", " ")] += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), random.expovariate(1 / pace))

    async def _write(self) -> None:
        by = random.choice([self._other, self._other, self._person])
        content = random.choice([f"hello @{self._person.username}", "hello", "hello all"])
        await self._request("POST", self._thread(), "messages", by, {"content": content})

    async def _write_in_sql(self) -> None:
        content = random.choice([f"@{self._person.username}, look", "look"])
        await self._db.execute(WRITE, self._thread(), content, random.choice([1, 1, 1, 10]))

    async def _read(self) -> None:
        """Read up to anywhere: sometimes less than before, sometimes more than there is."""
        thread = self._thread()
        last_seq = await self._db.fetchval("select last_seq from thread where id = $1", thread)
        seq = max(0, last_seq + random.choice([2, 0, 0, -1, -5, -50]))
        if random.random() < 0.2:
            await self._db.execute(READ_IN_SQL, thread, self._person.id, min(seq, last_seq))
        else:
            await self._request("PUT", thread, "read", self._person, {"seq": seq})

    async def _drop_device(self) -> None:
        random.choice(self._devices).drop()

    async def _change_members(self) -> None:
        """Remove the person from a thread, or add them again."""
        thread = self._threads[0]
        member = f"members/{self._person.username}"
        await self._request(random.choice(["DELETE", "PUT"]), thread, member, self._other)

    async def _disturb(self) -> None:
        if random.random() < 0.5:
            await self._place.restart(random.randrange(len(self._place.servers)))
        else:
            await self._db.execute(TERMINATE, random.choice(["chinwag", "chinwag listener"]))

    def _thread(self) -> int:
        return random.choice(self._threads)

    async def _request(
        self, method: str, thread: int, path: str, by: Person, body: dict[str, Any] | None = None
    ) -> None:
        url = f"{random.choice(self._place.servers).url}/api/v1/threads/{thread}/{path}"
        await self._http.request(method, url, headers=by.headers, json=body)


async def unread(
    directory: Path, *, seconds: float, say: Callable[[str], None] = lambda line: None
) -> Report:
    """Let everything happen for so long, and compare the counts whenever it stops."""
    report = Report()
    async with together(directory, 3) as place, http_client() as http:
        db = await asyncpg.create_pool(place.database_url, min_size=1, max_size=6)
        person, other = await new_person(db, "bob"), await new_person(db, "ann")
        threads = await _threads(db, person, other)
        devices = [Device(place, http, person) for _ in range(DEVICES)]
        life = Life(place, http, db, person, other, threads, devices, report)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(device.run()) for device in devices]
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                await life.go_on(random.uniform(0.5, 4))
                await _compare(db, person, devices, report, say)
            for task in tasks:
                task.cancel()
        for device in devices:
            report.frames += device.frames
        await db.close()
    return report


async def _threads(db: Database, person: Person, other: Person) -> list[int]:
    """Threads of both, of which the last is open to everybody."""
    ids = [
        await db.fetchval("insert into thread (title, owner) values ('both', $1) returning id", other.id)
        for _ in range(THREADS - 1)
    ]
    for id in ids:
        await db.execute("insert into member (thread_id, account_id) values ($1, $2)", id, person.id)
    return [*ids, await db.fetchval("insert into thread (title) values ('open') returning id")]


async def _compare(
    db: Database, person: Person, devices: list[Device], report: Report, say: Callable[[str], None]
) -> None:
    counted: Counts = {
        row["id"]: (None if row["unread"] is None else max(0, row["unread"]), row["mentions"])
        for row in await db.fetch(COUNT, person.id)
    }
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while not all(one.is_ready and _counts(one) == counted for one in devices):
                await asyncio.sleep(0.01)
    report.settled.append(time.monotonic() - began)
    await asyncio.sleep(LATE_SECONDS)
    for number, device in enumerate(devices, 1):
        report.compared += len(counted)
        if not device.is_ready or _counts(device) != counted:
            report.wrong.append(f"device {number} has {_counts(device)} instead of {counted}")
    say(f"{report.settled[-1]:6.2f} s  until all have {counted}")


def _counts(device: Device) -> Counts:
    return {id: known.counts for id, known in device.threads.items()}


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="How long it takes.")
def main(seconds: float) -> None:
    """Read, write and break things, and compare what is unread on three devices with the table."""
    with directory_for_all() as directory:
        report = asyncio.run(unread(directory, seconds=seconds, say=click.echo))
    click.echo("\n| | |\n|---|---|")
    for name, value in (
        ("quiet moments", len(report.settled)),
        ("counts of threads that were compared", report.compared),
        ("until they were right, worst", f"{max(report.settled):.2f} s"),
        ("what happened", ", ".join(f"{count} × {name}" for name, count in report.done.items())),
        ("frames", ", ".join(f"{count} {name}" for name, count in report.frames.items())),
        ("wrong", len(report.wrong)),
    ):
        click.echo(f"| {name} | {value} |")
    for line in report.wrong[:20]:
        click.echo(f"WRONG: {line}")
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
