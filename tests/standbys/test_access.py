"""What an account may read is decided on the primary, whatever a standby believes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from chinwag.db.pool import Connection
from chinwag.wire import CloseCode
from tests.standbys.conftest import NO_LIMITS, Pause, Reads, found, seqs, until_ready
from tests.storm.link import Link
from tests.support.people import add_person, signed_in
from tests.support.person import Person
from tests.support.process import Server, ServerStarter
from tests.support.sql import INSERT_MANY, until
from tests.support.standbys import Standby

IS_ASKED = """
    select exists (
      select from pg_stat_activity
      where application_name = 'chinwag' and query like '%migration%' and query_start > $1 and state = 'idle'
    )
"""


@pytest.fixture
async def two(db: Connection, server: Server) -> AsyncIterator[tuple[Person, Person]]:
    """Ann and Bob."""
    async with AsyncExitStack() as stack:
        persons = []
        for name in ("ann", "bob"):
            id = await db.fetchval("select id from account where username = $1", name)
            id = id or await add_person(db, name)
            persons.append(Person(id, await stack.enter_async_context(signed_in(server, name)), server))
        yield persons[0], persons[1]


async def test_who_is_removed_sees_nothing_more(
    two: tuple[Person, Person], db: Connection, standby: Standby, paused: Pause, server: Server
) -> None:
    ann, bob = two
    thread = await ann.new_thread(title="Private", members=["bob"])
    await db.execute(INSERT_MANY, thread, 100, 10)
    await ann.says(thread, "the secret wombat")
    await standby.has_all()
    assert len(await seqs(bob.http, thread)) == 50
    assert [hit for hit, _ in await found(bob.http, "wombat")] == [thread]
    async with bob.thread(thread, 0) as reader:
        await reader.frame("ready")
        await paused()
        await ann.removes(thread, "bob")
        assert await reader.closed() == CloseCode.NO_SUCH_THREAD
    for path in ("messages", "messages?after=0", "messages?before=60", "export"):
        assert (await bob.http.get(f"/threads/{thread}/{path}")).status_code == 404, path
    assert await found(bob.http, "wombat") == []
    async with bob.thread(thread, 0) as reader:
        assert await reader.closed() == CloseCode.NO_SUCH_THREAD
        assert reader.messages == []
    assert len(await seqs(ann.http, thread)) == 50


async def test_who_is_added_sees_all_at_once(
    two: tuple[Person, Person], db: Connection, standby: Standby, paused: Pause
) -> None:
    ann, bob = two
    thread = await ann.new_thread(title="Private")
    await db.execute(INSERT_MANY, thread, 100, 10)
    await ann.says(thread, "the secret quokka")
    await standby.has_all()
    await paused()
    assert await found(bob.http, "quokka") == []
    await ann.adds(thread, "bob")
    assert len(await seqs(bob.http, thread, before=90)) == 50
    assert len(await seqs(bob.http, thread)) == 50
    assert [hit for hit, _ in await found(bob.http, "quokka")] == [thread]
    async with bob.thread(thread, 0) as reader:
        await reader.until_seq(100)


async def test_a_closed_thread_is_closed_at_once(
    two: tuple[Person, Person], db: Connection, standby: Standby, paused: Pause
) -> None:
    ann, bob = two
    thread = await ann.new_thread(title="Open", open=True)
    await db.execute(INSERT_MANY, thread, 100, 10)
    await ann.says(thread, "the open numbat")
    await standby.has_all()
    assert [hit for hit, _ in await found(bob.http, "numbat")] == [thread]
    await paused()
    assert (await ann.http.patch(f"/threads/{thread}", json={"open": False})).status_code == 200
    assert (await bob.http.get(f"/threads/{thread}/messages")).status_code == 404
    assert (await bob.http.get(f"/threads/{thread}/messages?before=90")).status_code == 404
    assert await found(bob.http, "numbat") == []


async def test_who_is_removed_while_a_standby_is_asked_sees_nothing_after_it(
    two: tuple[Person, Person], db: Connection, standby: Standby, start_server: ServerStarter
) -> None:
    ann, _ = two
    link = Link(standby.port)
    async with link.running() as port:
        by_link = NO_LIMITS | {"CHINWAG_READ_URL": standby.url.replace(f":{standby.port}/", f":{port}/")}
        server = await asyncio.to_thread(start_server, by_link)
        reads = Reads(server, await until_ready(server))
        async with signed_in(server, "bob") as http:
            for _ in range(5):
                thread = await ann.new_thread(title="Private", members=["bob"])
                await db.execute(INSERT_MANY, thread, 100, 10)
                before = await db.fetchval("select last_seq from thread where id = $1", thread)
                await standby.has_all()
                link.open.clear()
                began = await db.fetchval("select clock_timestamp()")
                asking = asyncio.ensure_future(http.get(f"/threads/{thread}/messages"))
                await until(db, IS_ASKED, began)
                await ann.removes(thread, "bob")
                await db.execute(INSERT_MANY, thread, 3, 10)
                await standby.has_all()
                link.resume()
                answer = await asking
                if answer.status_code == 200:  # it has taken less than a second
                    assert [message["seq"] for message in answer.json()][-1] == before
                else:
                    assert answer.status_code == 404
        assert "page standby" in await reads.since()
