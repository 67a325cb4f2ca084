"""A server is ready only while notifications arrive, and tells its browsers at once when they do not."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from chinwag.db.pool import Connection, open_pool
from chinwag.push.listener import HEARTBEAT, Listener
from chinwag.settings import Settings
from tests.chat.test_database_trouble import until_said
from tests.push.test_repair import until_ready
from tests.storm.faults import TERMINATE
from tests.storm.link import Link
from tests.support.client import LIMIT_SECONDS, open_list, open_thread
from tests.support.command import forked_chinwag
from tests.support.http import http_client
from tests.support.linked import server_by_link
from tests.support.pgbouncer import pgbouncer_before
from tests.support.process import DidNotStart, Server, ServerStarter
from tests.support.sql import INSERT, INSERT_MANY

NOBODY = 1
"""A port on which nobody listens."""


def test_a_server_that_listens_through_a_transaction_pooler_does_not_start(
    start_server: ServerStarter, settings: dict[str, str], database_url: str
) -> None:
    with pgbouncer_before(database_url) as pooled, pytest.raises(DidNotStart) as failure:
        start_server(settings | {"CHINWAG_LISTEN_URL": pooled})
    said = str(failure.value)
    assert "set listen_url to go around it" in said
    assert "Traceback" not in said


def test_a_migration_needs_no_notifications(server: Server, database_url: str) -> None:
    with pgbouncer_before(database_url) as pooled:
        migrated = forked_chinwag("migrate", DATABASE_URL=pooled)
    assert migrated.returncode == 0, migrated.stderr


async def test_a_listener_that_becomes_deaf_makes_the_server_unready(
    start_server: ServerStarter, settings: dict[str, str], database_url: str, db: Connection, thread: int
) -> None:
    parts = urlsplit(database_url)
    assert parts.port
    link = Link(parts.port)
    with pgbouncer_before(database_url) as pooled:
        async with link.running() as port, http_client() as http:
            way = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
            server = await asyncio.to_thread(start_server, settings | {"CHINWAG_LISTEN_URL": way})
            async with open_thread(server, thread) as client:
                await client.frame("ready")
                link.target = urlsplit(pooled).port or 0
                link.cut()
                await until_ready(http, server, 503)
                await db.execute(INSERT, thread, "not heard")
                await until_said(server, "listener_deaf")
                assert "set listen_url to go around it" in server.log.read_text()
                assert (await http.get(f"{server.url}/health/ready")).status_code == 503
                link.target = parts.port
                await until_ready(http, server, 200)
                await client.until_seq(1)
            server.stop()


async def test_a_held_thread_is_busy_through_a_pooler_too(
    start_server: ServerStarter, settings: dict[str, str], database_url: str, thread: int
) -> None:
    with pgbouncer_before(database_url) as pooled, ServerStarter(pooled) as start:
        elsewhere = await asyncpg.connect(database_url)
        server = await asyncio.to_thread(start, settings | {"CHINWAG_LISTEN_URL": database_url})
        async with (
            open_thread(server, thread) as client,
            http_client(f"{server.url}/api/v1", timeout=30) as http,
        ):
            await client.frame("ready")
            async with elsewhere.transaction():
                await elsewhere.execute(INSERT, thread, "held")
                client_id = await client.send("mine")
                assert (await client.frame("error"))["code"] == "thread_busy"
                renamed = await http.patch(f"/threads/{thread}", json={"title": "New"})
                assert (renamed.status_code, renamed.json()["code"]) == (503, "thread_busy")
            await client.send("mine", client_id)
            await client.until_seq(2)
            assert (await http.patch(f"/threads/{thread}", json={"title": "New"})).status_code == 200
        await elsewhere.close()


async def test_a_commit_of_very_many_rows_is_no_silence(
    server: Server, db: Connection, thread: int
) -> None:
    before = len(server.log.read_text())
    async with open_thread(server, thread) as client:
        await client.frame("ready")
        # Events that nobody is told of, so that the test is about the listener: 1,200,000 of 1 KB.
        await db.execute(
            "select pg_notify('chinwag', i || repeat('x', 1000)) from generate_series(1, 500000) as i",
            timeout=120,
        )
        await db.execute(INSERT, thread, "behind them")
        await client.until_seq(1, limit=120)
    said = server.log.read_text()[before:]
    assert "listener_" not in said
    assert "pool_renewed" not in said


async def test_the_heartbeats_of_other_servers_are_passed_on_to_nobody(database_url: str) -> None:
    heard: list[str] = []
    came = asyncio.Event()

    def receive(payload: str) -> None:
        heard.append(payload)
        came.set()

    async def nothing() -> None:
        pass

    async with open_pool(Settings(database_url=database_url)) as pool:
        listener = Listener(
            database_url, [receive], notify=pool.notify, on_loss=came.set, after_gap=nothing,
            after_silence=nothing,
        )  # fmt: skip
        async with listener.running():
            assert listener.notify_lag is not None
            await pool.notify("chinwag", HEARTBEAT + "of another")
            await pool.notify("chinwag", "1 1")
            async with asyncio.timeout(LIMIT_SECONDS):
                await came.wait()
    assert heard == ["1 1"]


async def test_browsers_are_told_that_the_database_is_away_and_that_it_is_back(
    database_url: str, settings: dict[str, str], db: Connection, thread: int
) -> None:
    async with (
        server_by_link(database_url, settings) as (server, link),
        open_thread(server, thread) as reader,
        open_list(server) as list_client,
    ):
        await reader.frame("ready")
        link.open.clear()
        for client in (reader, list_client):
            assert await client.frame("database") == {"available": False}
        async with open_thread(server, thread) as joining, open_list(server) as joining_list:
            for client in (joining, joining_list):
                assert await client.frame("database") == {"available": False}
            await db.execute(INSERT_MANY, thread, 3, 10)
            link.resume()
            for client in (reader, list_client, joining, joining_list):
                await client.frame("database", lambda data: data["available"])
            await joining.until_seq(3)
        types = [frame["type"] for frame in reader.frames]
        assert types == ["ready", "database", "message", "message", "message", "database"]


async def test_browsers_are_told_when_the_listener_is_terminated(
    server: Server, db: Connection, thread: int
) -> None:
    async with open_thread(server, thread) as reader:
        await reader.frame("ready")
        await db.execute(TERMINATE, "chinwag listener")
        await reader.frame("database", lambda data: not data["available"])
        await reader.frame("database", lambda data: data["available"])


async def test_a_server_process_that_starts_while_the_database_is_away_waits_for_it(
    database_url: str, settings: dict[str, str]
) -> None:
    async with server_by_link(database_url, settings, "--workers", "2") as (server, link):
        async with http_client() as http:
            await until_ready(http, server, 200)
            before = workers_of(server)
            target, link.target = link.target, NOBODY
            link.cut()
            for worker in before:
                os.kill(worker, signal.SIGKILL)
            async with asyncio.timeout(LIMIT_SECONDS):
                # They have been replaced, serve, and say that they are not ready.
                while len(workers_of(server) - before) < 2 or not await answers(http, server, 503):
                    await asyncio.sleep(0.05)
            link.target = target
            await until_ready(http, server, 200)
            assert server.process.poll() is None
            thread = (await http.post(f"{server.url}/api/v1/threads", json={})).json()["id"]
        async with open_thread(server, thread) as client:
            await client.frame("ready")


def workers_of(server: Server) -> set[int]:
    """Return the ids of the processes that serve, without the helper of multiprocessing."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return {int(pid) for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()}


async def answers(http: httpx.AsyncClient, server: Server, status: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await http.get(f"{server.url}/health/ready")).status_code == status
    return False
