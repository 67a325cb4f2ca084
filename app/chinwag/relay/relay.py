"""A relay while it runs: what it needs is made, and made again whenever it is gone."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import structlog

from chinwag.db.pool import FAILURES, Connection, connect
from chinwag.errors import ChinwagError, DatabaseUnsuitable
from chinwag.relay import primary, subscriber

WATCH_SECONDS = 1.0
STEP_SECONDS = 15.0
"""How long a look at both databases may take. A new slot may take longer, as it waits for transactions."""

QUIET_SECONDS = 10.0
"""After this time without streaming, the log says so."""

SAY_SECONDS = 60.0
POLL_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Relay:
    """One relay, known by its name. Its slot on the primary and its subscription have the same name.

    Attributes:
        slot: the name of both.
    """

    def __init__(self, name: str, primary_url: str, relay_url: str) -> None:
        self.slot = primary.SLOTS + name
        self._primary_url = primary_url
        self._relay_url = relay_url
        self._streamed_at = time.monotonic()
        self._said: dict[str, float] = {}

    async def set_up(self) -> None:
        """Make what is missing, on both sides, and wait until the relay streams.

        Raises:
            DatabaseUnsuitable: something cannot be made; the error says what to do.
        """
        async with self._connected() as (there, here):
            await primary.check_primary(there)
            await primary.ensure_publication(there)
            await subscriber.ensure_schema(here, self.slot)
            await _check_columns(there, here)
            if await subscriber.has_subscription(here, self.slot):
                await subscriber.connect_subscription(here, self.slot, self._primary_url)
            await self._repair(there, here)
            while not await subscriber.is_streaming(here, self.slot):
                await self._look(there, here)
                await asyncio.sleep(POLL_SECONDS)
        self._streamed_at = time.monotonic()

    async def watch(self) -> None:
        """Look each second whether all is there, and make what is gone. It never ends."""
        while True:
            try:
                async with self._connected() as (there, here):
                    while True:
                        async with asyncio.timeout(STEP_SECONDS):
                            await self._look(there, here)
                        await self._repair(there, here)
                        await asyncio.sleep(WATCH_SECONDS)
            except (*FAILURES, ChinwagError, TimeoutError) as error:
                # Whatever it is, a relay that stopped trying would leave its servers deaf.
                self._say("relay_waits", error=str(error) or type(error).__name__)
            await asyncio.sleep(WATCH_SECONDS)

    async def _look(self, there: Connection, here: Connection) -> None:
        """Say what is wrong and does not become right by itself."""
        if await subscriber.is_streaming(here, self.slot):
            self._streamed_at = time.monotonic()
        elif time.monotonic() > self._streamed_at + QUIET_SECONDS:
            self._say(
                "relay_does_not_stream",
                hint="The log of the relay's PostgreSQL has the reason. A slot that is active is used by"
                " another relay of this name, or by a connection that has not ended (wal_sender_timeout).",
                seconds=round(time.monotonic() - self._streamed_at),
            )
            await _check_columns(there, here)
            await primary.ensure_publication(there)

    async def _repair(self, there: Connection, here: Connection) -> None:
        """Make the slot and the subscription, if one of them is gone. Both are made anew together: what a
        subscription knows of a slot is not true of the next one."""
        state = await primary.slot_state(there, self.slot)
        if state == "good" and await subscriber.has_subscription(here, self.slot):
            return
        log.info("relay_subscribes", slot=self.slot, slot_was=state)
        await subscriber.drop_subscription(here, self.slot)
        if state == "lost":
            await primary.drop_slot(there, self.slot)
        if state != "good":
            await primary.create_slot(there, self.slot)
        fails_over = primary.can_fail_over(there) and primary.can_fail_over(here)
        await subscriber.create_subscription(here, self.slot, self._primary_url, fails_over=fails_over)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[Connection, Connection]]:
        """Give the block a connection to the primary and one to the relay's own database."""
        there = await connect(self._primary_url, "chinwag relay", command_seconds=None)
        try:
            here = await connect(self._relay_url, "chinwag relay", command_seconds=None)
            try:
                yield there, here
            finally:
                here.terminate()
        finally:
            there.terminate()  # close() would wait for an answer that may never come

    def _say(self, event: str, **values: object) -> None:
        """Log a warning, once a minute at most as long as it stays the same."""
        key = f"{event} {values.get('error')}"
        if time.monotonic() > self._said.get(key, -SAY_SECONDS) + SAY_SECONDS:
            self._said = {key: time.monotonic()}
            log.warning(event, **values)


async def _check_columns(there: Connection, here: Connection) -> None:
    """Check that the relay has each column that the primary has. More do no harm.

    Raises:
        DatabaseUnsuitable: the relay is of an older version than the primary's schema.
    """
    ours = await primary.columns(here)
    for table, names in (await primary.columns(there)).items():
        if missing := names - ours[table]:
            raise DatabaseUnsuitable(
                f"the primary's table {table} has columns that this relay does not know"
                f" ({', '.join(sorted(missing))}): upgrade the relay, and the next time before the primary"
            )
