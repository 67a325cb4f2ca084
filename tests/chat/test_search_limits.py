"""A search costs others nothing: it reads stored words, ends in time, and few run at once."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.cases import refused
from tests.support.sql import INSERT, INSERT_MANY, until

AT_ONCE = 2
"""The number of searches that a server has run at the same time (app/chinwag/chat/search.py)."""

ENDLESS = """
    create or replace function newest_matches(wanted tsquery, before bigint, most integer, reader integer)
    returns bigint[]
    language plpgsql as $$ begin perform pg_sleep(3600); return '{}'; end $$
"""
DEFINITION = "select pg_get_functiondef('newest_matches(tsquery, bigint, integer, integer)'::regprocedure)"
RUNNING = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"


@pytest.fixture
async def endless(db: Connection) -> AsyncIterator[None]:
    """Make each search take an hour."""
    definition = await db.fetchval(DEFINITION)
    await db.execute(ENDLESS)
    yield
    await db.execute(definition)


@pytest.mark.usefixtures("endless")
async def test_many_long_searches_at_once_do_not_disturb_those_who_write(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    phrase = {"q": '"udif udif udif udif"'}
    searches = [asyncio.create_task(http.get("/search", params=phrase)) for _ in range(8)]
    await until(db, f"select ({RUNNING}) = $1", AT_ONCE)
    while not all(search.done() for search in searches):
        answer = await http.post(f"/threads/{thread}/messages", json={"content": "x"})
        assert answer.status_code == 201
        assert await db.fetchval(RUNNING) <= AT_ONCE
    answers = [await search for search in searches]
    for answer in answers:
        refused(answer, 503, answer.json()["code"])
        assert answer.headers["retry-after"] == "1"
    codes = [answer.json()["code"] for answer in answers]
    assert set(codes) == {"search_too_long", "search_busy"}
    assert codes.count("search_busy") >= 8 - 2 * AT_ONCE
    assert await db.fetchval(RUNNING) == 0


@pytest.mark.parametrize("others", [0, 1000], ids=["frequent", "rare"])
async def test_the_words_that_are_stored_are_searched_and_not_the_text(
    http: httpx.AsyncClient, db: Connection, thread: int, others: int
) -> None:
    """The stored words differ from the text here, so that the test can tell which of them is searched."""
    await db.execute(INSERT_MANY, thread, 30, 1)
    await db.execute(
        """update message_words set words = to_tsvector('simple', $2)
           from message where id = message_id and thread_id = $1""",
        thread, f"stored{others} words",
    )  # fmt: skip
    await db.execute(INSERT_MANY, thread, others, 1)
    for q in (f'"stored{others} words"', f"stored{others}", f"words stored{others} -x"):
        found = (await http.get("/search", params={"q": q})).json()
        assert [hit["seq"] for hit in found] == [*range(30, 10, -1)]


async def test_a_phrase_that_no_message_has_is_looked_for_in_all_that_have_its_word(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, 'udif ' || i from generate_series(1, 20000) i",
        thread,
    )
    answer = await http.get("/search", params={"q": '"udif udif udif udif"'})
    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_word_that_is_too_long_to_be_found_does_not_hide_the_others(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    name = f"w{uuid4().hex}"
    await db.execute(INSERT, thread, f"{'long' * 600} {name} {'ü' * 3000}")
    [hit] = (await http.get("/search", params={"q": name})).json()
    assert hit["seq"] == 1
