"""Its log has nothing of what a message says, whatever goes wrong with it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from tests.support.owner import QUICK, start_sleeper

MARK = "xyzzymarker"
REFUSED = [
    f"insert into message (thread_id, content) values (999, '{MARK}')",
    f"insert into message (thread_id, content, role) values (1, '{MARK}', 'nobody')",
    f"insert into message (thread_id, content, reply_to) values (1, '{MARK}', 999)",
    f"insert into kept values ('{MARK}'), ('{MARK}')",
    f"insert into message (thread_id, content) vaules (1, '{MARK}')",
    f"insert into message (thread_id, content) values (1, {MARK})",
    f"insert into message (thread_id, content) values (1, '{MARK}",
    f"insert into message (thread_id, content) values ({MARK!r}, 'x')",
    f"insert into message (thread_id, content) values (1, e'{MARK}\\x00')",
    f"do $$ begin raise warning '{MARK}'; raise exception '{MARK}'; end $$",
    f"select pg_sleep(60), '{MARK}'",
]


@pytest.fixture
def postgres(empty: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(empty, options=QUICK) as postgres:
        asyncio.run(migrate(postgres.url))
        yield postgres


def test_no_content_is_in_its_log(postgres: EmbeddedPostgres) -> None:
    asyncio.run(provoke(postgres.url))
    # A process that dies in the middle of a statement is logged with that statement, as its detail.
    sleeper = start_sleeper(postgres.url, f"select pg_sleep(60), '{MARK}'")
    asyncio.run(kill_sleeper(postgres))
    sleeper.communicate()
    log = (postgres.directory / "log").read_text()
    assert "was terminated by signal 9" in log
    assert MARK not in log


async def provoke(url: str) -> None:
    """Cause each error that a statement with a message in it can have."""
    connection = await asyncpg.connect(url, server_settings={"statement_timeout": "500"})
    await connection.execute("insert into thread default values; insert into thread default values")
    await connection.execute("create table kept (word text unique)")
    for statement in REFUSED:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    insert = "insert into message (thread_id, content) values ($1, $2)"
    for arguments in (999, MARK), (1, MARK + "\0"), (1, MARK * 100_000):
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(insert, *arguments)
    other = await asyncpg.connect(url)
    await deadlock(connection, other, insert)
    for one in connection, other:
        await one.close()


async def deadlock(one: asyncpg.Connection, other: asyncpg.Connection, insert: str) -> None:
    await one.execute("set statement_timeout = 0")
    await one.execute("begin")
    await other.execute("begin")
    await one.execute(insert, 1, MARK)
    await other.execute(insert, 2, MARK)
    outcomes = await asyncio.gather(
        one.execute(insert, 2, MARK), other.execute(insert, 1, MARK), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [
        asyncpg.DeadlockDetectedError
    ]
    await one.execute("rollback")
    await other.execute("rollback")


async def kill_sleeper(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.url)
    pid = await connection.fetchval("select pid from pg_stat_activity where wait_event = 'PgSleep'")
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        os.kill(pid, signal.SIGKILL)
        await connection.execute("select pg_sleep(60)")
    connection.terminate()
