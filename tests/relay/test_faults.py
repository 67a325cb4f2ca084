"""Whatever happens to a relay under load: nobody misses anything, nothing comes twice or out of order."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from chinwag.db.pool import DATABASE_ERRORS, Connection
from chinwag.embedded.server import EmbeddedPostgres
from tests.storm.link import Link
from tests.support.client import LIMIT_SECONDS, Client, open_thread
from tests.support.metrics import scrape
from tests.support.process import Server, ServerStarter
from tests.support.relays import Relay, drop_slot, running_relay, switch, until_health
from tests.support.sql import INSERT
from tests.support.statements import LAST_SEQ

PAUSE_SECONDS = 0.01
CALM_SECONDS = 60


class Load:
    """Messages that are written to some threads all the time."""

    def __init__(self, url: str, threads: list[int]) -> None:
        self.threads = threads
        self._url = url
        self._stopped = asyncio.Event()

    async def write(self, thread: int) -> None:
        while not self._stopped.is_set():
            try:
                db = await asyncpg.connect(self._url)
                while not self._stopped.is_set():
                    # Too long for NOTIFY is every tenth: its row is read.
                    count = await db.fetchval(LAST_SEQ, thread)
                    await db.execute(INSERT, thread, "x" * (9_000 if count % 10 == 5 else 20))
                    await asyncio.sleep(PAUSE_SECONDS)
                await db.close()
            except DATABASE_ERRORS:
                await asyncio.sleep(PAUSE_SECONDS)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            for thread in self.threads:
                group.create_task(self.write(thread))
            yield
            self._stopped.set()


@asynccontextmanager
async def judged(url: str, servers: list[Server], threads: list[int]) -> AsyncIterator[None]:
    """Write and read during the block, and check at its end that each reader has got each message once and in
    order, on the connection that it had from the beginning."""
    async with AsyncExitStack() as stack:
        clients: dict[Client, int] = {}
        for server in servers:
            for thread in threads:
                client = await stack.enter_async_context(open_thread(server, thread, after=0))
                await client.frame("ready")
                clients[client] = thread
        async with Load(url, threads).running():
            await asyncio.sleep(0.3)
            yield
            await asyncio.sleep(0.3)
        db = await asyncpg.connect(url)
        for client, thread in clients.items():
            await client.until_seq(await db.fetchval(LAST_SEQ, thread), CALM_SECONDS)
            assert client.seqs[0] == 1
        await db.close()


@pytest.fixture
async def threads(db: Connection) -> list[int]:
    rows = await db.fetch("insert into thread (title) values ('a'), ('b'), ('c') returning id")
    return [row["id"] for row in rows]


@pytest.fixture(scope="module")
def servers(start_server: ServerStarter, settings: dict[str, str]) -> list[Server]:
    return [start_server(settings), start_server(settings)]


@pytest.fixture(autouse=True)
def alive(relay: Relay) -> None:
    """Start the relay again that a test before this one has left dead."""
    if relay.process is None or relay.process.poll() is not None:
        relay.start()


async def kill_and_start(relay: Relay, _: Connection) -> None:
    await asyncio.to_thread(relay.kill)
    await asyncio.to_thread(relay.start)


async def lose_directory(relay: Relay, _: Connection) -> None:
    await asyncio.to_thread(relay.kill)
    relay.lose_directory()
    await asyncio.to_thread(relay.start)


async def kill_its_postgresql(relay: Relay, _: Connection) -> None:
    """Only the command goes on, which starts it again."""
    os.kill(relay.postmaster(), signal.SIGKILL)


async def lose_slot(relay: Relay, db: Connection) -> None:
    await drop_slot(db, relay.slot)


async def lose_directory_and_slot(relay: Relay, db: Connection) -> None:
    await asyncio.to_thread(relay.kill)
    await drop_slot(db, relay.slot)
    relay.lose_directory()
    await asyncio.to_thread(relay.start)


async def drop_subscription(relay: Relay, _: Connection) -> None:
    there = await asyncpg.connect(relay.superuser_url())
    for statement in ("disable", "set (slot_name = none)"):
        await there.execute(f"alter subscription {relay.slot} {statement}")
    await there.execute(f"drop subscription {relay.slot}")
    await there.close()


async def stop_gently(relay: Relay, _: Connection) -> None:
    assert await asyncio.to_thread(relay.stop) == 0
    await asyncio.to_thread(relay.start)


FAULTS: list[Callable[[Relay, Connection], Awaitable[None]]] = [
    kill_and_start,
    lose_directory,
    kill_its_postgresql,
    lose_slot,
    lose_directory_and_slot,
    drop_subscription,
    stop_gently,
]


@pytest.mark.usefixtures("alive", "relays_alone")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_nobody_misses_anything_when_a_relay_has_trouble(
    fault: Callable[[Relay, Connection], Awaitable[None]],
    relay: Relay,
    servers: list[Server],
    threads: list[int],
    db: Connection,
    database_url: str,
) -> None:
    async with judged(database_url, servers, threads):
        await fault(relay, db)
        for server in servers:
            await until_health(server, 200)
    # And it goes on by notifications alone.
    async with judged(database_url, servers, threads):
        pass


@pytest.mark.usefixtures("alive", "relays_alone")
async def test_what_a_lost_slot_has_missed_is_read_at_once(
    relay: Relay, servers: list[Server], threads: list[int], db: Connection
) -> None:
    assert relay.process is not None
    for server in servers:
        await until_health(server, 200)
    async with open_thread(servers[0], threads[0], after=0) as reader:
        await reader.frame("ready")
        os.kill(relay.process.pid, signal.SIGSTOP)  # so that it does not make a new slot before the message
        try:
            await drop_slot(db, relay.slot)
            await db.execute(INSERT, threads[0], "in between")
        finally:
            os.kill(relay.process.pid, signal.SIGCONT)
        await reader.until_seq(await db.fetchval(LAST_SEQ, threads[0]))
    async with asyncio.timeout(LIMIT_SECONDS):
        while "relay_has_missed_messages" not in servers[0].log.read_text():
            await asyncio.sleep(0.02)


async def test_the_switch_is_thrown_back_and_forth(
    relay: Relay, servers: list[Server], threads: list[int], database_url: str
) -> None:
    for server in servers:
        await until_health(server, 200)
    async with judged(database_url, servers, threads):
        for _ in range(8):
            await asyncio.to_thread(switch, relay.primary_url, "on")
            await asyncio.sleep(0.2)
            await asyncio.to_thread(switch, relay.primary_url, "off")
            await asyncio.sleep(0.2)


async def test_another_relay_is_heard_when_one_falls_silent(
    relay: Relay, threads: list[int], db: Connection, database_url: str, start_server: ServerStarter
) -> None:
    with running_relay("two", database_url) as other:
        links = [Link(one.port) for one in (relay, other)]
        async with links[0].running() as first, links[1].running() as second:
            ways = [_by(relay.url, port) for port in (first, second)]
            settings = {"CHINWAG_BOT": "none", "CHINWAG_RELAY_URL": ",".join(ways)}
            server = await asyncio.to_thread(start_server, settings)
            switch(relay.primary_url, "on")
            try:
                async with judged(database_url, [server], threads):
                    for link in links:
                        link.open.clear()
                        await asyncio.sleep(3.5)  # it takes the other one, if it does not hear that already
                        await until_health(server, 200)
                        link.resume()
                for link in links:
                    link.open.clear()
                deaf = await until_health(server, 503)
                assert [problem["code"] for problem in deaf["problems"]] == ["relay_silent"]
                told = await scrape(server)
                assert told.value("chinwag_relay_lost_total") >= 1
                assert told.value("chinwag_relay_lag_seconds_count") >= 1
                async with open_thread(server, threads[0]) as reader:
                    await reader.frame("database", lambda data: not data["available"])
                    await db.execute(INSERT, threads[0], "in between")
                    for link in links:
                        link.resume()
                    await until_health(server, 200)
                    await reader.frame("database", lambda data: data["available"])
                    assert reader.messages[-1]["content"] == "in between"
            finally:
                for link in links:
                    link.resume()
                switch(relay.primary_url, "off")
            server.stop()
    async with asyncio.timeout(LIMIT_SECONDS):
        await drop_slot(db, "chinwag_relay_two")


def _by(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()


@pytest.mark.usefixtures("alive", "relays_alone")
async def test_the_primary_is_killed_and_started_again(
    servers: list[Server], threads: list[int], database_url: str, primary: EmbeddedPostgres
) -> None:
    async with judged(database_url, servers, threads):
        killed = primary.pid
        os.kill(killed, signal.SIGKILL)
        for server in servers:
            await until_health(server, 503)
        for server in servers:
            await until_health(server, 200)
