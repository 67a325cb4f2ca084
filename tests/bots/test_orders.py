"""What people order of replies: Stop, another version, and once more after a failure."""

import asyncio

import asyncpg
import httpx

from chinwag.chat.audit import audit_database
from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.drafts import ask, drafts_of, replies, until_said
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter
from tests.support.sql import until
from tests.support.talker import TALKER, words

ASK_DEFAULT = """
    insert into reply_request (message_id, thread_id)
    select id, thread_id from message where thread_id = $1 and content = 'after'
"""
READS_HISTORY = "from pg_stat_activity where query like '%with asked%' and wait_event_type = 'Lock'"


async def order(http: httpx.AsyncClient, thread: int, seq: int, what: str) -> tuple[int, str | None]:
    """Order something of a reply, and return the status and the code of the error."""
    answer = await http.post(f"/threads/{thread}/messages/{seq}/{what}")
    return answer.status_code, answer.json()["code"] if answer.is_error else None


async def test_a_reply_is_stopped_from_another_server(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "say 1000 0.01")
        await until_said(reader, "word9 ")
        assert await order(http, thread, 1, "stop") == (204, None)
        await reader.until_seq(2)
        reply = reader.messages[1]
        assert reply["ended"] == "stopped"
        assert reply["content"].startswith(words(9))
        assert words(1000).startswith(reply["content"])
        assert len(reply["content"]) < len(words(1000))
        assert await order(http, thread, 1, "stop") == (409, "no_reply_under_way")
    assert len(await replies(db, thread)) == 1


async def test_a_reply_is_stopped_before_its_first_word(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 0 0")
        await reader.frame("draft")
        assert await order(http, thread, 1, "stop") == (204, None)
        await reader.until_seq(2)
    assert await replies(db, thread) == [("…", "stopped")]


async def test_a_reply_whose_server_is_gone_is_stopped_with_what_was_saved(
    server: Server, http: httpx.AsyncClient, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    await ask(http, thread, "say 1000 0.01")
    # As it is left by a server that was killed.
    await db.execute(
        """update reply_request set claimed_by = gen_random_uuid(), attempt = 1,
           claimed_until = clock_timestamp() + interval '3 s'"""
    )
    await db.execute(
        "insert into draft select message_id, 1, draft_ordinal(1) + 5, 'as far as it came' from reply_request"
    )
    assert await order(http, thread, 1, "stop") == (204, None)
    talker = start_server(TALKER)
    async with open_thread(server, thread, after=0) as reader:
        await reader.until_seq(2)
    talker.stop()
    assert await replies(db, thread) == [("as far as it came", "stopped")]


async def test_a_stop_is_found_though_its_notification_was_lost(
    talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(talker, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 3 0")
        await until_said(reader, "word2 ")
        await db.execute("update reply_request set stop = true")
        await reader.until_seq(2)
    assert await replies(db, thread) == [(words(3), "stopped")]


async def test_a_bot_that_fails_is_asked_again_by_a_person_alone(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, database_url: str, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "fail 3 0.1")
        failed = await reader.frame("draft", lambda data: "failure" in data)
        assert (failed["failure"], failed["text"]) == ("bot_failed", words(3))
        async with open_thread(server, thread, after=0) as late:
            await late.frame("ready")
            assert [draft.failure for draft in drafts_of(late).values()] == ["bot_failed"]
        report = await audit_database(database_url)
        assert report.sound
        assert "1 could not be given" in report.text
        assert await order(http, thread, 1, "stop") == (409, "no_reply_under_way")
        assert await order(http, thread, 1, "regenerate") == (202, None)
        again = await reader.frame("draft", lambda data: data["ordinal"] > failed["ordinal"] + 1_000_000)
        assert "failure" not in again
        await reader.frame(
            "draft", lambda data: "failure" in data and data["ordinal"] > failed["ordinal"] + 1_000_000
        )
    assert await replies(db, thread) == []
    await db.execute("delete from thread where id = $1", thread)


async def test_nothing_of_a_former_version_is_taken_for_a_part_of_the_next_one(
    server: Server, talker: Server, http: httpx.AsyncClient, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "say 10 0.05")
        await reader.until_seq(2)
        former = max(frame["data"]["ordinal"] for frame in reader.frames if frame["type"] == "draft")
        assert await order(http, thread, 2, "regenerate") == (202, None)
        begun = len(reader.frames)
        await reader.until_seq(3)
        later = [frame["data"]["ordinal"] for frame in reader.frames[begun:] if frame["type"] == "draft"]
        assert min(later) > former


async def test_another_version_names_the_one_that_it_replaces(
    server: Server, talker: Server, http: httpx.AsyncClient, database_url: str, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await ask(http, thread, "say 3 0")
        await reader.until_seq(2)
        for seq in (2, 3):
            assert await order(http, thread, seq, "regenerate") == (202, None)
            await reader.until_seq(seq + 1)
        one, two, three = reader.messages[1:]
        assert "replaces" not in one
        assert "version" not in one
        assert [(two["replaces"], two["version"]), (three["replaces"], three["version"])] == [(2, 2), (3, 3)]
        assert one["reply_to"] == two["reply_to"] == three["reply_to"] == reader.messages[0]["id"]
        for seq in (1, 2, 3):  # a question, and versions that were replaced
            assert await order(http, thread, seq, "regenerate") == (409, "not_a_reply")
    assert (await audit_database(database_url)).sound


async def test_one_version_is_written_at_a_time(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, database_url: str, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await ask(http, thread, "say 60 0.02")
        await until_said(reader, "word1 ")
        assert await order(http, thread, 1, "regenerate") == (409, "reply_under_way")
        await reader.until_seq(2)
        answers = await asyncio.gather(*(order(http, thread, 2, "regenerate") for _ in range(5)))
        assert sorted(answers, key=str) == [(202, None)] + 4 * [(409, "reply_under_way")]
        await until_said(reader, "word1 ")
        assert (await audit_database(database_url)).sound
        assert await order(http, thread, 1, "stop") == (204, None)
        await reader.until_seq(3)
    assert [ended for _, ended in await replies(db, thread)] == [None, "stopped"]


async def test_who_does_not_see_a_thread_orders_nothing_in_it(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    """The answer is the same for a thread and a message that there is not."""
    for place in ((thread, 1), (thread + 1000, 1)):
        for what in ("stop", "regenerate"):
            assert await order(http, *place, what) == (404, "no_such_thread")


async def test_the_order_of_a_version_that_is_stored_meanwhile_leaves_nothing_behind(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await ask(http, thread, "say 1 0")
        await reader.until_seq(2)
        for _ in range(10):
            newest = reader.seqs[-1]
            answers = await asyncio.gather(*(order(http, thread, newest, "regenerate") for _ in range(3)))
            assert {status for status, _ in answers} <= {202, 409}
            await reader.until_seq(newest + 1)
    await until(db, "select not exists (select from reply_request)")


async def test_a_bot_that_cancels_itself_is_not_asked_for_ever(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "cancel 2 0")
        failed = await reader.frame("draft", lambda data: "failure" in data)
        assert (failed["failure"], failed["text"]) == ("bot_failed", words(2))
    await db.execute("delete from thread where id = $1", thread)


async def test_a_bot_is_not_blamed_for_the_database(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, database_url: str, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await ask(http, thread, "recall 3 0.2")
        await reader.frame("draft")
        other = await asyncpg.connect(database_url)
        async with other.transaction():
            await other.execute("lock table message")
            await until(db, f"select exists (select {READS_HISTORY})")
            await db.execute(f"select pg_terminate_backend(pid) {READS_HISTORY}")
        await other.close()
        await reader.until_seq(2)
    assert await replies(db, thread) == [(words(3) + "1 messages", None)]


async def test_a_bot_that_was_disabled_answers_no_more_and_no_other_in_its_place(
    talker: Server, start_server: ServerStarter, db: Connection
) -> None:
    """What is said in a private chat goes to no bot that is not a member of it."""
    async with http_client(f"{talker.url}/api/v1") as http:
        thread = (await http.post("/threads", json={})).json()["id"]
        other = start_server({"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0"})
        await ask(http, thread, "before")
        await until(db, "select count(*) = 2 from message where thread_id = $1", thread)
        await http.patch("/accounts/talker", json={"active": False})
        await ask(http, thread, "after")
        assert not await db.fetchval("select exists (select from reply_request where thread_id = $1)", thread)
        await db.execute(ASK_DEFAULT, thread)
        async with open_thread(talker, thread, after=0) as reader:
            await reader.frame("draft", lambda data: data.get("failure") == "bot_unavailable")
            assert [message["content"] for message in reader.messages] == ["before", "before", "after"]
        await http.patch("/accounts/talker", json={"active": True})
        await http.delete(f"/threads/{thread}")
    other.stop()
