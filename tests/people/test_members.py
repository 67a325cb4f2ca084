"""A thread that is not open is there for its members alone; a removal holds from its place in the thread."""

import asyncio
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

HIDDEN = "there is no thread {}"


@pytest.fixture
async def people(
    db: Connection, server: Server, other_server: Server
) -> AsyncIterator[tuple[Person, Person, Person]]:
    """Ada, Bob and Eve. Bob uses the other server."""
    async with AsyncExitStack() as stack:
        found = []
        for name, place in (("ada", server), ("bob", other_server), ("eve", server)):
            id = await db.fetchval("select id from account where username = $1", name)
            id = id or await add_person(db, name)
            found.append(Person(id, await stack.enter_async_context(signed_in(place, name)), place))
        yield found[0], found[1], found[2]


async def test_a_new_thread_is_there_for_its_creator_alone(people: tuple[Person, ...]) -> None:
    ada, _, eve = people
    thread = await ada.new_thread()
    await ada.says(thread, "a secret word: xylophone")
    missing = 999_999_999
    tries = {
        "GET": ["", "/messages", "/messages?after=0", "/export", "/export?format=json", "/members"],
        "PUT": ["/members/eve", "/read", "/level"],
        "DELETE": ["", "/members/ada", "/members/eve"],
        "PATCH": [""],
        "POST": ["/messages"],
    }
    bodies = {
        "PATCH": {"title": "mine"},
        "POST/messages": {"content": "x"},
        "PUT/read": {"seq": 1},
        "PUT/level": {"level": "nothing"},
    }
    for method, paths in tries.items():
        for path in paths:
            body = bodies.get(method + path, bodies.get(method))
            answers = [
                await eve.http.request(method, f"/threads/{id}{path}", json=body)
                for id in (thread, missing)
            ]
            texts = [
                answer.text.replace(str(id), "N")
                for answer, id in zip(answers, (thread, missing), strict=True)
            ]
            assert [answer.status_code for answer in answers] == [404, 404], (method, path, texts)
            assert texts[0] == texts[1], (method, path)
            assert sorted(answers[0].headers) == sorted(answers[1].headers)
    assert thread not in [one["id"] for one in (await eve.http.get("/threads?limit=200")).json()]
    assert (await eve.http.get("/threads", params={"q": "xylophone"})).json() == []
    assert (await eve.http.get("/search", params={"q": "xylophone"})).json() == []
    assert len((await ada.http.get("/search", params={"q": "xylophone"})).json()) == 1
    for id in (thread, missing):
        async with eve.thread(id, after=0) as client:
            assert await client.closed() == 4004
            assert client.frames == []


async def test_a_message_sent_again_by_a_stranger_reveals_nothing(people: tuple[Person, ...]) -> None:
    ada, _, eve = people
    thread = await ada.new_thread()
    client_id = "11111111-2222-3333-4444-555555555555"
    body = {"content": "mine", "client_id": client_id}
    assert (await ada.http.post(f"/threads/{thread}/messages", json=body)).status_code == 201
    assert (await eve.http.post(f"/threads/{thread}/messages", json=body)).status_code == 404


async def test_who_is_added_sees_the_thread_at_once_on_another_server(people: tuple[Person, ...]) -> None:
    ada, bob, _ = people
    thread = await ada.new_thread(title="Plans")
    await ada.says(thread, "before")
    async with bob.list() as bobs_list, ada.thread(thread, after=0) as client:
        seen = len(bobs_list.frames)
        await ada.adds(thread, "bob")
        await client.until_seq(2)
        assert client.messages[-1] | {"created_at": 0, "id": 0} == {
            "id": 0, "thread_id": thread, "seq": 2, "role": "system", "content": "ada added bob.",
            "created_at": 0, "client_id": None, "reply_to": None, "author": ada.id,
            "event": "added", "subject": bob.id,
        }  # fmt: skip
        await bobs_list.until(lambda frames: {"type": "ready", "data": {}} in frames[seen:])
        [found] = [one for one in (await bob.http.get("/threads")).json() if one["id"] == thread]
        assert (found["unread"], found["read_seq"], found["title"]) == (0, 2, "Plans")
        assert await bob.says(thread, "hello") == 3
        await client.until_seq(3)
        assert client.messages[-1]["author"] == bob.id


async def test_nothing_after_the_removal_reaches_who_was_removed(
    people: tuple[Person, ...], db: Connection
) -> None:
    ada, bob, _ = people
    thread = await ada.new_thread(members=["bob"])
    async with bob.list() as bobs_list, bob.thread(thread) as live, bob.thread(thread, after=0) as second:
        for client in (live, second):
            await client.frame("ready")
        async with db.transaction():
            await db.execute(INSERT, thread, "before")
            # The removal, and a message after it, arrive in one piece.
            await db.execute("delete from member where thread_id = $1 and account_id = $2", thread, bob.id)
            await db.execute(INSERT, thread, "after")
        removal = await db.fetchval(
            "select seq from message where thread_id = $1 and event = 'removed'", thread
        )
        for client in (live, second):
            assert await client.closed() == 4004
            assert client.seqs[-1] == removal
            assert "after" not in [message["content"] for message in client.messages]
        await bobs_list.frame("thread.deleted", lambda data: data["id"] == thread)
        before = len(bobs_list.frames)
        await ada.says(thread, "more")
        own = await bob.new_thread()
        await bob.says(own, "x")
        await bobs_list.frame("thread.active", lambda data: data["thread_id"] == own)
        assert not [
            one for one in bobs_list.frames[before:] if one["data"].get("thread_id") == thread
        ]
    answer = await bob.http.post(f"/threads/{thread}/messages", json={"content": "x"})
    assert answer.status_code == 404


async def test_a_forged_removal_closes_nothing(people: tuple[Person, ...], db: Connection) -> None:
    ada, bob, _ = people
    thread = await ada.new_thread(members=["bob"])
    async with bob.thread(thread) as client:
        last_seq = (await client.frame("ready"))["last_seq"]
        seq = last_seq + 1
        forged = (
            f'{{"type":"message","data":{{"id":1,"thread_id":{thread},"seq":{seq},"role":"system",'
            f'"content":"x","event":"removed","subject":{bob.id}}}}}'
        )
        await db.execute("select pg_notify('chinwag', $1)", f"{thread} {seq} {forged}")
        await ada.says(thread, "really")
        await client.until_seq(seq)
        assert client.messages[0]["content"] == "really"


async def test_who_may_add_and_remove(people: tuple[Person, ...], db: Connection) -> None:
    ada, bob, eve = people
    thread = await ada.new_thread(members=["bob"])
    answer = await bob.http.delete(f"/threads/{thread}/members/ada")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    for method, body in (("DELETE", None), ("PATCH", {"open": True})):
        answer = await bob.http.request(method, f"/threads/{thread}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    await bob.adds(thread, "eve")
    await eve.removes(thread, "eve")
    answer = await ada.http.put(f"/threads/{thread}/members/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_account")
    await ada.removes(thread, "bob")
    contents = "select array_agg(content order by seq) from message where thread_id = $1"
    assert await db.fetchval(contents, thread) == [
        "ada added bob.", "bob added eve.", "eve left.", "ada removed bob.",
    ]  # fmt: skip


async def test_a_direct_thread_is_there_once_for_its_people(people: tuple[Person, ...]) -> None:
    ada, bob, eve = people
    tries = 5 * [(ada, "bob"), (bob, "ada")]
    answers = await asyncio.gather(
        *(one.http.post("/threads", json={"direct": [name]}) for one, name in tries)
    )
    assert sorted(answer.status_code for answer in answers) == 9 * [200] + [201]
    [thread] = {answer.json()["id"] for answer in answers}
    assert answers[0].json()["direct"] == sorted([ada.id, bob.id])
    answer = await ada.http.put(f"/threads/{thread}/members/eve")
    assert (answer.status_code, answer.json()["code"]) == (409, "members_are_fixed")
    assert (await eve.http.get(f"/threads/{thread}")).status_code == 404
    other = (await eve.http.post("/threads", json={"direct": ["ada", "bob"]})).json()
    assert other["id"] != thread


async def test_an_open_thread_that_is_closed_is_hidden_from_others(people: tuple[Person, ...]) -> None:
    ada, bob, _ = people
    thread = await ada.new_thread(open=True, title="Town square")
    await bob.says(thread, "hello all")
    async with bob.thread(thread) as client, bob.list() as bobs_list:
        await client.frame("ready")
        answer = await ada.http.patch(f"/threads/{thread}", json={"open": False})
        assert answer.json()["open"] is False
        assert await client.closed() == 4004
        assert client.messages[-1]["event"] == "closed"
        await bobs_list.frame("thread.deleted", lambda data: data["id"] == thread)
    assert (await bob.http.get(f"/threads/{thread}")).status_code == 404


async def test_the_list_is_told_only_of_threads_that_the_person_sees(people: tuple[Person, ...]) -> None:
    ada, bob, eve = people
    async with eve.list() as eves_list, bob.list() as bobs_list:
        thread = await ada.new_thread(title="Plans of two", members=["bob"])
        await ada.says(thread, "x")
        await bobs_list.frame("thread.active", lambda data: data["thread_id"] == thread)
        answer = await ada.http.patch(f"/threads/{thread}", json={"title": "Other plans"})
        assert answer.status_code == 200
        await bobs_list.frame("thread.updated", lambda data: data["title"] == "Other plans")
        assert (await ada.http.delete(f"/threads/{thread}")).status_code == 204
        await bobs_list.frame("thread.deleted", lambda data: data["id"] == thread)
        await eve.new_thread(title="Own")
        await eves_list.frame("thread.created", lambda data: data["title"] == "Own")
        assert not [text for text in eves_list.raw if "plans" in text or f'"id":{thread}' in text]


async def test_a_person_who_is_deleted_leaves_and_the_messages_stay(
    people: tuple[Person, ...], db: Connection
) -> None:
    ada, _, _ = people
    zoe = await add_person(db, "zoe")
    thread = await ada.new_thread(members=["zoe"])
    await db.execute("insert into message (thread_id, content, author) values ($1, 'mine', $2)", thread, zoe)
    await db.execute("delete from account where id = $1", zoe)
    found = (await ada.http.get(f"/threads/{thread}/messages")).json()
    assert [(one["content"], one.get("author")) for one in found] == [
        ("ada added zoe.", ada.id), ("mine", zoe), ("zoe was removed.", None),
    ]  # fmt: skip
    names = [one["account"]["username"] for one in (await ada.http.get(f"/threads/{thread}/members")).json()]
    assert names == ["ada"]


async def test_plain_sql_writes_for_an_account_or_as_its_role(
    people: tuple[Person, ...], db: Connection
) -> None:
    ada, bob, _ = people
    thread = await ada.new_thread()
    async with ada.thread(thread) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "from a role")
        await db.execute(
            "insert into message (thread_id, content, author) values ($1, 'for bob', $2)", thread, bob.id
        )
        await client.until_seq(2)
        role = await db.fetchval("select session_user")
        assert [(one.get("author"), one.get("written_by")) for one in client.messages] == [
            (None, role), (bob.id, None),
        ]  # fmt: skip


async def until_counts(client: Client, **counts: int) -> None:
    """Wait until the newest `thread.read` frame has these counts."""

    def holds(frames: list[dict[str, Any]]) -> bool:
        read = [one["data"] for one in frames if one["type"] == "thread.read"]
        return bool(read) and {name: read[-1][name] for name in counts} == counts

    await client.until(holds)


async def test_unread_and_mentions_are_counted_alike_on_all_devices(people: tuple[Person, ...]) -> None:
    ada, bob, _ = people
    thread = await ada.new_thread(members=["bob"])
    start = (await bob.http.get(f"/threads/{thread}")).json()["read_seq"]
    async with bob.list() as one, bob.list() as other, ada.list() as adas:
        await ada.says(thread, "hello")
        last = await ada.says(thread, "@bob: look at this, @nobody and @bobby and me@bob.example")
        for device in (one, other):
            await until_counts(device, mentions=1, read_seq=start, last_seq=last)
        found = (await bob.http.get(f"/threads/{thread}")).json()
        assert (found["unread"], found["mentions"]) == (2, 1)
        assert (await bob.http.put(f"/threads/{thread}/read", json={"seq": last})).status_code == 204
        for device in (one, other):
            await until_counts(device, mentions=0, read_seq=last, last_seq=last)
        # It only grows, and is never beyond the end.
        await bob.http.put(f"/threads/{thread}/read", json={"seq": 1})
        await bob.http.put(f"/threads/{thread}/read", json={"seq": 10**9})
        found = (await bob.http.get(f"/threads/{thread}")).json()
        assert (found["unread"], found["mentions"], found["read_seq"]) == (0, 0, last)
        answer = await bob.http.put(f"/threads/{thread}/level", json={"level": "mentions"})
        assert answer.status_code == 204
        await one.frame("thread.read", lambda data: data["level"] == "mentions")
        assert not [frame for frame in adas.frames if frame["type"] == "thread.read"]


async def test_others_see_who_types_on_another_server(people: tuple[Person, ...]) -> None:
    ada, bob, eve = people
    thread = await ada.new_thread(members=["bob"])
    async with ada.thread(thread) as adas, bob.thread(thread) as bobs, eve.thread(thread) as eves:
        assert await eves.closed() == 4004
        for client in (adas, bobs):
            await client.frame("ready")
        for _ in range(5):
            await bobs.connection.send('{"type":"typing"}')
        typing = {"thread_id": thread, "role": "user", "author": bob.id}
        assert await adas.frame("typing") == typing
        await bob.says(thread, "typed")
        await adas.until_seq(2)
        assert [one["data"] for one in adas.frames if one["type"] == "typing"] == [typing]
