"""The server that writes a reply is killed, paused or stopped, and another one writes it anew."""

import os
import signal

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.drafts import drafts_of, replies, until_said
from tests.support.process import Server, ServerStarter
from tests.support.sql import until
from tests.support.talker import TALKER, words

CLAIMED_BY = "select claimed_by from reply_request where thread_id = $1"
TAKEN_OVER = "select claimed_by <> $2 from reply_request where thread_id = $1"


async def test_a_killed_servers_reply_begins_anew_elsewhere(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        first = start_server(TALKER)
        await reader.send("say 60 0.1")
        await until_said(reader, "word9 ")
        second = start_server(TALKER)
        first.kill()
        killed_at = max(draft.ordinal for draft in drafts_of(reader).values())
        await reader.frame("draft", lambda data: data["ordinal"] > killed_at + 1_000_000)
        await reader.until_seq(2)
        assert drafts_of(reader) == {}
        second.stop()
    assert await replies(db, thread) == [(words(60), None)]


async def test_a_paused_server_writes_nothing_into_what_another_has_taken_over(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        paused = start_server(TALKER)
        await reader.send("hang 40 0.1")
        await until_said(reader, "word5 ")
        owner = await db.fetchval(CLAIMED_BY, thread)
        os.kill(paused.process.pid, signal.SIGSTOP)
        other = start_server(TALKER)
        await until(db, TAKEN_OVER, thread, owner)
        await until_said(reader, "word1 ")
        os.kill(paused.process.pid, signal.SIGCONT)
        await until_said(reader, "word39 ")
        [draft] = drafts_of(reader).values()
        assert draft.text == words(40)
        # What it would have told has lower ordinals, and was not told at all.
        taken_over = draft.ordinal // 1_000_000_000
        told = [frame["data"]["ordinal"] for frame in reader.frames if frame["type"] == "draft"]
        later = told[next(i for i, ordinal in enumerate(told) if ordinal // 1_000_000_000 == taken_over) :]
        assert {ordinal // 1_000_000_000 for ordinal in later} == {taken_over}
        paused.stop()
        other.stop()
    await db.execute("delete from thread where id = $1", thread)


async def test_a_server_that_stops_hands_its_replies_over_at_once(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        first = start_server(TALKER)
        await reader.send("say 30 0.1")
        await until_said(reader, "word5 ")
        second = start_server(TALKER)
        assert first.stop() == 0
        await reader.until_seq(2)
        second.stop()
    assert await replies(db, thread) == [(words(30), None)]


async def test_a_reply_ends_at_the_limit_of_a_message(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    talker = start_server(TALKER | {"CHINWAG_MAX_CONTENT": "100"})
    async with open_thread(talker, thread) as reader:
        await reader.frame("ready")
        await reader.send("hang 1000 0")
        await reader.until_seq(2)
        assert reader.messages[1]["ended"] == "cut"
    talker.stop()
    assert await replies(db, thread) == [(words(1000)[:100], "cut")]


async def test_a_draft_without_a_request_is_deleted_when_a_server_starts(
    start_server: ServerStarter, db: Connection
) -> None:
    await db.execute("insert into draft (message_id, author, ordinal, content) values (4711, 1, 1, 'x')")
    bot = start_server(TALKER)
    await until(db, "select not exists (select from draft where message_id = 4711)")
    bot.stop()


async def test_crashes_without_end_are_ended(
    server: Server, start_server: ServerStarter, database_url: str, db: Connection, thread: int
) -> None:
    """It may be the message that makes servers die."""
    await db.execute("insert into message (thread_id, content) values ($1, 'say 1 0')", thread)
    await db.execute(
        """update reply_request set crashes = 4, claimed_by = gen_random_uuid(), attempt = 4,
           claimed_until = clock_timestamp() - interval '1 second'"""
    )
    bot = start_server(TALKER)
    async with open_thread(server, thread) as reader:
        await reader.frame("draft", lambda data: data.get("failure") == "bot_keeps_crashing")
    bot.stop()
    await db.execute("delete from thread where id = $1", thread)
