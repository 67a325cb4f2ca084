"""A relay wakes the bots, too: otherwise each question would take the lock for NOTIFY on the primary."""

import asyncio
from functools import partial
from uuid import uuid4

import asyncpg
import pytest

from chinwag.bots import replies as replies_module
from chinwag.bots.echo import Echo
from chinwag.bots.replies import OwnBot, Replies
from chinwag.chat.accounts import Accounts
from chinwag.chat.writer import Writer
from chinwag.db.pool import Connection, open_pool
from chinwag.frames import WAKE_BOTS
from chinwag.push.both_ways import BothWays
from chinwag.settings import Settings
from tests.support.client import LIMIT_SECONDS
from tests.support.relays import Relay, switch
from tests.support.sql import INSERT, until
from tests.support.statements import WAITING

ANSWERED = "select exists (select from message where thread_id = $1 and role = 'assistant')"


async def test_the_primary_notifies_nothing_of_a_question_then_and_the_relay_wakes_the_bots(
    relay: Relay, db: Connection, thread: int
) -> None:
    primary: list[str] = []
    told: list[str] = []
    listener = await asyncpg.connect(relay.url)
    try:
        await listener.add_listener("chinwag", lambda *call: told.append(str(call[-1])))
        await db.execute(INSERT, thread, "the first message, which gives the thread its title")
        switch(relay.primary_url, "on")
        await db.add_listener("chinwag", lambda *call: primary.append(str(call[-1])))
        await db.execute(INSERT, thread, "a question")
        assert await db.fetchval(WAITING, thread) == 2
        async with asyncio.timeout(LIMIT_SECONDS):
            while not any(payload.startswith(f"{thread} 2 ") for payload in told):
                await listener.execute("select")
        await db.execute("notify chinwag, 'the end'")
        await until_heard(db, primary, "the end")
        assert primary == ["the end"]
        question = next(place for place, text in enumerate(told) if text.startswith(f"{thread} 2 "))
        assert told[question - 1] == WAKE_BOTS
    finally:
        switch(relay.primary_url, "off")
        await listener.close()


def test_of_what_a_relay_says_beside_messages_only_that_is_passed_on() -> None:
    heard: list[str] = []
    ways = BothWays([heard.append])
    for payload in (WAKE_BOTS, '0 0 {"type":"account.changed","data":{"id":1}}', "1 0", "1 1"):
        ways.from_relay(payload)
    assert heard == [WAKE_BOTS, "1 1"]


async def test_a_bot_that_is_woken_before_it_can_see_the_question_looks_again(
    database_url: str, db: Connection, thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies_module, "POLL_SECONDS", 3600)
    monkeypatch.setattr(replies_module, "PAUSE_SECONDS", 1.0)
    async with open_pool(Settings(database_url=database_url)) as pool:
        server_id = uuid4()
        replies = Replies(
            [OwnBot(Echo(), partial(Accounts(pool).bot, "echo"))],
            pool,
            Writer(pool, server_id),
            server_id,
            most_characters=1000,
            are_woken_early=True,
        )
        async with asyncio.timeout(LIMIT_SECONDS), replies.running():
            while not replies._looks_again:
                await asyncio.sleep(0)
            await db.execute(INSERT, thread, "seen only now")
            await until(db, ANSWERED, thread)
            while replies._looks_again:  # then it waits to be woken, and does not look for ever
                await asyncio.sleep(0.01)


async def until_heard(db: Connection, heard: list[str], payload: str) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while payload not in heard:
            await db.execute("select")
