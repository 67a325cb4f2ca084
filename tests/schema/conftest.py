"""A thread and its writers in the database, without a server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from app.database import Connection
from tests.schema.statements import new_thread


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
