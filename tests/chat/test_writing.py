"""What is written is stored once and in order, and what cannot be stored fails alone."""

import asyncio
import json

import asyncpg
import httpx

from chinwag.chat.store import INSERT_ONE
from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.process import Server
from tests.support.sql import INSERT


async def test_a_repeated_send_is_answered_with_what_is_stored(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as client:
        client_id = await client.send("once")
        await client.until(lambda _: len(client.messages) == 1)
        await client.send("once", client_id)
        await client.until(lambda _: len(client.messages) == 2)
        assert client.messages[0] == client.messages[1]
    assert await db.fetchval("select count(*) from message where thread_id = $1", thread) == 1


async def test_what_one_socket_sends_stays_in_order(server: Server, thread: int) -> None:
    async with open_thread(server, thread) as client:
        for i in range(1000):
            await client.connection.send(json.dumps({"content": f"n {i}"}))
        await client.until_seq(1000)
        assert [m["content"] for m in client.messages] == [f"n {i}" for i in range(1000)]


async def test_concurrent_posts_share_commits(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    posts = [http.post(f"/threads/{thread}/messages", json={"content": "x"}) for _ in range(300)]
    assert {response.status_code for response in await asyncio.gather(*posts)} == {201}
    commits = await db.fetchval("select count(distinct xmin::text) from message where thread_id = $1", thread)
    assert commits < 300, "without gathering, each has its own"


async def test_the_plan_of_a_single_message_is_kept(db: Connection, thread: int) -> None:
    """PostgreSQL plans five times for the values that it gets, and then keeps a plan that is as cheap."""
    statement = await db.prepare(INSERT_ONE)
    for _ in range(10):
        assert await statement.fetch(thread, "user", "x", None, None, 1, None, None, None, "")
    kept = "select generic_plans from pg_prepared_statements where statement = $1"
    assert await db.fetchval(kept, INSERT_ONE) == 5


async def test_a_connection_goes_back_to_the_pool_without_a_query(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await http.get(f"/threads/{thread}/messages")
    last = await db.fetch("select query from pg_stat_activity where application_name = 'chinwag'")
    assert [row for row in last if "from message" in row["query"]]


async def test_a_bad_row_in_a_batch_fails_alone(http: httpx.AsyncClient, db: Connection, thread: int) -> None:
    await db.execute(
        "alter table message add constraint no_bad_word check (content <> 'bad word') not valid"
    )
    try:
        contents = ["bad word" if i % 7 == 0 else f"n {i}" for i in range(100)]
        responses = await asyncio.gather(
            *(http.post(f"/threads/{thread}/messages", json={"content": content}) for content in contents),
            http.post("/threads/999999/messages", json={"content": "nowhere"}),
        )
    finally:
        await db.execute("alter table message drop constraint no_bad_word")
    assert [r.status_code for r in responses] == [400 if c == "bad word" else 201 for c in contents] + [404]
    assert await db.fetchval("select max(seq) from message where thread_id = $1", thread) == 85


async def test_a_long_transaction_holds_up_only_its_own_thread(
    server: Server, http: httpx.AsyncClient, database_url: str, thread: int
) -> None:
    other = (await http.post("/threads", json={})).json()["id"]
    elsewhere = await asyncpg.connect(database_url)
    async with open_thread(server, thread) as held, open_thread(server, other) as free:
        await held.frame("ready")
        await free.frame("ready")
        transaction = elsewhere.transaction()
        await transaction.start()
        await elsewhere.execute(INSERT, thread, "late")
        waiting = await held.send("waits")
        for i in range(20):
            await free.send("at once")
            await free.until_seq(i + 1)
        assert (await held.frame("error"))["code"] == "thread_busy"
        await transaction.commit()
        await held.send("waits", waiting)
        await held.until_seq(2)
        assert [m["content"] for m in held.messages] == ["late", "waits"]
    await elsewhere.close()


async def test_a_rollback_leaves_no_gap(server: Server, db: Connection, thread: int) -> None:
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        for i in range(10):
            transaction = db.transaction()
            await transaction.start()
            await db.execute(INSERT, thread, f"n {i}")
            await (transaction.rollback() if i % 2 else transaction.commit())
        await client.until_seq(5)
        assert [m["content"] for m in client.messages] == ["n 0", "n 2", "n 4", "n 6", "n 8"]
