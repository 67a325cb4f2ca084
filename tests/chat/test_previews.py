"""Each thread tells the beginning of its newest message, over HTTP and to the list of threads."""

import json

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_list
from tests.support.process import Server
from tests.support.sql import INSERT

LONG = "ü" * 100 + "\n> 🙂 " + "x" * 100


async def test_a_thread_has_the_beginning_of_its_newest_message(
    http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async def previews() -> list[object]:
        listed = {one["id"]: one for one in (await http.get("/threads")).json()}
        one = (await http.get(f"/threads/{thread}")).json()
        changed = (await http.patch(f"/threads/{thread}", json={"pinned": not one["pinned"]})).json()
        return [one["preview"], listed[thread]["preview"], changed["preview"]]

    assert await previews() == [None] * 3
    await db.execute(INSERT, thread, "an older one")
    await db.execute(INSERT, thread, LONG)
    assert await previews() == [LONG[:120]] * 3


async def test_the_list_hears_of_the_newest_message(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_list(server) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "older")
        await db.execute(INSERT, thread, LONG)
        active = await client.frame("thread.active", lambda data: data["last_seq"] == 2)
        [_, newest] = (await http.get(f"/threads/{thread}/messages")).json()
        assert active["preview"] == LONG[:120]
        assert active["updated_at"] == newest["created_at"]
        await http.patch(f"/threads/{thread}", json={"title": "renamed"})
        renamed = await client.frame("thread.updated")
        assert renamed["preview"] == LONG[:120]


async def test_a_message_too_long_for_notify_has_its_preview_in_the_table(
    server: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_list(server) as client:
        await client.frame("ready")
        await db.execute(INSERT, thread, "long " * 2000)
        active = await client.frame("thread.active", lambda data: data["thread_id"] == thread)
        assert active == {"thread_id": thread, "last_seq": 1, "updated_at": None, "preview": None}
    assert (await http.get(f"/threads/{thread}")).json()["preview"] == "long " * 24


FORGED = ["no JSON}", "}}", '"content":7}}', '"content":"\\ud800"}}']
"""The frames of forged notifications: what follows the beginning without which nobody hears of them."""


@pytest.mark.parametrize("frame", FORGED)
async def test_a_forged_notification_has_no_preview(
    server: Server, db: Connection, thread: int, frame: str
) -> None:
    async with open_list(server) as client:
        await client.frame("ready")
        await db.execute("select pg_notify('chinwag', $1)", f'{thread} 1 {{"type":"message","data":{{{frame}')
        active = await client.frame("thread.active")
        assert json.dumps(active["preview"]) == "null"
        await db.execute(INSERT, thread, "the server still works")
        await client.frame("thread.active", lambda data: data["preview"] == "the server still works")
