"""Joining a thread costs its database little, and loses nothing that is written meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from app.database import Connection
from tests.client import LIMIT_SECONDS, open_thread
from tests.process import Server, ServerStarter

pytestmark = pytest.mark.anyio

SLOW = """
    create schema slow;
    create sequence slow.reads;
    create function slow.read_last_seq(asked bigint) returns bigint language plpgsql as $$ begin
      perform nextval('slow.reads');
      perform pg_advisory_xact_lock_shared(1);
      return (select last_seq from public.thread where id = asked);
    end $$;
    create function slow.last_seq(asked bigint) returns bigint language plpgsql stable as $$ begin
      return slow.read_last_seq(asked);
    end $$;
    create view slow.thread as select id, slow.last_seq(id) as last_seq from public.thread
"""
"""To a server that finds this before the real table, each `last_seq` that it reads is counted, and waits
while the lock 1 is held; then it is the one of that moment, as the function is volatile. What calls it is
`stable`, so that to ask whether a thread exists calls nothing."""

READS = "select coalesce(pg_sequence_last_value('slow.reads'), 0)"
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


@pytest.fixture(scope="module")
async def slow_server(db: Connection, database_url: str) -> AsyncIterator[Server]:
    """A server with two connections, whose joins can be held up in the database."""
    await db.execute(SLOW)
    # As it is told how to go past a pooler, it migrates that way, and sets no limit to waiting for a lock.
    settings = {"CHINWAG_BOT": "none", "CHINWAG_POOL_SIZE": "2", "CHINWAG_LISTEN_URL": database_url}
    with ServerStarter(f"{database_url}?search_path=slow,public") as start:
        yield start(settings)


async def test_who_gave_up_while_waiting_costs_no_query(
    slow_server: Server, db: Connection, http: httpx.AsyncClient, thread: int
) -> None:
    other = (await http.post("/threads", json={})).json()["id"]  # of which nobody knows the end
    before = await db.fetchval(READS)
    async with held_up(db), open_thread(slow_server, thread), open_thread(slow_server, thread):
        await until(db, WAITING, 2)  # there are no more connections
        for _ in range(20):
            async with open_thread(slow_server, other):
                pass
        async with open_thread(slow_server, other) as patient:
            await db.execute("select pg_advisory_unlock(1)")
            await patient.frame("ready")
    assert await db.fetchval(READS) - before == 3


async def test_what_is_sent_before_ready_comes_back(
    slow_server: Server, db: Connection, thread: int
) -> None:
    async with held_up(db), open_thread(slow_server, thread) as client:
        await until(db, WAITING, 1)
        await client.send("mine")
        # By the time the second of these is stored, "mine" would have been, had it been received.
        async with httpx.AsyncClient(base_url=f"{slow_server.url}/api/v1", verify=False) as http:
            for content in ("another's", "the next"):
                answer = await http.post(f"/threads/{thread}/messages", json={"content": content})
                assert answer.status_code == 201
        await db.execute("select pg_advisory_unlock(1)")
        await client.frame("ready")
        await client.frame("message", lambda message: message["content"] == "mine")


@asynccontextmanager
async def held_up(db: Connection) -> AsyncIterator[None]:
    """Hold up the joins of the slow server, until the lock is given back or at the end."""
    await db.execute("select pg_advisory_lock(1)")
    try:
        yield
    finally:
        await db.execute("select pg_advisory_unlock_all()")


async def until(db: Connection, query: str, value: int) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while await db.fetchval(query) != value:
            pass  # it is not so yet
