"""Presence: which accounts have the page open, on any server.

Nothing of it is stored. Each server notifies the others of who comes and goes, and now and then of all who
are there. What a server has told counts until it tells something else, or has told nothing for a while: then
it was killed.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import structlog

from chinwag import frames

GATHER_SECONDS = 0.5
"""How long comings and goings are gathered. Who loads the page again is back by then, and was never away."""

TELL_SECONDS = 20.0
"""How often a server tells of all who are there."""

FORGET_SECONDS = 45.0
"""How long a server counts that tells nothing."""

LOOK_SECONDS = 5.0
"""How often it is looked for servers that tell nothing."""

ACCOUNTS_OF_PAYLOAD = 600
"""The most accounts in one notification, which takes less than 8,000 bytes."""

MOST_SERVERS = 1000
MOST_ACCOUNTS = 50_000
"""The most servers, and the most accounts of each, that are remembered, whatever is notified."""

log = structlog.get_logger(__name__)


@dataclass
class _Server:
    """What another server has told."""

    accounts: set[int] = field(default_factory=set)
    heard_at: float = 0.0


class Presence:
    """The accounts that have the page open.

    Attributes:
        frame: the frame that tells a new list of threads who is there. What has changed since is told to
            all lists soon. It is made once for all that begin, as thousands may begin at the same time.
    """

    def __init__(self, notify: Callable[[str], Awaitable[None]], tell: Callable[[bytes], None]) -> None:
        """
        Args:
            notify: sends a payload to all servers.
            tell: pushes a frame to all lists of threads.
        """
        self._notify = notify
        self._tell = tell
        self._server_id = secrets.token_hex(8)
        self._here: set[int] = set()
        self._told: set[int] = set()
        """Those of whom this server has told the others."""
        self._is_all_to_tell = False
        self._asks = False
        self._servers: dict[str, _Server] = {}
        self._elsewhere: Counter[int] = Counter()
        """By account, the number of other servers on which it has the page open."""
        self._shown: set[int] = set()
        """Those of whom the lists of threads were told that they are there."""
        self.frame = frames.presence_frame([], [])
        self._to_tell = asyncio.Event()
        self._to_show = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell the other servers who is here inside the block, and at its end that nobody is."""
        tasks = [asyncio.create_task(self._keep_telling()), asyncio.create_task(self._keep_showing())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._send(left=self._told)

    def come(self, account_id: int) -> None:
        """Note that an account has the page open on this server."""
        self._here.add(account_id)
        self._stir()

    def go(self, account_id: int) -> None:
        """Note that an account has closed the page on this server, in all its tabs."""
        self._here.discard(account_id)
        self._stir()

    def receive(self, frame: bytes) -> None:
        """Take what a server has notified."""
        told = frames.server_presence(frame)
        if told is None or told.server == self._server_id:
            return
        if told.asks:
            self._is_all_to_tell = True
            self._to_tell.set()
        server = self._servers.get(told.server)
        if server is None:
            if len(self._servers) >= MOST_SERVERS:
                return
            server = self._servers[told.server] = _Server()
        server.heard_at = asyncio.get_running_loop().time()
        if told.all:
            self._remove(server, server.accounts - set(told.came))
        self._add(server, told.came)
        self._remove(server, told.left)
        self._to_show.set()

    def hear_again(self) -> None:
        """Tell the other servers who is here and ask them who is there, because notifications may have been
        lost."""
        self._asks = self._is_all_to_tell = True
        self._to_tell.set()

    def _stir(self) -> None:
        self._to_tell.set()
        self._to_show.set()

    def _add(self, server: _Server, accounts: Iterable[int]) -> None:
        for account_id in accounts:
            if account_id not in server.accounts and len(server.accounts) < MOST_ACCOUNTS:
                server.accounts.add(account_id)
                self._elsewhere[account_id] += 1

    def _remove(self, server: _Server, accounts: Iterable[int]) -> None:
        for account_id in accounts:
            if account_id in server.accounts:
                server.accounts.remove(account_id)
                self._elsewhere[account_id] -= 1
                if not self._elsewhere[account_id]:
                    del self._elsewhere[account_id]

    async def _keep_telling(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TELL_SECONDS):
                    await self._to_tell.wait()
            except TimeoutError:
                self._is_all_to_tell = True
            else:
                await asyncio.sleep(GATHER_SECONDS)
            self._to_tell.clear()
            is_all, self._is_all_to_tell = self._is_all_to_tell, False
            asks, self._asks = self._asks, False
            here, told = set(self._here), self._told
            self._told = here
            if is_all:
                await self._send(came=here, all=True, asks=asks)
            elif here != told:
                await self._send(came=here - told, left=told - here)

    async def _keep_showing(self) -> None:
        """Tell the lists of threads who has come and gone."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._to_show.wait()
                    await asyncio.sleep(GATHER_SECONDS)
            self._to_show.clear()
            self._forget_silent_servers()
            there = self._here | self._elsewhere.keys()
            came, left = there - self._shown, self._shown - there
            if came or left:
                self._shown = there
                self.frame = frames.presence_frame(sorted(there), [])
                self._tell(frames.presence_frame(sorted(came), sorted(left)))

    def _forget_silent_servers(self) -> None:
        oldest = asyncio.get_running_loop().time() - FORGET_SECONDS
        for id, server in list(self._servers.items()):
            if server.heard_at < oldest:
                self._remove(server, list(server.accounts))
                del self._servers[id]

    async def _send(
        self, *, came: Iterable[int] = (), left: Iterable[int] = (), all: bool = False, asks: bool = False
    ) -> None:
        changes = [(account_id, True) for account_id in came] + [(account_id, False) for account_id in left]
        for begin in range(0, max(1, len(changes)), ACCOUNTS_OF_PAYLOAD):
            part = changes[begin : begin + ACCOUNTS_OF_PAYLOAD]
            frame = frames.server_presence_frame(
                frames.ServerPresence(
                    server=self._server_id,
                    came=[account_id for account_id, comes in part if comes],
                    left=[account_id for account_id, comes in part if not comes],
                    all=all and not begin,
                    asks=asks and not begin,
                )
            )
            try:
                await self._notify(f"0 0 {frame}")
            except Exception as error:  # whatever it is: all of it is told again later
                log.warning("presence_not_told", error=type(error).__name__)
