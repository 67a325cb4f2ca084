"""What the tests of the schema write and ask."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from chinwag.db.pool import Connection
from chinwag.frames import WAKE_BOTS
from tests.support.client import LIMIT_SECONDS

INSERT_NAMED = "insert into message (thread_id, content, client_id) values ($1, $2, $3) returning seq"
INSERT_REPLY = """
    insert into message (thread_id, role, content, reply_to) values ($1, 'assistant', 'y', $2) returning seq
"""
SEQS = "select array_agg(seq order by seq) from message where thread_id = $1"
CONTENTS = "select array_agg(content order by seq) from message where thread_id = $1"
WAITING = "select count(*) from reply_request where thread_id = $1"
LAST_SEQ = "select last_seq from thread where id = $1"


async def new_thread(db: Connection) -> int:
    id: int = await db.fetchval("insert into thread (title) values ('Thread') returning id")
    return id


async def notifications(db: Connection, work: Callable[[], Awaitable[Any]]) -> list[str]:
    """Do some work, and return what is notified meanwhile, except what only wakes the bots."""
    heard: list[str] = []
    last = asyncio.Event()

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        assert isinstance(payload, str)
        if payload == "last":
            last.set()
        elif payload != WAKE_BOTS:
            heard.append(payload)

    await db.add_listener("chinwag", hear)
    await work()
    await db.execute("notify chinwag, 'last'")
    async with asyncio.timeout(LIMIT_SECONDS):
        await last.wait()
    await db.remove_listener("chinwag", hear)
    return heard
