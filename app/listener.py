"""The listener: the one connection of this process that LISTENs."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from app.database import DATABASE_ERRORS, Connection, connect

CHANNEL = "chinwag"

HEARTBEAT_SECONDS = 2.0
HEARTBEAT_TIMEOUT_SECONDS = 3.0
"""A half-open connection looks like a quiet one. The heartbeat tells them apart within 5 s."""

BACKOFF_FIRST_SECONDS = 0.05
BACKOFF_LIMIT_SECONDS = 3.0

log = structlog.get_logger(__name__)


class Listener:
    """Hands every notification to its receivers. Calls `after_silence` when the database does not answer,
    and `after_gap` when it hears again.

    It is `ready` while it hears everything: connected, and what a gap cost is mended.
    """

    def __init__(
        self,
        url: str,
        receivers: Sequence[Callable[[str], None]],
        after_gap: Callable[[], Awaitable[None]],
        after_silence: Callable[[], Awaitable[None]],
    ) -> None:
        self.ready = False
        self._url = url
        self._receivers = receivers
        self._after_gap = after_gap
        self._after_silence = after_silence
        self._connection: Connection | None = None
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. A server that cannot hear must not start: raises what asyncpg raises."""
        await self._listen()
        self.ready = True
        self._task = asyncio.create_task(self._keep_listening())

    async def stop(self) -> None:
        self.ready = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._hang_up()

    async def _listen(self) -> None:
        self._lost.clear()
        self._connection = await connect(self._url, "chinwag listener")
        self._connection.add_termination_listener(self._on_termination)
        await self._connection.add_listener(CHANNEL, self._on_notification)

    def _on_notification(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        # A plain function, not a coroutine: asyncpg would make each call a task, and they would overtake
        # one another.
        for receive in self._receivers:
            receive(str(payload))

    def _on_termination(self, connection: object) -> None:
        if connection is self._connection:
            self._lost.set()

    async def _keep_listening(self) -> None:
        while True:
            await self._until_lost()
            self.ready = False
            self._hang_up()
            await self._reconnect()
            # LISTEN first, repair after: what is committed in between is heard, or read, or both.
            await self._after_gap()
            self.ready = True
            log.info("listener_ready")

    async def _until_lost(self) -> None:
        assert self._connection is not None
        while not self._lost.is_set():
            try:
                # Not wait_for(): until Python 3.12 it can swallow a cancellation, and we would not stop.
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._lost.wait()
            except TimeoutError:
                try:
                    await self._connection.execute("select 1", timeout=HEARTBEAT_TIMEOUT_SECONDS)
                except DATABASE_ERRORS as error:
                    log.warning("listener_silent", error=type(error).__name__)
                    return await self._after_silence()
        log.warning("listener_lost")

    async def _reconnect(self) -> None:
        delay = BACKOFF_FIRST_SECONDS
        while True:
            try:
                return await self._listen()
            except Exception as error:
                # Whatever it is: a server that stops trying stays deaf.
                log.warning("listener_cannot_connect", error=type(error).__name__)
                self._hang_up()
            await asyncio.sleep(delay * (0.5 + random.random()))
            delay = min(delay * 2, BACKOFF_LIMIT_SECONDS)

    def _hang_up(self) -> None:
        """Drop the connection at once: close() would wait for an answer that may never come."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
