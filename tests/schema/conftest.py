"""A thread and its writers in the database, without a server; and databases without a schema."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from chinwag.db.pool import Connection
from tests.support.past import load_past
from tests.support.statements import new_thread

MakeDatabase = Callable[..., Awaitable[str]]


@pytest.fixture
async def thread(db: Connection) -> int:
    return await new_thread(db)


@pytest.fixture
async def writers(database_url: str) -> AsyncIterator[list[Connection]]:
    """Eight connections that write at the same time."""
    async with AsyncExitStack() as stack:
        connections = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(8)))
        for connection in connections:
            stack.push_async_callback(connection.close)
        yield connections


@pytest.fixture
async def stranger(db: Connection, database_url: str) -> AsyncIterator[Connection]:
    """A connection of a new role, which may connect and do nothing else."""
    role = f"stranger_{uuid4().hex[:8]}"
    await db.execute(f"create role {role} login password 'x'")
    connection = await asyncpg.connect(database_url, user=role, password="x")
    yield connection
    await connection.close()


@pytest.fixture
async def producer(db: Connection, stranger: Connection) -> Connection:
    """A connection of a role that may insert messages and do nothing else."""
    await db.execute(f"grant insert on message to {await stranger.fetchval('select current_user')}")
    return stranger


@pytest.fixture
async def make_database(postgres_url: str) -> AsyncIterator[MakeDatabase]:
    """Makes a database without a schema, or with that of a former version and then `sql`, and gives its
    URL."""
    async with AsyncExitStack() as stack:
        server = await asyncpg.connect(postgres_url)
        stack.push_async_callback(server.close)

        async def make(version: str | None = None, sql: str = "select") -> str:
            name = f"chinwag_{uuid4().hex}"
            await server.execute(f"create database {name} template template0")
            stack.push_async_callback(server.execute, f"drop database {name} with (force)")
            url = urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
            connection = await asyncpg.connect(url)
            if version:
                await load_past(connection, version)
            await connection.execute(sql)
            await connection.close()
            return url

        yield make
