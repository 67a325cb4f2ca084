"""A relay may notify a row before other transactions can see it: the row is looked for until it is there.

A commit that waits for a standby which is not there is on the disk, so the relay has it, but nobody sees it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.process import Server
from tests.support.relays import Relay
from tests.support.sql import INSERT, until

TERMINATE_LISTENER = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'chinwag listener%'
"""
WAITS = "select exists (select from pg_stat_activity where wait_event = 'SyncRep')"


@asynccontextmanager
async def unseen(db: Connection, url: str, thread: int, content: str) -> AsyncIterator[None]:
    """Commit a message that nobody can see before the end of the block."""
    await db.execute("alter system set synchronous_standby_names = 'nobody'")
    await db.execute("select pg_reload_conf()")
    await until(db, "select current_setting('synchronous_standby_names') = 'nobody'")
    writer = await asyncpg.connect(url)
    writing = asyncio.ensure_future(writer.execute(INSERT, thread, content))
    try:
        await until(db, WAITS)
        yield
    finally:
        await db.execute("alter system reset synchronous_standby_names")
        await db.execute("select pg_reload_conf()")
        await writing
        await writer.close()


async def heard(relay: Relay) -> AsyncIterator[str]:
    listener = await asyncpg.connect(relay.url)
    told: asyncio.Queue[str] = asyncio.Queue()
    await listener.add_listener("chinwag", lambda *call: told.put_nowait(str(call[-1])))
    try:
        while True:
            yield await told.get()
    finally:
        await listener.close()


@pytest.mark.usefixtures("relays_alone")
@pytest.mark.parametrize("size", [10, 9_000], ids=["in the payload", "too long for it"])
async def test_a_message_that_is_heard_before_it_is_seen_comes(
    server: Server, relay: Relay, db: Connection, database_url: str, thread: int, size: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await db.execute(INSERT, thread, "before")
        await reader.until_seq(1)
        notifications = heard(relay)
        waiting = asyncio.ensure_future(anext(notifications))
        await asyncio.sleep(0)
        async with unseen(db, database_url, thread, "x" * size):
            async with asyncio.timeout(LIMIT_SECONDS):
                while not (await waiting).startswith(f"{thread} 2"):
                    waiting = asyncio.ensure_future(anext(notifications))
            # The server has heard it, too, and looks for it in vain a few times.
            await asyncio.sleep(0.3)
        await notifications.aclose()  # type: ignore[attr-defined]
        await reader.until_seq(2)
    assert "row_missing" not in server.log.read_text()
    assert "history_changed" not in server.log.read_text()


@pytest.mark.usefixtures("relays_alone")
async def test_a_room_that_repairs_meanwhile_does_not_take_it_for_lost(
    server: Server, relay: Relay, db: Connection, database_url: str, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        async with unseen(db, database_url, thread, "held"):
            await reader.until_seq(1)
            await db.execute(TERMINATE_LISTENER)
            await reader.frame("database", lambda data: not data["available"])
            await asyncio.sleep(0.5)
        await reader.frame("database", lambda data: data["available"])
        await db.execute(INSERT, thread, "and on")
        await reader.until_seq(2)
    assert "history_changed" not in server.log.read_text()
