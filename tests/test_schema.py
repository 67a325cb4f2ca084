"""The database by itself: plain SQL writes messages, and the schema keeps its promises about them."""

import asyncio
import os
import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from piccolo.table import Table

from app.database import Connection
from app.packaged import binary
from app.piccolo_app import APP_CONFIG
from app.provision import MIGRATION_LOCK
from app.settings import ROOT
from tests.client import LIMIT_SECONDS

pytestmark = pytest.mark.anyio

INSERT = "insert into message (thread_id, content) values ($1, $2)"
INSERT_NAMED = "insert into message (thread_id, content, client_id) values ($1, $2, $3) returning seq"
INSERT_REPLY = """
    insert into message (thread_id, role, content, reply_to) values ($1, 'assistant', 'y', $2) returning seq
"""
INSERT_MANY = "insert into message (thread_id, content) select $1, 'x' from generate_series(1, $2)"
SEQS = "select array_agg(seq order by seq) from message where thread_id = $1"
CONTENTS = "select array_agg(content order by seq) from message where thread_id = $1"
WAITING = "select count(*) from reply_request join message on id = message_id where thread_id = $1"
LAST_SEQ = "select last_seq from thread where id = $1"

REFUSED = {
    "empty": ("content", "''", "content_is_not_empty"),
    "blank": ("content", r"E' \t\r\n'", "content_is_not_empty"),
    "oversize": ("content", "repeat('ü', 500001)", "content_is_at_most_1_megabyte"),
    "role": ("role", "'system'", "role_is_user_or_assistant"),
    "no such thread": ("thread_id", "999999", "thread_exists"),
    "thread 0": ("thread_id", "0", "thread_exists"),
    "no thread": ("thread_id", "null", "thread_exists"),
    "reply to nothing": ("reply_to", "999999", "replied_message_exists"),
}
CHANGES = {
    "update": "update message set content = 'y' where thread_id = $1",
    "update of seq": "update message set seq = seq + 10 where thread_id = $1",
    "update that changes nothing": "update message set role = role where thread_id = $1",
    "delete": "delete from message where thread_id = $1",
    "merge": "merge into message using (select) as nothing on thread_id = $1 when matched then delete",
}
TRUNCATES = ["truncate message cascade", "truncate message, reply_request", "truncate thread cascade"]


@pytest.fixture
async def thread(db: Connection) -> int:
    return await new_thread(db)


@pytest.fixture
def fresh_database_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture
async def writers(database_url: str) -> AsyncIterator[list[Connection]]:
    """Eight connections that write at the same time."""
    async with AsyncExitStack() as stack:
        connections = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(8)))
        for connection in connections:
            stack.push_async_callback(connection.close)
        yield connections


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


async def test_the_cost_of_a_message_does_not_grow_with_the_table(fresh_database_url: str) -> None:
    read = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables"
    connection = await asyncpg.connect(fresh_database_url)
    id = await new_thread(connection)
    await connection.execute(INSERT_MANY, id, 10)
    await connection.execute("analyze")  # a small table: to read all of it looks cheap
    await connection.close()
    connection = await asyncpg.connect(fresh_database_url)
    try:
        for rows in (2000, 1):  # a session keeps its plans
            async with connection.transaction():
                before = await connection.fetchval(read)
                await connection.execute(INSERT_MANY, id, rows)
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
                await connection.execute(INSERT_MANY, thread, chance.randint(1, 3))
            await (transaction.rollback() if chance.random() < 0.3 else transaction.commit())

    # A listener hears of transactions in the order in which they commit.
    heard = await notifications(db, lambda: asyncio.gather(*map(write, writers)))
    count = await db.fetchval("select count(*) from message where thread_id = $1", thread)
    assert [int(payload.split(" ")[1]) for payload in heard] == list(range(1, count + 1))
    assert await db.fetchval(SEQS, thread) == list(range(1, count + 1))
    assert await db.fetchval(LAST_SEQ, thread) == count > 300


async def test_concurrent_writers_with_the_same_client_id_store_it_once(
    db: Connection, writers: list[Connection], thread: int
) -> None:
    for i in range(1, 20):
        name = uuid4()
        seqs = await asyncio.gather(*(one.fetchval(INSERT_NAMED, thread, "x", name) for one in writers))
        assert [seq for seq in seqs if seq] == [i]


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
    with pytest.raises(asyncpg.RestrictViolationError, match="immutable: TRUNCATE is not allowed"):
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
    assert await db.fetchval(SEQS, thread) is None
    assert await db.fetchval(SEQS, other) == [1, 2, 3]
    assert await db.fetchval(WAITING, thread) == 0
    assert await db.fetchval(WAITING, other) == 1


@pytest.mark.parametrize(("column", "value", "constraint"), REFUSED.values(), ids=REFUSED)
async def test_a_bad_row_is_refused_by_a_constraint_that_explains_itself(
    db: Connection, thread: int, column: str, value: str, constraint: str
) -> None:
    good = {"thread_id": str(thread), "content": "'x'", "role": "'user'", "reply_to": "null"}
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


@pytest.mark.parametrize("table", APP_CONFIG.table_classes, ids=lambda table: table._meta.tablename)
async def test_piccolos_tables_mirror_the_schema(db: Connection, table: type[Table]) -> None:
    columns = await db.fetch(
        """select column_name, data_type, character_maximum_length, is_nullable = 'YES'
           from information_schema.columns where table_schema = 'public' and table_name = $1""",
        table._meta.tablename,
    )
    mirrored = {
        (
            column._meta.db_column_name,
            await db.fetchval("select $1::text::regtype::text", column.column_type.replace("SERIAL", "INT")),
            getattr(column, "length", None),
            column._meta.null,
        )
        for column in table._meta.columns
    }
    assert {tuple(column) for column in columns} == mirrored


async def test_every_table_is_mirrored(db: Connection) -> None:
    tables = await db.fetch("select tablename from pg_tables where schemaname = 'public'")
    mirrored = {table._meta.tablename for table in APP_CONFIG.table_classes}
    assert {table["tablename"] for table in tables} == mirrored | {"migration"}


async def test_migrations_run_once_by_two_processes_at_the_same_time_and_again(
    db: Connection, database_url: str, template: str
) -> None:
    await db.execute("create database empty template template0")
    url = re.sub(r"/[^/]*$", "/empty", database_url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        both = asyncio.gather(*(migrate(url) for _ in range(2)))
        waiting = "select count(*) = 2 from pg_locks where locktype = 'advisory' and not granted"
        await until(connection, waiting)
        assert await connection.fetch("select from pg_tables where schemaname = 'public'") == []
        await connection.execute("select pg_advisory_unlock_all()")
        assert await both == [0, 0]
        assert await migrate(url) == 0
        noted = await connection.fetch("select name from migration where app_name = 'chinwag'")
        assert len(noted) == len([*(ROOT / "app" / "migrations").glob("chinwag_*.py")])
    finally:
        await connection.close()
    assert dump(url) == dump(template)


async def test_the_files_applied_again_by_hand_change_nothing(
    db: Connection, database_url: str, thread: int
) -> None:
    await db.execute(INSERT, thread, "x")
    before = dump(database_url, data=True)
    for file in sorted((ROOT / "sql").glob("*.sql")):
        await db.execute(file.read_text())
    assert dump(database_url, data=True) == before
    await db.execute(INSERT, thread, "y")
    assert await db.fetchval(SEQS, thread) == [1, 2]


async def new_thread(db: Connection) -> int:
    id: int = await db.fetchval("insert into thread default values returning id")
    return id


async def notifications(db: Connection, work: Callable[[], Awaitable[Any]]) -> list[str]:
    """What is notified while some work is done."""
    heard: list[str] = []
    last = asyncio.Event()

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        assert isinstance(payload, str)
        if payload == "last":
            last.set()
        else:
            heard.append(payload)

    await db.add_listener("chinwag", hear)
    await work()
    await db.execute("notify chinwag, 'last'")
    async with asyncio.timeout(LIMIT_SECONDS):
        await last.wait()
    await db.remove_listener("chinwag", hear)
    return heard


async def until(db: Connection, query: str, *arguments: object) -> None:
    """Wait until something is so in the database."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await db.fetchval(query, *arguments):
            pass


async def migrate(url: str) -> int:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHINWAG_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "migrate"), env=environ | {"DATABASE_URL": url}
    )
    return await process.wait()


def dump(url: str, *, data: bool = False) -> list[str]:
    """The schema, and the data too, as SQL."""
    command = [str(binary("pg_dump")), "--dbname", url, *([] if data else ["--schema-only"])]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line)]
