"""Signing in with a password, and changing it."""

import asyncio
import contextlib
from collections.abc import Callable

from chinwag.chat.accounts import Accounts, SignedIn
from chinwag.chat.attempts import Attempts
from chinwag.chat.passwords import NO_PASSWORD, Passwords, check_password
from chinwag.chat.sessions import Sessions
from chinwag.errors import PasswordNeeded, WrongPassword
from chinwag.settings import Settings

FAILURE_SECONDS = 0.5
"""The least time after which a sign-in fails: it does not tell whether there is such an account, or how its
password was hashed."""


class PasswordSignIn:
    """The sign-ins with passwords, and what else needs one.

    Attributes:
        forget: forgets what this process remembers of an account.
    """

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        attempts: Attempts,
        passwords: Passwords,
        settings: Settings,
        forget: Callable[[int], None],
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._attempts = attempts
        self._passwords = passwords
        self._settings = settings
        self.forget = forget

    async def with_password(self, username: str, password: str, *, device: str, address: str) -> str:
        """Begin a session, and return its secret.

        Args:
            device: tells the person which browser it is, such as its User-Agent.
            address: of the client, as a trusted proxy or the connection has it.

        Raises:
            WrongPassword: there is no such account, it is disabled, or the password does not match; nothing
                tells which.
            TooManySignIns
            SignInBusy
        """
        now = asyncio.get_running_loop().time
        earliest = now() + FAILURE_SECONDS
        try:
            return await self._begin(username, password, device, address)
        except WrongPassword:
            await asyncio.sleep(earliest - now())
            raise

    async def begin(self, account_id: int, password_hash: str, device: str) -> str | None:
        """Begin a session of somebody who is known, and return its secret. The result is None if meanwhile
        the account was disabled or its password changed."""
        return await self._sessions.begin(
            account_id,
            password_hash,
            device,
            days=self._settings.session_days,
            idle_days=self._settings.session_idle_days,
        )

    async def change_password(self, who: SignedIn, current: str, new: str, *, address: str) -> None:
        """Change the password of an account, and sign it out everywhere else. An account that has no password
        yet gets its first one without `current`.

        Raises:
            PasswordRefused: the new one.
            WrongPassword: the current one.
            TooManySignIns
            SignInBusy
        """
        check_password(new, who.username)
        with contextlib.suppress(PasswordNeeded):
            await self.confirm(who, current, address=address)
        new_hash = await self._passwords.hash(new)
        await self._accounts.set_password(who.account_id, new_hash, kept_session=who.session_id)
        self.forget(who.account_id)

    async def confirm(self, who: SignedIn, password: str, *, address: str) -> None:
        """Have somebody who is signed in confirm what they do with their password.

        Raises:
            PasswordNeeded: there is none.
            WrongPassword
            TooManySignIns
            SignInBusy
        """
        stored = await self._accounts.password_hash(who.account_id)
        if stored == NO_PASSWORD:
            raise PasswordNeeded()
        counted = await self._attempts.count(who.username, address)
        if not (await self._passwords.verify(password, stored)).matches:
            raise WrongPassword()
        await self._attempts.forget(counted)

    async def _begin(self, username: str, password: str, device: str, address: str) -> str:
        username = username.replace("\0", "")  # which PostgreSQL's text cannot hold, and no name has
        counted = await self._attempts.count(username, address)
        id, stored = await self._accounts.credentials(username) or (0, NO_PASSWORD)
        verdict = await self._passwords.verify(password, stored)
        if not verdict.matches:
            raise WrongPassword()
        if verdict.is_outdated:
            new_hash = await self._passwords.hash(password)
            await self._accounts.rehash(id, stored, new_hash)
            stored = new_hash
        token = await self.begin(id, stored, device)
        if token is None:
            raise WrongPassword()
        await self._attempts.forget(counted)
        return token
