"""A database in use is upgraded without an outage, and goes on after a kill."""

import asyncio

import asyncpg
import pytest

from tests.schema.conftest import MakeDatabase
from tests.storm.upgrade import upgrade_under_load
from tests.support.client import LIMIT_SECONDS
from tests.support.command import forked_chinwag
from tests.support.migrating import migrating
from tests.support.past import VERSIONS, dump
from tests.support.sql import INSERT, until

THREAD = "insert into thread (title) values ('Thread')"

BUILD_WAITS = """
    select exists (
      select from pg_stat_progress_create_index
      where datname = current_database() and phase like 'waiting for %'
    )
"""
WAITS = """
    select exists (
      select from pg_locks join pg_stat_activity using (pid)
      where datname = current_database() and not granted
    )
"""
ENDED = """
    select count(*) = 0 from pg_stat_activity
    where application_name = 'chinwag migrate' and datname = current_database()
"""
INVALID = "select count(*) from pg_index where not indisvalid"


NOT_BY_READERS = ["8a919b6"]
"""The versions whose upgrade needs no lock for which it would have to wait for readers."""


@pytest.mark.parametrize(
    ("version", "mode"),
    [(version, "access share") for version in VERSIONS if version not in NOT_BY_READERS]
    + [(version, "row exclusive") for version in VERSIONS],
)
async def test_others_write_and_read_while_it_waits_for_a_transaction(
    make_database: MakeDatabase, version: str, mode: str
) -> None:
    url = await make_database(version, THREAD)
    holder, other = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        await holder.execute(f"begin; lock table message, thread, reply_request in {mode} mode")
        async with migrating(url) as process:
            await until(other, WAITS)
            async with asyncio.timeout(LIMIT_SECONDS):
                for _ in range(20):
                    await other.execute(INSERT, 1, "x")
                    await other.fetch("select from message join thread on thread.id = thread_id")
            await holder.execute("commit")
            assert await process.status() == 0
        assert await other.fetchval("select count(*) from message_words") == 20
    finally:
        await holder.close()
        await other.close()


async def test_it_says_who_holds_a_lock(make_database: MakeDatabase) -> None:
    url = await make_database("57c627c")
    holder = await asyncpg.connect(url)
    try:
        await holder.execute("begin; lock table reply_request in access share mode")
        async with migrating(url) as process:
            await process.says("migration_waits_for_a_lock")
            assert f"held_by=[{holder.get_server_pid()}]" in process.said
            await holder.execute("commit")
            assert await process.status() == 0
    finally:
        await holder.close()


async def test_an_index_whose_build_was_killed_is_built_anew(make_database: MakeDatabase) -> None:
    url, new = await make_database("a403a32"), await make_database()
    holder, db = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        await holder.execute("begin; lock table message in row exclusive mode")
        async with migrating(url) as process:
            await until(db, BUILD_WAITS)
            await process.kill()
        await until(db, "select not exists (select from pg_stat_progress_create_index)")
        assert await db.fetchval(INVALID) == 1
        await holder.execute("commit")
    finally:
        await holder.close()
        await db.close()
    for each in (url, new):
        assert forked_chinwag("migrate", DATABASE_URL=each).returncode == 0
    assert dump(url) == dump(new)


async def test_a_first_start_that_was_killed_leaves_nothing_behind(make_database: MakeDatabase) -> None:
    url = await make_database()
    before = dump(url)
    holder, db = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        await holder.execute("begin; create table thread (id int)")
        async with migrating(url) as process:
            await until(db, WAITS)
            await process.kill()
        await holder.execute("rollback")
        await until(db, ENDED)
    finally:
        await holder.close()
        await db.close()
    assert dump(url) == before
    assert forked_chinwag("migrate", DATABASE_URL=url).returncode == 0


async def test_it_is_killed_under_load_and_goes_on(make_database: MakeDatabase) -> None:
    report = await upgrade_under_load(await make_database(), rows=20_000, kills=[0.3])
    assert report.killed == 1
    assert report.wrong == []
    assert report.writes
    assert report.reads
