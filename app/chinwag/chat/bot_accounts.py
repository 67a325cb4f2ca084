"""Bot accounts: those of programs. They have no password, and sign in with keys (chinwag.chat.keys)."""

from chinwag import wire
from chinwag.chat.accounts import ADD_BOT, check_username
from chinwag.chat.passwords import NO_PASSWORD
from chinwag.db.pool import Pool
from chinwag.errors import AccountExists, NoSuchAccount

LIST = """
    select id, username, coalesce(display_name, username) as display_name, active from account
    where is_bot and ($1::text is null or username = $1) order by username
"""


class BotAccounts:
    """The accounts of bots in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, username: str, display_name: str | None = None) -> wire.Bot:
        """Add a bot.

        Raises:
            UsernameRefused
            AccountExists
            BadInput: the display name.
        """
        check_username(username)
        if await self._pool.fetchval(ADD_BOT, username, NO_PASSWORD, display_name, False) is None:
            raise AccountExists(f"there is an account {username} already")
        return await self.get(username)

    async def all(self) -> list[wire.Bot]:
        """Return all bots, in the order of their names."""
        return [wire.Bot(**row) for row in await self._pool.fetch(LIST, None)]

    async def get(self, username: str) -> wire.Bot:
        """Return a bot.

        Raises:
            NoSuchAccount: there is none of this name, or it is a person.
        """
        row = await self._pool.fetchrow(LIST, username)
        if row is None:
            raise NoSuchAccount(f"there is no bot {username}")
        return wire.Bot(**row)
