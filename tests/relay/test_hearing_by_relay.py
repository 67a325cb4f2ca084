"""Where relays alone notify messages, all is as it was: each reader gets each message once and in order."""

import asyncio
import json

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, open_list, open_thread
from tests.support.process import Server
from tests.support.relays import Relay, health, switch
from tests.support.sql import INSERT, INSERT_MANY
from tests.support.statements import notifications


@pytest.mark.usefixtures("relays_alone")
async def test_messages_come_through_a_relay_when_the_primary_is_quiet(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader, open_list(server) as chats:
        await reader.frame("ready")
        await db.execute(INSERT, thread, "by SQL")
        await reader.until_seq(1)
        await reader.send("by WebSocket")
        await reader.until_seq(2)
        await db.execute(INSERT_MANY, thread, 500, 10)
        await reader.until_seq(502)
        await db.execute(INSERT, thread, "x" * 9_000)  # too long for NOTIFY
        await reader.until_seq(503)
        await chats.frame("thread.active", lambda data: data["last_seq"] == 503)
    assert await health(server) == (200, {"status": "ok", "problems": []})


async def test_the_primary_notifies_no_message_then_but_what_concerns_members(
    server: Server, relay: Relay, db: Connection, thread: int
) -> None:
    async def write() -> None:
        await db.execute(INSERT, thread, "hello")
        await db.execute("update thread set is_open = not is_open where id = $1", thread)

    async def contents() -> list[str]:
        frames = [json.loads(text.split(" ", 2)[2]) for text in await notifications(db, write) if "{" in text]
        return [one["data"]["content"][:15] for one in frames if one["type"] == "message"]

    assert await contents() == ["hello", "The chat was cl"]
    switch(relay.primary_url, "on")
    try:
        assert await contents() == ["The chat was op"]
    finally:
        switch(relay.primary_url, "off")
    assert await contents() == ["hello", "The chat was cl"]


async def test_the_frame_that_a_relay_makes_is_that_of_the_primary(
    relay: Relay, db: Connection, thread: int
) -> None:
    listening = await asyncpg.connect(relay.url)
    try:
        heard: list[str] = []
        await listening.add_listener("chinwag", lambda *call: heard.append(str(call[-1])))

        async def write() -> None:
            await db.execute(INSERT, thread, 'quotes " and \\ and ünï🥊\n')
            await db.execute(INSERT_MANY, thread, 3, 20)
            await db.execute(INSERT, thread, "x" * 9_000)

        said = await notifications(db, write)
        async with asyncio.timeout(LIMIT_SECONDS):
            while len([one for one in heard if not one.startswith("0 0 ")]) < 5:
                await listening.execute("select")
        assert [one for one in heard if not one.startswith("0 0 ")] == said
    finally:
        await listening.close()


async def test_a_message_that_both_notify_reaches_a_reader_once(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        for count in range(1, 101):
            await db.execute(INSERT, thread, "x")
            if count % 10 == 0:
                await reader.until_seq(count)
        await reader.until_seq(100)
