"""Webhooks: addresses to which programs send messages for a thread. An address contains a secret, of which a
row has the hash."""

import secrets

from msgspec import Struct

from chinwag import wire
from chinwag.chat.passwords import NO_PASSWORD
from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Pool
from chinwag.errors import BadInput, NoSuchWebhook

PREFIX = "chinwag_hook_"
"""The beginning of each secret, by which scanners find those that were published by mistake. After it there
are 64 hexadecimal digits."""

SECRET_BYTES = 32

# The bot is the one of this name, or else a new one, whose display name is that of the webhook.
MAKE = """
    with new_bot as (
      insert into account (username, password, email, active, display_name, is_bot)
      select $5::text, $6, $5::text || '@localhost', true, $3, true
      from thread where id = $1 and $2::text is null
      returning id, username
    ), bot as (
      select id, username from new_bot
      union all
      select id, username from account where username = $2 and is_bot
    )
    insert into webhook (account_id, thread_id, name, secret_hash, created_by)
    select bot.id, thread.id, $3, $4, $7 from bot, thread where thread.id = $1
    returning id, name, (select username from bot) as bot, created_at, used_at
"""

LIST = """
    select webhook.id, name, username as bot, created_at, used_at
    from webhook join account on account.id = account_id where thread_id = $1 order by webhook.id
"""

REVOKE = "delete from webhook where thread_id = $1 and id = $2 returning true"

FIND = """
    select webhook.id, thread_id, account_id,
           coalesce(used_at < now() - interval '1 minute', true) as is_to_be_noted
    from webhook join account on account.id = account_id
    where secret_hash = $1 and active and is_bot
"""

USED = "update webhook set used_at = now() where id = $1"


class Webhook(Struct, frozen=True):
    """Where a message goes that is sent to a webhook, and who is its author."""

    id: int
    thread_id: int
    account_id: int


class Webhooks:
    """The webhooks in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(
        self, thread_id: int, name: str, bot: str | None, created_by: int
    ) -> tuple[wire.Webhook, str]:
        """Make a webhook of a thread. The second result is its secret, which is not stored.

        Args:
            bot: the username of the author of its messages; None for a new bot account.
            created_by: the account of who makes it.

        Raises:
            BadInput: there is no such bot, or the name is wrong.
        """
        secret = PREFIX + secrets.token_hex(SECRET_BYTES)
        new_bot = f"hook-{secrets.token_hex(6)}"
        row = await self._pool.fetchrow(
            MAKE, thread_id, bot, name, hash_of(secret), new_bot, NO_PASSWORD, created_by
        )
        if row is None:
            raise BadInput(f"bot: there is no bot {bot}")
        return wire.Webhook(**row), secret

    async def of_thread(self, thread_id: int) -> list[wire.Webhook]:
        """Return the webhooks of a thread, the oldest first."""
        return [wire.Webhook(**row) for row in await self._pool.fetch(LIST, thread_id)]

    async def revoke(self, thread_id: int, id: int) -> None:
        """Revoke a webhook of a thread.

        Raises:
            NoSuchWebhook
        """
        if not await self._pool.fetchval(REVOKE, thread_id, id):
            raise NoSuchWebhook(f"there is no webhook {id} of this thread")

    async def find(self, secret: str) -> Webhook | None:
        """Return the webhook with this secret, unless it was revoked or its bot is disabled."""
        row = await self._pool.fetchrow(FIND, hash_of(secret)) if secret.startswith(PREFIX) else None
        if row is None:
            return None
        if row["is_to_be_noted"]:
            await self._pool.execute(USED, row["id"])
        return Webhook(row["id"], row["thread_id"], row["account_id"])
