"""Finding messages by their words."""

import asyncio
import re

import asyncpg

from app import wire
from app.database import Pool, Records
from app.errors import SearchBusy, SearchTooLong

AT_ONCE = 2
"""Searches of this server that run at the same time. A search can keep a processor of the database busy, and
others write meanwhile."""

WAIT_SECONDS = 2.0
"""How long a search waits for its turn."""

LIMIT = "set local statement_timeout = '2s'"
"""How long a search may take in the database. This is a setting of the transaction: one of the function would
come too late for the statement that calls it, and one of the session does not pass a transaction pooler."""

EXCERPT_CHARACTERS = 300
BEFORE_MATCH = 80
"""Characters of an excerpt that stand before what matches, at most: it should be seen at once."""


class Search:
    """The searches of this server."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def find(self, typed: str, *, before: int | None, limit: int) -> list[wire.Hit]:
        """The newest messages with these words. `before` is the id of the last message already seen.

        Raises SearchBusy, SearchTooLong.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise SearchBusy() from None
        try:
            rows = await self._read(typed, wire.MAX_ID if before is None else before, limit)
        except asyncpg.QueryCanceledError:
            raise SearchTooLong() from None
        finally:
            self._turns.release()
        return [
            wire.Hit(
                row["message"], row["thread_id"], row["title"], row["seq"], row["role"], row["created_at"],
                _parts(row["excerpt"]),
            )
            for row in rows
        ]  # fmt: skip

    async def _read(self, typed: str, before: int, limit: int) -> Records:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(LIMIT)
            return await connection.fetch("select * from search_messages($1, $2, $3)", typed, before, limit)


def _parts(excerpt: str) -> list[wire.Part]:
    pieces = re.split("[\ue000\ue001]", excerpt)  # every second one matches
    if len(pieces[0]) > BEFORE_MATCH:
        pieces[0] = "…" + pieces[0][-BEFORE_MATCH:]
    parts, room = [], EXCERPT_CHARACTERS
    for place, text in enumerate(pieces):
        if text and room:
            parts.append(wire.Part(text[:room], place % 2 == 1))
            room = max(0, room - len(text))
    return parts
