"""Two neighbouring versions serve one database: the older one on the newer schema, and no step back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from chinwag.db.migrate import migrate
from chinwag.db.pool import Connection
from chinwag.db.schema import EXPAND, PROGRAMS
from tests.schema.conftest import MakeDatabase
from tests.support.command import forked_chinwag
from tests.support.past import dump
from tests.support.process import ServerStarter

# What a server of 57c627c does to messages and threads, as it is written there.
INSERT = """
    insert into message (thread_id, role, content, client_id, reply_to)
    select thread_id, role, content, client_id, reply_to
    from unnest($1::bigint[], $2::text[], $3::text[], $4::uuid[], $5::bigint[])
      with ordinality as post (thread_id, role, content, client_id, reply_to, place)
    order by thread_id, place
    returning thread_id, seq, client_id, reply_to
"""
REPLAY = """
    select seq, frame('message', message_json(message)) as frame
    from (
      select message, seq, octet_length(content) as bytes,
             sum(octet_length(content)) over (order by seq) as bytes_so_far
      from message where thread_id = $1 and seq > $2 and seq <= $2 + $3
    ) as next
    where bytes_so_far - bytes < $4 order by seq
"""
SEARCH = "select * from search_messages($1, $2, $3)"
CLAIM = """
    with free as (
      select message_id from reply_request where claimed_until < clock_timestamp()
      order by message_id limit $2 for update skip locked
    ), claimed as (
      update reply_request set claimed_by = $1, claimed_until = clock_timestamp() + $3
      from free where reply_request.message_id = free.message_id
      returning reply_request.message_id
    ), told as (
      select notify_frame(thread_id, 0,
               frame('typing', json_build_object('thread_id', thread_id, 'role', 'assistant')))
      from (select distinct thread_id from claimed join message on id = message_id) as waiting
      where $4
    )
    select id, thread_id, content, (select count(*) from told) as told
    from claimed join message on id = message_id order by id
"""
DELETE = "delete from thread where id = $1 returning id"

SPOIL = "create or replace function title_of(content text) returns text language sql return 'spoilt'"
TITLE = "select title_of('as it should be')"
NOTE = "insert into migration (app_name, name) values ($1, $2)"


@pytest.fixture
async def url(make_database: MakeDatabase, request: pytest.FixtureRequest) -> str:
    """A database with the schema of this version, from nothing or from that of the parameter."""
    url = await make_database(getattr(request, "param", None))
    await migrate(url)
    return url


@pytest.fixture
async def db(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


@pytest.mark.parametrize("url", [None, "57c627c"], indirect=True)
async def test_the_statements_of_the_former_server_work_on_the_schema(url: str, db: Connection) -> None:
    thread = await db.fetchval("insert into thread (title) values ('Thread') returning id")
    two = [thread] * 2, ["user"] * 2, ["first words", "second words"], [None] * 2, [None] * 2
    assert [row["seq"] for row in await db.fetch(INSERT, *two)] == [1, 2]
    claimed = await db.fetch(CLAIM, uuid4(), 200, timedelta(seconds=5), True)
    assert [row["content"] for row in claimed] == ["first words", "second words"]
    for row in claimed:
        reply = [thread], ["assistant"], ["a reply"], [None], [row["id"]]
        assert len(await db.fetch(INSERT, *reply)) == 1
    assert len(await db.fetch(REPLAY, thread, 0, 100, 1_000_000)) == 4
    assert [row["seq"] for row in await db.fetch(SEARCH, "words", 1_000_000, 10)] == [2, 1]
    assert await db.fetchval("select count(*) from reply_request") == 0
    assert await db.fetchval(DELETE, thread) == thread
    assert await db.fetch(SEARCH, "words", 1_000_000, 10) == []
    assert forked_chinwag("audit", DATABASE_URL=url).returncode == 0


async def test_a_database_that_a_newer_version_has_migrated_stays_as_it_is(url: str, db: Connection) -> None:
    await db.execute(NOTE, EXPAND, "2999-01-01T00:00:00:000000")
    await db.execute("delete from migration where app_name = $1", PROGRAMS)
    await db.execute(SPOIL)  # a newer program, as far as this version knows
    before = dump(url, data=True)
    done = forked_chinwag("migrate", DATABASE_URL=url)
    assert done.returncode == 0
    assert "database_is_newer" in done.stderr
    assert dump(url, data=True) == before
    with ServerStarter(url) as start:
        start({"CHINWAG_BOT": "none"})
    assert await db.fetchval(TITLE) == "spoilt"


async def test_programs_that_a_newer_version_has_replaced_stay_as_they_are(url: str, db: Connection) -> None:
    await db.execute(SPOIL)
    await db.execute(NOTE, PROGRAMS, "the checksum of newer programs")
    done = forked_chinwag("migrate", DATABASE_URL=url)
    assert done.returncode == 0
    assert "programs_are_newer" in done.stderr
    assert await db.fetchval(TITLE) == "spoilt"


async def test_programs_are_replaced_when_they_are_not_those_of_today(url: str, db: Connection) -> None:
    before = dump(url)
    await db.execute(SPOIL)
    await db.execute("update migration set name = 'of older programs' where app_name = $1", PROGRAMS)
    await migrate(url)
    assert await db.fetchval(TITLE) == "as it should be"
    assert dump(url) == before
    noted = await db.fetch("select name from migration where app_name = $1", PROGRAMS)
    assert len(noted) == 2
