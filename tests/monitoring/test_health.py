"""Health says what is wrong, with a stable code, and whether the server is ready nevertheless."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from chinwag.db.pool import Connection
from chinwag.embedded.server import EmbeddedPostgres
from chinwag.provision import migrate
from chinwag.wire import HealthCode
from tests.push.test_repair import until_ready
from tests.storm.faults import TERMINATE
from tests.storm.link import Link
from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.http import http_client
from tests.support.linked import server_by_link
from tests.support.metrics import scrape, until_problem
from tests.support.pgbouncer import pgbouncer_before
from tests.support.process import Server, ServerStarter, directory_for_all

SETTINGS = {"CHINWAG_BOT": "none"}

USAGE = "select pg_notification_queue_usage()"
FILL_A_BIT = "select pg_notify('storm', i || repeat(' ', 7900)) from generate_series(1, 4) as i"


@pytest.fixture
def own_postgres() -> Iterator[tuple[EmbeddedPostgres, Path]]:
    """A PostgreSQL whose queue of notifications is small, with its directory."""
    with directory_for_all() as directory:
        options = {"fsync": "off", "max_notify_queue_pages": "64"}
        with EmbeddedPostgres(directory, port=0, options=options) as postgres:
            asyncio.run(migrate(postgres.url))
            yield postgres, directory


@pytest.fixture
async def own_database(new_database: Callable[[], str]) -> AsyncIterator[tuple[str, Connection]]:
    """A fresh database, whose settings a test may change, and a connection to it."""
    url = await asyncio.to_thread(new_database)
    connection = await asyncpg.connect(url)
    yield url, connection
    await connection.close()


async def ready_again(server: Server) -> None:
    """Wait until nothing is wrong any more."""
    well = {"status": "ok", "problems": []}
    async with http_client(server.url) as client, asyncio.timeout(LIMIT_SECONDS):
        while (await client.get("/health/ready")).json() != well:
            await asyncio.sleep(0.05)
    assert (await scrape(server)).value("chinwag_ready_processes") == 1


async def is_alive(server: Server) -> bool:
    async with http_client(server.url) as client:
        answer = await client.get("/health/live")
    return (answer.status_code, answer.json()) == (200, {"status": "ok", "problems": []})


async def test_nothing_is_wrong_with_a_new_server(server: Server) -> None:
    await ready_again(server)
    assert await is_alive(server)
    scraped = await scrape(server)
    assert not any(scraped.value("chinwag_health_problems", code=code) for code in HealthCode)


async def test_a_database_that_is_away(database_url: str, settings: dict[str, str]) -> None:
    async with server_by_link(database_url, settings) as (server, link):
        link.open.clear()
        answer = await until_problem(server, "database_unavailable", ready=False)
        assert [problem["code"] for problem in answer.json()["problems"]] == ["database_unavailable"]
        assert answer.json()["problems"][0]["detail"].startswith("The database cannot be reached")
        assert await is_alive(server)
        now = await scrape(server)
        assert now.value("chinwag_health_problems", code="database_unavailable") == 1
        assert now.value("chinwag_ready_processes") == 0
        link.resume()
        await ready_again(server)


async def test_a_server_that_is_deaf(
    start_server: ServerStarter, settings: dict[str, str], database_url: str
) -> None:
    parts = urlsplit(database_url)
    assert parts.port
    link = Link(parts.port)
    with pgbouncer_before(database_url) as pooled:
        async with link.running() as port:
            way = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
            server = await asyncio.to_thread(start_server, settings | {"CHINWAG_LISTEN_URL": way})
            link.target = urlsplit(pooled).port or 0
            link.cut()
            await until_problem(server, "deaf", ready=False)
            link.target = parts.port
            await ready_again(server)
            server.stop()


async def test_a_database_that_takes_no_writes(own_database: tuple[str, Connection]) -> None:
    url, db = own_database
    name = urlsplit(url).path.removeprefix("/")
    with ServerStarter(url) as start:
        server = await asyncio.to_thread(start, SETTINGS)
        await db.execute(f'alter database "{name}" set default_transaction_read_only = on')
        await db.execute(TERMINATE, "chinwag listener")
        await until_problem(server, "database_read_only", ready=False)
        assert await is_alive(server)
        await db.execute(f'alter database "{name}" reset default_transaction_read_only')
        await db.execute(TERMINATE, "chinwag listener")
        await ready_again(server)


async def test_a_standby(own_postgres: tuple[EmbeddedPostgres, Path]) -> None:
    """The primary has become a standby, as when a former primary comes back after a failover."""
    postgres, directory = own_postgres
    with ServerStarter(postgres.url) as start:
        server = await asyncio.to_thread(start, SETTINGS)
        await asyncio.to_thread(postgres.stop)
        (directory / "data" / "standby.signal").touch()
        owner = (directory / "data").stat()
        os.chown(directory / "data" / "standby.signal", owner.st_uid, owner.st_gid)
        await asyncio.to_thread(postgres.start)
        await until_problem(server, "database_read_only", ready=False)
        promoted = await asyncpg.connect(postgres.superuser_url)
        await promoted.execute("select pg_promote()")
        await promoted.close()
        await ready_again(server)


async def test_a_queue_of_notifications_that_is_more_than_half_full(
    own_postgres: tuple[EmbeddedPostgres, Path],
) -> None:
    postgres, _ = own_postgres
    with ServerStarter(postgres.url) as start:
        server = await asyncio.to_thread(start, SETTINGS)
        blocking, filling = await asyncpg.connect(postgres.url), await asyncpg.connect(postgres.url)
        await blocking.execute("listen storm")
        await blocking.execute("begin; select 1")
        while await filling.fetchval(USAGE) <= 0.55:
            await filling.execute(FILL_A_BIT)
        await until_problem(server, "notification_queue_over_half", ready=True)
        now = await scrape(server)
        assert 0.5 < now.value("chinwag_notification_queue_ratio") < 1
        await blocking.execute("rollback")
        await blocking.close()
        await ready_again(server)
        await filling.close()


async def test_a_schema_of_another_version(own_database: tuple[str, Connection]) -> None:
    url, db = own_database
    with ServerStarter(url) as start:
        server = await asyncio.to_thread(start, SETTINGS)
        await db.execute("insert into migration (app_name, name) values ('chinwag', '2099-01-01')")
        await until_problem(server, "schema_too_new", ready=True)
        await db.execute("delete from migration where name = '2099-01-01'")
        await ready_again(server)
        # As after a backup of a former version was restored.
        await db.execute("update migration set app_name = 'past' where app_name = 'chinwag_programs'")
        await until_problem(server, "schema_too_old", ready=False)
        assert await is_alive(server)
        await db.execute("update migration set app_name = 'chinwag_programs' where app_name = 'past'")
        await ready_again(server)


@pytest.mark.parametrize("arguments", [(), ("--workers", "2")], ids=["one process", "two processes"])
async def test_a_server_that_drains(
    start_server: ServerStarter, thread: int, arguments: tuple[str, ...]
) -> None:
    server = await asyncio.to_thread(start_server, SETTINGS | {"CHINWAG_DRAIN_SECONDS": "2"}, *arguments)
    async with http_client(server.url) as client, open_thread(server, thread) as reader:
        await until_ready(client, server, 200)
        await reader.frame("ready")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        answer = await until_problem(server, "draining", ready=False)
        assert [problem["code"] for problem in answer.json()["problems"]] == ["draining"]
        await reader.send("still stored")  # until the load balancer knows, all goes on
        await reader.until_seq(1)
        assert await is_alive(server)
        assert await reader.closed() == 1012
        assert await stopping == 0


async def test_a_second_signal_ends_the_draining(start_server: ServerStarter) -> None:
    server = await asyncio.to_thread(start_server, SETTINGS | {"CHINWAG_DRAIN_SECONDS": "300"})
    server.process.terminate()
    await until_problem(server, "draining", ready=False)
    assert await asyncio.to_thread(server.stop) == 0


async def test_the_document_has_the_codes(server: Server) -> None:
    async with http_client(server.url) as client:
        document = (await client.get("/docs/openapi.json")).json()
    described = document["paths"]["/health/ready"]["get"]["description"]
    assert all(f"| `{code.value}` |" in described and code.meaning in described for code in HealthCode)
    code = document["components"]["schemas"]["HealthCode"]
    assert code["enum"] == [one.value for one in HealthCode]
