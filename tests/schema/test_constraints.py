"""What may not be written is refused by a constraint that explains itself."""

from uuid import uuid4

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.sql import INSERT
from tests.support.statements import INSERT_REPLY, LAST_SEQ, SEQS, new_thread

REFUSED = {
    "empty": ("content", "''", "content_is_not_empty"),
    "blank": ("content", r"E' \t\r\n'", "content_is_not_empty"),
    "oversize": ("content", "repeat('ü', 500001)", "content_is_at_most_1_megabyte"),
    "role": ("role", "'admin'", "role_is_user_assistant_or_system"),
    "event": ("event", "'exploded'", "event_is_known"),
    "event of a user": ("event", "'joined'", "event_is_of_a_system_message"),
    "no such thread": ("thread_id", "999999", "thread_exists"),
    "thread 0": ("thread_id", "0", "thread_exists"),
    "no thread": ("thread_id", "null", "thread_exists"),
    "reply to nothing": ("reply_to", "999999", "replied_message_exists"),
}


@pytest.mark.parametrize(("column", "value", "constraint"), REFUSED.values(), ids=REFUSED)
async def test_a_bad_row_is_refused_by_a_constraint_that_explains_itself(
    db: Connection, thread: int, column: str, value: str, constraint: str
) -> None:
    good = {"thread_id": str(thread), "content": "'x'", "role": "'user'", "reply_to": "null", "event": "null"}
    rows = ", ".join(f"({', '.join(row.values())})" for row in (good, good | {column: value}))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as error:
        await db.execute(f"insert into message ({', '.join(good)}) values {rows}")
    assert (error.value.table_name, error.value.constraint_name) == ("message", constraint)
    assert await db.fetchval(SEQS, thread) is None
    assert await db.fetchval(LAST_SEQ, thread) == 0


async def test_a_reply_to_a_message_of_another_thread_is_refused(db: Connection, thread: int) -> None:
    elsewhere = await db.fetchval(f"{INSERT} returning id", await new_thread(db), "x")
    sentence = f"message {elsewhere} is not in thread {thread}"
    with pytest.raises(asyncpg.ForeignKeyViolationError, match=sentence):
        await db.execute(INSERT_REPLY, thread, elsewhere)
    assert await db.fetchval(SEQS, thread) is None


async def test_no_such_thread_is_said_by_its_number(db: Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="there is no thread 999999"):
        await db.execute(INSERT, 999_999, "x")


@pytest.mark.parametrize("title", ["", " \n", "x" * 201])
async def test_a_bad_title_is_refused_by_a_constraint_that_explains_itself(
    db: Connection, thread: int, title: str
) -> None:
    for statement in ("insert into thread (title) values ($1)", "update thread set title = $1"):
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await db.execute(statement, title)
        named = "title_is_at_most_200_characters" if title.strip() else "title_is_not_empty"
        assert error.value.constraint_name == named


async def test_a_writer_cannot_lead_the_triggers_astray(
    db: Connection, database_url: str, thread: int
) -> None:
    unpinned = await db.fetch(
        """select distinct tgfoid::regproc from pg_trigger join pg_proc on pg_proc.oid = tgfoid
           where not tgisinternal
             and (array_to_string(proconfig, ' ') like '%search_path=pg_catalog, %') is not true"""
    )
    assert unpinned == []
    role = f"writer_{uuid4().hex[:8]}"
    await db.execute(
        f"""create role {role} login password 'x'; grant insert on message to {role};
            create schema {role} authorization {role};
            create aggregate {role}.max (bigint) (sfunc = int8pl, stype = bigint, initcond = '99')"""
    )
    stranger = await asyncpg.connect(database_url, user=role, password="x")
    try:
        await stranger.execute(
            f"""create temp table thread (id bigint, last_seq bigint, updated_at text);
                create temp table message (id bigint, thread_id bigint, seq bigint, client_id uuid);
                set search_path = {role}, pg_temp, public, pg_catalog"""
        )
        await stranger.execute(f"insert into public.message (thread_id, content) values ({thread}, 'x')")
        for forbidden in ("select from public.message", "delete from public.thread"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await stranger.execute(forbidden)
    finally:
        await stranger.close()
    assert await db.fetchval(SEQS, thread) == [1]
    assert await db.fetchval(LAST_SEQ, thread) == 1
