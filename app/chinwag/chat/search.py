"""Full-text search of messages."""

import asyncio
import re

import asyncpg

from chinwag import wire
from chinwag.db.pool import Pool, Records
from chinwag.errors import SearchBusy, SearchTooLong

AT_ONCE = 2
"""The most searches of this server that run at the same time. A search can keep a processor of the database
busy, and others write meanwhile."""

WAIT_SECONDS = 2.0
"""The longest time for which a search waits until it may run."""

LIMIT = "set local statement_timeout = '2s'"
"""The limit for the time that a search takes in the database.

It is a setting of the transaction: a setting of the function would come too late for the statement that
calls it, and a setting of the session does not pass a transaction pooler.
"""

EXCERPT_CHARACTERS = 300
BEFORE_MATCH = 80
"""The most characters of an excerpt before what matches, so that the match is seen at once."""

EDGE_CHARACTERS = 200
"""The number of characters in which an excerpt is compared with the beginning and the end of its message."""

NO_WORD = re.compile(r"[\W_]+")

FOUND = """
    select found.*, author, written_by, left(content, $4) as beginning, right(content, $4) as ending
    from search_messages($1, $2, $3, $5) as found join message on message.id = found.message
    order by found.message desc
"""


class Search:
    """The searches of this server."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
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
            rows = await self._read(typed, reader, wire.MAX_ID if before is None else before, limit)
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

    async def _read(self, typed: str, reader: int, before: int, limit: int) -> Records:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(LIMIT)
            return await connection.fetch(FOUND, typed, before, limit, EDGE_CHARACTERS, reader)


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
