"""Drafts: a reply is seen while it is written, by every reader on every server, and never spliced."""

import httpx

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.drafts import ask, drafts_of, replies, until_said
from tests.support.process import Server
from tests.support.sql import until
from tests.support.talker import words

FORGE = "select pg_notify('chinwag', $1 || ' 0 ' || $2)"


async def test_words_come_one_by_one_on_every_server(
    server: Server, talker: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader, open_thread(talker, thread) as other:
        await reader.frame("ready")
        await other.frame("ready")
        await reader.send("say 20 0.05")
        for each in (reader, other):
            await each.frame("draft", lambda data: "text" in data)
            await each.frame("draft", lambda data: "append" in data)
            assert all(words(20).startswith(draft.text) for draft in drafts_of(each).values())
            await each.until_seq(2)
            await each.frame("draft.end")
            assert drafts_of(each) == {}
            appended = [f["data"]["append"] for f in each.frames if "append" in f.get("data", {})]
            assert len(appended) >= 2
            assert "".join(appended) in words(20)
    assert await replies(db, thread) == [(words(20), None)]


async def test_who_comes_in_the_middle_gets_the_text_so_far_before_ready_and_then_the_rest(
    server: Server, talker: Server, http: httpx.AsyncClient, thread: int
) -> None:
    async with open_thread(talker, thread) as first:
        await first.frame("ready")
        await ask(http, thread, "hang 30 0.02")
        await until_said(first, "word15 ")
        for each in (talker, server):  # the first has a room already
            async with open_thread(each, thread) as late:
                await late.frame("ready")
                await until_said(late, "word29 ")
                types = [frame["type"] for frame in late.frames]
                assert types.index("draft") < types.index("ready")
                assert drafts_of(late).popitem()[1].text == words(30)
        await until_said(first, "word29 ")
        answer = await http.post(f"/threads/{thread}/messages/1/stop")
        assert answer.status_code == 204


async def test_a_long_text_at_once_is_read_in_the_table(
    server: Server, talker: Server, db: Connection, http: httpx.AsyncClient, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 3000 0")
        await until_said(reader, "word2999 ")
        async with open_thread(server, thread) as late:
            await until_said(late, "word2999 ")
            assert drafts_of(late).popitem()[1].text == words(3000)
        await http.post(f"/threads/{thread}/messages/1/stop")
        await reader.until_seq(2)
    assert await replies(db, thread) == [(words(3000), "stopped")]


async def test_every_kind_of_character_arrives_as_it_was_said(
    server: Server, talker: Server, thread: int
) -> None:
    said = "".join(f'“{chr(code)}\\"\n\t\x01' for code in (0x41, 0xE9, 0x20AC, 0x1F600)) * 800
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await reader.send(said)
        await reader.until_seq(2)
        assert reader.messages[1]["content"] == said


async def test_who_asks_gets_the_whole_texts(
    server: Server, talker: Server, http: httpx.AsyncClient, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 3 0.1")
        await until_said(reader, "word2 ")
        before = len(reader.frames)
        await reader.connection.send('{"type": "drafts"}')
        await reader.until(lambda frames: len(frames) > before)
        assert reader.frames[before]["data"]["text"] == words(3)
        await http.post(f"/threads/{thread}/messages/1/stop")
        await reader.until_seq(2)


async def test_the_database_goes_away_in_the_middle(
    server: Server, talker: Server, db: Connection, database_url: str, thread: int
) -> None:
    """All connections are ended again and again, so notifications are lost."""
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await reader.send("say 60 0.05")
        for number in (5, 20, 35):
            await until_said(reader, f"word{number} ")
            await db.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        await reader.until_seq(2)
        assert reader.messages[1]["content"] == words(60)
    assert await replies(db, thread) == [(words(60), None)]


async def test_a_deleted_thread_ends_its_drafts(
    server: Server, talker: Server, db: Connection, http: httpx.AsyncClient, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "say 1000 0.01")
        await until_said(reader, "word9 ")
        await http.delete(f"/threads/{thread}")
        assert await reader.closed() == 4004
    await until(db, "select not exists (select from reply_request where thread_id = $1)", thread)
    await until(db, "select not exists (select from draft)")


async def test_a_reply_by_hand_ends_the_draft(
    server: Server, talker: Server, db: Connection, http: httpx.AsyncClient, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 3 0")
        await until_said(reader, "word2 ")
        await db.execute(
            "insert into message (thread_id, role, content, reply_to) select $1, 'assistant', 'by hand', id"
            " from message where thread_id = $1",
            thread,
        )
        await reader.until_seq(2)
        await reader.frame("draft.end")
    assert await replies(db, thread) == [("by hand", None)]


async def test_forged_notifications_of_drafts_are_corrected(
    server: Server, talker: Server, db: Connection, http: httpx.AsyncClient, thread: int
) -> None:
    """Anybody who can connect to the database can NOTIFY."""
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 3 0")
        await until_said(reader, "word2 ")
        [(asked, draft)] = drafts_of(reader).items()
        data = f'"thread_id":{thread},"reply_to":{asked},"author":1,"ordinal"'
        for forged in (
            f'{{"type":"draft","data":{{{data}:{draft.ordinal + 5},"append":"x"}}}}',
            '{"type":"draft","data":{}}',
            '{"type":"draft","data":[}',
            '{"type":"draft.stop","data":{"reply_to":"x"}}',
            f'{{"type":"draft","data":{{"thread_id":{thread},"reply_to":4711,"ordinal":7,"append":"x"}}}}',
        ):
            await db.execute(FORGE, str(thread), forged)
        await ask(http, thread, "and something else")
        await reader.until(lambda _: len(drafts_of(reader)) == 1 and len(reader.messages) == 3)
        assert drafts_of(reader)[asked].text == words(3)
        async with open_thread(server, thread) as late:
            await late.frame("ready")
            assert list(drafts_of(late)) == [asked]
        await http.post(f"/threads/{thread}/messages/1/stop")
        await reader.frame("draft.end")
