"""Replay: reading the messages of a thread from the table, after a seq; and when a room does it again."""

import asyncio
from collections.abc import Awaitable, Callable

Page = list[tuple[int, bytes]]
"""Pairs of seq and frame, in the order of seq."""

Replay = Callable[[int, int], Awaitable[Page]]
"""`replay(thread_id, after)` reads a page from the table; an empty page is the end."""

REPAIR_RETRY_SECONDS = 1.0

REST_SECONDS = 0.25
"""How long a room rests after it has looked in vain for a row that was notified. PostgreSQL notifies what is
committed, so such a notification is forged, or its row was lost by a failover."""

EARLY_SECONDS = 0.05

LATE_ROWS_SECONDS = 2.0
"""How long a row is looked for that a relay has notified. A relay gets a commit when it is on the disk, and
that may be a moment before other transactions see it."""


class Patience:
    """The time for which something is looked for that the table does not have yet."""

    __slots__ = ("_seconds", "_until")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    async def lasts(self) -> bool:
        """Wait a moment before the table is read again. False: it was looked for long enough."""
        if not self._seconds:
            return False
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + self._seconds
        if now >= self._until:
            self._until = 0.0
            return False
        await asyncio.sleep(EARLY_SECONDS)
        return True

    def end(self) -> None:
        """Learn that it was found."""
        self._until = 0.0
