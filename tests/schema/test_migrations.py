"""The migrations, the files in sql/ and Piccolo's tables agree, however often and wherever they are run."""

from typing import Any

import asyncpg
import pytest
from piccolo.table import Table

from chinwag.db.migrate import MIGRATION_LOCK, migrate
from chinwag.db.piccolo_app import APP_CONFIG
from chinwag.db.pool import Connection
from tests.schema.conftest import MakeDatabase
from tests.support.command import forked_chinwag
from tests.support.migrating import migrating
from tests.support.past import FOLDER, VERSIONS, dump
from tests.support.repository import ROOT
from tests.support.sql import INSERT
from tests.support.statements import SEQS

WITHOUT_MEMBERS = [
    version for version in VERSIONS if "TABLE public.member " not in (FOLDER / f"{version}.sql").read_text()
]


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
    assert {table["tablename"] for table in tables} == mirrored | {"migration", "chinwag_object"}


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


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_schema_of_a_former_version_becomes_that_of_a_new_database(
    make_database: MakeDatabase, version: str
) -> None:
    old, new = await make_database(version), await make_database()
    for url in (old, new):
        await migrate(url)
    assert dump(old) == dump(new)
    notes = """
        select app_name, name from migration
        where app_name <> 'chinwag_programs' or id = (
          select max(id) from migration where app_name = 'chinwag_programs'
        )
        order by 1, 2
    """
    assert await ask(old, notes) == await ask(new, notes)
    objects = "select * from chinwag_object order by 1, 2"
    assert await ask(old, objects) == await ask(new, objects)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_messages_of_a_former_version_are_found_and_their_requests_have_threads(
    make_database: MakeDatabase, version: str
) -> None:
    url = await make_database(
        version,
        """insert into thread (title) values ('one'), ('two');
           insert into message (thread_id, content)
           select 1 + i % 2, 'number ' || i from generate_series(1, 500) i;
           insert into message (thread_id, role, content, reply_to)
           select 2, 'assistant', 'a rare answer', min(id) from message where thread_id = 2""",
    )
    await migrate(url)
    assert await ask(url, "select seq from search_messages('rare', 1000000, 10)") == [(251,)]
    assert await ask(url, "select count(*) from message_words") == [(501,)]
    assert await ask(url, "select thread_id, count(*) from reply_request group by 1 order by 1") == [
        (1, 250),
        (2, 249),
    ]
    assert forked_chinwag("audit", DATABASE_URL=url).returncode == 0


@pytest.mark.parametrize("version", WITHOUT_MEMBERS)
async def test_the_threads_of_a_former_version_are_their_owners_or_open(
    make_database: MakeDatabase, version: str
) -> None:
    url = await make_database(
        version,
        """insert into account (username, password, email, active)
           values ('me', 'x', 'me@localhost', true), ('ann', 'x', 'ann@localhost', true);
           insert into thread (title, owner) select 'Thread', case when i % 3 > 0 then i % 3 end
           from generate_series(1, 1500) i;
           insert into message (thread_id, content) select 1 + i % 3, 'x' from generate_series(1, 30) i""",
    )
    await migrate(url)
    visible = """
        select username, count(*) filter (where sees(account.id, thread)),
               count(*) filter (where sees(account.id, thread) and is_open)
        from account, thread group by username order by username
    """
    assert await ask(url, visible) == [("ann", 1000, 500), ("me", 1000, 500)]
    # Nothing was said about it, and what there was counts as read.
    assert await ask(url, "select count(*) from message") == [(30,)]
    read = "select read_seq, persons from read_mark join thread on id = thread_id where id = 1"
    assert await ask(url, read) == [(10, 1)]
    assert await ask(url, "select count(*) from thread where is_open is null") == [(0,)]
    assert forked_chinwag("audit", DATABASE_URL=url).returncode == 0


async def test_two_processes_at_the_same_time_migrate_once_and_wait_without_a_snapshot(
    make_database: MakeDatabase,
) -> None:
    url = await make_database("a403a32")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        async with migrating(url) as one, migrating(url) as other:
            for process in (one, other):
                await process.says("another_process_migrates")
            # It waits for all who have a snapshot.
            await connection.execute("create index concurrently on message (role)")
            await connection.execute("drop index message_role_idx")
            await connection.execute("select pg_advisory_unlock_all()")
            assert [await one.status(), await other.status()] == [0, 0]
        assert len(await connection.fetch("select from migration where app_name = 'chinwag_programs'")) == 1
    finally:
        await connection.close()


async def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
