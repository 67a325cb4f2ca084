"""What a server has missed it reads in the table, whatever was the reason; until then it is not ready."""

import asyncio

import asyncpg
import httpx
import pytest

from chinwag.db.pool import Connection
from chinwag.wire import CloseCode
from tests.storm.faults import TERMINATE
from tests.support.client import LIMIT_SECONDS, open_list, open_thread
from tests.support.http import http_client
from tests.support.linked import server_by_link
from tests.support.process import Server
from tests.support.sql import INSERT, INSERT_MANY, until

INSERT_ELSEWHERE = """
    insert into message (thread_id, seq, content) select $1, 3 + i, 'new' from generate_series(1, $2) i
"""
REPAIRING = """
    select count(*) > 0 from pg_stat_activity
    where datname = current_database() and application_name = 'chinwag' and wait_event_type = 'Lock'
"""


async def test_what_was_written_while_the_listener_was_deaf_comes(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "before")
        await client.until_seq(1)
        for round in range(5):
            await until(db, TERMINATE, "chinwag listener")  # once it is back
            await db.execute(INSERT_MANY, thread, 700, 10)
            await client.until_seq(1 + 700 * (round + 1))


@pytest.mark.parametrize("written_since", [0, 2, 3])
async def test_readers_of_what_a_failover_has_lost_are_told_to_read_anew(
    server: Server, db: Connection, thread: int, written_since: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute(INSERT_MANY, thread, 5, 10)
        await client.until_seq(5)
        async with db.transaction():
            # Without triggers, and so without a word: it has happened on a standby, before its promotion.
            await db.execute("set local session_replication_role = replica")
            await db.execute("delete from message where thread_id = $1 and seq > 3", thread)
            await db.execute(INSERT_ELSEWHERE, thread, written_since)
            await db.execute("update thread set last_seq = 3 + $2 where id = $1", thread, written_since)
        await db.execute(TERMINATE, "chinwag listener")
        assert await client.closed() == CloseCode.HISTORY_CHANGED
    async with open_thread(server, thread, after=0) as client:
        await client.until_seq(3 + written_since)
        await db.execute(INSERT, thread, "and on")
        await client.until_seq(4 + written_since)


async def test_a_server_is_ready_again_only_when_all_is_repaired(
    server: Server, db: Connection, database_url: str, thread: int
) -> None:
    other = await asyncpg.connect(database_url)
    async with open_thread(server, thread) as client, http_client() as http:
        await client.frame("ready")
        async with other.transaction():
            await other.execute("lock table message in access exclusive mode")  # no repair gets past this
            await other.execute(INSERT, thread, "missed")
            await db.execute(TERMINATE, "chinwag listener")
            await until(db, REPAIRING)
            assert (await http.get(f"{server.url}/health/ready")).status_code == 503
            assert (await http.get(f"{server.url}/health/live")).status_code == 200
        await until_ready(http, server, 200)
        await client.connection.send('{"type": "ping"}')
        await client.frame("pong")
        assert [message["content"] for message in client.messages] == ["missed"]
    await other.close()


async def test_a_server_that_hears_nothing_is_not_ready(
    database_url: str, settings: dict[str, str], thread: int
) -> None:
    async with (
        server_by_link(database_url, settings) as (server, link),
        http_client() as http,
    ):
        link.open.clear()
        await until_ready(http, server, 503)
        assert (await http.get(f"{server.url}/health/live")).status_code == 200
        link.resume()
        await until_ready(http, server, 200)


async def test_after_a_deaf_moment_the_list_of_threads_is_read_anew(server: Server, db: Connection) -> None:
    async with open_list(server) as client:
        await until(db, TERMINATE, "chinwag listener")  # once it is back
        await client.until(lambda frames: [frame["type"] for frame in frames].count("ready") == 2)


async def test_a_notification_that_was_lost_is_found_by_the_next(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        await db.execute("set session_replication_role = replica")  # no triggers, so no NOTIFY
        await db.execute("insert into message (thread_id, seq, content) values ($1, 1, 'silent')", thread)
        await db.execute("set session_replication_role = origin")
        await db.execute(INSERT, thread, "heard")
        await client.until_seq(2)
        assert [m["content"] for m in client.messages] == ["silent", "heard"]


async def until_ready(http: httpx.AsyncClient, server: Server, status: int) -> None:
    """Wait until a server answers so whether it is ready."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while (await http.get(f"{server.url}/health/ready")).status_code != status:
            await asyncio.sleep(0.02)
