"""A server whose URL names several hosts takes the one that is the primary, whatever the others do."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import asyncpg
import pytest

from chinwag.db.any_host import NEXT_HOST_SECONDS
from chinwag.db.pool import CONNECT_SECONDS, Connection, connect
from tests.storm.faults import TERMINATE
from tests.storm.link import Link
from tests.support.client import open_thread
from tests.support.process import ServerStarter, free_port
from tests.support.sql import INSERT


def with_hosts(url: str, *ports: int) -> str:
    parts = urlsplit(url)
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    netloc = f"{parts.username}:{parts.password}@{hosts}"
    return parts._replace(netloc=netloc, query="target_session_attrs=read-write").geturl()


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def test_a_host_that_answers_nothing_is_passed_over(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # as a machine that is gone
        began = time.monotonic()
        connection = await connect(
            with_hosts(database_url, silent.getsockname()[1], free_port(), port_of(database_url))
        )
        assert time.monotonic() - began < CONNECT_SECONDS
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_the_first_host_that_does_answer_is_taken(database_url: str) -> None:
    links = [Link(port_of(database_url)) for _ in range(2)]
    async with links[0].running() as first, links[1].running() as second:
        connection = await connect(with_hosts(database_url, first, second))
        await asyncio.sleep(2 * NEXT_HOST_SECONDS)  # that the second one is not asked has no signal
        await connection.fetchval("select 1")
        links[1].cut()
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_the_error_is_that_of_the_host_which_says_most(db: Connection, database_url: str) -> None:
    await db.execute("create role only_reads login password 'x'")
    await db.execute("alter role only_reads set default_transaction_read_only = on")
    way = with_hosts(database_url, free_port(), port_of(database_url))
    parts = urlsplit(way)
    reads = parts._replace(netloc=f"only_reads:x@{parts.netloc.rpartition('@')[2]}").geturl()
    try:
        with pytest.raises(ConnectionRefusedError):
            await connect(reads)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect(reads.replace("only_reads:x@", "only_reads:wrong@"))
    finally:
        await db.execute("drop role only_reads")


async def test_a_server_starts_and_stays_while_the_machine_of_its_first_host_is_gone(
    database_url: str, settings: dict[str, str], db: Connection
) -> None:
    thread = await db.fetchval("insert into thread default values returning id")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        way = with_hosts(database_url, silent.getsockname()[1], port_of(database_url))
        with ServerStarter(way) as start:
            server = await asyncio.to_thread(start, settings)
            async with open_thread(server, thread) as client:
                await client.frame("ready")
                await db.execute(TERMINATE, "chinwag listener")
                await client.frame("database", lambda data: not data["available"])
                await client.frame("database", lambda data: data["available"])
                await db.execute(INSERT, thread, "heard")
                await client.until_seq(1)
