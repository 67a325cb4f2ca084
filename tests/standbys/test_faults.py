"""A standby that is away, paused, promoted or of another history, and one that refuses what it is asked."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from tests.standbys.conftest import NO_LIMITS, Reads, found, seqs, until_ready
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.metrics import until_scraped
from tests.support.owner import QUICK
from tests.support.process import Server, ServerStarter, directory_for_all
from tests.support.relays import health
from tests.support.sql import INSERT, INSERT_MANY, until
from tests.support.standbys import Standby, copy_primary, running_standby

IS_LOCKED = """
    select exists (
      select from pg_locks
      where relation = $1::text::regclass and mode = 'AccessExclusiveLock' and granted
    )
"""
WAITS = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%seq%')"
CANCEL = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"


@pytest.fixture
async def long_thread(db: Connection, thread: int, standby: Standby) -> int:
    """A thread with 100 messages, which the standby has."""
    await db.execute(INSERT_MANY, thread, 99, 10)
    await db.execute(INSERT, thread, "the last okapi")
    await standby.has_all()
    return thread


async def read_everything(http: httpx.AsyncClient, server: Server, thread: int) -> None:
    """Read pages, an export, a search and a replay, and check them."""
    assert await seqs(http, thread) == list(range(51, 101))
    assert await seqs(http, thread, after=0, limit=100) == list(range(1, 101))
    assert (thread, 100) in await found(http, "okapi")
    file = (await http.get(f"/threads/{thread}/export", params={"format": "json"})).json()
    assert [message["seq"] for message in file["messages"]] == list(range(1, 101))
    async with open_thread(server, thread, after=0) as reader:
        await reader.until_seq(100)
        await reader.frame("ready")


async def test_a_standby_that_is_away_is_not_missed(
    http: httpx.AsyncClient, server: Server, standby: Standby, long_thread: int, reads: Reads
) -> None:
    await asyncio.to_thread(standby.postgres.stop)
    await read_everything(http, server, long_thread)
    assert (await health(server))[0] == 200
    await until_ready(server, 0)
    before = await reads.since()
    await read_everything(http, server, long_thread)
    after = await reads.since()
    assert {name for name in after if after[name] > before.get(name, 0)} == {
        "page primary", "replay primary", "search primary",
    }  # fmt: skip
    await asyncio.to_thread(standby.postgres.start)
    await until_ready(server)
    await read_everything(http, server, long_thread)
    assert {"page standby", "replay standby", "search standby"} <= (await reads.since()).keys()


async def test_a_standby_that_is_paused_is_given_up(
    http: httpx.AsyncClient, server: Server, standby: Standby, long_thread: int, reads: Reads
) -> None:
    await read_everything(http, server, long_thread)
    standby.signal_all(signal.SIGSTOP)
    try:
        began = time.monotonic()
        await asyncio.gather(*(read_everything(http, server, long_thread) for _ in range(5)))
        assert time.monotonic() - began < 10
        await until_ready(server, 0)
        assert (await health(server))[0] == 200
        before = await reads.since()
        await read_everything(http, server, long_thread)
        after = await reads.since()
        assert {name for name in after if after[name] > before.get(name, 0)} == {
            "page primary", "replay primary", "search primary",
        }  # fmt: skip
    finally:
        standby.signal_all(signal.SIGCONT)
    await until_ready(server)
    await read_everything(http, server, long_thread)


async def test_what_is_no_standby_is_not_read_from(
    start_server: ServerStarter, database_url: str, long_thread: int
) -> None:
    server = await asyncio.to_thread(start_server, NO_LIMITS | {"CHINWAG_READ_URL": database_url})
    reads = Reads(server, await until_ready(server, 0))
    async with http_client(f"{server.url}/api/v1") as http:
        await read_everything(http, server, long_thread)
    assert set(await reads.since()) == {"page primary", "replay primary", "search primary"}
    assert "no_standby" in server.log.read_text()
    assert await health(server) == (200, {"status": "ok", "problems": []})


async def test_a_server_starts_without_its_standbys(
    start_server: ServerStarter, standby: Standby, long_thread: int
) -> None:
    login = standby.url.replace("://chinwag:", "://chinwag:wrong-")
    hosts = login.replace("@127.0.0.1", "@127.0.0.1:1,127.0.0.1:no,127.0.0.1")  # nobody is at the first two
    server = await asyncio.to_thread(start_server, NO_LIMITS | {"CHINWAG_READ_URL": hosts})
    await until_scraped(server, lambda scraped: scraped.value("chinwag_standbys", state="away") == 3)
    async with http_client(f"{server.url}/api/v1") as http:
        await read_everything(http, server, long_thread)
    assert await health(server) == (200, {"status": "ok", "problems": []})
    assert "InvalidPasswordError" in server.log.read_text()
    assert "wrong-" not in server.log.read_text()


async def test_a_promoted_standby_shows_nothing_of_its_own(
    start_server: ServerStarter, db: Connection, other: Standby, long_thread: int
) -> None:
    await other.has_all()
    server = await asyncio.to_thread(start_server, NO_LIMITS | {"CHINWAG_READ_URL": other.url})
    await until_ready(server)
    await other.promote()
    async with other.connection() as promoted:
        await until(promoted, "select not pg_is_in_recovery()")
        await promoted.execute(INSERT_MANY, long_thread, 60, 5)
        await promoted.execute(INSERT, long_thread, "a foreign okapi")
    await db.execute(INSERT_MANY, long_thread, 60, 6)
    await db.execute(INSERT, long_thread, "our own okapi")
    async with http_client(f"{server.url}/api/v1") as http:
        for query in ({}, {"after": 100}, {"limit": 100}):
            page = (await http.get(f"/threads/{long_thread}/messages", params=query)).json()
            contents = {message["content"] for message in page if message["seq"] > 100}
            assert contents <= {"x" * 6, "our own okapi"}
            assert len(page) >= 50
        answer = (await http.get("/search", params={"q": "okapi"})).json()
        assert "own" in str(answer) and "foreign" not in str(answer)
        await until_ready(server, 0)


async def test_what_a_failover_has_lost_is_not_read_from_a_standby_that_has_it(
    primary: EmbeddedPostgres, db: Connection, standby: Standby, long_thread: int
) -> None:
    """The promoted standby did not have the last messages, and the one that is read from has them."""
    with directory_for_all() as directory:
        await asyncio.to_thread(copy_primary, primary, directory)
        # They are so many that this standby is far ahead of the promoted one, by the positions in the WAL.
        await db.execute(INSERT_MANY, long_thread, 20_000, 5)
        await db.execute(INSERT, long_thread, "a lost okapi")
        await standby.has_all()
        promoted = EmbeddedPostgres(directory, port=0, options=QUICK | {"primary_conninfo": ""})
        await asyncio.to_thread(promoted.start)
        new = await asyncpg.connect(promoted.superuser_url)
        try:
            await new.execute("select pg_promote()")
            with ServerStarter(promoted.superuser_url) as start:
                server = await asyncio.to_thread(start, NO_LIMITS | {"CHINWAG_READ_URL": standby.url})
                reads = Reads(server, await until_ready(server))
                async with http_client(f"{server.url}/api/v1") as http:
                    await read_everything(http, server, long_thread)
                    assert "lost" not in (await http.get("/search", params={"q": "okapi"})).text
                    await new.execute(INSERT_MANY, long_thread, 60, 6)
                    await new.execute(INSERT, long_thread, "our own okapi")
                    for query in ({}, {"after": 100}, {"limit": 100}):
                        page = (await http.get(f"/threads/{long_thread}/messages", params=query)).json()
                        contents = {message["content"] for message in page if message["seq"] > 100}
                        assert contents <= {"x" * 6, "our own okapi"}
                        assert len(page) >= 50
                    answer = (await http.get("/search", params={"q": "okapi"})).text
                    assert "own" in answer and "lost" not in answer
                    assert (long_thread, 161) in await found(http, "own okapi")
                read = set(await reads.since())
                assert {"page standby", "page standby_behind", "search standby_behind"} <= read
        finally:
            await new.close()
            await asyncio.to_thread(promoted.stop)


@asynccontextmanager
async def locked(
    standby: Standby, url: str, table: str, meanwhile: str | None = None
) -> AsyncIterator[Connection]:
    """Have the standby hold a lock of a table that the primary has released.

    Args:
        meanwhile: a statement, which the standby replays when it goes on.
    """
    first, second = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with standby.connection() as there:
            async with first.transaction():
                await first.execute(f"lock table {table} in access exclusive mode")
                await until(there, IS_LOCKED, table)
                await there.execute("select pg_wal_replay_pause()")
                await until(there, "select pg_get_wal_replay_pause_state() = 'paused'")
                if meanwhile:
                    await second.execute(meanwhile)
            try:
                yield there
            finally:
                await there.execute("select pg_wal_replay_resume()")
    finally:
        await first.close()
        await second.close()
    await standby.has_all()


async def test_who_waits_for_a_lock_on_a_standby_asks_the_primary(
    http: httpx.AsyncClient,
    server: Server,
    database_url: str,
    standby: Standby,
    long_thread: int,
    reads: Reads,
) -> None:
    async with locked(standby, database_url, "message"):
        assert await seqs(http, long_thread) == list(range(51, 101))
    assert await reads.since() == {"page standby_failed": 1}
    assert "LockNotAvailableError" in server.log.read_text()
    await until_ready(server)


async def test_what_is_cancelled_on_a_standby_is_asked_of_the_primary(
    http: httpx.AsyncClient,
    server: Server,
    database_url: str,
    standby: Standby,
    long_thread: int,
    reads: Reads,
) -> None:
    async with locked(standby, database_url, "message") as there:
        asking = asyncio.ensure_future(seqs(http, long_thread))
        await until(there, WAITS)
        await there.execute(CANCEL)
        assert await asking == list(range(51, 101))
    assert await reads.since() == {"page standby_failed": 1}
    assert "QueryCanceledError" in server.log.read_text()
    await until_ready(server)


async def test_what_is_in_the_way_of_recovery_is_asked_of_the_primary(
    primary: EmbeddedPostgres, database_url: str, long_thread: int, start_server: ServerStarter
) -> None:
    with running_standby(primary, max_standby_streaming_delay="0") as standby:
        settings = NO_LIMITS | {"CHINWAG_READ_URL": standby.url}
        server = await asyncio.to_thread(start_server, settings)
        reads = Reads(server, await until_ready(server))
        async with http_client(f"{server.url}/api/v1") as http:
            in_the_way = "begin; lock table message in access exclusive mode; commit"
            async with locked(standby, database_url, "migration", in_the_way) as there:
                asking = asyncio.ensure_future(seqs(http, long_thread))
                await until(there, WAITS)
                await there.execute("select pg_wal_replay_resume()")
                assert await asking == list(range(51, 101))
            assert await reads.since() == {"page standby_failed": 1}
            assert "SerializationError" in server.log.read_text()
