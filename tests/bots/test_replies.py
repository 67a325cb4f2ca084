"""The bot: one stored reply for every user message, whoever wrote it and whichever server dies."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS, Client, open_thread
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter, environ_of
from tests.support.sql import until

INSERT = "insert into message (thread_id, content) select $1, 'by SQL ' || i from generate_series(1, $2) i"
REPLY = """
    insert into message (thread_id, role, content, reply_to)
    select thread_id, 'assistant', 'by hand', id from message where thread_id = $1 and seq = $2
"""
WAITING = "select count(*) from reply_request"
CLAIMED = "select count(*) from reply_request where claimed_until > clock_timestamp()"
OWNED = "select count(*) from reply_request where claimed_by is not null"
CLAIMING = "select count(distinct claimed_by) from reply_request where claimed_until > clock_timestamp()"
NEWEST_CLAIM = "select claimed_until from reply_request order by message_id desc limit 1"
REPLIES = """
    select count(*) as all, count(distinct reply_to) as different from message
    where thread_id = $1 and role = 'assistant'
"""

NO_BOT = {"CHINWAG_BOT": "none"}
ECHO = {"CHINWAG_BOT": "echo", "CHINWAG_BOT_PACE": "0.05"}
SLOW = {"CHINWAG_BOT": "random", "CHINWAG_BOT_PACE": "60"}

STUMBLING = """
import asyncio


class Stumbling:
    def __init__(self):
        self.asked = 0

    async def reply(self, thread_id, content):
        self.asked = number = self.asked + 1
        await asyncio.sleep(0.5)
        if number <= 10:
            raise RuntimeError("stumbled")
        return "caught: " + content
"""

FAILED = "select count(*) from reply_request where failure = 'bot_failed'"
FAILED_SEQS = """
    select seq from message join reply_request on message_id = id where failure is not null
"""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """The module's server has no bot: a test that wants one starts it, and stops it at its end."""
    return NO_BOT


async def test_500_messages_get_500_replies(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    bots = [start_server(ECHO), start_server(ECHO)]
    async with open_thread(server, thread, after=0) as reader:
        await write_500(bots, start_server.database_url, thread)
        await reader.until_seq(1000)
        await check_replies(db, start_server.database_url, thread)
        said = {message["id"]: message["content"] for message in reader.messages}
        assert all(m["content"] == said[m["reply_to"]] for m in reader.messages if m["role"] == "assistant")
    assert [bot.stop() for bot in bots] == [0, 0]


async def test_500_messages_get_500_replies_though_a_server_and_the_bot_fail(
    server: Server, start_server: ServerStarter, db: Connection, thread: int, tmp_path: Path
) -> None:
    (tmp_path / "my_bots.py").write_text(STUMBLING)
    # A new Python may look in the current directory of its own accord; the command `chinwag` must.
    own = {"CHINWAG_BOT": "my_bots:Stumbling", "PYTHONSAFEPATH": "1"}
    other = start_server(own, directory=tmp_path)
    killed = start_server(ECHO | {"CHINWAG_BOT_PACE": "0.5"})
    async with open_thread(server, thread, after=0) as reader:
        writing = asyncio.create_task(write_500([server, other], start_server.database_url, thread))
        await reader.until(lambda _: sum(m["role"] == "assistant" for m in reader.messages) >= 100)
        await until(db, f"select ({CLAIMING}) = 2")
        killed.kill()
        await writing
        await until(db, f"select ({WAITING}) = ({FAILED})")
        failed = await db.fetch(FAILED_SEQS)
        assert len(failed) == 10
        async with http_client(f"{server.url}/api/v1") as http:
            for row in failed:  # a person asks again
                again = await http.post(f"/threads/{thread}/messages/{row['seq']}/regenerate")
                assert again.status_code == 202
        await reader.until_seq(1000, limit=15)
        await check_replies(db, start_server.database_url, thread)
        assert any(m["content"].startswith("caught: by") for m in reader.messages)
    assert other.stop() == 0
    log = other.log.read_text()
    assert log.count("bot_failed") == 10
    assert not re.search("by (HTTP|SQL|WebSocket)", log), "no content is logged, not even with a traceback"


async def test_sigterm_lets_claims_go_at_once(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    slow = start_server(SLOW)
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await reader.send("hello")
        random = await db.fetchval("select id from account where username = 'random'")
        typing = {"thread_id": thread, "role": "assistant", "author": random}
        assert await reader.frame("typing") == typing
        assert await db.fetchval(CLAIMED) == 1
        assert slow.stop() == 0
        assert await db.fetchval(CLAIMED) == 0
        quick = start_server(ECHO)
        await reader.until_seq(2)
        assert [m["content"] for m in reader.messages] == ["hello", "hello"]
    quick.stop()


async def test_without_a_bot_requests_wait_and_a_reply_by_hand_takes_one_away(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread, after=0) as reader:
        await db.execute(INSERT, thread, 3)
        assert await db.fetchval(WAITING) == 3
        await db.execute(REPLY, thread, 2)
        await db.execute(REPLY, thread, 2)  # a second one is no row
        assert await db.fetchval(WAITING) == 2
        bot = start_server(ECHO)
        await reader.until_seq(6)
        replies = sorted(m["content"] for m in reader.messages if m["role"] == "assistant")
        assert replies == ["by SQL 1", "by SQL 3", "by hand"]
        assert await db.fetchval(WAITING) == 0
    bot.stop()


async def test_a_reply_by_hand_while_the_bot_thinks(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    bot = start_server(ECHO | {"CHINWAG_BOT_PACE": "1"})
    async with open_thread(server, thread, after=0) as reader:
        await reader.frame("ready")
        await reader.send("hello")
        await reader.frame("typing")
        await db.execute(REPLY, thread, 1)
        await reader.send("and now?")
        await reader.until_seq(4)
        assert [m["content"] for m in reader.messages] == ["hello", "by hand", "and now?", "and now?"]
    assert bot.stop() == 0
    assert "bot_failed" not in bot.log.read_text()


async def test_a_transaction_that_holds_a_request_holds_up_no_other(
    server: Server, start_server: ServerStarter, db: Connection, thread: int
) -> None:
    bot = start_server(SLOW)
    async with open_thread(server, thread, after=0) as reader, asyncio.timeout(LIMIT_SECONDS):
        await reader.frame("ready")
        await db.execute(INSERT, thread, 2)
        await reader.frame("typing")
        async with db.transaction():
            await db.execute("select from reply_request order by message_id limit 1 for update")
            before = await db.fetchval(NEWEST_CLAIM)
            while await db.fetchval(NEWEST_CLAIM) == before:
                pass  # it is not renewed yet
            assert bot.stop() == 0
            assert await db.fetchval(OWNED) == 1
    await db.execute("delete from thread where id = $1", thread)


async def write_500(servers: list[Server], url: str | None, thread: int) -> None:
    """By HTTP and by WebSocket to both servers, and by SQL, all at the same time."""
    one, other = servers
    db = await asyncpg.connect(url)
    async with open_thread(one, thread) as first, open_thread(other, thread, after=0) as second:
        await asyncio.gather(
            post(one, thread, 100), post(other, thread, 100), send(first, 100), send(second, 100),
            db.execute(INSERT, thread, 100),
        )  # fmt: skip
        await second.until(lambda _: sum(m["role"] == "user" for m in second.messages) == 500)
    await db.close()


async def post(server: Server, thread: int, count: int) -> None:
    async with http_client(f"{server.url}/api/v1") as http:
        for i in range(count):
            body = {"content": f"by HTTP {i}"}
            assert (await http.post(f"/threads/{thread}/messages", json=body)).status_code == 201


async def send(client: Client, count: int) -> None:
    await client.frame("ready")
    for i in range(count):
        await client.send(f"by WebSocket {i}")


async def check_replies(db: Connection, url: str | None, thread: int) -> None:
    assert tuple(await db.fetchrow(REPLIES, thread) or ()) == (500, 500)
    assert await db.fetchval(WAITING) == 0
    audit = [sys.executable, "-m", "chinwag.cli", "audit"]
    report = await asyncio.to_thread(subprocess.run, audit, env=environ_of(url, {}), check=True)
    assert report.returncode == 0
