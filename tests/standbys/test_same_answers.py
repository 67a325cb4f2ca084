"""What comes from a standby is what the primary would have said."""

import asyncio

import httpx
import pytest

from chinwag.chat.messages import REPLAY_ROWS
from chinwag.chat.pages import FEW
from chinwag.db.pool import Connection
from tests.standbys.conftest import NO_LIMITS, Reads, found, seqs, until_ready
from tests.support.client import open_thread
from tests.support.http import http_client
from tests.support.pgbouncer import pgbouncer_before
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT, INSERT_MANY
from tests.support.standbys import Standby

PAGES = [
    {},
    {"limit": 100},
    {"before": 61},
    {"before": 31},
    {"before": 11},
    {"before": 1},
    {"before": 900},
    {"after": 0},
    {"after": 50},
    {"after": 90, "limit": 100},
    {"after": 119},
    {"after": 120},
    {"after": 900},
    {"after": 30, "before": 80},
    {"after": 30, "before": 31},
    {"limit": FEW},
    {"limit": FEW + 1},
]


@pytest.fixture
async def long_thread(db: Connection, thread: int, standby: Standby) -> int:
    """A thread with 120 messages, which the standby has."""
    await db.execute(
        """insert into message (thread_id, content)
           select $1, 'é ' || i || ' okapi' from generate_series(1, 120) i""",
        thread,
    )
    await standby.has_all()
    return thread


@pytest.mark.parametrize("query", PAGES, ids=str)
async def test_a_page(
    http: httpx.AsyncClient, plain_http: httpx.AsyncClient, long_thread: int, query: dict[str, int]
) -> None:
    path = f"/threads/{long_thread}/messages"
    answer = await http.get(path, params=query)
    assert answer.status_code == 200
    assert answer.content == (await plain_http.get(path, params=query)).content


async def test_only_what_is_much_is_left_to_a_standby(
    http: httpx.AsyncClient, long_thread: int, reads: Reads
) -> None:
    path = f"/threads/{long_thread}/messages"
    for limit in (FEW, FEW + 1):
        assert len((await http.get(path, params={"limit": limit})).json()) == limit
    for after in (120 - FEW - 1, 120 - FEW, 120):
        assert len((await http.get(path, params={"after": after})).json()) == 120 - after
    assert await reads.since() == {"page standby": 2, "page primary": 3}


async def test_long_messages_fill_pages(
    http: httpx.AsyncClient,
    plain_http: httpx.AsyncClient,
    db: Connection,
    thread: int,
    standby: Standby,
    reads: Reads,
) -> None:
    await db.execute(INSERT_MANY, thread, 30, 90_000)
    await standby.has_all()
    path = f"/threads/{thread}/messages"
    for query in ({}, {"after": 0}, {"after": 5}):
        page = (await http.get(path, params=query)).json()
        assert 10 < len(page) < 20
        assert page == (await plain_http.get(path, params=query)).json()
    assert await reads.since() == {"page standby": 3}


async def test_a_page_that_lacks_a_message_is_not_believed(
    http: httpx.AsyncClient, db: Connection, long_thread: int, standby: Standby, reads: Reads
) -> None:
    """So it is while the messages of a deleted thread are removed, which the primary knows of."""
    await db.execute("set session_replication_role = replica")  # no triggers, which refuse it
    await db.execute("delete from message where thread_id = $1 and seq in (1, 100)", long_thread)
    await db.execute("set session_replication_role = origin")
    await standby.has_all()
    assert len(await seqs(http, long_thread)) == 50
    assert len(await seqs(http, long_thread, after=0)) == 49
    assert len(await seqs(http, long_thread, after=1)) == 50
    assert await reads.since() == {"page standby_behind": 2, "page standby": 1}


@pytest.mark.parametrize("format", ["json", "markdown"])
async def test_an_export(
    http: httpx.AsyncClient, plain_http: httpx.AsyncClient, long_thread: int, reads: Reads, format: str
) -> None:
    path = f"/threads/{long_thread}/export"
    answer = await http.get(path, params={"format": format})
    assert answer.content == (await plain_http.get(path, params={"format": format})).content
    assert await reads.since() == {"page standby": 1}


async def test_a_replay(server: Server, plain: Server, db: Connection, standby: Standby, thread: int,
                        reads: Reads) -> None:  # fmt: skip
    await db.execute(INSERT_MANY, thread, 2 * REPLAY_ROWS + FEW, 10)
    await standby.has_all()
    raw = []
    for one in (server, plain):
        async with open_thread(one, thread, after=0) as reader:
            await reader.until_seq(2 * REPLAY_ROWS + FEW)
            await reader.frame("ready")
            raw.append([text for text in reader.raw if '"message"' in text])
    assert raw[0] == raw[1]
    assert await reads.since() == {"replay standby": 2, "replay primary": 1}


async def test_a_repair(
    server: Server, db: Connection, standby: Standby, thread: int, reads: Reads
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await db.execute("set session_replication_role = replica")  # no triggers, so no NOTIFY
        await db.execute(
            """insert into message (thread_id, seq, content)
               select $1, i, 'silent' from generate_series(1, 90) i""",
            thread,
        )
        await db.execute("set session_replication_role = origin")
        await db.execute("update thread set last_seq = 90 where id = $1", thread)
        await standby.has_all()
        await db.execute(INSERT, thread, "heard")
        await reader.until_seq(91)
    assert (await reads.since()).keys() <= {"replay standby", "replay standby_behind", "replay primary"}


async def test_a_search(
    http: httpx.AsyncClient, plain_http: httpx.AsyncClient, long_thread: int, reads: Reads
) -> None:
    path = "/search?q=okapi"
    for query in (path, f"{path}&limit=50", "/search?q=%227+okapi%22", "/search?q=nothing"):
        answer = await http.get(query)
        assert answer.status_code == 200
        assert answer.content == (await plain_http.get(query)).content
    assert await reads.since() == {"search standby": 4}
    oldest = (await http.get(path)).json()[-1]["message"]
    query = f"{path}&before={oldest}"
    assert (await http.get(query)).content == (await plain_http.get(query)).content


async def test_what_is_not_there(http: httpx.AsyncClient, reads: Reads) -> None:
    for path in ("/threads/900000/messages", "/threads/900000/export"):
        assert (await http.get(path)).status_code == 404
    assert (await reads.since()).keys() <= {"page primary"}


async def test_through_a_pooler(
    start_server: ServerStarter, database_url: str, standby: Standby, long_thread: int
) -> None:
    with pgbouncer_before(database_url) as pooled, pgbouncer_before(standby.postgres.superuser_url) as read:
        settings = NO_LIMITS | {
            "DATABASE_URL": pooled,
            "CHINWAG_LISTEN_URL": database_url,
            "CHINWAG_READ_URL": read,
        }
        server = await asyncio.to_thread(start_server, settings)
        reads = Reads(server, await until_ready(server))
        async with http_client(f"{server.url}/api/v1") as http:
            assert await seqs(http, long_thread) == list(range(71, 121))
            assert (long_thread, 120) in await found(http, "okapi")
        assert await reads.since() == {"page standby": 1, "search standby": 1}
