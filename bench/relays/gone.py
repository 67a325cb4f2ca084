"""A relay that is killed for good while messages are written: what the primary keeps for it, over time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from chinwag.bench.pgbench import pgbench
from chinwag.bench.place import Place
from chinwag.bench.relayed import Relay, relay_of, relays_alone, with_connection
from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.errors import LoadFailed
from chinwag.relay.primary import slots

WRITERS = 8
SIZE = 1_500
POLL_SECONDS = 0.25

MEGABYTE = 1 << 20
SEGMENT_MB = 16
"""The size of a file of the WAL."""

THREADS = "insert into thread (title) select 'bench' from generate_series(1, $1::integer) returning id"
FILES = "select sum(size)::bigint from pg_ls_waldir()"
COMMITS = "select xact_commit from pg_stat_database where datname = current_database()"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """What the primary has at a moment. Sizes are in MB of 2^20 bytes.

    Attributes:
        at: in seconds since the first sample.
        kept: the WAL from the place that the relay needs next.
        directory: all files of the WAL.
        status: that of the slot, as `chinwag relay list` shows it.
    """

    at: float
    kept: float
    directory: float
    status: str
    commits: int


@dataclass(frozen=True)
class Story:
    """A relay that was killed at a moment, and whose slot was lost at another."""

    limit: int
    max_wal: int
    samples: list[Sample]
    killed_at: float
    lost_at: float

    @property
    def most_kept(self) -> float:
        return max(sample.kept for sample in self.samples)

    @property
    def most_files(self) -> float:
        return max(sample.directory for sample in self.samples)

    def rate(self, start: float, end: float) -> float:
        """The commits a second between two moments."""
        some = [sample for sample in self.samples if start <= sample.at <= end]
        if len(some) < 2:
            return 0.0
        return (some[-1].commits - some[0].commits) / (some[-1].at - some[0].at)


def watch(place: Place, *, limit: int, before: float, most_seconds: float, tell: Tell) -> Story:
    """Kill a relay under load, and sample what the primary keeps until some time after its slot is lost.

    Args:
        limit: max_slot_wal_keep_size in MB.
        before: the seconds before the relay is killed, and after its slot is lost.
        most_seconds: how long the loss of the slot is awaited.

    Raises:
        LoadFailed: it is not lost in time.
    """
    max_wal = max(4 * SEGMENT_MB, limit // 4)
    settings = {
        "max_slot_wal_keep_size": f"{limit}MB",
        "max_wal_size": f"{max_wal}MB",
        "min_wal_size": f"{2 * SEGMENT_MB}MB",
    }
    with place.postgres("primary", settings) as primary, relay_of(primary, place) as relay:
        relays_alone(primary)
        watcher = Watcher(relay, before, most_seconds, tell)
        asyncio.run(watcher.run(primary))
    return Story(limit, max_wal, watcher.samples, watcher.killed_at, watcher.lost_at)


class Watcher:
    """It samples while pgbench writes, and kills the relay."""

    def __init__(self, relay: Relay, before: float, most_seconds: float, tell: Tell) -> None:
        self.samples: list[Sample] = []
        self.killed_at = 0.0
        self.lost_at = 0.0
        self._relay = relay
        self._before = before
        self._most_seconds = most_seconds
        self._tell = tell

    async def run(self, primary: EmbeddedPostgres) -> None:
        """Do it, from the first message until some time after the slot is lost."""
        await with_connection(primary.superuser_url, lambda db: self._run(db, primary.url))

    async def _run(self, db: Connection, writers_url: str) -> None:
        ids = [row["id"] for row in await db.fetch(THREADS, WRITERS)]
        async with pgbench(writers_url, ids, SIZE):
            began = time.monotonic()
            await self._sample_until(db, began, self._before)
            self._tell("the relay is killed")
            self._relay.kill()
            self.killed_at = time.monotonic() - began
            while self.samples[-1].status != "lost":
                if self.samples[-1].at > self.killed_at + self._most_seconds:
                    raise LoadFailed(f"the slot is not lost after {self._most_seconds:g} s")
                await self._sample_until(db, began, self.samples[-1].at + 1)
            self.lost_at = next(sample.at for sample in self.samples if sample.status == "lost")
            await self._sample_until(db, began, self.lost_at + self._before)

    async def _sample_until(self, db: Connection, began: float, end: float) -> None:
        while True:
            [slot] = await slots(db)
            directory, commits = await db.fetchval(FILES), await db.fetchval(COMMITS)
            at = time.monotonic() - began
            sizes = slot.kept / MEGABYTE, directory / MEGABYTE
            self.samples.append(Sample(at, *sizes, slot.wal_status, commits))
            if at >= end:
                break
            await asyncio.sleep(POLL_SECONDS)
        self._tell(f"{at:4.0f} s  {slot.wal_status}, {sizes[0]:.0f} MB are kept, {sizes[1]:.0f} MB in all")


def table(story: Story) -> str:
    """Return what has happened as a table in Markdown."""
    gone = story.rate(story.killed_at, story.lost_at)
    rows = [
        ("max_slot_wal_keep_size", f"{story.limit} MB"),
        ("max_wal_size", f"{story.max_wal} MB"),
        ("WAL that was kept for the relay, at most", f"{story.most_kept:.0f} MB"),
        ("all files of the WAL, at most", f"{story.most_files:.0f} MB"),
        ("from the kill until the slot was lost", f"{story.lost_at - story.killed_at:.0f} s"),
        ("commits/s with the relay", f"{story.rate(0, story.killed_at):,.0f}"),
        ("commits/s from the kill until the slot was lost", f"{gone:,.0f}"),
        ("commits/s afterwards", f"{story.rate(story.lost_at, story.samples[-1].at):,.0f}"),
    ]
    return "\n".join(["| | |", "| --- | --: |", *(f"| {name} | {value} |" for name, value in rows)])
