"""What tests write and await in the database."""

import asyncio

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS

INSERT = "insert into message (thread_id, content) values ($1, $2)"
INSERT_MANY = """
    insert into message (thread_id, content) select $1, repeat('x', $3) from generate_series(1, $2)
"""


async def until(db: Connection, query: str, *arguments: object) -> None:
    """Wait until a query of the database is true."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await db.fetchval(query, *arguments):
            pass
