"""After each of these tests: nothing is stored, and no traceback is logged."""

from collections.abc import AsyncIterator, Iterator

import pytest

from chinwag.db.pool import Connection
from tests.support.process import Server

STORED = """
    select 'message' as kind, id, content from message where content <> 'good'
    union all select 'thread', id, title from thread order by kind, id
"""


@pytest.fixture(autouse=True)
async def nothing_is_stored(db: Connection, thread: int) -> AsyncIterator[None]:
    before = await db.fetch(STORED)
    yield
    assert await db.fetch(STORED) == before


@pytest.fixture(autouse=True)
def no_traceback_is_logged(server: Server) -> Iterator[None]:
    before = len(server.log.read_text())
    yield
    said = server.log.read_text()[before:]
    assert "Traceback" not in said and "[error" not in said
