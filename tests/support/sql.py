"""What tests write and await in the database."""

import asyncio

from chinwag.db.pool import Connection
from tests.support.client import LIMIT_SECONDS

INSERT = "insert into message (thread_id, content) values ($1, $2)"
INSERT_MANY = """
    insert into message (thread_id, content) select $1, repeat('x', $3) from generate_series(1, $2)
"""


POLL_SECONDS = 0.005


async def until(db: Connection, query: str, *arguments: object) -> None:
    """Wait until a query of the database is true."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await db.fetchval(query, *arguments):
            await asyncio.sleep(POLL_SECONDS)  # the processor is for what is awaited
            if db.is_in_transaction():
                # A transaction sees in pg_stat_activity the sessions that were there when it looked first.
                await db.execute("select pg_stat_clear_snapshot()")
