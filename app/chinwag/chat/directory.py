"""The directory: all accounts, as people see one another, and what people and administrators change in it."""

from collections.abc import Sequence

import asyncpg

from chinwag import wire
from chinwag.chat.accounts import check_username, checked_display_name
from chinwag.db.pool import Pool, PoolConnection
from chinwag.errors import AccountExists, LastAdmin, NoSuchAccount

# A name matches by how it begins, a display name by how one of its words begins.
LIST = """
    select id, username, coalesce(display_name, username) as display_name, is_bot, admin, active, answers
    from account
    where ($1::bigint[] is null or id = any ($1)) and username > $3
      and ($2::text is null or starts_with(username, lower($2))
           or position(' ' || lower($2) in ' ' || lower(display_name)) > 0)
    order by username limit $4
"""

PERSON = """
    select id, username, coalesce(display_name, username) as display_name, is_bot, admin, active, answers
    from account where username = $1
"""

# The e-mail address is Piccolo's; one that was set there stays.
RENAME = """
    update account set username = $2::text,
      email = case when email = username || '@localhost' then $2::text || '@localhost' else email end
    where id = $1
"""

SHOW_AS = "update account set display_name = $2 where id = $1"

# The rows are locked, so that two administrators cannot both be taken for not the last one.
ADMINS = "select id from account where active and admin and not is_bot order by id for update"

CHANGE = """
    update account set admin = coalesce($2, admin), active = coalesce($3, active) where id = $1
"""


class Directory:
    """The accounts in the database, as persons and bots with names."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def people(
        self, limit: int, *, ids: Sequence[int] | None = None, typed: str | None = None, after: str = ""
    ) -> list[wire.Person]:
        """List accounts in the order of their usernames.

        Args:
            ids: list only these.
            typed: list only those with a name that begins with this.
            after: the last username already seen; "" for the first page.
        """
        rows = await self._pool.fetch(LIST, ids, typed, after, limit)
        return [wire.Person(**row) for row in rows]

    async def person(self, username: str) -> wire.Person:
        """Read an account.

        Raises:
            NoSuchAccount
        """
        async with self._pool.acquire() as connection:
            return await _person(connection, username)

    async def rename(self, account_id: int, *, username: str | None, display_name: str | None) -> None:
        """Change the names of an account; None leaves one as it is.

        Raises:
            UsernameRefused, DisplayNameRefused, AccountExists
        """
        if username is not None:
            check_username(username)
        shown = None if display_name is None else checked_display_name(display_name)
        async with self._pool.acquire() as connection, connection.transaction():
            if username is not None:
                try:
                    await connection.execute(RENAME, account_id, username)
                except asyncpg.UniqueViolationError:
                    raise AccountExists(f"there is an account {username} already") from None
            if shown is not None:
                await connection.execute(SHOW_AS, account_id, shown)

    async def change(self, username: str, *, admin: bool | None, active: bool | None) -> wire.Person:
        """Make somebody an administrator or a member, disable or enable an account; None leaves it as it is.

        Raises:
            NoSuchAccount, LastAdmin
        """
        async with self._pool.acquire() as connection, connection.transaction():
            person = await _person(connection, username)
            if admin is False or active is False:
                await _keep_an_admin(connection, person.id)
            await connection.execute(CHANGE, person.id, admin, active)
            return await _person(connection, username)

    async def delete(self, account_id: int) -> None:
        """Delete an account, which ends its sessions. What it has written stays.

        Raises:
            NoSuchAccount, LastAdmin
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await _keep_an_admin(connection, account_id)
            if not await connection.fetchval("delete from account where id = $1 returning true", account_id):
                raise NoSuchAccount()


async def _person(connection: PoolConnection, username: str) -> wire.Person:
    row = await connection.fetchrow(PERSON, username)
    if row is None:
        raise NoSuchAccount(f"there is no account {username[:100]}")
    return wire.Person(**row)


async def _keep_an_admin(connection: PoolConnection, account_id: int) -> None:
    """Lock the administrators, and refuse to lose the last one."""
    if [row["id"] for row in await connection.fetch(ADMINS)] == [account_id]:
        raise LastAdmin()
