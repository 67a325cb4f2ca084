"""Where relays alone notify messages, all is as it was: each reader gets each message once and in order."""

import httpx

from chinwag.db.pool import Connection
from tests.support.client import open_list, open_thread
from tests.support.command import forked_chinwag
from tests.support.process import Server
from tests.support.relays import Relay
from tests.support.sql import INSERT, INSERT_MANY


async def test_messages_come_through_a_relay_when_the_primary_is_quiet(
    server: Server, relay: Relay, db: Connection, thread: int, http: httpx.AsyncClient
) -> None:
    switched = forked_chinwag("relay", "only", "on", DATABASE_URL=relay.primary_url)
    assert switched.returncode == 0, switched.stderr
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
    assert (await http.get(f"{server.url}/health/ready")).json() == {"status": "ok"}
