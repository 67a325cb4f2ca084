"""Links: addresses with a secret, by which people join, sign in once, or set up the first administrator.

A row has the hash of the secret, so a secret is known only to who has made the link and who was given it.
"""

import secrets

import msgspec

from chinwag import wire
from chinwag.chat.passwords import NO_PASSWORD
from chinwag.chat.sessions import SECRET_BYTES, hash_of
from chinwag.db.pool import Pool
from chinwag.errors import NoSuchAccount, NoSuchInvitation

SIGN_IN_MINUTES = 24 * 60
SET_UP_MINUTES = 30
DAY_MINUTES = 24 * 60

# What is over is removed with each new link.
CREATE = """
    with over as (
      delete from link where expires_at <= now() or uses_left = 0
    )
    insert into link (kind, secret_hash, account_id, made_by, uses_left, expires_at)
    values ($1, $2, $3, $4, $5, now() + make_interval(mins => $6))
    returning id, uses_left, created_at, expires_at,
              (select username from account where id = made_by) as made_by
"""

LIST = """
    select id, uses_left, created_at, expires_at, (select username from account where id = made_by) as made_by
    from link where kind = 'invitation' and is_usable(link) order by id desc
"""

REVOKE = "delete from link where id = $1 and kind = 'invitation' and uses_left > 0 returning true"

PERSON = "select id from account where username = $1 and active and not is_bot"

SOMEBODY_CAN_SIGN_IN = """
    select exists (
      select from account where active and not is_bot
        and (password <> $1 or exists (select from identity where account_id = account.id))
    )
"""


class NewLink(msgspec.Struct, frozen=True):
    """A link that was just made. Its secret cannot be read again."""

    secret: str
    row: wire.Invitation

    def __repr__(self) -> str:
        return "NewLink(…)"  # it may get into a traceback


class Links:
    """The links in the database. `made_by` is the account of an administrator, or None on the command
    line."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def invite(self, made_by: int | None, *, uses: int, days: int) -> NewLink:
        """Make an invitation, by which as many people can join as it has uses."""
        return await self._create("invitation", None, made_by, uses, days * DAY_MINUTES)

    async def invitations(self) -> list[wire.Invitation]:
        """Return the invitations that can be used, the newest first."""
        return [wire.Invitation(**row) for row in await self._pool.fetch(LIST)]

    async def revoke(self, id: int) -> None:
        """Make an invitation useless.

        Raises:
            NoSuchInvitation
        """
        if not await self._pool.fetchval(REVOKE, id):
            raise NoSuchInvitation(f"there is no invitation {id}")

    async def for_account(self, username: str, made_by: int | None) -> NewLink:
        """Make the link by which a person who has lost the password signs in. A former one is void.

        Raises:
            NoSuchAccount: there is no such person, or the account is disabled.
        """
        id = await self._pool.fetchval(PERSON, username)
        if id is None:
            raise NoSuchAccount(f"there is no account {username}, or it is disabled")
        await self._pool.execute("delete from link where account_id = $1", id)
        return await self._create("sign_in", id, made_by, 1, SIGN_IN_MINUTES)

    async def set_up(self) -> NewLink | None:
        """Make the link by which the first administrator is created; None if somebody can sign in already."""
        if await self._pool.fetchval(SOMEBODY_CAN_SIGN_IN, NO_PASSWORD):
            return None
        return await self._create("set_up", None, None, 1, SET_UP_MINUTES)

    async def _create(
        self, kind: str, account_id: int | None, made_by: int | None, uses: int, minutes: int
    ) -> NewLink:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        row = await self._pool.fetchrow(CREATE, kind, hash_of(secret), account_id, made_by, uses, minutes)
        assert row is not None
        return NewLink(secret, wire.Invitation(**row))
