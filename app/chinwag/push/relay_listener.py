"""The listener of relays: the connection by which this process hears messages from one of them."""

import asyncio
import contextlib
import itertools
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import structlog

from chinwag import frames
from chinwag.counts import RELAY_LAG_SECONDS, RELAY_LOST
from chinwag.db.pool import FAILURES, Connection, connect
from chinwag.errors import CannotHear
from chinwag.push.listener import (
    BACKOFF_FIRST_SECONDS,
    BACKOFF_LIMIT_SECONDS,
    CHANNEL,
    MOST_SECONDS,
    SILENCE_SECONDS,
)

BEAT = "0 0 relay.beat "
"""The beginning of what a relay notifies of a beat; its nonce follows (sql/relay/60_notify.sql)."""

BEAT_SECONDS = 1.0
"""A server that has heard no beat for so long writes one. So the primary gets one or two a second, however
many servers there are."""

OWN_BEAT_SECONDS = 15.0
"""A server writes one so often in any case, because only its own beats show it how long their way takes."""

RECEIVES = """
    select coalesce(max(last_msg_receipt_time) > clock_timestamp() - interval '3 seconds', false)
    from pg_stat_subscription
"""
"""Whether the relay is busy: a commit of very many rows comes before the beats that were written after it."""

log = structlog.get_logger(__name__)


class RelayListener:
    """The connection to one of several relays, and to another one when that is silent.

    It calls `on_loss` when it hears no more, `after_gap` when it hears again, and `on_missed` when the relay
    says that it has missed something.

    Attributes:
        ready: whether a beat that was written on the primary has come, and others come all the time.
    """

    def __init__(
        self,
        urls: Sequence[str],
        receive: Callable[[str], None],
        *,
        write_beat: Callable[[str], Awaitable[None]],
        on_loss: Callable[[], None],
        after_gap: Callable[[], Awaitable[None]],
        on_missed: Callable[[], None],
    ) -> None:
        self.ready = False
        self._urls = urls
        self._receive = receive
        self._write_beat = write_beat
        self._on_loss = on_loss
        self._after_gap = after_gap
        self._on_missed = on_missed
        self._connection: Connection | None = None
        self._lost = asyncio.Event()
        self._echo = asyncio.Event()
        self._own = ""
        self._own_at = 0.0
        """When the last beat of its own was written."""
        self._beat_at = 0.0
        """When a beat of anybody was heard."""
        self._heard_at = 0.0
        """When anything was heard."""
        self._waits_since: float | None = None
        """When the first beat was written that was not followed by any that was heard."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen inside the block."""
        task = asyncio.create_task(self._keep_listening())
        try:
            yield
        finally:
            self.ready = False
            task.cancel()
            await asyncio.wait({task})
            self._hang_up()

    async def _keep_listening(self) -> None:
        """Take one relay after the other. Servers begin with different ones, so that each has its share."""
        delay = BACKOFF_FIRST_SECONDS
        first = random.randrange(len(self._urls))
        for number in itertools.count():
            try:
                await self._listen(self._urls[(first + number) % len(self._urls)])
            except Exception as error:
                # Any error is caught, because a server that stopped trying would never hear again.
                reason = str(error) if isinstance(error, CannotHear) else type(error).__name__
                log.warning("relay_cannot_be_heard", error=reason)
            else:
                delay = BACKOFF_FIRST_SECONDS
                await self._hear()
            self._hang_up()
            if (number + 1) % len(self._urls) == 0:
                await asyncio.sleep(delay * (0.5 + random.random()))
                delay = min(delay * 2, BACKOFF_LIMIT_SECONDS)

    async def _listen(self, url: str) -> None:
        """Open a connection that LISTENs, and wait until a beat of its own comes over it.

        Raises:
            CannotHear: no beat comes.
        """
        self._lost.clear()
        self._connection = connection = await connect(url, "chinwag relay listener")
        connection.add_termination_listener(self._on_termination)
        self._echo.clear()
        await connection.add_listener(CHANNEL, self._on_notification)
        self._waits_since = None
        self._beat_at = self._heard_at = _now()
        await self._beat()
        while not self._echo.is_set():
            await self._pause(SILENCE_SECONDS, self._echo)
            if self._lost.is_set() or (not self._echo.is_set() and await self._is_silent(connection)):
                raise CannotHear("no beat comes through this relay: see the log of `chinwag relay run`")

    async def _hear(self) -> None:
        """Have repaired what was missed before, and listen until the relay is silent."""
        self.ready = True
        await self._after_gap()
        log.info("relay_ready")
        try:
            assert self._connection is not None
            await self._until_silent(self._connection)
        finally:
            self.ready = False
            RELAY_LOST.add()
            self._on_loss()

    async def _until_silent(self, connection: Connection) -> None:
        while True:
            # Not all servers write a beat at the same moment.
            await self._pause(BEAT_SECONDS * random.uniform(0.7, 1.3), self._lost)
            if self._lost.is_set():
                log.warning("relay_lost")
                return
            if _now() > min(self._beat_at + BEAT_SECONDS, self._own_at + OWN_BEAT_SECONDS):
                try:
                    await self._beat()
                except FAILURES as error:
                    # The primary is away or too busy: that is not the fault of the relay.
                    log.warning("beat_not_written", error=type(error).__name__)
                    self._waits_since = None
                    continue
            if await self._is_silent(connection):
                log.warning("relay_silent")
                return

    async def _beat(self) -> None:
        self._own, own_at = secrets.token_hex(8), _now()
        async with asyncio.timeout(SILENCE_SECONDS):
            await self._write_beat(self._own)
        self._own_at = own_at
        if self._waits_since is None and self._beat_at < own_at:
            self._waits_since = _now()

    async def _is_silent(self, connection: Connection) -> bool:
        """Whether the relay has told nothing for too long after a beat was written, and is not just busy."""
        now, since = _now(), self._waits_since
        if since is None or now < since + SILENCE_SECONDS / 2:
            return False
        if now > since + MOST_SECONDS:
            return True
        if self._heard_at > now - SILENCE_SECONDS:
            return False
        try:
            return not await connection.fetchval(RECEIVES, timeout=SILENCE_SECONDS / 2)
        except (*FAILURES, TimeoutError):
            return True

    def _on_notification(self, connection: object, _pid: int, _channel: str, payload: object) -> None:
        if connection is not self._connection:
            return  # it was given up
        self._heard_at = _now()
        text = str(payload)
        if text.startswith(BEAT):
            self._beat_at, self._waits_since = self._heard_at, None
            if text[len(BEAT) :] == self._own:
                RELAY_LAG_SECONDS.observe(self._heard_at - self._own_at)
                self._echo.set()
        elif text == frames.RELAY_MISSED:
            self._on_missed()
        else:
            self._receive(text)

    def _on_termination(self, connection: object) -> None:
        if connection is self._connection:
            self._lost.set()
            self._echo.set()

    async def _pause(self, seconds: float, event: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            # This is not wait_for(), which can swallow a cancellation until Python 3.12.
            async with asyncio.timeout(seconds):
                await event.wait()

    def _hang_up(self) -> None:
        """Drop the connection at once: close() would wait for an answer that may never come."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _now() -> float:
    return asyncio.get_running_loop().time()
