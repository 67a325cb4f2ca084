"""A deleted thread is hidden at once, and its messages are removed in batches."""

import asyncio

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.sql import INSERT, INSERT_MANY, until
from tests.support.statements import INSERT_REPLY, SEQS, WAITING, new_thread

DELETE = "delete from thread where id = $1"
QUEUED = "select array_agg(thread_id order by thread_id) from removed_thread"
REMOVE = "select remove_messages($1)"


@pytest.fixture(autouse=True)
async def _empty_queue(db: Connection) -> None:
    while await db.fetchval(REMOVE, 1000):
        pass


async def test_a_deletion_removes_one_row_and_queues_the_rest(db: Connection, thread: int) -> None:
    await db.execute(INSERT_MANY, thread, 5, 1)
    assert await db.execute(DELETE, thread) == "DELETE 1"
    assert await db.fetchval(QUEUED) == [thread]
    assert await db.fetchval(SEQS, thread) == [1, 2, 3, 4, 5]


async def test_messages_are_removed_from_the_newest_with_all_that_belongs_to_them(
    db: Connection, thread: int
) -> None:
    asked = await db.fetchval(f"{INSERT} returning id", thread, "x")
    await db.execute(INSERT_REPLY, thread, asked)
    await db.execute(INSERT_MANY, thread, 3, 1)
    words = await db.fetchval("select count(*) from message_words")
    await db.execute(DELETE, thread)
    assert await db.fetchval(REMOVE, 2) is True
    assert await db.fetchval(SEQS, thread) == [1, 2, 3]
    assert await db.fetchval(WAITING, thread) == 1
    assert await db.fetchval(REMOVE, 2) is True
    assert await db.fetchval(SEQS, thread) == [1]
    assert await db.fetchval(QUEUED) == [thread]
    assert await db.fetchval(REMOVE, 2) is True
    assert await db.fetchval(QUEUED) is None
    assert await db.fetchval(REMOVE, 2) is False
    assert await db.fetchval(SEQS, thread) is None
    assert await db.fetchval(WAITING, thread) == 0
    assert await db.fetchval("select count(*) from message_words") == words - 5


async def test_a_thread_without_messages_leaves_nothing_to_remove(db: Connection, thread: int) -> None:
    await db.execute(DELETE, thread)
    assert await db.fetchval(QUEUED) is None


async def test_servers_share_the_work(db: Connection, writers: list[Connection], thread: int) -> None:
    other = await new_thread(db)
    for id in (thread, other):
        await db.execute(INSERT_MANY, id, 10, 1)
        await db.execute(DELETE, id)
    one, another, third = writers[:3]
    async with one.transaction(), another.transaction():
        assert await one.fetchval(REMOVE, 5) is True
        assert await another.fetchval(REMOVE, 5) is True
        assert await third.fetchval(REMOVE, 5) is False, "both are being worked on"
    assert await db.fetchval(SEQS, thread) == await db.fetchval(SEQS, other) == [1, 2, 3, 4, 5]


async def test_a_batch_that_is_not_committed_is_done_again(
    db: Connection, writers: list[Connection], thread: int
) -> None:
    await db.execute(INSERT_MANY, thread, 10, 1)
    await db.execute(DELETE, thread)
    killed = writers[0]
    await killed.execute("begin")
    await killed.fetchval(REMOVE, 10)
    killed.terminate()
    await until(db, f"{REMOVE}", 10)
    assert await db.fetchval(SEQS, thread) is None


async def test_the_id_of_a_deleted_thread_is_not_used_again(db: Connection, thread: int) -> None:
    again = "insert into thread (id) overriding system value values ($1)"
    await db.execute(INSERT_MANY, thread, 3, 1)
    await db.execute(DELETE, thread)
    with pytest.raises(asyncpg.UniqueViolationError, match=f"thread {thread} was deleted") as error:
        await db.execute(again, thread)
    assert error.value.constraint_name == "thread_id_is_not_used_again"


@pytest.mark.parametrize(
    "change", ["update thread set id = default where id = $1", "truncate thread, member, read_mark, webhook"]
)
async def test_a_thread_is_not_parted_from_its_messages(db: Connection, thread: int, change: str) -> None:
    await db.execute(INSERT, thread, "x")
    with pytest.raises(asyncpg.RestrictViolationError, match="threads keep their ids") as error:
        await db.execute(change, *([thread] if "$1" in change else []))
    assert error.value.constraint_name == "thread_keeps_its_messages"


async def test_a_thread_that_waits_for_the_deletion_of_its_id_is_refused(
    db: Connection, writers: list[Connection], thread: int
) -> None:
    await db.execute(INSERT, thread, "x")
    deleting, creating = writers[:2]
    await deleting.execute("begin")
    await deleting.execute(DELETE, thread)
    again = asyncio.create_task(
        creating.execute("insert into thread (id) overriding system value values ($1)", thread)
    )
    await until(db, "select pg_blocking_pids($1) <> '{}'", creating.get_server_pid())
    await deleting.execute("commit")
    with pytest.raises(asyncpg.UniqueViolationError):
        await again


@pytest.mark.parametrize("deletes_first", [True, False])
async def test_a_message_and_the_deletion_of_its_thread_at_the_same_time_leave_nothing_behind(
    db: Connection, writers: list[Connection], thread: int, deletes_first: bool
) -> None:
    first, second = writers[:2]
    insert = (INSERT, thread, "x")
    delete = (DELETE, thread)
    await first.execute("begin")
    await first.execute(*(delete if deletes_first else insert))
    waiting = asyncio.create_task(second.execute(*(insert if deletes_first else delete)))
    await until(db, "select pg_blocking_pids($1) <> '{}'", second.get_server_pid())
    await first.execute("commit")
    if deletes_first:
        with pytest.raises(asyncpg.ForeignKeyViolationError, match="there is no thread"):
            await waiting
        assert await db.fetchval(SEQS, thread) is None
    else:
        await waiting
        assert await db.fetchval(QUEUED) == [thread]


async def test_who_may_delete_messages_can_delete_none_of_a_thread_that_is_there(
    db: Connection, stranger: Connection, thread: int
) -> None:
    await db.execute(INSERT, thread, "x")
    await db.execute(f"grant select, delete on message to {await stranger.fetchval('select current_user')}")
    await stranger.execute("create temporary table thread (id bigint); set search_path = pg_temp, public")
    with pytest.raises(asyncpg.RestrictViolationError, match="messages are immutable"):
        await stranger.execute("delete from public.message where thread_id = $1", thread)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await stranger.fetchval("select public.remove_messages(1)")
    assert await db.fetchval(SEQS, thread) == [1]
