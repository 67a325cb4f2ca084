"""Full-text search of messages, on the primary, or on a standby that has all that the primary had when it was
asked."""

import asyncio
import re
import time
from functools import partial
from typing import NamedTuple

import asyncpg
from asyncpg.transaction import Transaction

from chinwag import wire
from chinwag.chat.pages import MARK
from chinwag.counts import READS
from chinwag.db.pool import Pool, PoolConnection, Records
from chinwag.db.standbys import ANSWER_SECONDS, Standby, StandbyFailed, Standbys
from chinwag.errors import SearchBusy, SearchTooLong

AT_ONCE = 2
"""The most searches of this server that run at the same time. A search can keep a processor of the database
busy, and others write meanwhile."""

WAIT_SECONDS = 2.0
"""The longest time for which a search waits until it may run."""

LIMIT_SECONDS = 2
LIMIT = f"set local statement_timeout = '{LIMIT_SECONDS}s'"
"""The limit for the time that a search takes in the database.

It is a setting of the transaction: a setting of the function would come too late for the statement that
calls it, and a setting of the session does not pass a transaction pooler.
"""

BEHIND_LOOKS = 10
BEHIND_SECONDS = 0.02
"""How often a standby is looked at, and in which intervals, until it has replayed what the primary has
written. Under load it is nearly always some milliseconds behind."""

EXCERPT_CHARACTERS = 300
BEFORE_MATCH = 80
"""The most characters of an excerpt before what matches, so that the match is seen at once."""

EDGE_CHARACTERS = 200
"""The number of characters in which an excerpt is compared with the beginning and the end of its message."""

NO_WORD = re.compile(r"[\W_]+")

FOUND = """
    select found.*, author, written_by, left(content, $4) as beginning, right(content, $4) as ending,
           {mark} as mark
    from search_messages($1, $2, $3, $5) as found join message on message.id = found.message
    order by found.message desc
""".replace("{mark}", MARK)

NEWEST = """
    select pg_current_wal_insert_lsn()::text as position, id, {mark} as mark
    from message order by id desc limit 1
""".replace("{mark}", MARK)

HAS_REACHED = """
    select coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)
      and exists (select from message where id = $2 and {mark} = $3)
""".replace("{mark}", MARK)
"""A standby of another history has other positions, so the newest message must be there, too. This has to be
a statement before the one that reads: a statement sees what was committed before it began."""

ARE_SEEN = """
    select count(*) = cardinality($1::bigint[])
    from message join thread on thread.id = thread_id
    where message.id = any ($1) and {mark} = any ($2::text[]) and sees($3, thread)
""".replace("{mark}", MARK)


class Newest(NamedTuple):
    """What the primary has written: its position in the WAL, and the newest message with its mark."""

    position: str
    id: int
    mark: str


class Sought(NamedTuple):
    """What is searched for, as search_messages() takes it."""

    typed: str
    before: int
    limit: int
    edge_characters: int
    reader: int


class Search:
    """The searches of this server."""

    def __init__(self, pool: Pool, standbys: Standbys) -> None:
        self._pool = pool
        self._standbys = standbys
        self._running = asyncio.Semaphore(AT_ONCE)

    async def find(self, typed: str, reader: int, *, before: int | None, limit: int) -> list[wire.Hit]:
        """Find the newest messages with some words, of those that an account sees.

        Args:
            typed: the words, as a person has typed them.
            before: the id of the last message already seen; None for the first page.

        Raises:
            SearchBusy, SearchTooLong
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._running.acquire()
        except TimeoutError:
            raise SearchBusy() from None
        try:
            before = wire.MAX_ID if before is None else before
            rows = await self._read(Sought(typed, before, limit, EDGE_CHARACTERS, reader))
        except asyncpg.QueryCanceledError:
            raise SearchTooLong() from None
        finally:
            self._running.release()
        return [
            wire.Hit(
                row["message"], row["thread_id"], row["title"], row["seq"], row["role"], row["author"],
                row["written_by"], row["created_at"],
                _parts(row["excerpt"], row["beginning"], row["ending"]),
            )
            for row in rows
        ]  # fmt: skip

    async def _read(self, sought: Sought) -> Records:
        source, rows = "primary", None
        if standby := self._standbys.choose():
            source, rows = await self._ask(standby, sought)
        READS.add("search", source)
        if rows is None:
            async with self._pool.acquire() as connection, _reading(connection):
                await connection.execute(LIMIT)
                rows = await connection.fetch(FOUND, *sought)
        return rows

    async def _ask(self, standby: Standby, sought: Sought) -> "tuple[str, Records | None]":
        """Return what is counted for the answer of a standby, and what it has found, if that is what the
        primary would have found.

        The standby has the memberships of a moment after the primary was asked. In the end the primary says
        whether the account sees all of it.
        """
        row = await self._pool.fetchrow(NEWEST)
        if row is None:
            return "primary", None
        newest = Newest(*row)
        try:
            # This is short, so that a standby that does not answer is given up soon.
            if not await standby.ask(partial(_catches_up, newest)):
                return "standby_behind", None
            rows = await standby.ask(partial(_find_there, newest, sought), LIMIT_SECONDS + ANSWER_SECONDS)
        except StandbyFailed:
            return "standby_failed", None
        if rows is None:
            return "standby_behind", None
        found = [row["message"] for row in rows], [row["mark"] for row in rows]
        if not await self._pool.fetchval(ARE_SEEN, *found, sought.reader):
            return "standby_behind", None
        return "standby", rows


async def _catches_up(newest: Newest, pool: Pool) -> bool:
    """Wait until a standby has what the primary had, but not for long."""
    for _ in range(BEHIND_LOOKS):
        if await pool.fetchval(HAS_REACHED, *newest):
            return True
        await asyncio.sleep(BEHIND_SECONDS)
    return False


async def _find_there(newest: Newest, sought: Sought, pool: Pool) -> "Records | None":
    """Search on a standby. None: it does not have what the primary had; several may share a URL.

    Raises:
        SearchTooLong: it takes as long on the primary.
    """
    async with pool.acquire() as connection, _reading(connection):
        await connection.execute(LIMIT)
        if not await connection.fetchval(HAS_REACHED, *newest):
            return None
        began = time.monotonic()
        try:
            return await connection.fetch(FOUND, *sought)
        except asyncpg.QueryCanceledError:
            if time.monotonic() - began > LIMIT_SECONDS - 0.1:
                raise SearchTooLong() from None
            raise  # it was in the way of what is replayed


def _reading(connection: PoolConnection) -> Transaction:
    """Open a transaction in which each statement sees what was committed before it."""
    return connection.transaction(isolation="read_committed", readonly=True)


def _parts(excerpt: str, beginning: str, ending: str) -> list[wire.Part]:
    """Return the pieces of an excerpt, with "…" where it does not begin or end as the message does."""
    pieces = re.split("[\ue000\ue001]", excerpt.strip())  # every second piece matches
    if len(pieces[0]) > BEFORE_MATCH:
        pieces[0] = "…" + pieces[0][-BEFORE_MATCH:]
    elif not _starts_alike(excerpt, beginning):
        pieces[0] = "…" + pieces[0]
    is_cut = len("".join(pieces)) > EXCERPT_CHARACTERS
    parts, room = [], EXCERPT_CHARACTERS
    for place, text in enumerate(pieces):
        if text and room:
            parts.append(wire.Part(text[:room], place % 2 == 1))
            room = max(0, room - len(text))
    if is_cut or not _starts_alike(excerpt[::-1], ending[::-1]):
        parts.append(wire.Part("…", False))
    return parts


def _starts_alike(one: str, other: str) -> bool:
    """Whether two texts start with the same letters.

    What is around words is not compared: ts_headline() leaves some of it out, and search_messages() takes
    out the characters that mark what matches.
    """
    one, other = (NO_WORD.sub("", text[:EDGE_CHARACTERS]) for text in (one, other))
    length = min(len(one), len(other))
    return one[:length] == other[:length]
