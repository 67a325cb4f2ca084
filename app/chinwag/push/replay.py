"""Replay: reading the messages of a thread from the table, after a seq; and when a room does it again."""

from collections.abc import Awaitable, Callable

Page = list[tuple[int, bytes]]
"""Pairs of seq and frame, in the order of seq."""

Replay = Callable[[int, int], Awaitable[Page]]
"""`replay(thread_id, after)` reads a page from the table; an empty page is the end."""

REPAIR_RETRY_SECONDS = 1.0

REST_SECONDS = 0.25
"""How long a room rests after it has looked in vain for a row that was notified. PostgreSQL notifies what is
committed, so such a notification is forged, or its row was lost by a failover."""
