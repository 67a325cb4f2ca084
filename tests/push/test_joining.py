"""Who joins a thread gets what it lacks and then what is new, with nothing lost between, and costs little."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.linked import server_by_link
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT, INSERT_MANY, until

SLOW = """
    create schema slow;
    create sequence slow.reads;
    create function slow.read_last_seq(asked bigint) returns bigint language plpgsql as $$ begin
      perform nextval('slow.reads');
      perform set_config('lock_timeout', '0', true); -- nobody waits too long here
      perform pg_advisory_xact_lock_shared(1);
      return (select last_seq from public.thread where id = asked);
    end $$;
    create function slow.last_seq(asked bigint) returns bigint language plpgsql stable as $$ begin
      return slow.read_last_seq(asked);
    end $$
"""
SLOW_THREAD = """
    create view slow.thread as select id, slow.last_seq(id) as last_seq from public.thread;
    create function slow.sees(reader integer, t slow.thread) returns boolean language sql return true
"""
"""To a server that finds this before the real table, each `last_seq` that it reads is counted, and waits
while the lock 1 is held; then it is the one of that moment, as the function is volatile. What calls it is
`stable`, so that to ask whether a thread exists calls nothing."""

READS = "select coalesce(pg_sequence_last_value('slow.reads'), 0)"
WAITING = """
    select count(*) = $1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'
"""


@pytest.fixture(scope="module")
async def slow_server(db: Connection, database_url: str) -> AsyncIterator[Server]:
    """A server with two connections, whose joins can be held up in the database."""
    await db.execute(SLOW)
    # As it is told how to go past a pooler, it migrates that way.
    settings = {"CHINWAG_BOT": "none", "CHINWAG_POOL_SIZE": "2", "CHINWAG_LISTEN_URL": database_url}
    with ServerStarter(f"{database_url}?search_path=slow,public") as start:
        server = start(settings)
        await db.execute(SLOW_THREAD)  # a server refuses to start where it is there already
        yield server


async def test_readers_that_join_while_others_write_miss_nothing(
    server: Server, db: Connection, thread: int
) -> None:
    async def read_from(after: int) -> None:
        async with open_thread(server, thread, after) as client:
            await client.until(lambda frames: client.seqs and client.seqs[-1] == 4000)
            assert client.seqs == list(range(after + 1, 4001))

    readers = []
    for written in range(0, 4000, 100):
        readers.append(asyncio.create_task(read_from(written // 2)))
        await db.execute(INSERT_MANY, thread, 100, 10)
    await asyncio.gather(*readers)


async def test_ready_comes_after_the_replay(server: Server, db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, 1200, 10)
    async with open_thread(server, thread, 100) as client:
        assert await client.frame("ready") == {"thread_id": thread, "last_seq": 1200}
        assert client.seqs == list(range(101, 1201))
        assert client.frames[-1]["type"] == "ready"


async def test_without_after_only_what_is_new_comes(server: Server, db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, 5, 10)
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "new")
        await client.until_seq(6)
        assert client.seqs == [6]


async def test_after_beyond_the_end_is_the_end(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread, 99) as client:
        assert (await client.frame("ready"))["last_seq"] == 0
        await db.execute(INSERT, thread, "first")
        await client.until_seq(1)


async def test_who_joins_others_needs_no_database(
    database_url: str, settings: dict[str, str], db: Connection, thread: int
) -> None:
    async with (
        server_by_link(database_url, settings) as (server, link),
        open_thread(server, thread) as first,
    ):
        await first.frame("ready")
        await db.execute(INSERT_MANY, thread, 3, 10)
        await first.until_seq(3)
        link.open.clear()
        async with open_thread(server, thread, after=3) as second, open_thread(server, thread) as third:
            assert (await second.frame("ready"))["last_seq"] == 3
            assert (await third.frame("ready"))["last_seq"] == 3
            link.resume()
            await db.execute(INSERT, thread, "and on")
            await second.until_seq(4)
            await third.until_seq(4)


async def test_a_crowd_that_joins_at_once_gets_in(
    start_server: ServerStarter, settings: dict[str, str], db: Connection, thread: int
) -> None:
    server = start_server(settings | {"CHINWAG_POOL_SIZE": "2"})
    await db.execute(INSERT_MANY, thread, 10, 10)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:

        async def join() -> None:
            client = await stack.enter_async_context(open_thread(server, thread, after=5))
            await client.until_seq(10)
            await client.frame("ready")

        for _ in range(200):
            group.create_task(join())


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
        async with http_client(f"{slow_server.url}/api/v1") as http:
            for content in ("another's", "the next"):
                answer = await http.post(f"/threads/{thread}/messages", json={"content": content})
                assert answer.status_code == 201
        await db.execute("select pg_advisory_unlock(1)")
        await client.frame("ready")
        await client.frame("message", lambda message: message["content"] == "mine")


@asynccontextmanager
async def held_up(db: Connection) -> AsyncIterator[None]:
    """Hold up the joins of the slow server until the lock is released, or until the end of the block."""
    await db.execute("select pg_advisory_lock(1)")
    try:
        yield
    finally:
        await db.execute("select pg_advisory_unlock_all()")
