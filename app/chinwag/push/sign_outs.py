"""Sign-outs: a WebSocket is closed soon after the session has ended, or the key was revoked, by which it was
opened.

A notification says that something about an account has changed. Whoever can connect to the database can
NOTIFY, so the tables are asked whether the account's sockets may stay open, once for all that was notified
meanwhile.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from chinwag import frames
from chinwag.chat.accounts import SignedIn
from chinwag.wire import CloseCode

StillValid = Callable[[set[SignedIn]], Awaitable[set[SignedIn]]]
"""`still_valid(several)` gives those who are still signed in."""

GATHER_SECONDS = 0.02
RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Closable(Protocol):
    """A socket that can be closed."""

    def close(self, code: CloseCode, reason: str = "") -> None:
        """Close it soon."""


class SignOuts:
    """The open sockets, by who is signed in on them."""

    def __init__(self, still_valid: StillValid, is_current: Callable[[SignedIn], bool]) -> None:
        """
        Args:
            is_current: whether nothing was notified about somebody since they were found to be signed in.
        """
        self._still_valid = still_valid
        self._is_current = is_current
        self._sockets: defaultdict[SignedIn, set[Closable]] = defaultdict(set)
        self._by_account: defaultdict[int, set[SignedIn]] = defaultdict(set)
        self._waiting: set[SignedIn] = set()
        self._checking: asyncio.Task[None] | None = None

    def join(self, who: SignedIn, socket: Closable) -> None:
        """Close the socket once `who` is not signed in any more."""
        self._sockets[who].add(socket)
        self._by_account[who.account_id].add(who)
        if not self._is_current(who):  # the session may have ended during the handshake
            self._check({who})

    def leave(self, who: SignedIn, socket: Closable) -> None:
        """Forget a socket that is closed."""
        if who not in self._sockets:
            return
        self._sockets[who].discard(socket)
        if not self._sockets[who]:
            del self._sockets[who]
            self._by_account[who.account_id].discard(who)
            if not self._by_account[who.account_id]:
                del self._by_account[who.account_id]

    def with_sockets(self) -> set[SignedIn]:
        """Return those who have a socket here."""
        return set(self._sockets)

    def receive(self, payload: str) -> None:
        """Take a notification, and check the sockets that it may concern."""
        account_id = frames.changed_account(payload)
        if account_id is None:
            return
        changed = set(self._by_account.get(account_id, ()))
        # Who is signed in as the only person is not that any more when a second one comes.
        changed |= {who for who in self._sockets if not who.has_secret}
        self._check(changed)

    def check_all(self) -> None:
        """Check all sockets, because notifications may have been lost."""
        self._check(set(self._sockets))

    def _check(self, several: set[SignedIn]) -> None:
        self._waiting |= several
        if self._waiting and self._checking is None:
            self._checking = asyncio.create_task(self._check_waiting())

    async def _check_waiting(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_SECONDS)
                waiting, self._waiting = self._waiting, set()
                for who in waiting - await self._ask(waiting):
                    for socket in list(self._sockets.get(who, ())):
                        socket.close(CloseCode.SIGNED_OUT)
        finally:
            self._checking = None

    async def _ask(self, several: set[SignedIn]) -> set[SignedIn]:
        while True:
            try:
                return await self._still_valid(several)
            except Exception as error:  # whatever it is: who is signed out must be told some time
                log.warning("sign_outs_unconfirmed", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
