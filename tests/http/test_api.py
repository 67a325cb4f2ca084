"""The HTTP API: what each address answers, how lists are paged, and what the WebSockets hear of it."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_list, open_thread
from tests.support.http import http_client
from tests.support.process import Server
from tests.support.sql import until

UTC_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


async def test_who_is_signed_in(http: httpx.AsyncClient) -> None:
    answer = await http.get("/account")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": 1,
        "username": "me",
        "display_name": "me",
        "admin": True,
        "max_content": 32000,
        "session": None,
        "has_password": False,
        "is_alone": True,
        "bots": [],
    }


async def test_a_thread_lives_from_its_creation_to_its_deletion(http: httpx.AsyncClient) -> None:
    created = await http.post("/threads", json={"title": "Ünïcode 🙂"})
    assert created.status_code == 201
    thread = created.json()
    assert thread == {
        "id": thread["id"],
        "title": "Ünïcode 🙂",
        "last_seq": 0,
        "created_at": thread["created_at"],
        "updated_at": thread["updated_at"],
        "owner": 1,
        "pinned": False,
        "preview": None,
        "open": False,
        "direct": None,
        "read_seq": 0,
        "unread": 0,
        "mentions": 0,
        "level": "everything",
    }
    assert UTC_MOMENT.fullmatch(thread["created_at"]) and UTC_MOMENT.fullmatch(thread["updated_at"])
    path = f"/threads/{thread['id']}"
    assert (await http.get(path)).json() == thread

    renamed = await http.patch(path, json={"title": "x" * 200})
    assert renamed.status_code == 200
    assert renamed.json() == (await http.get(path)).json() == thread | {"title": "x" * 200}

    pinned = await http.patch(path, json={"pinned": True})
    assert pinned.status_code == 200
    assert pinned.json() == (await http.get(path)).json() == thread | {"title": "x" * 200, "pinned": True}
    both = await http.patch(path, json={"title": "y", "pinned": False})
    assert both.json() == thread | {"title": "y"}

    deleted = await http.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for again in (http.get(path), http.patch(path, json={"title": "x"}), http.delete(path)):
        assert (await again).status_code == 404


async def test_a_thread_without_a_title_is_a_new_chat(http: httpx.AsyncClient) -> None:
    assert (await http.post("/threads", json={})).json()["title"] == "New chat"


async def test_a_message_is_stored_and_read_as_it_was_written(http: httpx.AsyncClient, thread: int) -> None:
    content = " <b>\"Grüße\"</b>\t\\n\n🙂\u2028\u200b\x7f "
    written = await http.post(f"/threads/{thread}/messages", json={"content": content})
    assert written.status_code == 201
    message = written.json()
    assert message == {
        "id": message["id"],
        "thread_id": thread,
        "seq": 1,
        "role": "user",
        "content": content,
        "created_at": message["created_at"],
        "client_id": None,
        "reply_to": None,
        "author": 1,
    }
    assert UTC_MOMENT.fullmatch(message["created_at"])
    assert (await http.get(f"/threads/{thread}/messages")).json() == [message]


async def test_a_message_moves_its_thread(http: httpx.AsyncClient, thread: int) -> None:
    before = (await http.get(f"/threads/{thread}")).json()
    await http.post(f"/threads/{thread}/messages", json={"content": "x"})
    after = (await http.get(f"/threads/{thread}")).json()
    assert after["last_seq"] == 1
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


async def test_a_client_id_sent_again_is_the_same_message(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    body = {"content": "once", "client_id": str(uuid4())}
    answers = await asyncio.gather(*(http.post(f"/threads/{thread}/messages", json=body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert {answer.text for answer in answers} == {answers[0].text}
    rows = await db.fetch("select seq, client_id from message where thread_id = $1", thread)
    assert [tuple(row) for row in rows] == [(1, UUID(body["client_id"]))]


async def test_a_client_id_is_a_name_in_its_own_thread_only(http: httpx.AsyncClient, thread: int) -> None:
    other = (await http.post("/threads", json={})).json()["id"]
    body = {"content": "once", "client_id": str(uuid4())}
    for id in (thread, other):
        assert (await http.post(f"/threads/{id}/messages", json=body)).status_code == 201


async def test_messages_are_read_in_pages_oldest_first(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    await db.execute(
        "insert into message (thread_id, content) select $1, 'n ' || i from generate_series(1, 230) i", thread
    )

    async def page(**cursor: int) -> list[int]:
        answer = await http.get(f"/threads/{thread}/messages", params=cursor)
        assert answer.status_code == 200
        messages = answer.json()
        assert [m["content"] for m in messages] == [f"n {m['seq']}" for m in messages]
        return [m["seq"] for m in messages]

    assert await page() == list(range(181, 231)), "without a cursor: the newest 50"
    assert await page(limit=200) == list(range(31, 231))
    assert await page(limit=1) == [230]
    assert await page(before=181, limit=3) == [178, 179, 180]
    assert await page(before=3) == [1, 2]
    assert await page(before=1) == await page(before=0) == []
    assert await page(before=2**53 - 1, limit=1) == [230]
    assert await page(after=0, limit=3) == [1, 2, 3]
    assert await page(after=228) == [229, 230]
    assert await page(after=230) == await page(after=2**53 - 1) == []
    assert await page(after=10, before=13) == [11, 12]
    assert await page(after=10, before=100, limit=2) == [11, 12]


async def test_a_thread_without_messages_has_an_empty_page(http: httpx.AsyncClient, thread: int) -> None:
    answer = await http.get(f"/threads/{thread}/messages")
    assert (answer.status_code, answer.json()) == (200, [])


async def test_threads_are_read_in_pages_newest_activity_first(
    http: httpx.AsyncClient, db: Connection
) -> None:
    await db.execute(
        """insert into thread (updated_at)
           select timestamptz '2020-01-01' + i / 4 * interval '1 microsecond' from generate_series(1, 60) i"""
    )
    seen: list[int] = []
    cursor: dict[str, str] = {"limit": "7"}
    for _ in range(100):
        if not (page := (await http.get("/threads", params=cursor)).json()):
            break
        seen += [thread["id"] for thread in page]
        cursor["before"] = f"{page[-1]['updated_at']},{page[-1]['id']}"
    threads = await db.fetch("select id from thread order by updated_at desc, id desc")
    assert seen == [thread["id"] for thread in threads]
    newest = (await http.get("/threads")).json()
    assert [thread["id"] for thread in newest] == seen[:50]


async def test_a_cursor_for_threads_may_be_in_any_time_zone(http: httpx.AsyncClient, db: Connection) -> None:
    id = await db.fetchval("insert into thread (updated_at) values ('2019-05-05T12:00:00Z') returning id")
    for moment in ("2019-05-05T12:00:00Z", "2019-05-05T14:00:00+02:00", "2019-05-05T12:00:00.000000-00:00"):
        newest = await http.get("/threads", params={"limit": 1, "before": f"{moment},{id + 1}"})
        assert [thread["id"] for thread in newest.json()] == [id]
    unescaped = await http.get(f"/threads?limit=1&before=2019-05-05T14:00:00+02:00,{id + 1}")
    assert [thread["id"] for thread in unescaped.json()] == [id], "a + that became a blank"


async def test_the_list_can_be_of_those_that_are_pinned(http: httpx.AsyncClient) -> None:
    one, two, three = [(await http.post("/threads", json={})).json()["id"] for _ in range(3)]
    await http.patch(f"/threads/{one}", json={"pinned": True})
    await http.patch(f"/threads/{three}", json={"pinned": True})

    async def ids(**query: str | int) -> list[int]:
        return [thread["id"] for thread in (await http.get("/threads", params=query)).json()]

    assert await ids(limit=3) == [three, two, one]
    assert await ids(pinned="true") == [three, one]
    assert await ids(pinned="true", limit=1) == [three]
    assert await ids(pinned="false", limit=1) == [two]
    assert not {one, three} & {*await ids(pinned="false")}


async def test_threads_are_found_by_their_titles(http: httpx.AsyncClient) -> None:
    ids = {}
    for title in ("Ärger im Büro", "100 % sure", "ärger 2"):
        ids[title] = (await http.post("/threads", json={"title": title})).json()["id"]

    async def found(**query: str | int) -> list[int]:
        answer = await http.get("/threads", params=query)
        assert answer.status_code == 200, answer.text
        return [thread["id"] for thread in answer.json()]

    assert await found(q="ÄRGER") == [ids["ärger 2"], ids["Ärger im Büro"]]
    assert await found(q="ärger", limit=1) == [ids["ärger 2"]]
    assert await found(q="ärger", pinned="true") == []
    assert await found(q="0 %") == [ids["100 % sure"]]
    assert await found(q="_") == await found(q="\\") == await found(q="' or true --") == []
    assert (await http.get("/threads", params={"q": "x" * 201})).status_code == 400


async def test_the_list_hears_of_every_change(server: Server, http: httpx.AsyncClient) -> None:
    async with open_list(server) as client:
        thread = (await http.post("/threads", json={"title": "first"})).json()
        id = thread["id"]
        assert await client.frame("thread.created") == for_everybody(thread)
        await http.post(f"/threads/{id}/messages", json={"content": "x"})
        active = await client.frame("thread.active")
        assert (active["thread_id"], active["last_seq"]) == (id, 1)
        await http.patch(f"/threads/{id}", json={"title": "second"})
        await client.frame("thread.updated")  # of a thread that is gone, nothing more would be told
        pinned = (await http.patch(f"/threads/{id}", json={"pinned": True})).json()
        await client.frame("thread.updated", lambda data: data["pinned"])
        await http.delete(f"/threads/{id}")
        assert await client.frame("thread.deleted") == {"id": id}
        # That it was renamed is a message, of which the list may have been told, too.
        others = {"ready", "presence", "thread.active", "thread.read"}
        told = [frame for frame in client.frames if frame["type"] not in others]
        assert [(frame["type"], frame["data"].get("title")) for frame in told] == [
            ("thread.created", "first"), ("thread.updated", "second"), ("thread.updated", "second"),
            ("thread.deleted", None),
        ]  # fmt: skip
        assert told[2]["data"] == for_everybody(pinned)


def for_everybody(thread: dict[str, Any]) -> dict[str, Any]:
    """What all are told of a thread, without what one account has read of it."""
    own = {"read_seq", "unread", "mentions", "level"}
    return {name: value for name, value in thread.items() if name not in own}


async def test_the_deletion_of_a_thread_closes_its_websockets(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    other = (await http.post("/threads", json={})).json()["id"]
    async with (
        open_thread(server, thread) as one,
        open_thread(server, thread, 0) as two,
        open_thread(server, other) as bystander,
    ):
        for client in (one, two, bystander):
            await client.frame("ready")
        await http.post(f"/threads/{thread}/messages", json={"content": "last words"})
        await http.delete(f"/threads/{thread}")
        assert [await one.closed(), await two.closed()] == [4004, 4004]
        assert one.messages == two.messages and one.seqs == [1]
        await bystander.send("still here")
        await bystander.until_seq(1)
    await until(db, "select count(*) = 0 from message where thread_id = $1", thread)


async def test_the_websocket_of_an_unknown_thread_is_accepted_and_closed(server: Server) -> None:
    async with open_thread(server, 999_999) as client:
        assert await client.closed() == 4004


async def test_a_server_is_live_and_ready(server: Server) -> None:
    async with http_client(server.url) as client:
        for path in ("/health/live", "/health/ready"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok", "problems": []})


@pytest.mark.parametrize("path", ["/threads", "/threads/{}", "/threads/{}/messages", "/account"])
async def test_options_names_the_methods_of_an_address(
    http: httpx.AsyncClient, thread: int, path: str
) -> None:
    options = await http.options(path.format(thread))
    assert (options.status_code, options.content) == (204, b"")
    wrong = await http.put(path.format(thread))
    assert wrong.status_code == 405
    assert methods(options) == methods(wrong)


async def test_the_docs_need_no_other_host(server: Server) -> None:
    async with http_client(server.url, headers={"accept": "text/html"}) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "//" not in page.text, "an address of another host"
        files = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
        assert len(files) >= 4, files
        for file in files:
            assert (await client.get(file)).status_code == 200, file


def methods(answer: httpx.Response) -> set[str]:
    return set(answer.headers["allow"].split(", "))
