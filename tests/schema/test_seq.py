"""In each thread the messages are numbered 1, 2, 3 … in the order in which they commit, whoever writes."""

import asyncio
import random
from collections.abc import Callable

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.sql import INSERT, INSERT_MANY, until
from tests.support.statements import CONTENTS, LAST_SEQ, SEQS, new_thread, notifications


@pytest.fixture
def fresh_database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.mark.parametrize("seq", ["99", "0", "-1", "null", "default", "9223372036854775807"])
async def test_a_seq_that_the_writer_gives_is_replaced(db: Connection, thread: int, seq: str) -> None:
    for _ in range(2):
        await db.execute(f"insert into message (thread_id, seq, content) values ($1, {seq}, 'x')", thread)
    assert await db.fetchval(SEQS, thread) == [1, 2]


async def test_each_form_of_insert_is_numbered_densely_and_in_order(db: Connection, thread: int) -> None:
    both = (thread, await new_thread(db))
    values = "values ($1, '1'), ($2, '1'), ($1, '2'), ($2, '2')"
    await db.execute(f"insert into message (thread_id, content) {values}", *both)
    await db.execute(
        """insert into message (thread_id, content)
           select id, i from generate_series(3, 500) i, unnest(array[$1, $2]::bigint[]) id order by i""",
        *both,
    )
    rows = [(id, str(i)) for i in range(501, 1001) for id in both]
    await db.copy_records_to_table("message", records=rows, columns=["thread_id", "content"])
    for id in both:
        assert await db.fetchval(SEQS, id) == list(range(1, 1001))
        assert await db.fetchval(CONTENTS, id) == [str(i) for i in range(1, 1001)]
        assert await db.fetchval(LAST_SEQ, id) == 1000


async def test_two_inserts_in_one_statement_are_numbered_densely(db: Connection, thread: int) -> None:
    await db.execute(
        """with one as (insert into message (thread_id, content) values ($1, 'a'), ($1, 'b') returning seq)
           insert into message (thread_id, content) select $1, 'c' where exists (select from one)""",
        thread,
    )
    assert await db.fetchval(SEQS, thread) == [1, 2, 3]
    assert await db.fetchval(LAST_SEQ, thread) == 3


async def test_a_trigger_of_ones_own_may_write_more_messages(db: Connection, thread: int) -> None:
    await db.execute(
        f"""create function welcome() returns trigger language plpgsql as $$ begin
              insert into message (thread_id, content) values (new.thread_id, 'welcome, ' || new.content);
              return null;
            end $$;
            create trigger welcome after insert on message
              for each row when (new.thread_id = {thread} and pg_trigger_depth() = 0)
              execute function welcome()"""
    )
    try:
        await db.execute("insert into message (thread_id, content) values ($1, 'Ann'), ($1, 'Bob')", thread)
    finally:
        await db.execute("drop trigger welcome on message; drop function welcome()")
    assert await db.fetchval(CONTENTS, thread) == ["Ann", "Bob", "welcome, Ann", "welcome, Bob"]
    assert await db.fetchval(SEQS, thread) == [1, 2, 3, 4]
    assert await db.fetchval(LAST_SEQ, thread) == 4


async def test_a_thread_knows_its_last_seq_and_moves_with_each_message(db: Connection, thread: int) -> None:
    moments = []
    for _ in range(3):
        await db.execute(INSERT, thread, "x")
        moments.append(await db.fetchval("select updated_at from thread where id = $1", thread))
    assert moments == sorted(set(moments))
    assert await db.fetchval("select updated_at > created_at from thread where id = $1", thread)
    assert await db.fetchval(LAST_SEQ, thread) == 3


async def test_the_cost_of_a_message_does_not_grow_with_the_table(fresh_database_url: str) -> None:
    read = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables"
    connection = await asyncpg.connect(fresh_database_url)
    id = await new_thread(connection)
    await connection.execute(INSERT_MANY, id, 10, 1)
    await connection.execute("analyze")  # a small table: to read all of it looks cheap
    await connection.close()
    connection = await asyncpg.connect(fresh_database_url)
    try:
        for rows in (2000, 1):  # a session keeps its plans
            async with connection.transaction():
                before = await connection.fetchval(read)
                await connection.execute(INSERT_MANY, id, rows, 1)
                assert await connection.fetchval(read) - before < 20 + 10 * rows
    finally:
        await connection.close()


async def test_a_rollback_leaves_no_gap(db: Connection, thread: int) -> None:
    for i in range(4):
        transaction = db.transaction()
        await transaction.start()
        await db.execute(INSERT, thread, f"outer {i}")
        await db.execute("savepoint inside")
        await db.execute(INSERT, thread, f"inner {i}")
        await db.execute("rollback to inside")
        await db.execute(INSERT, thread, f"last {i}")
        await (transaction.rollback() if i % 2 else transaction.commit())
    assert await db.fetchval(CONTENTS, thread) == ["outer 0", "last 0", "outer 2", "last 2"]
    assert await db.fetchval(SEQS, thread) == [1, 2, 3, 4]


async def test_with_concurrent_writers_the_order_of_seq_is_the_order_of_commit(
    db: Connection, writers: list[Connection], thread: int
) -> None:
    chance = random.Random(1)

    async def write(connection: Connection) -> None:
        for _ in range(40):
            transaction = connection.transaction()
            await transaction.start()
            for _ in range(chance.randint(1, 3)):
                await connection.execute(INSERT_MANY, thread, chance.randint(1, 3), 1)
            await (transaction.rollback() if chance.random() < 0.3 else transaction.commit())

    # A listener hears of transactions in the order in which they commit.
    heard = await notifications(db, lambda: asyncio.gather(*map(write, writers)))
    count = await db.fetchval("select count(*) from message where thread_id = $1", thread)
    assert [int(payload.split(" ")[1]) for payload in heard] == list(range(1, count + 1))
    assert await db.fetchval(SEQS, thread) == list(range(1, count + 1))
    assert await db.fetchval(LAST_SEQ, thread) == count > 300


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_the_next_writer_waits_until_the_number_is_taken_or_free(
    db: Connection, writers: list[Connection], thread: int, end: str
) -> None:
    first, second = writers[:2]
    await first.execute("begin")
    await first.execute(INSERT, thread, "x")
    waiting = asyncio.create_task(second.fetchval(f"{INSERT} returning seq", thread, "x"))
    await until(db, "select pg_blocking_pids($1) <> '{}'", second.get_server_pid())
    await first.execute(end)
    assert await waiting == (2 if end == "commit" else 1)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_a_writer_with_an_old_snapshot_fails_rather_than_number_wrongly(
    db: Connection, writers: list[Connection], thread: int, isolation: str
) -> None:
    old = writers[0]
    await old.execute(f"begin isolation level {isolation}; select from thread")
    await db.execute(INSERT, thread, "x")
    with pytest.raises(asyncpg.SerializationError):
        await old.execute(INSERT, thread, "y")
    await old.execute("rollback")
    assert await db.fetchval(SEQS, thread) == [1]
