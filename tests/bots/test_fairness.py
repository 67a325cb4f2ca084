"""The bot's queue is fair by thread, and no claim holds a request for longer than it may."""

import asyncpg
import httpx
import pytest

from chinwag.bots.requests import CLAIMS_OF_THREAD, THREADS
from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.process import Server, ServerStarter
from tests.support.sql import until

FLOOD = "insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, $2) as i"
ASK = "insert into message (thread_id, content) values ($1, 'and mine?')"
ASK_IN_EACH = "insert into message (thread_id, content) select id, 'x' from thread, generate_series(1, 3)"
CLAIM_ELSEWHERE = """
    update reply_request
    set claimed_by = gen_random_uuid(), claimed_until = clock_timestamp() + interval '1 hour'
    where message_id in (select id from message where thread_id = $1)
"""
CLAIMED = """
    select count(*) from reply_request join message on id = message_id
    where message.thread_id = $1 and claimed_until > clock_timestamp()
"""
ECHO = {"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0"}
SLOW = {"CHINWAG_BOT": "random", "CHINWAG_BOT_PACE": "60"}


@pytest.fixture(autouse=True)
async def _empty_queue(db: Connection) -> None:
    """Check that nothing is left of the test before."""
    await db.execute("delete from thread")


async def test_a_flood_in_one_thread_lets_another_have_its_turn(
    server: Server, start_server: ServerStarter, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    bot = start_server(SLOW)
    others = [(await http.post("/threads", json={"open": True})).json()["id"] for _ in range(3)]
    await db.execute(FLOOD, thread, 1000)
    async with open_thread(server, others[0]) as reader:
        await reader.frame("ready")
        await until(db, f"select ({CLAIMED}) = {CLAIMS_OF_THREAD}", thread)
        for other in others:
            await db.execute(ASK, other)
        for other in others:
            await until(db, f"select ({CLAIMED}) = 1", other)
    assert await db.fetchval(CLAIMED, thread) == CLAIMS_OF_THREAD
    bot.stop()


async def test_floods_in_many_threads_let_all_have_their_turn(
    start_server: ServerStarter, db: Connection
) -> None:
    await db.execute("insert into thread (title) select 'Thread' from generate_series(1, $1)", THREADS + 100)
    await db.execute(ASK_IN_EACH)
    last = await db.fetchval("select max(id) from thread")
    bot = start_server(ECHO)
    await until(db, "select not exists (select from reply_request where thread_id = $1)", last)
    await until(db, "select not exists (select from reply_request)")
    assert await db.fetchval("select count(*) from message where role = 'assistant'") == 3 * (THREADS + 100)
    bot.stop()


async def test_a_claim_of_the_future_counts_as_free(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    await db.execute(ASK, thread)
    await db.execute(CLAIM_ELSEWHERE, thread)
    bot = start_server(ECHO)
    async with open_thread(server, thread, after=0) as reader:
        await reader.until_seq(2)
    bot.stop()


async def test_a_request_that_does_not_say_its_thread_is_answered(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    await db.execute(ASK, thread)
    await db.execute("update reply_request set thread_id = null")
    bot = start_server(ECHO)
    async with open_thread(server, thread, after=0) as reader:
        await reader.until_seq(2)
    bot.stop()


async def test_a_request_whose_thread_is_gone_is_not_claimed(
    server: Server, start_server: ServerStarter, db: Connection, database_url: str, thread: int
) -> None:
    gone = await db.fetchval("insert into thread (title) values ('Gone') returning id")
    await db.execute(ASK, gone)
    replica = await asyncpg.connect(database_url)
    await replica.execute("set session_replication_role = replica")  # without the cascade
    await replica.execute("delete from thread where id = $1", gone)
    await replica.close()
    bot = start_server(ECHO)
    await db.execute(ASK, thread)
    async with open_thread(server, thread, after=0) as reader:
        await reader.until_seq(2)
    assert await db.fetchval("select claimed_by is null from reply_request where thread_id = $1", gone)
    bot.stop()
