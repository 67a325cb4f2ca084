"""The requests for replies: which bots are asked, and that they are told of it."""

import asyncio

from chinwag.db.pool import Connection
from chinwag.frames import WAKE_BOTS
from tests.support.people import add_person

ADD_BOT = """
    insert into account (username, password, email, active, is_bot, answers)
    values ($1::text, '', $1::text, true, true, true) returning id
"""


async def test_a_bot_that_is_removed_is_asked_no_more_though_another_stays(db: Connection) -> None:
    owner = await add_person(db, "owner")
    first, second = [await db.fetchval(ADD_BOT, name) for name in ("first", "second")]
    thread = await db.fetchval("insert into thread (owner) values ($1) returning id", owner)
    for bot in (first, second):
        await db.execute("insert into member (thread_id, account_id) values ($1, $2)", thread, bot)
    for content in ("to the first", "@second, to you"):
        await db.execute(
            "insert into message (thread_id, author, content) values ($1, $2, $3)", thread, owner, content
        )
    asked = "select bot from reply_request where thread_id = $1 order by message_id"
    assert [row["bot"] for row in await db.fetch(asked, thread)] == [first, second]
    await db.execute("delete from member where thread_id = $1 and account_id = $2", thread, second)
    assert [row["bot"] for row in await db.fetch(asked, thread)] == [first]


async def test_only_a_message_that_asks_a_bot_wakes_the_bots(db: Connection) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        told.put_nowait(str(payload))

    thread = await db.fetchval("insert into thread (title) values ('Thread') returning id")
    await db.add_listener("chinwag", hear)
    for role, wakes in (("assistant", 0), ("user", 1), ("assistant", 0)):
        await db.execute("insert into message (thread_id, role, content) values ($1, $2, 'x')", thread, role)
        await db.execute("notify chinwag, 'the end'")
        payloads = []
        while (payload := await asyncio.wait_for(told.get(), 10)) != "the end":
            payloads.append(payload)
        assert payloads.count(WAKE_BOTS) == wakes, payloads
    await db.remove_listener("chinwag", hear)
