"""Online schema changes: none of them blocks writers or readers for more than a moment.

A statement that waits for a strong lock holds up every statement that comes after it. So it waits for a
moment only (`lock_timeout`), gives up, and tries again later. PostgreSQL's manual has the modes of locks
("Explicit Locking").
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

from chinwag.db.pool import Connection
from chinwag.errors import DatabaseUnsuitable

LOCK_WAIT = "set local lock_timeout = '50ms'"
PAUSE_SECONDS = 0.2
GIVE_UP_SECONDS = 600
SAY_SECONDS = 5
"""The time between two log lines about work that takes long."""

BATCH_SECONDS = 0.15
"""About how long a batch may take: it is made larger or smaller accordingly."""

FIRST_BATCH = 500
LARGEST_BATCH = 20_000
HIGHEST_ID = 2**63 - 1

# The transactions that may be in the way: they have held a lock on one of our tables for a while.
HOLDERS = """
    select distinct activity.pid from pg_stat_activity as activity join pg_locks as locks using (pid)
    where granted and locktype = 'relation' and xact_start < now() - interval '1 second'
      and relation in (select oid from pg_class where relnamespace = 'public'::regnamespace)
      and activity.pid <> pg_backend_pid()
"""

IS_VALID = "select indisvalid from pg_index where indexrelid = to_regclass('public.' || $1)"

DROP_INDEX = "select format('drop index concurrently if exists public.%I', $1::text)"

VALIDATE = "select format('alter table public.%I validate constraint %I', $1::text, $2::text)"

T = TypeVar("T")
Step = Callable[[Connection], Awaitable[None]]

log = structlog.get_logger(__name__)


async def briefly(db: Connection, work: Callable[[], Awaitable[T]], what: str) -> T:
    """Do work that needs strong locks in one short transaction.

    It is tried again until it gets the locks, so it may run more than once.

    Raises:
        DatabaseUnsuitable: it could not get a lock for ten minutes.
    """
    began = said = time.monotonic()
    while True:
        try:
            async with db.transaction():
                await db.execute(LOCK_WAIT)
                return await work()
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            pass
        now = time.monotonic()
        if now > said + SAY_SECONDS:
            said = now
            holders = [row["pid"] for row in await db.fetch(HOLDERS)]
            if now > began + GIVE_UP_SECONDS:
                raise DatabaseUnsuitable(f"{what}: a lock could not be had; it is held by process {holders}")
            log.warning("migration_waits_for_a_lock", what=what, held_by=holders, seconds=round(now - began))
        await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))


def change(sql: str) -> Step:
    """Make a step that runs statements in one short transaction. They must be able to run again."""

    async def step(db: Connection) -> None:
        await briefly(db, lambda: db.execute(sql), sql.strip().splitlines()[0])

    return step


def build_index(name: str, sql: str) -> Step:
    """Make a step that runs `create index concurrently`, unless the index is there.

    A build that was killed leaves an invalid index, which is dropped first.
    """

    async def step(db: Connection) -> None:
        is_valid = await db.fetchval(IS_VALID, name)
        if is_valid is False:
            await drop_index(name)(db)
        if not is_valid:
            await _reporting(f"build the index {name}", db.execute(sql))

    return step


def validate(table: str, constraint: str) -> Step:
    """Make a step that checks all rows of a table for a constraint that was added as `not valid`. Writers go
    on meanwhile."""

    async def step(db: Connection) -> None:
        statement = await db.fetchval(VALIDATE, table, constraint)
        await _reporting(f"check {constraint}", db.execute(statement))

    return step


def drop_index(name: str) -> Step:
    """Make a step that drops an index, if it is there, as soon as no transaction uses it."""

    async def step(db: Connection) -> None:
        await _reporting(f"drop the index {name}", db.execute(await db.fetchval(DROP_INDEX, name)))

    return step


def fill(what: str, sql: str, *, total: str, lock: str = "") -> Step:
    """Make a step that changes the rows of a table in batches, from the highest id down.

    Each batch is a transaction of its own, with a pause for other writers after it. A step that was killed
    goes through all rows again, so `sql` must quickly skip those that are done.

    Args:
        sql: takes the id to begin at and a number of rows; returns the last id that it came to, and the
            number of rows.
        total: returns about how many rows there are, for the log.
        lock: runs first in each transaction.
    """

    async def step(db: Connection) -> None:
        async def batch() -> tuple[int, int]:
            if lock:
                await db.execute(lock)
            row = await db.fetchrow(sql, begin, size)
            assert row is not None
            return row[0], row[1]

        of = await db.fetchval(total)
        begin, size, done, count = HIGHEST_ID, FIRST_BATCH, 0, FIRST_BATCH
        said = time.monotonic()
        while count == size:
            began = time.monotonic()
            last, count = await briefly(db, batch, what)
            took = time.monotonic() - began
            done += count
            if count < size or began > said + SAY_SECONDS:
                said = began
                log.info("migrating", what=what, done=done, of=max(done, of))
            if count == size:
                await asyncio.sleep(took / 2)
                begin = last - 1
                count = size = min(LARGEST_BATCH, max(FIRST_BATCH, int(size * min(2, BATCH_SECONDS / took))))

    return step


async def _reporting(what: str, work: Awaitable[object]) -> None:
    """Wait for work that may take long, and log now and then that it goes on."""
    task = asyncio.ensure_future(work)
    began = time.monotonic()
    try:
        while not (await asyncio.wait({task}, timeout=SAY_SECONDS))[0]:
            log.info("migrating", what=what, seconds=round(time.monotonic() - began))
    finally:
        task.cancel()
    task.result()
