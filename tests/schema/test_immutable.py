"""A message stays as it was written, until its thread is deleted."""

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.sql import INSERT
from tests.support.statements import INSERT_REPLY, SEQS, WAITING, new_thread, notifications

CHANGES = {
    "update": "update message set content = 'y' where thread_id = $1",
    "update of seq": "update message set seq = seq + 10 where thread_id = $1",
    "update that changes nothing": "update message set role = role where thread_id = $1",
    "delete": "delete from message where thread_id = $1",
    "merge": "merge into message using (select) as nothing on thread_id = $1 when matched then delete",
}
TRUNCATES = [
    "truncate message cascade",
    "truncate message, reply_request",
    "truncate thread, member, read_mark, webhook",
    "truncate thread cascade",
]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_messages_cannot_be_changed(db: Connection, thread: int, change: str) -> None:
    await db.execute(INSERT, thread, "x")
    before = await db.fetch("select * from message where thread_id = $1", thread)
    with pytest.raises(asyncpg.RestrictViolationError, match="messages are immutable") as error:
        await db.execute(change, thread)
    assert error.value.constraint_name == "message_is_immutable"
    assert error.value.hint == "Write another message, or delete the thread as a whole."
    assert await db.fetch("select * from message where thread_id = $1", thread) == before


@pytest.mark.parametrize("truncate", TRUNCATES)
async def test_messages_cannot_be_truncated(db: Connection, thread: int, truncate: str) -> None:
    await db.execute(INSERT, thread, "x")
    with pytest.raises(asyncpg.RestrictViolationError, match="TRUNCATE is not allowed"):
        await db.execute(truncate)
    assert await db.fetchval(SEQS, thread) == [1]


async def test_a_deleted_thread_takes_its_messages_and_requests_with_it(db: Connection, thread: int) -> None:
    other = await new_thread(db)
    for id in (thread, other):
        asked = await db.fetchval(f"{INSERT} returning id", id, "x")
        await db.execute(INSERT, id, "waits")
        await db.execute(INSERT_REPLY, id, asked)
    heard = await notifications(db, lambda: db.execute("delete from thread where id = $1", thread))
    assert [payload.split(" ")[0] for payload in heard] == [str(thread)]
    while await db.fetchval("select remove_messages(2)"):
        pass
    assert await db.fetchval(SEQS, thread) is None
    assert await db.fetchval(SEQS, other) == [1, 2, 3]
    assert await db.fetchval(WAITING, thread) == 0
    assert await db.fetchval(WAITING, other) == 1
