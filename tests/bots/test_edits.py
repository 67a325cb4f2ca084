"""An edited question takes the place of the former one, if that is the newest of its author."""

from typing import Any

import asyncpg
import httpx
import pytest

from chinwag.chat.audit import audit_database
from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.drafts import ask, replies, until_said
from tests.support.process import Server
from tests.support.talker import words


async def edit(http: httpx.AsyncClient, thread: int, seq: Any, content: str) -> httpx.Response:
    return await http.post(f"/threads/{thread}/messages", json={"content": content, "replaces": seq})


async def test_a_question_is_edited_and_its_reply_is_not_written_any_more(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, database_url: str, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await ask(http, thread, "hang 3 0")
        await until_said(reader, "word2 ")
        answer = await edit(http, thread, 1, "say 2 0")
        assert answer.status_code == 201
        assert (answer.json()["replaces"], answer.json()["version"]) == (1, 2)
        await reader.until_seq(3)
        assert reader.messages[2]["reply_to"] == answer.json()["id"]
        await reader.frame("draft.end", lambda data: data["reply_to"] == reader.messages[0]["id"])
    assert await replies(db, thread) == [(words(2), None)]
    assert (await audit_database(database_url)).sound


async def test_an_edit_by_websocket_that_is_sent_again_is_stored_once(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await reader.send("before")
        await reader.until_seq(1)
        edited = '{"content":"after","replaces":1,"client_id":"6f1a3c30-7c1b-4b53-b1a9-2a6a9a1c3b11"}'
        for _ in range(3):
            await reader.connection.send(edited)
        await reader.frame("message", lambda data: data["seq"] == 2)  # who sends it again may get it again
        await reader.connection.send('{"content":"too late","replaces":1}')
        assert (await reader.frame("error"))["code"] == "cannot_replace"
    own = "select count(*) from message where thread_id = $1 and role = 'user'"
    assert await db.fetchval(own, thread) == 2


async def test_only_the_newest_own_message_can_be_replaced(
    server: Server, talker: Server, http: httpx.AsyncClient, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await db.execute("insert into message (thread_id, content) values ($1, 'by SQL')", thread)
        await reader.until_seq(2)
        await ask(http, thread, "say 1 0")
        await ask(http, thread, "say 2 0")
        await reader.until_seq(6)
        newest_own = max(m["seq"] for m in reader.messages if m["content"].startswith("say"))
        for seq in {1, 2, 3, 4, 5, 6, 7, 99} - {newest_own}:
            answer = await edit(http, thread, seq, "changed")
            assert (answer.status_code, answer.json()["code"]) == (409, "cannot_replace"), seq
        for wrong in (0, -1, "x", 2**63, 1.5):
            assert (await edit(http, thread, wrong, "changed")).status_code == 400
        assert (await edit(http, thread, newest_own, "say 3 0")).status_code == 201
        assert (await edit(http, thread, newest_own, "say 3 0")).status_code == 409
        await reader.until_seq(8)


async def test_sql_replaces_messages_by_the_same_rules(db: Connection, thread: int) -> None:
    insert = """
        insert into message (thread_id, role, content, author, reply_to, replaces)
        values ($1, $2, 'x', $3, $4, $5)
    """
    asked = await db.fetchval(f"{insert} returning id", thread, "user", 1, None, None)
    await db.execute(insert, thread, "assistant", None, asked, None)
    await db.execute(insert, thread, "assistant", None, asked, 2)
    await db.execute(insert, thread, "assistant", None, asked, 2)  # a repeat is no row
    await db.execute(insert, thread, "user", 1, None, 1)
    versions = "select array_agg(version order by seq) from message where thread_id = $1"
    assert await db.fetchval(versions, thread) == [None, None, 2, 2]
    with pytest.raises(asyncpg.CheckViolationError, match="cannot be replaced"):
        await db.execute(insert, thread, "user", 1, None, 1)
