"""What is sent twice is stored once, and what is asked once is answered once."""

import asyncio
from uuid import uuid4

from chinwag.db.pool import Connection
from tests.support.sql import INSERT
from tests.support.statements import INSERT_NAMED, INSERT_REPLY, SEQS, WAITING, new_thread, notifications


async def test_a_repeated_client_id_is_no_row_no_number_and_no_error(db: Connection, thread: int) -> None:
    name, other_name = uuid4(), uuid4()
    assert [await db.fetchval(INSERT_NAMED, thread, "x", name) for _ in range(3)] == [1, None, None]
    assert [await db.fetchval(INSERT_NAMED, thread, "x", None) for _ in range(2)] == [2, 3]
    values = "values ($1, 'x', $2), ($1, 'x', $3), ($1, 'x', $3), ($1, 'x', null)"
    columns = ["thread_id", "content", "client_id"]
    await db.execute(f"insert into message ({', '.join(columns)}) {values}", thread, name, other_name)
    rows = [(thread, "x", name), (thread, "x", uuid4()), (thread, "x", other_name)]
    await db.copy_records_to_table("message", records=rows, columns=columns)
    assert await db.fetchval(SEQS, thread) == [1, 2, 3, 4, 5, 6]
    other_thread = await new_thread(db)
    assert await db.fetchval(INSERT_NAMED, other_thread, "x", name) == 1


async def test_a_repeated_client_id_moves_nothing_and_notifies_nobody(db: Connection, thread: int) -> None:
    name = uuid4()
    await db.execute(INSERT_NAMED, thread, "x", name)
    before = await db.fetch("select * from thread where id = $1", thread)
    heard = await notifications(db, lambda: db.execute(INSERT_NAMED, thread, "x", name))
    assert heard == []
    assert await db.fetch("select * from thread where id = $1", thread) == before


async def test_a_message_has_one_reply(db: Connection, thread: int) -> None:
    asked = await db.fetchval(f"{INSERT} returning id", thread, "x")
    assert [await db.fetchval(INSERT_REPLY, thread, asked) for _ in range(3)] == [2, None, None]


async def test_a_question_asks_for_a_reply_unless_it_comes_with_one(db: Connection, thread: int) -> None:
    asked = await db.fetchval(f"{INSERT} returning id", thread, "x")
    await db.execute("insert into message (thread_id, role, content) values ($1, 'assistant', 'x')", thread)
    assert await db.fetchval(WAITING, thread) == 1
    await db.execute(INSERT_REPLY, thread, asked)
    assert await db.fetchval(WAITING, thread) == 0
    await db.execute(
        """with asked as (insert into message (thread_id, content) values ($1, 'x') returning id)
           insert into message (thread_id, role, content, reply_to)
           select $1, 'assistant', 'y', id from asked""",
        thread,
    )
    assert await db.fetchval(SEQS, thread) == [1, 2, 3, 4, 5]
    assert await db.fetchval(WAITING, thread) == 0


async def test_concurrent_writers_with_the_same_client_id_store_it_once(
    db: Connection, writers: list[Connection], thread: int
) -> None:
    for i in range(1, 20):
        name = uuid4()
        seqs = await asyncio.gather(*(one.fetchval(INSERT_NAMED, thread, "x", name) for one in writers))
        assert [seq for seq in seqs if seq] == [i]
