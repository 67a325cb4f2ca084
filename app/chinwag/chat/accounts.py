"""Accounts: persons and bots, and the changes that an administrator makes to them."""

import re
import unicodedata
from datetime import datetime
from typing import Any

import msgspec

from chinwag.chat.passwords import NO_PASSWORD
from chinwag.db.pool import Pool
from chinwag.errors import AccountExists, DisplayNameRefused, NoSuchAccount, NotSignedIn, UsernameRefused

USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?")
"""The names of new accounts: easy to mention, and to tell apart."""

DISPLAY_NAME_CHARACTERS = 100

JOINERS = "\u200c\u200d"
"""Some scripts, and some emojis, are not written rightly without these."""

ADD = """
    insert into account (username, password, email, active, admin, display_name)
    values ($1::text, $2, $1::text || '@localhost', true, $3, $4) on conflict do nothing returning id
"""

LIST = """
    select username, coalesce(display_name, username) as display_name, is_bot, admin, active,
           password <> $1 as has_password,
           greatest((select max(used_at) from session where account_id = account.id),
                    (select max(used_at) from account_key where account_id = account.id)) as used_at
    from account order by username
"""

SET_ACTIVE = "update account set active = $2 where username = $1 returning true"

SET_PASSWORD = "update account set password = $2 where id = $1"  # noqa: S105

REHASH = "update account set password = $3 where id = $1 and password = $2"

END_OTHER_SESSIONS = "delete from session where account_id = $1 and id is distinct from $2"

NAMES = "select id, coalesce(display_name, username) as name from account where id = any ($1)"

ADD_BOT = """
    insert into account (username, password, email, active, display_name, is_bot, answers)
    values ($1::text, $2, $1::text || '@localhost', true, $3, true, $4) on conflict do nothing returning id
"""

BOT = "select id, answers from account where username = $1"

OTHER_BOTS = "select exists (select from account where answers and id <> $1)"

JOIN_CHATS = """
    with batch as (
      select id from thread
      where id > $2 and is_open = false and not has_bot and direct_key is null order by id limit 1000
    ), added as (
      insert into member (thread_id, account_id) select id, $1 from batch on conflict do nothing
    )
    select max(id) from batch
"""

SHOWN = """
    select coalesce(display_name, username) as display_name, admin, password <> $2 as has_password,
           has_one_person() as is_alone
    from account where id = $1
"""

IS_ADMIN = "select admin and active and not is_bot from account where id = $1"

CREDENTIALS = "select id, password from account where username = $1 and active and not is_bot"

PRE_CONFIGURED = "select id, username from account where username = $1 and active"

PERSON = "select id, username from account where username = $1 and active and not is_bot"

PERSONS = "select id, username from account where id = any ($1) and active and not is_bot"

TWO_PERSONS = "select id, username from account where active and not is_bot limit 2"


class SignedIn(msgspec.Struct, frozen=True):
    """Who uses a connection: an account, and the session or the key by which it is signed in, if that is
    how."""

    account_id: int
    username: str
    session_id: int | None = None
    key_id: int | None = None

    @property
    def has_secret(self) -> bool:
        """Whether a secret tells this account from others. Without one, everybody on this computer may be
        taken for the account."""
        return self.session_id is not None or self.key_id is not None


class AccountRow(msgspec.Struct, frozen=True):
    """An account, as an administrator sees it. `used_at` is when one of its sessions or keys was last in
    use."""

    username: str
    display_name: str
    is_bot: bool
    admin: bool
    active: bool
    has_password: bool
    used_at: datetime | None


class Accounts:
    """The accounts in the database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self, username: str, password_hash: str, *, admin: bool = False, display_name: str | None = None
    ) -> int:
        """Add a person, and return the account's id.

        Raises:
            UsernameRefused
            AccountExists
        """
        check_username(username)
        id = await self._pool.fetchval(ADD, username, password_hash, admin, display_name)
        if id is None:
            raise AccountExists(f"there is an account {username} already")
        return int(id)

    async def all(self) -> list[AccountRow]:
        """Return all accounts, in the order of their names."""
        return [AccountRow(**row) for row in await self._pool.fetch(LIST, NO_PASSWORD)]

    async def set_active(self, username: str, *, active: bool) -> None:
        """Disable an account, which ends its sessions, or enable it again.

        Raises:
            NoSuchAccount
        """
        if not await self._pool.fetchval(SET_ACTIVE, username, active):
            raise NoSuchAccount(f"there is no account {username}")

    async def set_password(self, account_id: int, password_hash: str, *, kept_session: int | None) -> None:
        """Change a password, end all sessions of the account but one, and make its sign-in links void."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SET_PASSWORD, account_id, password_hash)
            await connection.execute(END_OTHER_SESSIONS, account_id, kept_session)
            await connection.execute("delete from link where account_id = $1", account_id)

    async def rehash(self, account_id: int, old: str, new: str) -> None:
        """Store another hash of the same password, unless another password was stored meanwhile."""
        await self._pool.execute(REHASH, account_id, old, new)

    async def credentials(self, username: str) -> tuple[int, str] | None:
        """Return the id and the password's hash of a person who is not disabled."""
        row = await self._pool.fetchrow(CREDENTIALS, username)
        return (row["id"], row["password"]) if row else None

    async def is_admin(self, account_id: int) -> bool:
        """Return whether an account is that of an administrator who is not disabled."""
        return bool(await self._pool.fetchval(IS_ADMIN, account_id))

    async def password_hash(self, account_id: int) -> str:
        """Return the hash of the password of an account."""
        return str(await self._pool.fetchval("select password from account where id = $1", account_id))

    async def names(self, ids: set[int]) -> dict[int, str]:
        """Return what people see as the names of those accounts that there are."""
        rows = await self._pool.fetch(NAMES, list(ids))
        return {row["id"]: row["name"] for row in rows}

    async def bot(self, username: str, display_name: str | None = None) -> int:
        """Return the id of the account of a bot that answers, which is created if it is missing.

        The first bot becomes a member of the chats that there are already: earlier versions had a bot
        that was not an account, and it has answered in all of them.
        """
        display_name = display_name or username.title()
        id = await self._pool.fetchval(ADD_BOT, username, NO_PASSWORD, display_name, True)
        if id is None:
            row = await self._pool.fetchrow(BOT, username)
            assert row is not None
            if row["answers"]:
                return int(row["id"])
            return await self.bot(f"{username}-bot", display_name)  # a person or a program has this name
        if not await self._pool.fetchval(OTHER_BOTS, id):
            last: int | None = 0
            while last is not None:
                last = await self._pool.fetchval(JOIN_CHATS, id, last)
        return int(id)

    async def shown(self, account_id: int) -> dict[str, Any]:
        """Return what the person sees of an account: its `display_name`, whether it is an administrator's
        (`admin`), whether it has a password (`has_password`), and whether nobody else has one
        (`is_alone`)."""
        row = await self._pool.fetchrow(SHOWN, account_id, NO_PASSWORD)
        if row is None:  # it was deleted in this moment
            raise NotSignedIn()
        return dict(row)

    async def id_of(self, username: str) -> int:
        """Return the id of an account.

        Raises:
            NoSuchAccount
        """
        id = await self._pool.fetchval("select id from account where username = $1", username)
        if id is None:
            raise NoSuchAccount(f"there is no account {username}")
        return int(id)

    async def pre_configured(self, username: str) -> SignedIn | None:
        """Return the account of this name, which is created if it is missing; None if it is disabled."""
        await self._pool.execute(ADD, username, NO_PASSWORD, True, None)
        row = await self._pool.fetchrow(PRE_CONFIGURED, username)
        return SignedIn(row["id"], row["username"]) if row else None

    async def known_to_proxy(self, username: str) -> SignedIn | None:
        """Return the person of this name, whose account is created if it is missing; None if it is disabled
        or a bot's.

        Raises:
            UsernameRefused
        """
        check_username(username)
        row = await self._pool.fetchrow(PERSON, username)
        if row is None:
            await self._pool.execute(ADD, username, NO_PASSWORD, False, None)
            row = await self._pool.fetchrow(PERSON, username)
        return SignedIn(row["id"], row["username"]) if row else None

    async def still_persons(self, ids: list[int]) -> set[SignedIn]:
        """Return those of the accounts that are persons' and not disabled."""
        return {SignedIn(row["id"], row["username"]) for row in await self._pool.fetch(PERSONS, ids)}

    async def only_person(self, username: str) -> SignedIn | None:
        """Return the person, if there is just one. In a new database this is the pre-configured account, with
        this name, which is created."""
        persons = await self._pool.fetch(TWO_PERSONS)
        if not persons:
            return await self.pre_configured(username)
        return SignedIn(persons[0]["id"], persons[0]["username"]) if len(persons) == 1 else None


def bot_username(name: str) -> str:
    """Return the username of a bot with a name such as `random` or `my_module:Class`."""
    username = re.sub(r"[^a-z0-9._-]", "-", name.rpartition(":")[2].lower())[:24].strip("._-")
    return username or "bot"


def check_username(username: str) -> None:
    """Refuse what cannot be the name of a new account.

    Raises:
        UsernameRefused
    """
    if not USERNAME.fullmatch(username):
        raise UsernameRefused()


def checked_display_name(name: str) -> str:
    """Return a name to be shown, without the blanks around it. Nothing in it may break the line or turn its
    direction.

    Raises:
        DisplayNameRefused
    """
    name = name.strip()
    hidden = (one for one in name if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    if not 1 <= len(name) <= DISPLAY_NAME_CHARACTERS or any(one not in JOINERS for one in hidden):
        raise DisplayNameRefused()
    if not name.strip(JOINERS):
        raise DisplayNameRefused()
    return name
