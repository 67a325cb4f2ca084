"""Confirmation of deletions: a thread counts as deleted when the table does not have it any more.

Anybody who can connect to the database can NOTIFY. So that a forged notification closes nobody's connection,
the table is asked first, once for all the deletions that were notified meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chinwag.frames import Deletion

FindThreads = Callable[[list[int]], Awaitable[set[int]]]
"""`find_threads(ids)` returns those of the ids that are threads."""

GATHER_SECONDS = 0.02
RETRY_SECONDS = 1.0

MOST_WAITING = 10_000
"""The most deletions that are remembered, so that memory is bounded whatever is notified."""

log = structlog.get_logger(__name__)


class Deletions:
    """The deletions that were notified, until the table has confirmed them."""

    def __init__(self, find_threads: FindThreads, tell: Callable[[Deletion], None]) -> None:
        self._find_threads = find_threads
        self._tell = tell
        self._waiting: dict[int, Deletion] = {}
        self._checking: asyncio.Task[None] | None = None

    def check(self, deletion: Deletion) -> None:
        """Call `tell` with a deletion as soon as the table confirms it."""
        if known := self._waiting.get(deletion.id):
            deletion = known.joined(deletion)  # one of them may be forged
        if known or len(self._waiting) < MOST_WAITING:
            self._waiting[deletion.id] = deletion
        if self._checking is None:
            self._checking = asyncio.create_task(self._check_all())

    async def _check_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_SECONDS)
                notified, self._waiting = self._waiting, {}
                for thread_id in notified.keys() - await self._find(list(notified)):
                    self._tell(notified[thread_id])
        finally:
            self._checking = None

    async def _find(self, ids: list[int]) -> set[int]:
        while True:
            try:
                return await self._find_threads(ids)
            except Exception as error:  # any error: subscriptions to a deleted thread must be told in the end
                log.warning("deletions_unconfirmed", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
