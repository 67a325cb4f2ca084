"""Connecting to whichever of the hosts in a URL takes the connection."""

import asyncio
from typing import Any

import asyncpg

from chinwag.db.hosts import urls_in

NEXT_HOST_SECONDS = 0.5
"""When a host has not answered for so long, the next one is tried beside it (as in RFC 8305)."""


async def connect_to_any(dsn: str | None = None, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect to the first host that takes the connection, with options of asyncpg's connect().

    asyncpg tries the hosts of a URL one after the other, within one time limit for all of them. While the
    machine of the first one is gone and answers nothing at all, it never comes to the second one.

    Raises:
        asyncpg's error for the host that says most of what is wrong.
    """
    waiting: list[str | None] = [*urls_in(dsn)] if dsn else [None]
    errors: list[BaseException] = []
    trying: set[asyncio.Task[asyncpg.Connection[asyncpg.Record]]] = set()
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.create_task(asyncpg.connect(waiting.pop(0), **options)))
            patience = NEXT_HOST_SECONDS if waiting else None
            await asyncio.wait(trying, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in trying if task.done()]:
                trying.remove(task)
                if (error := task.exception()) is None:
                    return task.result()
                errors.append(error)
    finally:
        for task in trying:
            task.add_done_callback(_drop)
            task.cancel()
    raise max(errors, key=_telling)


def _drop(task: "asyncio.Task[asyncpg.Connection[asyncpg.Record]]") -> None:
    """Drop a connection that was made in spite of its cancellation, because it came too late."""
    if not task.cancelled() and task.exception() is None:
        task.result().terminate()


def _telling(error: BaseException) -> int:
    """How much an error says: least that of a host which is a standby, and most that of a host which has
    answered."""
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return 0
    return 1 if isinstance(error, OSError) else 2
