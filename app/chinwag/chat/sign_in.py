"""Who is signed in: by the cookie or the key that a connection brings, or because they are the only person.

What the database says is remembered, so that a handshake asks it nothing. Servers are notified of every
change of an account, of every session that ends (sql/80_session.sql) and of every key that is revoked
(sql/85_key.sql), and then forget what they remember of it.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import structlog

from chinwag import frames
from chinwag.chat.accounts import Accounts, SignedIn
from chinwag.chat.attempts import Attempts
from chinwag.chat.keys import PREFIX, Keys
from chinwag.chat.sessions import Sessions, hash_of
from chinwag.db.pool import FAILURES
from chinwag.settings import Settings

REMEMBERED = 20_000
"""The most sessions and keys that are remembered; then all are forgotten, and read again as they are used."""

KEEP_SECONDS = 60
"""How often it is noted which sessions and keys were used, and those that have expired are ended."""

ANSWER_SECONDS = 1.0
"""The longest wait for the database about somebody who is remembered, while changes are not heard."""

Find = Callable[[bytes], Coroutine[Any, Any, SignedIn | None]]
"""`find(hash)` gives who holds the secret with this hash, as the database has it."""

log = structlog.get_logger(__name__)


class SignIn:
    """The knowledge of this process of who is signed in."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        keys: Keys,
        attempts: Attempts,
        settings: Settings,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._keys = keys
        self._attempts = attempts
        self._settings = settings
        self._by_hash: dict[bytes, SignedIn] = {}
        self._hashes: defaultdict[int, dict[SignedIn, bytes]] = defaultdict(dict)
        """By account, the items of `_by_hash` the other way round."""
        self._only_person: SignedIn | None = None
        self._is_only_person_known = False
        self._pre_configured: SignedIn | None = None
        self._by_proxy: dict[str, SignedIn] = {}
        self._changes = 0
        self._hears = False
        self._used: set[SignedIn] = set()

    @contextlib.asynccontextmanager
    async def running(self, with_sockets: Callable[[], set[SignedIn]]) -> AsyncIterator[None]:
        """Note the use of sessions and keys, and end those that expire, inside the block.

        Args:
            with_sockets: gives those who have a WebSocket open.
        """
        task = asyncio.create_task(self._keep_sessions(with_sockets))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def by_token(self, token: str, *, or_remembered: bool = False) -> SignedIn | None:
        """Return who holds the secret of a session, if it has not ended.

        Args:
            or_remembered: while the database cannot answer, whoever is remembered counts. This is for
                WebSockets, which can tell a browser that the database is away.
        """
        if token.startswith(PREFIX):
            return None  # a key is none in a cookie, which pages of other sites could make a browser send
        return await self._by_secret(token, self._sessions.find, or_remembered=or_remembered)

    async def by_key(self, key: str, *, or_remembered: bool = False) -> SignedIn | None:
        """Return the bot that holds a key, if it was not revoked. `or_remembered` is as in by_token()."""
        if not key.startswith(PREFIX):
            return None
        return await self._by_secret(key, self._keys.find, or_remembered=or_remembered)

    async def by_computer(self, *, or_remembered: bool = False) -> SignedIn | None:
        """Return the only person, whom a browser on this computer is taken for; None if there are several.
        `or_remembered` is as in by_token()."""
        if self._hears and self._is_only_person_known:
            return self._only_person
        return await _asked(self._find_only_person(), self._only_person if or_remembered else None)

    async def pre_configured(self, *, or_remembered: bool = False) -> SignedIn | None:
        """Return the pre-configured account, whom everybody is taken for; None if it is disabled.
        `or_remembered` is as in by_token()."""
        if self._hears and self._pre_configured is not None:
            return self._pre_configured
        return await _asked(self._find_pre_configured(), self._pre_configured if or_remembered else None)

    async def by_proxy(self, username: str, *, or_remembered: bool = False) -> SignedIn | None:
        """Return the person whom a proxy has signed in; None if the account is disabled. `or_remembered` is
        as in by_token().

        Raises:
            UsernameRefused
        """
        remembered = self._by_proxy.get(username)
        if self._hears and remembered is not None:
            return remembered
        return await _asked(self._find_by_proxy(username), remembered if or_remembered else None)

    async def still_valid(self, several: Iterable[SignedIn]) -> set[SignedIn]:
        """Return those who are still signed in, as the database has it now."""
        several = set(several)
        ids = {who.session_id for who in several if who.session_id is not None}
        key_ids = {who.key_id for who in several if who.key_id is not None}
        valid_ids = await self._sessions.valid(ids) if ids else set()
        valid_key_ids = await self._keys.valid(key_ids) if key_ids else set()
        without_secret = {who for who in several if not who.has_secret}
        if without_secret:
            without_secret &= await self._without_secret(without_secret)
        by_secret = {who for who in several if who.session_id in valid_ids or who.key_id in valid_key_ids}
        return by_secret | without_secret

    def remembers(self, who: SignedIn) -> bool:
        """Return whether `who` is known to be signed in, as of the last notification."""
        if not self._hears:
            return False
        if who.has_secret:
            return who in self._hashes.get(who.account_id, ())
        return who in (self._only_person, self._pre_configured, self._by_proxy.get(who.username))

    def receive(self, payload: str) -> None:
        """Take a notification, and forget what may have changed."""
        account_id = frames.changed_account(payload)
        if account_id is not None:
            self.forget(account_id)

    def forget(self, account_id: int) -> None:
        """Forget what is remembered of an account, because it, or one of its sessions or keys, has
        changed."""
        self._forget_persons()
        for secret_hash in self._hashes.pop(account_id, {}).values():
            del self._by_hash[secret_hash]

    def lose_database(self) -> None:
        """Ask the database each time from now on, because changes are not heard any more."""
        self._hears = False

    def hear_again(self) -> None:
        """Forget all, because the changes of the gap were not heard, and remember from now on."""
        self._hears = True
        self._forget_all()

    async def _by_secret(self, secret: str, find: Find, *, or_remembered: bool) -> SignedIn | None:
        secret_hash = hash_of(secret)
        found = self._by_hash.get(secret_hash)
        if found is None or not self._hears:
            found = await _asked(self._find(secret_hash, find), found if or_remembered else None)
        if found is not None:
            self._used.add(found)
        return found

    async def _find(self, secret_hash: bytes, find: Find) -> SignedIn | None:
        changes = self._changes
        found = await find(secret_hash)
        if found is not None and self._hears and changes == self._changes:
            self._remember(secret_hash, found)
        return found

    async def _find_only_person(self) -> SignedIn | None:
        changes = self._changes
        found = await self._accounts.only_person(self._settings.account)
        if self._hears and changes == self._changes:
            self._only_person, self._is_only_person_known = found, True
        return found

    async def _find_by_proxy(self, username: str) -> SignedIn | None:
        changes = self._changes
        found = await self._accounts.known_to_proxy(username)
        if found is not None and self._hears and changes == self._changes:
            self._by_proxy[username] = found
        return found

    async def _without_secret(self, several: set[SignedIn]) -> set[SignedIn | None]:
        """Return those who need no session, at least of these."""
        if self._settings.sign_in == "proxy":
            return {*await self._accounts.still_persons([who.account_id for who in several])}
        is_anyone = self._settings.sign_in == "anyone"
        return {await (self._find_pre_configured() if is_anyone else self._find_only_person())}

    async def _find_pre_configured(self) -> SignedIn | None:
        changes = self._changes
        found = await self._accounts.pre_configured(self._settings.account)
        if self._hears and changes == self._changes:
            self._pre_configured = found
        return found

    def _remember(self, secret_hash: bytes, who: SignedIn) -> None:
        if len(self._by_hash) >= REMEMBERED:
            self._forget_all()
        self._by_hash[secret_hash] = who
        self._hashes[who.account_id][who] = secret_hash

    def _forget_all(self) -> None:
        self._forget_persons()
        self._by_hash.clear()
        self._hashes.clear()

    def _forget_persons(self) -> None:
        self._changes += 1
        self._only_person, self._is_only_person_known = None, False
        self._pre_configured = None
        self._by_proxy.clear()

    async def _keep_sessions(self, with_sockets: Callable[[], set[SignedIn]]) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            used, self._used = self._used | with_sockets(), set()
            try:
                await self._sessions.keep(who.session_id for who in used if who.session_id is not None)
                await self._keys.note_used(who.key_id for who in used if who.key_id is not None)
                await self._attempts.forget_old()
            except FAILURES as error:
                # They are noted as they are used again, and those that have expired are not valid anyway.
                log.warning("sessions_not_kept", error=type(error).__name__)


async def _asked(
    question: Coroutine[Any, Any, SignedIn | None], remembered: SignedIn | None
) -> SignedIn | None:
    """Return the answer of the database; or who is remembered, if the database cannot answer.

    When it can again, it is asked about each open WebSocket (chinwag.push.sign_outs).
    """
    asking = asyncio.ensure_future(question)
    if remembered is None:
        return await asking
    # It is not cancelled: on a connection that the network has swallowed, that would take for ever.
    await asyncio.wait({asking}, timeout=ANSWER_SECONDS)
    if not asking.done():
        asking.add_done_callback(lambda late: late.cancelled() or late.exception())
        return remembered
    if isinstance(asking.exception(), FAILURES):
        return remembered
    return asking.result()
