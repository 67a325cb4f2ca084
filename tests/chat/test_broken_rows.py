"""Rows that a role with INSERT could write in earlier versions, with ids and times out of every range, do not
break what is read together with them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.process import Server
from tests.support.sql import INSERT, until

NOW = "clock_timestamp()"
BROKEN = {
    "infinity": ("1000001", "'infinity'"),
    "minus infinity": ("1000002", "'-infinity'"),
    "year 20000": ("1000003", "'20000-01-01'"),
    "BC": ("1000004", "'0044-03-15 BC'"),
    "negative id": ("-5", NOW),
    "id beyond JavaScript": ("9007199254740993", NOW),
}


@pytest.fixture(params=[*BROKEN.values()], ids=[*BROKEN])
async def broken(db: Connection, thread: int, request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """A thread of three messages, the second of which is broken."""
    id, created_at = request.param
    await db.execute(INSERT, thread, "before")
    async with db.transaction():
        await db.execute("set local session_replication_role = replica")  # no triggers
        await db.execute(
            f"""insert into message (id, thread_id, seq, content, created_at) overriding system value
                values ({id}, {thread}, 2, 'the broken one', {created_at});
                insert into message_words values ({id}, to_tsvector('simple', 'the broken one'));
                update thread set last_seq = 2 where id = {thread}"""
        )
    await db.execute(INSERT, thread, "after")
    yield thread
    await db.execute("delete from thread where id = $1", thread)
    await until(db, "select not exists (select from message where thread_id = $1)", thread)


async def test_pages_and_exports_are_whole(http: httpx.AsyncClient, broken: int) -> None:
    page = await http.get(f"/threads/{broken}/messages")
    assert [message["seq"] for message in page.json()] == [1, 2, 3]
    file = await http.get(f"/threads/{broken}/export", params={"format": "json"})
    assert file.json()["messages"] == page.json()
    text = (await http.get(f"/threads/{broken}/export")).text
    assert text.rstrip().endswith("after")


async def test_a_reader_gets_all_of_the_thread(server: Server, broken: int) -> None:
    async with open_thread(server, broken, after=0) as reader:
        await reader.until_seq(3)


async def test_what_is_searched_for_is_found(http: httpx.AsyncClient, broken: int) -> None:
    hits = (await http.get("/search", params={"q": "before or broken or after"})).json()
    assert {1, 3} <= {hit["seq"] for hit in hits if hit["thread_id"] == broken}


async def test_a_last_seq_out_of_the_range_does_not_break_the_list(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await db.execute("update thread set last_seq = 9007199254740992 where id = $1", thread)
    try:
        assert thread in [one["id"] for one in (await http.get("/threads")).json()]
        assert (await http.get(f"/threads/{thread}")).status_code == 200
    finally:
        await db.execute("delete from thread where id = $1", thread)
