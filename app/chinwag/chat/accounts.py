"""Accounts: for now there is one, which is pre-configured and signed in automatically."""

from chinwag import wire
from chinwag.db.pool import Pool

# No password matches this, as in /etc/shadow of Unix. No code checks passwords yet.
NO_PASSWORD = "!"  # noqa: S105


class OwnAccount:
    """The account that is signed in by itself. It is created if it is missing."""

    def __init__(self, pool: Pool, username: str, max_content: int) -> None:
        self._pool = pool
        self._username = username
        self._max_content = max_content
        self._known: wire.Account | None = None

    async def get(self) -> wire.Account:
        """Return the account, which is read once.

        It is not read at the start, because a server process may start while its database is away.
        """
        if self._known is None:
            self._known = await self._ensure()
        return self._known

    async def _ensure(self) -> wire.Account:
        await self._pool.execute(
            """insert into account (username, password, email, active)
               values ($1::text, $2, $1::text || '@localhost', true) on conflict do nothing""",
            self._username,
            NO_PASSWORD,
        )
        row = await self._pool.fetchrow(
            "select id, username from account where username = $1", self._username
        )
        assert row is not None
        return wire.Account(id=row["id"], username=row["username"], max_content=self._max_content)
