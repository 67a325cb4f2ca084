"""A standby that lags: nobody notices, because the primary reads what the standby does not have."""

import asyncio

import asyncpg
import httpx
import pytest

from chinwag.db.pool import Connection
from tests.standbys.conftest import NO_LIMITS, Pause, Reads, found, seqs, until_ready
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT, INSERT_MANY
from tests.support.standbys import Standby


@pytest.fixture
async def long_thread(db: Connection, thread: int, standby: Standby) -> int:
    """A thread with 100 messages, which the standby has."""
    await db.execute(INSERT_MANY, thread, 100, 10)
    await standby.has_all()
    return thread


async def test_who_has_written_finds_it_in_every_page(
    http: httpx.AsyncClient, long_thread: int, paused: Pause, reads: Reads
) -> None:
    await paused()
    answer = await http.post(f"/threads/{long_thread}/messages", json={"content": "a fresh ocelot"})
    assert answer.json()["seq"] == 101
    assert await seqs(http, long_thread) == list(range(52, 102))
    assert await seqs(http, long_thread, after=60) == list(range(61, 102))
    assert await found(http, "ocelot") == [(long_thread, 101)]
    file = (await http.get(f"/threads/{long_thread}/export", params={"format": "json"})).json()
    assert [message["seq"] for message in file["messages"]] == list(range(1, 102))
    assert await reads.since() == {"page standby_behind": 3, "search standby_behind": 1}


async def test_what_a_standby_has_it_still_reads(
    http: httpx.AsyncClient, long_thread: int, paused: Pause, reads: Reads
) -> None:
    await paused()
    await http.post(f"/threads/{long_thread}/messages", json={"content": "new"})
    assert await seqs(http, long_thread, before=101) == list(range(51, 101))
    assert await seqs(http, long_thread, after=0) == list(range(1, 51))
    assert await reads.since() == {"page standby": 2}


async def test_whoever_comes_back_gets_all(
    server: Server, db: Connection, standby: Standby, thread: int, paused: Pause, reads: Reads
) -> None:
    await db.execute(INSERT_MANY, thread, 700, 10)
    await standby.has_all()
    await paused()
    await db.execute(INSERT_MANY, thread, 700, 10)
    async with open_thread(server, thread, after=0) as reader:
        await reader.until_seq(1400)
        await reader.frame("ready")
        await db.execute(INSERT, thread, "and on")
        await reader.until_seq(1401)
    assert await reads.since() == {"replay standby": 1, "replay standby_behind": 2}


async def test_a_message_that_was_committed_after_a_newer_one_is_found(
    http: httpx.AsyncClient, db: Connection, database_url: str, long_thread: int, paused: Pause, reads: Reads
) -> None:
    """Messages of two threads get their ids in one order, and are committed in the other."""
    slow = await asyncpg.connect(database_url)
    try:
        async with slow.transaction():
            await slow.execute(INSERT, long_thread, "a slow loris")
            newer = await db.fetchval("insert into thread (title) values ('Newer') returning id")
            await db.execute(INSERT, newer, "a quick loris")
            await paused()
        assert set(await found(http, "loris")) == {(newer, 1), (long_thread, 101)}
    finally:
        await slow.close()
    assert await reads.since() == {"search standby_behind": 1}


async def test_a_deleted_thread_is_gone_at_once(
    http: httpx.AsyncClient, db: Connection, long_thread: int, standby: Standby, paused: Pause
) -> None:
    await db.execute(INSERT, long_thread, "the last thylacine")
    await standby.has_all()
    assert await found(http, "thylacine") == [(long_thread, 101)]
    await paused()
    assert (await http.delete(f"/threads/{long_thread}")).status_code == 204
    for path in ("messages", "messages?after=0", "export"):
        assert (await http.get(f"/threads/{long_thread}/{path}")).status_code == 404
    assert await found(http, "thylacine") == []


async def test_an_older_schema_makes_no_old_json(
    http: httpx.AsyncClient, db: Connection, long_thread: int, paused: Pause, reads: Reads
) -> None:
    """The database was upgraded, and the standby does not know: it has the rows, but makes other JSON."""
    await paused()
    source = await db.fetchval("select pg_get_functiondef('message_json'::regproc)")
    assert source.count("to_json((m).content)") == 1
    async with db.transaction():
        await db.execute(source.replace("to_json((m).content)", "to_json('new: ' || (m).content)"))
        await db.execute("insert into migration (app_name, name) values ('chinwag_programs', 'test')")
    try:
        page = (await http.get(f"/threads/{long_thread}/messages")).json()
        assert {message["content"] for message in page} == {"new: " + "x" * 10}
    finally:
        await db.execute(source)
        await db.execute("delete from migration where name = 'test'")
    assert await reads.since() == {"page standby_behind": 1}


async def test_of_two_standbys_with_other_lags_no_page_goes_back(
    start_server: ServerStarter,
    db: Connection,
    long_thread: int,
    standby: Standby,
    other: Standby,
    paused: Pause,
) -> None:
    both = {"CHINWAG_READ_URL": f"{standby.url},{other.url}"}
    server = await asyncio.to_thread(start_server, NO_LIMITS | both)
    reads = Reads(server, await until_ready(server, 2))
    await paused()
    async with http_client(f"{server.url}/api/v1") as http:
        for number in range(101, 141):
            await db.execute(INSERT, long_thread, f"numbered n{number}")
            if number % 2:
                await other.has_all()
            assert (await seqs(http, long_thread))[-1] == number
            assert await found(http, f"n{number}") == [(long_thread, number)]
    read = await reads.since()
    assert {"page standby", "page standby_behind", "search standby", "search standby_behind"} <= set(read)
