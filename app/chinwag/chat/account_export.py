"""Export of an account: all that is stored about a person, as JSON."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from msgspec import json

from chinwag.db.pool import Pool, Records
from chinwag.errors import NoSuchAccount, TooManyExports

EXPORTS_AT_A_TIME = 10
PAGES_AT_A_TIME = 2
PAGE_MESSAGES = 200
PAGE_BYTES = 256_000
"""A page ends with the message that reaches one of these limits. Two pages of an export are in memory: one
is being sent, and one waits to be sent."""

ACCOUNT = """
    select id, username, display_name, email, is_bot, admin, active, wire_time(last_login at time zone 'UTC')
      as last_login
    from account where id = $1
"""

SESSIONS = """
    select id, device, wire_time(created_at) as created_at, wire_time(used_at) as used_at,
           wire_time(expires_at) as expires_at
    from session where account_id = $1 order by id
"""

IDENTITIES = """
    select issuer, subject, wire_time(created_at) as created_at
    from identity where account_id = $1 order by id
"""

# Who has left a thread still has a read mark of it.
THREADS = """
    select id from thread
    where owner = $1 or is_open or exists (
      select from read_mark where read_mark.thread_id = thread.id and account_id = $1
    )
    order by id
"""

# A message of versions before messages had authors is the owner's of its thread.
MESSAGES = """
    select seq, message_json(message)::text as json
    from (
      select message, seq, bytes, sum(bytes) over (order by seq) as bytes_so_far
      from (
        select message, seq, octet_length(content) as bytes
        from message
        where thread_id = $1 and seq > $2 and role = 'user'
          and (author = $5 or (author is null and written_by is null and exists (
            select from thread where id = $1 and owner = $5
          )))
        order by seq limit $3
      ) as nearest
    ) as counted
    where bytes_so_far - bytes < $4 order by seq
"""


class AccountExports:
    """The exports of accounts by one server process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._count = 0
        self._reading = asyncio.Semaphore(PAGES_AT_A_TIME)

    async def write(self, account_id: int) -> AsyncIterator[bytes]:
        """Write all that is stored about an account. The result is the pieces of the file.

        Raises:
            NoSuchAccount
            TooManyExports
        """
        pieces = self._pieces(account_id)
        await anext(pieces)  # it has begun, so its `finally` lowers the count even if it is never read
        return pieces

    async def _pieces(self, account_id: int) -> AsyncGenerator[bytes]:
        if self._count >= EXPORTS_AT_A_TIME:
            raise TooManyExports()
        self._count += 1
        try:
            head = await self._head(account_id)
            yield b""
            yield head
            separator = b"\n"
            async for text in self._messages_by(account_id):
                yield separator + text
                separator = b",\n"
            yield b"\n]}\n"
        finally:
            self._count -= 1

    async def _head(self, account_id: int) -> bytes:
        account = await self._pool.fetchrow(ACCOUNT, account_id)
        if account is None:
            raise NoSuchAccount()
        parts = {
            "account": dict(account),
            "sessions": _dicts(await self._pool.fetch(SESSIONS, account_id)),
            "identities": _dicts(await self._pool.fetch(IDENTITIES, account_id)),
        }
        return json.encode(parts)[:-1] + b',"messages":['

    async def _messages_by(self, account_id: int) -> AsyncIterator[bytes]:
        """Give the messages that an account has written, several in each piece, with commas between them."""
        for thread in await self._pool.fetch(THREADS, account_id):
            after = 0
            while rows := await self._page(account_id, thread["id"], after):
                yield ",\n".join(row["json"] for row in rows).encode()
                after = rows[-1]["seq"]

    async def _page(self, account_id: int, thread_id: int, after: int) -> Records:
        async with self._reading:  # not while it is sent: a slow reader holds up nobody
            return await self._pool.fetch(
                MESSAGES, thread_id, after, PAGE_MESSAGES, PAGE_BYTES, account_id
            )


def _dicts(rows: Records) -> list[dict[str, object]]:
    return [dict(row) for row in rows]
