"""Removal: the messages of deleted threads are deleted in the background, a batch at a time.

The deletion of a thread deletes its row and queues its id (sql/65_removal.sql). Each server takes batches
when it hears of a deletion. It also looks into the queue now and then, so that what a killed server has left
is removed, too.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

import asyncpg
import structlog

from chinwag import frames
from chinwag.db.pool import DATABASE_ERRORS, Pool

BATCH_MESSAGES = 1000
"""A batch is a transaction of its own, and takes some 20 ms."""

POLL_SECONDS = 30.0
"""The time between two looks for deletions of which no notification was heard."""

RETRY_SECONDS = 2.0

DELETED = f" 0 {frames.THREAD_DELETED.decode()}"

log = structlog.get_logger(__name__)


class Removal:
    """The part of a server that removes the messages of deleted threads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._woken = asyncio.Event()
        self._woken.set()  # for what is queued already

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Remove messages inside the block.

        At its end, a batch that is under way is rolled back. Another server does it again.
        """
        task = asyncio.create_task(self._keep_removing())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    def wake(self, payload: str) -> None:
        """Take a notification. That of a deleted thread starts a batch."""
        if DELETED in payload[:60]:
            self._woken.set()

    async def _keep_removing(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                # This is not wait_for(), which can swallow a cancellation until Python 3.12.
                async with asyncio.timeout(POLL_SECONDS * random.uniform(0.5, 1.5)):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._remove_all()
            except (*DATABASE_ERRORS, asyncpg.PostgresError) as error:
                # Any error is caught, because a server that stopped trying would leave the messages for ever.
                log.warning("removal_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                self._woken.set()

    async def _remove_all(self) -> None:
        """Remove batches until none is left. After each batch, this rests for as long as the batch took, so
        that the database is free for others."""
        while True:
            began = time.monotonic()
            if not await self._pool.fetchval("select remove_messages($1)", BATCH_MESSAGES):
                return
            await asyncio.sleep(time.monotonic() - began)
