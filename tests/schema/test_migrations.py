"""The migrations, the files in sql/ and Piccolo's tables agree, however often and wherever they are run."""

import asyncio
import re
import subprocess
import sys

import asyncpg
import pytest
from piccolo.table import Table

from app.database import Connection
from app.packaged import binary
from app.piccolo_app import APP_CONFIG
from app.provision import MIGRATION_LOCK
from app.settings import ROOT
from tests.process import environ_of
from tests.schema.statements import SEQS
from tests.sql import INSERT, until

pytestmark = pytest.mark.anyio


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
    await db.execute("drop database if exists empty")  # of a former run, where PostgreSQL stays
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


async def test_a_schema_of_an_earlier_version_becomes_todays(
    db: Connection, database_url: str, template: str
) -> None:
    await db.execute(
        """create index thread_by_owner on thread (owner);
        drop index message_has_one_reply;
        alter table message add constraint message_has_one_reply unique (reply_to);
        create or replace function payload(thread_id bigint, seq bigint, frame text) returns text
        language sql return 'as it was';
        drop trigger message_20_give_title on message;
        drop trigger thread_10_publish_change on thread;
        create trigger thread_10_publish_title after update of title on thread
        for each row execute function tg_thread__publish();
        drop function thread_json;
        alter table thread drop column pinned;
        delete from migration where name > '2026-11-22T18'"""
    )
    assert dump(database_url) != dump(template)
    assert await migrate(database_url) == 0
    assert dump(database_url) == dump(template)


async def migrate(url: str) -> int:
    command = [sys.executable, "-m", "app.cli", "migrate"]
    process = await asyncio.create_subprocess_exec(*command, env=environ_of(url, {}))
    return await process.wait()


def dump(url: str, *, data: bool = False) -> list[str]:
    """The schema, and the data too, as SQL."""
    command = [str(binary("pg_dump")), "--dbname", url, *([] if data else ["--schema-only"])]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line)]
