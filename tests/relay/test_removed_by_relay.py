"""Who is removed from a thread hears nothing more of what relays notify."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from chinwag.db.pool import Connection
from chinwag.wire import CloseCode
from tests.support.people import add_person, signed_in
from tests.support.person import Person
from tests.support.process import Server
from tests.support.sql import INSERT

REMOVE = "delete from member where thread_id = $1 and account_id = $2"
REMOVED = "select seq from message where thread_id = $1 and event in ('left', 'removed')"


@pytest.fixture
async def two(db: Connection, server: Server) -> AsyncIterator[tuple[Person, Person]]:
    """Ann and Bob."""
    async with AsyncExitStack() as stack:
        found = []
        for name in ("ann", "bob"):
            id = await add_person(db, name)
            found.append(Person(id, await stack.enter_async_context(signed_in(server, name)), server))
        yield found[0], found[1]


@pytest.mark.usefixtures("relays_alone")
async def test_who_is_removed_gets_nothing_after_the_removal(
    two: tuple[Person, Person], db: Connection
) -> None:
    ann, bob = two
    for _ in range(5):
        thread = await ann.new_thread(title="Private", members=["bob"])
        async with ann.thread(thread, 0) as stays, bob.thread(thread, 0) as goes, bob.list() as chats:
            await stays.frame("ready")
            await goes.frame("ready")
            for number in range(60):
                await db.execute(INSERT, thread, f"{number}")
                if number == 30:
                    await db.execute(REMOVE, thread, bob.id)
            assert await goes.closed() == CloseCode.NO_SUCH_THREAD
            await chats.frame("thread.deleted", lambda data, gone=thread: data["id"] == gone)
            removed = await db.fetchval(REMOVED, thread)
            await stays.until_seq(removed + 29)
            assert goes.seqs == list(range(1, removed + 1))
            count = len(chats.frames)
            await db.execute(INSERT, thread, "not for Bob")
            await stays.until_seq(removed + 30)
            told = [one for one in chats.frames[count:] if one["type"] == "thread.active"]
            assert [one for one in told if one["data"]["thread_id"] == thread] == []
