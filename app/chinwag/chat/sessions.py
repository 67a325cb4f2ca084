"""Sessions: the browsers in which persons are signed in. A row has the hash of a secret that its browser
holds."""

import hashlib
import secrets
from collections.abc import Iterable

from chinwag import wire
from chinwag.chat.accounts import SignedIn
from chinwag.db.pool import Pool

SECRET_BYTES = 32

DEVICE_CHARACTERS = 300

BEGIN = """
    with signed_in as (
      update account set last_login = localtimestamp where id = $1 and active and password = $2 returning id
    )
    insert into session (account_id, token_hash, device, expires_at, idle_days)
    select id, $3, $4, now() + make_interval(days => $5), $6 from signed_in returning id
"""

MOST_SESSIONS = 100
"""The most sessions of an account. More end the ones that were not used for longest."""

END_OLDEST = """
    delete from session where id in (
      select id from session where account_id = $1 order by used_at desc, id desc offset $2
    )
"""

FIND = """
    select account.id as account_id, account.username, session.id as session_id
    from session join account on account.id = session.account_id
    where session.token_hash = $1 and is_valid(session)
"""

LIST = """
    select id, device, created_at, used_at, expires_at, id is not distinct from $2 as is_this
    from session where account_id = $1 and is_valid(session) order by used_at desc, id desc
"""

VALID = "select id from session where id = any ($1) and is_valid(session)"

USED = "update session set used_at = now() where id = any ($1) and used_at < now() - interval '1 minute'"

def hash_of(token: str) -> bytes:
    """Return what a row has of a secret. A secret is random, so it needs no slow hash as a password does."""
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """The sessions in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(
        self, account_id: int, password_hash: str, device: str, *, days: int, idle_days: int
    ) -> str | None:
        """Begin a session, and return its secret, which is not stored. The result is None if meanwhile the
        account was disabled or its password changed."""
        token = secrets.token_urlsafe(SECRET_BYTES)
        begun = await self._pool.fetchval(
            BEGIN, account_id, password_hash, hash_of(token), device[:DEVICE_CHARACTERS], days, idle_days
        )
        if begun is None:
            return None
        await self._pool.execute(END_OLDEST, account_id, MOST_SESSIONS)
        return token

    async def find(self, token_hash: bytes) -> SignedIn | None:
        """Return who holds the secret with this hash, if its session has not ended."""
        row = await self._pool.fetchrow(FIND, token_hash)
        return SignedIn(**row) if row else None

    async def valid(self, ids: Iterable[int]) -> set[int]:
        """Return those of the sessions that have not ended."""
        rows = await self._pool.fetch(VALID, list(ids))
        return {row["id"] for row in rows}

    async def of_account(self, account_id: int, this: int | None) -> list[wire.Session]:
        """Return the sessions of an account, the last used one first. `this` is the one that asks."""
        return [wire.Session(**row) for row in await self._pool.fetch(LIST, account_id, this)]

    async def end(self, account_id: int, id: int) -> bool:
        """End a session of an account. Return whether it had this session."""
        ended = await self._pool.fetchval(
            "delete from session where id = $1 and account_id = $2 returning true", id, account_id
        )
        return bool(ended)

    async def keep(self, used: Iterable[int]) -> None:
        """Note that sessions were used, and end those that have expired or were not used for too long."""
        await self._pool.execute(USED, list(used))
        await self._pool.execute("delete from session where not is_valid(session)")
