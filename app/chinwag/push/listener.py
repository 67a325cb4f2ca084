"""The listener: the connection of this process that LISTENs, and the heartbeat that proves that it hears."""

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import structlog

from chinwag.counts import LISTENER_LOST, NOTIFY_LAG_SECONDS
from chinwag.db.pool import FAILURES, Connection, connect
from chinwag.errors import CannotHear
from chinwag.wire import HealthCode

CHANNEL = "chinwag"

HEARTBEAT = "0 0 heartbeat "
"""The beginning of a heartbeat's payload; a nonce follows. Servers of all versions pass it on to nobody."""

HEARTBEAT_SECONDS = 2.0
SILENCE_SECONDS = 3.0
"""How long nothing may be heard while something is awaited.

A half-open connection looks like a quiet one. The heartbeat tells them apart within 5 s.
"""

MOST_SECONDS = 60
"""The longest time for which anything is awaited, whatever else is heard meanwhile."""

PROBE = """
    select pg_notification_queue_usage(), current_setting('transaction_read_only')::boolean,
           set_config('application_name', $1, false)
"""
"""The query that proves that the connection answers, and gives it its name.

Any query would do for that. But a full queue of notifications stays full until somebody asks for this, even
if the session that filled it has ended: PostgreSQL cleans the queue up only when notifications are added
(asyncQueueAdvanceTail).
"""

START_SECONDS = 5.0
"""After this time, a server begins to serve even without its database. It is not ready until the database is
back."""

BACKOFF_FIRST_SECONDS = 0.05
BACKOFF_LIMIT_SECONDS = 3.0

log = structlog.get_logger(__name__)


async def _nothing() -> None:
    pass


class Listener:
    """The connection that LISTENs: it hands every notification to its receivers.

    It calls `on_loss` when it hears no more, `after_silence` if the reason is that the database does not
    answer, and `after_gap` when it hears again.

    Attributes:
        ready: whether it hears everything: a notification that was sent over another connection has
            come, and what was missed before is repaired.
        trouble: why it is not ready; None if it is.
        notify_lag: the seconds from sending the last heartbeat until it was heard.
        heard: the number of notifications that have come.
        queue_usage: the share of PostgreSQL's queue of notifications that is full, from 0 to 1.
        is_read_only: whether the database takes no writes.
        name: what the database shows of this connection in pg_stat_activity.
    """

    def __init__(
        self,
        url: str,
        receivers: Sequence[Callable[[str], None]],
        *,
        notify: Callable[[str, str], Awaitable[None]],
        on_loss: Callable[[], None] = lambda: None,
        after_gap: Callable[[], Awaitable[None]] = _nothing,
        after_silence: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """
        Args:
            url: the URL of the database without a transaction pooler.
            notify: sends a payload on a channel over another connection. The heartbeat must go over
                another connection, because a transaction pooler delivers to a connection only what this
                connection notifies itself.
        """
        self.trouble: HealthCode | None = HealthCode.DATABASE_UNAVAILABLE
        self.notify_lag: float | None = None
        self.heard = 0
        self.queue_usage = 0.0
        self.is_read_only = False
        self.name = "chinwag listener"
        self._url = url
        self._receivers = receivers
        self._notify = notify
        self._on_loss = on_loss
        self._after_gap = after_gap
        self._after_silence = after_silence
        self._connection: Connection | None = None
        self._lost = asyncio.Event()
        self._has_begun = asyncio.Event()
        self._echo: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sent = ""
        self._sent_at = 0.0

    @property
    def ready(self) -> bool:
        return self.trouble is None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen inside the block.

        The block begins when the listener is ready, or after START_SECONDS if the database is away; then the
        listener goes on trying.
        """
        task = asyncio.create_task(self._keep_listening())
        try:
            try:
                async with asyncio.timeout(START_SECONDS):
                    await self._has_begun.wait()
            except TimeoutError:
                self._on_loss()
            yield
        finally:
            self.trouble = HealthCode.DRAINING
            task.cancel()
            await asyncio.wait({task})
            self._hang_up()

    async def _listen(self) -> Connection:
        """Open a connection that LISTENs, and wait until a heartbeat comes over it.

        Raises:
            CannotHear: no heartbeat comes.
        """
        self._lost.clear()
        self._connection = connection = await connect(self._url, self.name)
        connection.add_termination_listener(self._on_termination)
        await connection.add_listener(CHANNEL, self._on_notification)
        await self._send_heartbeat()
        if not await self._comes(self._echo):
            raise CannotHear()
        return connection

    def _on_notification(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        # This is a plain function: asyncpg would run each call of a coroutine as a task, and the tasks would
        # overtake one another.
        self.heard += 1
        text = str(payload)
        if text.startswith(HEARTBEAT):
            if text == self._sent:  # the heartbeats of other servers are not passed on, either
                self._on_echo()
            return
        for receive in self._receivers:
            receive(text)

    def _on_termination(self, connection: object) -> None:
        if connection is self._connection:
            self._lost.set()
            self._echo.cancel()  # so that nobody waits for what cannot come

    async def check(self) -> None:
        """Check once that notifications arrive, without starting the listener.

        Raises:
            CannotHear: they do not arrive.
            asyncpg's errors: the database cannot be reached.
        """
        try:
            await self._listen()
        finally:
            self._hang_up()

    async def _keep_listening(self) -> None:
        connection = await self._begin()
        while True:
            is_silent = await self._until_lost(connection)
            if not is_silent:
                log.warning("listener_lost")
            LISTENER_LOST.add()
            self.trouble = self.trouble or HealthCode.DATABASE_UNAVAILABLE
            self._on_loss()
            self._hang_up()
            if is_silent:
                await self._after_silence()
            connection = await self._begin()
            log.info("listener_ready")

    async def _begin(self) -> Connection:
        """Listen, have repaired what was missed before, and return the connection."""
        connection = await self._connect()
        self.trouble, self.is_read_only = HealthCode.REPAIRING, False
        # Listen, then read what was missed before. What is committed in between is heard, or read, or both.
        await self._after_gap()
        self.trouble = None
        self._has_begun.set()
        return connection

    async def _until_lost(self, connection: Connection) -> bool:
        """Wait until the connection is lost. True: it was given up because nothing was heard any more."""
        while not self._lost.is_set():
            try:
                # This is not wait_for(), which can swallow a cancellation until Python 3.12.
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._lost.wait()
            except TimeoutError:
                if not await self._hears(connection):
                    return not self._lost.is_set()
        return False

    async def _hears(self, connection: Connection) -> bool:
        """Whether the connection answers, and a notification comes over it."""
        answer = asyncio.create_task(connection.fetchrow(PROBE, self.name, timeout=MOST_SECONDS))
        try:
            if not await self._comes(answer):
                log.warning("listener_silent")
                return False
            self.queue_usage, self.is_read_only, _ = answer.result() or (0.0, False, "")
        finally:
            answer.cancel()
        try:
            await self._send_heartbeat()
        except FAILURES as error:
            # This is no silence: the queue of notifications is full, a large commit holds its lock, or the
            # pool is exhausted.
            state = getattr(error, "sqlstate", None)
            log.warning("heartbeat_not_sent", sqlstate=state, error=type(error).__name__)
            return True
        if not await self._comes(self._echo):
            log.error("listener_deaf", reason=str(CannotHear()))
            self.trouble = HealthCode.DEAF
            return False
        return True

    async def _send_heartbeat(self) -> None:
        """Notify a nonce. The future `_echo` is done when the nonce comes back."""
        loop = asyncio.get_running_loop()
        self._echo = loop.create_future()
        self._sent = HEARTBEAT + secrets.token_hex(8)
        self._sent_at = loop.time()
        async with asyncio.timeout(SILENCE_SECONDS):
            await self._notify(CHANNEL, self._sent)

    def _on_echo(self) -> None:
        if not self._echo.done():
            self._echo.set_result(None)
            self.notify_lag = asyncio.get_running_loop().time() - self._sent_at
            NOTIFY_LAG_SECONDS.observe(self.notify_lag)

    async def _comes(self, awaited: asyncio.Future[Any]) -> bool:
        """Wait for something as long as anything at all is heard: the notifications of a commit of a million
        rows may come before it."""
        deadline = asyncio.get_running_loop().time() + MOST_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            heard = self.heard
            done, _ = await asyncio.wait({awaited}, timeout=SILENCE_SECONDS)
            if done:
                return not awaited.cancelled() and awaited.exception() is None
            if heard == self.heard:
                return False
        return False

    async def _connect(self) -> Connection:
        """Try to listen until it succeeds, with capped and jittered backoff, and return the connection."""
        delay = BACKOFF_FIRST_SECONDS
        while True:
            try:
                return await self._listen()
            except CannotHear as error:
                log.error("listener_deaf", reason=str(error))
                is_lost = self._lost.is_set()
                self.trouble = HealthCode.DATABASE_UNAVAILABLE if is_lost else HealthCode.DEAF
            except Exception as error:
                # Any error is caught, because a server that stopped trying would never hear again.
                log.warning("listener_cannot_connect", error=type(error).__name__)
                is_standby = isinstance(error, asyncpg.ReadOnlySQLTransactionError)  # LISTEN needs a primary
                self.trouble = (
                    HealthCode.DATABASE_READ_ONLY if is_standby else HealthCode.DATABASE_UNAVAILABLE
                )
            self._hang_up()
            await asyncio.sleep(delay * (0.5 + random.random()))
            delay = min(delay * 2, BACKOFF_LIMIT_SECONDS)

    def _hang_up(self) -> None:
        """Drop the connection at once: close() would wait for an answer that may never come."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
