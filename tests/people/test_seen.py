"""Who is in a small thread sees how far the others have read it, and nobody else does."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from chinwag.db.pool import Connection
from tests.support.client import Client
from tests.support.people import add_person, signed_in
from tests.support.person import Person
from tests.support.process import Server
from tests.support.sql import INSERT

MOVE = "update read_mark set read_seq = $3 where thread_id = $1 and account_id = $2"
MOST_PERSONS = 12


@pytest.fixture
async def people(
    server: Server, other_server: Server, persons: dict[str, int]
) -> AsyncIterator[tuple[Person, Person, Person]]:
    """Ann, Bob and Cy. Bob uses the other server."""
    async with AsyncExitStack() as stack:
        found = []
        for name, place in (("ann", server), ("bob", other_server), ("cy", server)):
            http = await stack.enter_async_context(signed_in(place, name))
            found.append(Person(persons[name], http, place))
        yield found[0], found[1], found[2]


async def reads(person: Person, thread: int, seq: int) -> None:
    answer = await person.http.put(f"/threads/{thread}/read", json={"seq": seq})
    assert answer.status_code == 204, answer.text


async def read_by(person: Person, thread: int) -> dict[str, int | None]:
    """The read_seq of each member, by name, as a person is told."""
    members = (await person.http.get(f"/threads/{thread}/members")).raise_for_status().json()
    return {one["account"]["username"]: one["read_seq"] for one in members}


def seen(client: Client) -> list[Any]:
    return [frame["data"] for frame in client.frames if frame["type"] == "seen"]


async def test_what_one_reads_is_heard_by_the_others_in_the_thread(people: tuple[Person, ...]) -> None:
    ann, bob, cy = people
    thread = await ann.new_thread(members=["bob"])
    last = await ann.says(thread, "have you seen this?")
    async with ann.thread(thread) as anns, ann.list() as her_list, cy.thread(thread) as cys:
        assert await cys.closed() == 4004
        await anns.frame("ready")
        await reads(bob, thread, last)
        assert await anns.frame("seen") == {"thread_id": thread, "account": bob.id, "read_seq": last}
        assert (await cy.http.put(f"/threads/{thread}/read", json={"seq": last})).status_code == 404
        assert (await cy.http.get(f"/threads/{thread}/members")).status_code == 404
        # What is read again, or beyond the end, tells nothing new.
        await reads(bob, thread, 1)
        await reads(bob, thread, 10**9)
        await bob.http.put(f"/threads/{thread}/level", json={"level": "mentions"})
        await reads(bob, thread, await ann.says(thread, "and this?"))
        await anns.frame("seen", lambda data: data["read_seq"] > last)
        assert [data["read_seq"] for data in seen(anns)] == [last, last + 1]
        await her_list.frame("thread.active", lambda data: data["last_seq"] == last + 1)
        assert seen(her_list) == [] and not seen(cys)


async def test_a_mark_that_is_moved_in_sql_is_heard(people: tuple[Person, ...], db: Connection) -> None:
    ann, bob, cy = people
    thread = await ann.new_thread(members=["bob"])
    last = await ann.says(thread, "x")
    async with ann.thread(thread) as anns:
        await anns.frame("ready")
        # A mark of who is no member any more, or never was, is nobody's business.
        await db.execute("insert into read_mark values ($1, $2, $3)", thread, cy.id, last)
        await db.execute("delete from read_mark where thread_id = $1 and account_id = $2", thread, bob.id)
        await db.execute("insert into read_mark values ($1, $2, $3)", thread, bob.id, last)
        await anns.frame("seen")
        assert seen(anns) == [{"thread_id": thread, "account": bob.id, "read_seq": last}]


async def test_who_is_removed_hears_nothing_of_what_is_read_later(
    people: tuple[Person, ...], db: Connection
) -> None:
    """Both are committed together, so that the one notification comes right after the other."""
    ann, bob, cy = people
    thread = await ann.new_thread(members=["bob", "cy"])
    last = await ann.says(thread, "x")
    async with ann.thread(thread) as anns, cy.thread(thread) as cys:
        for client in (anns, cys):
            await client.frame("ready")
        async with db.transaction():
            await db.execute("delete from member where thread_id = $1 and account_id = $2", thread, cy.id)
            await db.execute(MOVE, thread, bob.id, last + 1)
        assert await cys.closed() == 4004
        assert cys.messages[-1]["event"] == "removed"
        assert seen(cys) == []
        assert await anns.frame("seen") == {"thread_id": thread, "account": bob.id, "read_seq": last + 1}
        assert [frame["type"] for frame in anns.frames][-2:] == ["message", "seen"]


async def test_members_are_told_how_far_each_has_read(people: tuple[Person, ...]) -> None:
    ann, bob, _ = people
    thread = await ann.new_thread(members=["bob"])
    last = await ann.says(thread, "x")
    await reads(bob, thread, last)
    assert await read_by(ann, thread) == await read_by(bob, thread) == {"ann": None, "bob": last}
    await ann.adds(thread, "cy")
    assert await read_by(ann, thread) == {"ann": None, "bob": last, "cy": last + 1}


async def test_a_bot_reads_unseen(people: tuple[Person, ...], db: Connection) -> None:
    ann, bob, _ = people
    bot = await db.fetchval(
        "insert into account (username, password, email, active, is_bot)"
        " values ('reader', 'x', 'reader@localhost', true, true) returning id"
    )
    thread = await ann.new_thread(members=["bob", "reader"])
    last = await ann.says(thread, "x")
    async with ann.thread(thread) as anns:
        await anns.frame("ready")
        await db.execute(MOVE, thread, bot, last)
        await db.execute(MOVE, thread, bob.id, last)
        await anns.frame("seen")
        assert [data["account"] for data in seen(anns)] == [bob.id]
    assert (await read_by(ann, thread))["reader"] is None


async def makes_open(ann: Person, thread: int, _: Connection) -> None:
    answer = await ann.http.patch(f"/threads/{thread}", json={"open": True})
    assert answer.status_code == 200


async def makes_large(_: Person, thread: int, db: Connection) -> None:
    for number in range(MOST_PERSONS - 1):  # and there are Ann and Bob
        id = await db.fetchval("select id from account where username = $1", f"person{number}")
        id = id or await add_person(db, f"person{number}")
        await db.execute("insert into member (thread_id, account_id) values ($1, $2)", thread, id)


@pytest.mark.parametrize("grows", [makes_open, makes_large])
async def test_in_a_thread_that_is_not_small_it_is_private(
    people: tuple[Person, ...], db: Connection, grows: Any
) -> None:
    ann, bob, _ = people
    thread = await ann.new_thread(members=["bob"])
    await grows(ann, thread, db)
    last = await ann.says(thread, "x")
    async with ann.thread(thread) as anns:
        await anns.frame("ready")
        await reads(bob, thread, last)
        assert set((await read_by(ann, thread)).values()) == {None}
        await db.execute(INSERT, thread, "the end")
        await anns.until_seq(last + 1)
        assert seen(anns) == []
        if grows is makes_large:  # and with one less it is small again
            await db.execute(
                "delete from member where thread_id = $1 and account_id ="
                " (select id from account where username = 'person0')", thread,
            )  # fmt: skip
            await reads(bob, thread, last + 1)
            await anns.frame("seen")
            assert (await read_by(ann, thread))["bob"] == last + 1


async def test_a_thread_of_one_person_tells_nothing(people: tuple[Person, ...], db: Connection) -> None:
    ann, _, _ = people
    thread = await ann.new_thread()
    last = await ann.says(thread, "to myself")
    async with ann.thread(thread, after=0) as anns:
        await anns.frame("ready")
        await reads(ann, thread, last)
        await db.execute(INSERT, thread, "the end")
        await anns.until_seq(last + 1)
        assert seen(anns) == []
    assert await read_by(ann, thread) == {"ann": None}


async def test_a_browser_cannot_say_what_another_has_seen(people: tuple[Person, ...]) -> None:
    ann, bob, _ = people
    thread = await ann.new_thread(members=["bob"])
    async with ann.thread(thread) as anns, bob.thread(thread) as bobs:
        await anns.frame("ready")
        await bobs.connection.send(
            f'{{"type":"seen","data":{{"thread_id":{thread},"account":{ann.id},"read_seq":1}}}}'
        )
        assert (await bobs.frame("error"))["code"] == "bad_message"
        await bob.says(thread, "the end")
        await anns.frame("message", lambda data: data["content"] == "the end")
        assert ann.id not in [one["account"] for one in seen(anns)]
