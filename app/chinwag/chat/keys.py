"""Keys: a program signs in as a bot account with a secret, of which a row has the hash."""

import secrets
from collections.abc import Iterable

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Pool
from chinwag.errors import NoSuchAccount, NoSuchKey

PREFIX = "chinwag_key_"
"""The beginning of each key, by which scanners find keys that were published by mistake. After it there are
64 hexadecimal digits."""

SECRET_BYTES = 32

MAKE = """
    insert into account_key (account_id, name, key_hash, created_by)
    select id, $2, $3, $4 from account where username = $1 and is_bot
    returning id, name, created_at, used_at
"""

LIST = """
    select account_key.id, name, created_at, used_at
    from account_key join account on account.id = account_id
    where username = $1 and is_bot order by account_key.id
"""

REVOKE = """
    delete from account_key using account
    where account.id = account_id and username = $1 and account_key.id = $2 returning true
"""

FIND = """
    select account.id as account_id, account.username, account_key.id as key_id
    from account_key join account on account.id = account_id
    where key_hash = $1 and active and is_bot
"""

VALID = """
    select account_key.id from account_key join account on account.id = account_id
    where account_key.id = any ($1) and active and is_bot
"""

USED = """
    update account_key set used_at = now()
    where id = any ($1) and (used_at is null or used_at < now() - interval '1 minute')
"""


class Keys:
    """The keys in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, bot: str, name: str, created_by: int | None = None) -> wire.NewKey:
        """Make a key of a bot. The result has its secret, which is not stored.

        Args:
            created_by: the account of who makes it; None for the command line.

        Raises:
            NoSuchAccount: there is no such bot.
            BadInput: the name.
        """
        secret = PREFIX + secrets.token_hex(SECRET_BYTES)
        row = await self._pool.fetchrow(MAKE, bot, name, hash_of(secret), created_by)
        if row is None:
            raise NoSuchAccount(f"there is no bot {bot}")
        return wire.NewKey(**row, secret=secret)

    async def of_bot(self, bot: str) -> list[wire.Key]:
        """Return the keys of a bot, the oldest first."""
        return [wire.Key(**row) for row in await self._pool.fetch(LIST, bot)]

    async def revoke(self, bot: str, id: int) -> None:
        """Revoke a key of a bot, which closes its WebSockets on all servers.

        Raises:
            NoSuchKey
        """
        if not await self._pool.fetchval(REVOKE, bot, id):
            raise NoSuchKey(f"there is no key {id} of {bot}")

    async def find(self, key_hash: bytes) -> SignedIn | None:
        """Return who holds the key with this hash, unless it was revoked or its bot is disabled."""
        row = await self._pool.fetchrow(FIND, key_hash)
        return SignedIn(**row) if row else None

    async def valid(self, ids: Iterable[int]) -> set[int]:
        """Return those of the keys that are not revoked, and whose bot is not disabled."""
        return {row["id"] for row in await self._pool.fetch(VALID, list(ids))}

    async def note_used(self, ids: Iterable[int]) -> None:
        """Note that keys were used."""
        await self._pool.execute(USED, list(ids))
