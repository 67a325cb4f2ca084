"""Attempts to sign in: limited for each account and each address, and counted in the database, so that any
number of servers have one limit together."""

from chinwag.db.pool import Pool
from chinwag.errors import TooManySignIns

MINUTES = 15

OF_ACCOUNT = 10
"""The most wrong passwords that may be tried for one account in MINUTES."""

OF_ADDRESS = 100
"""The most attempts from one address in MINUTES. A whole office may be behind it."""

# Servers that count the same keys count one after the other. Each locks the account first: no deadlock.
LOCK = "select pg_advisory_xact_lock(hashtextextended(key, 0)) from unnest($1::text[]) as key"

COUNT = """
    select limits.key from unnest($1::text[], $2::int[]) as limits (key, most)
    where most <= (
      select count(*) from sign_in_attempt
      where sign_in_attempt.key = limits.key and attempted_at > now() - make_interval(mins => $3)
    )
"""


class Attempts:
    """The attempts that are counted in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count(self, username: str, address: str) -> list[int]:
        """Count an attempt before its password is verified, and return what `forget` takes.

        Raises:
            TooManySignIns: it was not counted, and may be tried again when others are old enough.
        """
        return await self._count(
            {f"account {username[:100].casefold()}": OF_ACCOUNT, f"address {address}": OF_ADDRESS}
        )

    async def count_address(self, address: str) -> list[int]:
        """Count an attempt that names no account, such as one to open a link. It is as in count()."""
        return await self._count({f"address {address}": OF_ADDRESS})

    async def _count(self, limits: dict[str, int]) -> list[int]:
        keys = list(limits)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK, keys)
            if await connection.fetch(COUNT, keys, list(limits.values()), MINUTES):
                raise TooManySignIns()
            rows = await connection.fetch(
                "insert into sign_in_attempt (key) select unnest($1::text[]) returning id", keys
            )
        return [row["id"] for row in rows]

    async def forget(self, ids: list[int]) -> None:
        """Forget an attempt that has succeeded, and all those for its account."""
        await self._pool.execute(
            """delete from sign_in_attempt where id = any ($1) or key in (
                 select key from sign_in_attempt where id = any ($1) and key like 'account %')""",
            ids,
        )

    async def forget_old(self) -> None:
        """Forget the attempts that no limit looks back to."""
        await self._pool.execute(
            "delete from sign_in_attempt where attempted_at < now() - make_interval(mins => $1)", MINUTES
        )
