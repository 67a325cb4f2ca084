"""Joining: what happens when somebody opens a link (chinwag.chat.links).

Whatever is wrong with a link, whoever opens it is told the same. Its use is taken while its row is locked, in
the transaction that does what the link is for.
"""

from typing import Literal

import asyncpg

from chinwag import wire
from chinwag.chat.accounts import ADD, check_username, checked_display_name
from chinwag.chat.attempts import Attempts
from chinwag.chat.links import SOMEBODY_CAN_SIGN_IN
from chinwag.chat.password_sign_in import PasswordSignIn
from chinwag.chat.passwords import NO_PASSWORD, Passwords, check_password
from chinwag.chat.sessions import hash_of
from chinwag.db.pool import Pool, PoolConnection
from chinwag.errors import AccountExists, NoSuchLink

KIND = "select kind from link where secret_hash = $1 and kind <> 'sign_in' and is_usable(link)"

USE = """
    update link set uses_left = uses_left - 1
    where secret_hash = $1 and kind = $2 and is_usable(link) returning true
"""

PERSON = """
    select account.id, account.username
    from link join account on account.id = link.account_id
    where secret_hash = $1 and kind = 'sign_in' and is_usable(link) and active and not is_bot
"""

LOCK_SET_UP = "select pg_advisory_xact_lock(hashtextextended('set up', 0))"

# The account that was there before anybody could sign in keeps what it owns.
TAKE_OVER = """
    update account
    set username = $1::text, email = $1::text || '@localhost', password = $2, display_name = $3, admin = true
    where username = $4 and password = $5 and active and not is_bot returning id
"""

SET_PASSWORD = "update account set password = $2 where id = $1 and active returning true"  # noqa: S105


class Joining:
    """The opening of links."""

    def __init__(
        self,
        pool: Pool,
        sign_in: PasswordSignIn,
        attempts: Attempts,
        passwords: Passwords,
        pre_configured: str,
    ) -> None:
        """
        Args:
            pre_configured: the name of the account that the first administrator takes over, if it is there
                and has no password.
        """
        self._pool = pool
        self._sign_in = sign_in
        self._attempts = attempts
        self._passwords = passwords
        self._pre_configured = pre_configured

    async def join(self, new: wire.NewPerson, *, device: str, address: str) -> str:
        """Create an account by an invitation or by the set-up link, begin a session, and return its secret.

        Raises:
            UsernameRefused, DisplayNameRefused, PasswordRefused, AccountExists: the link is not used.
            NoSuchLink
            TooManySignIns, SignInBusy
        """
        check_username(new.username)
        check_password(new.password, new.username)
        shown = checked_display_name(new.display_name) if new.display_name else None
        counted = await self._attempts.count_address(address)
        # It is looked for before the password is hashed, which costs more, and used afterwards.
        kind: Literal["invitation", "set_up"] | None = await self._pool.fetchval(KIND, hash_of(new.secret))
        if kind is None:
            raise NoSuchLink()
        password_hash = await self._passwords.hash(new.password)
        person = (new.username, password_hash, shown)
        async with self._pool.acquire() as connection, connection.transaction():
            if kind == "set_up":
                id = await self._set_up(connection, new.secret, *person)
            else:
                id = await _accept(connection, new.secret, *person)
            if id is None:
                raise AccountExists(f"there is an account {new.username} already")
        return await self._begin(id, password_hash, device, counted)

    async def sign_in(self, secret: str, password: str, *, device: str, address: str) -> str:
        """Give the person of a sign-in link a new password, end all their sessions, begin one here, and
        return its secret.

        Raises:
            NoSuchLink
            PasswordRefused: the link is not used.
            TooManySignIns, SignInBusy
        """
        counted = await self._attempts.count_address(address)
        account = await self._pool.fetchrow(PERSON, hash_of(secret))
        if account is None:
            raise NoSuchLink()
        id: int = account["id"]
        check_password(password, account["username"])
        password_hash = await self._passwords.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            await _use(connection, secret, "sign_in")
            if not await connection.fetchval(SET_PASSWORD, id, password_hash):
                raise NoSuchLink()
            await connection.execute("delete from session where account_id = $1", id)
        self._sign_in.forget(id)
        return await self._begin(id, password_hash, device, counted)

    async def _set_up(
        self, connection: PoolConnection, secret: str, username: str, password_hash: str, shown: str | None
    ) -> int | None:
        """Make the first administrator. Of several who do so at the same time, one succeeds."""
        await connection.execute(LOCK_SET_UP)
        await _use(connection, secret, "set_up")
        if await connection.fetchval(SOMEBODY_CAN_SIGN_IN, NO_PASSWORD):
            raise NoSuchLink()
        before = (self._pre_configured, NO_PASSWORD)
        try:
            id: int | None = await connection.fetchval(TAKE_OVER, username, password_hash, shown, *before)
        except asyncpg.UniqueViolationError:
            return None
        if id is None:
            id = await connection.fetchval(ADD, username, password_hash, True, shown)
        return id

    async def _begin(self, id: int, password_hash: str, device: str, counted: list[int]) -> str:
        token = await self._sign_in.begin(id, password_hash, device)
        if token is None:  # it was disabled in this moment
            raise NoSuchLink()
        await self._attempts.forget(counted)
        return token


async def _accept(
    connection: PoolConnection, secret: str, username: str, password_hash: str, shown: str | None
) -> int | None:
    """Make a member, who uses an invitation."""
    await _use(connection, secret, "invitation")
    id: int | None = await connection.fetchval(ADD, username, password_hash, False, shown)
    return id


async def _use(connection: PoolConnection, secret: str, kind: str) -> None:
    """Take one of the uses of a link, whose row is locked until the transaction ends."""
    if not await connection.fetchval(USE, hash_of(secret), kind):
        raise NoSuchLink()
