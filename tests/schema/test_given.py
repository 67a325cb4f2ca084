"""The id and the time of a message are given by the database, whatever the writer says."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.sql import INSERT, until
from tests.support.statements import INSERT_NAMED, SEQS

GIVEN = {
    "infinity": ("created_at", "'infinity'"),
    "minus infinity": ("created_at", "'-infinity'"),
    "year 20000": ("created_at", "'20000-01-01'"),
    "BC": ("created_at", "'0044-03-15 BC'"),
    "no time": ("created_at", "null"),
    "negative id": ("id", "-5"),
    "id 0": ("id", "0"),
    "no id": ("id", "null"),
    "huge id": ("id", "9223372036854775807"),
    "id beyond JavaScript": ("id", "9007199254740993"),
}
LAST_ID = "select last_value from message_id_seq"
NEWEST = "select id, created_at from message where thread_id = $1 order by seq desc limit 1"
IS_SORTED = """
    select bool_and(created_at >= before) from (
      select created_at, lag(created_at, 1, '-infinity') over (order by seq) as before
      from message where thread_id = $1
    ) as pairs
"""


@pytest.mark.parametrize(("column", "value"), GIVEN.values(), ids=GIVEN)
async def test_what_a_producer_gives_is_replaced(
    db: Connection, producer: Connection, thread: int, column: str, value: str
) -> None:
    last_id = await db.fetchval(LAST_ID)
    began = await db.fetchval("select clock_timestamp()")
    await producer.execute(
        f"""insert into public.message (thread_id, content, {column}) overriding system value
            values ({thread}, 'x', {value})"""
    )
    message = await newest(db, thread)
    assert last_id < message["id"] <= await db.fetchval(LAST_ID)
    assert began <= message["created_at"] <= await db.fetchval("select clock_timestamp()")


async def test_ids_to_come_cannot_be_taken(db: Connection, producer: Connection, thread: int) -> None:
    last_id = await db.fetchval(LAST_ID)
    await producer.execute(
        """insert into public.message (id, thread_id, content) overriding system value
           select $2 + n, $1, 'x' from generate_series(1, 299) as n""",
        thread, last_id,
    )  # fmt: skip
    for _ in range(320):
        await db.execute(INSERT, thread, "x")
    assert await db.fetchval(SEQS, thread) == list(range(1, 620))


async def test_a_copy_with_all_columns_is_numbered_and_dated_anew(db: Connection, thread: int) -> None:
    last_id = await db.fetchval(LAST_ID)
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    columns = ["id", "thread_id", "seq", "role", "content", "client_id", "reply_to", "created_at"]
    rows = [(7, thread, 7, "user", "x", uuid4(), None, long_ago) for _ in range(3)]
    await db.copy_records_to_table("message", records=rows, columns=columns)
    assert await db.fetchval(SEQS, thread) == [1, 2, 3]
    assert await db.fetchval("select count(*) from message where id > $1", last_id) == 3
    oldest = await db.fetchval("select min(created_at) from message where thread_id = $1", thread)
    assert oldest > long_ago


async def test_a_writer_that_waits_for_the_thread_is_dated_when_its_turn_comes(
    db: Connection, writers: list[Connection], thread: int
) -> None:
    first, second = writers[:2]
    await first.execute("begin")
    await first.execute(INSERT, thread, "x")
    waiting = asyncio.create_task(second.execute(INSERT, thread, "x"))
    await until(db, "select pg_blocking_pids($1) <> '{}'", second.get_server_pid())
    await first.execute(INSERT, thread, "x")
    await first.execute("commit")
    await waiting
    assert await db.fetchval(SEQS, thread) == [1, 2, 3]
    assert await db.fetchval(IS_SORTED, thread)


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=23)])
async def test_time_does_not_go_back_in_a_thread_if_the_clock_does(
    db: Connection, thread: int, ahead: timedelta
) -> None:
    later = await date(db, thread, "clock_timestamp() + $2", ahead)
    await db.fetchval(INSERT_NAMED, thread, "x", uuid4())
    await db.fetchval(INSERT_NAMED, thread, "y", uuid4())
    assert later <= (await newest(db, thread))["created_at"] < later + timedelta(minutes=1)
    assert await db.fetchval(IS_SORTED, thread)


@pytest.mark.parametrize("broken", ["infinity", "20000-01-01"])
async def test_a_time_that_cannot_be_is_not_taken_over(db: Connection, thread: int, broken: str) -> None:
    await date(db, thread, "$2::text::timestamptz", broken)
    await db.execute(INSERT, thread, "x")
    assert (await newest(db, thread))["created_at"] <= await db.fetchval("select clock_timestamp()")


async def newest(db: Connection, thread: int) -> asyncpg.Record:
    row = await db.fetchrow(NEWEST, thread)
    assert row is not None
    return row


async def date(db: Connection, thread: int, moment: str, argument: object) -> datetime:
    """A first message with this time, as an earlier version or another clock has left it."""
    await db.execute(INSERT, thread, "x")
    async with db.transaction():
        await db.execute("set local session_replication_role = replica")
        await db.execute(f"update message set created_at = {moment} where thread_id = $1", thread, argument)
        await db.execute(f"update thread set updated_at = {moment} where id = $1", thread, argument)
    found: datetime = await db.fetchval(
        "select created_at from message where thread_id = $1 and created_at < '9999-01-01'", thread
    )
    return found
