"""An administrator and another person, so that everybody has to sign in."""

from collections.abc import AsyncIterator

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.people import add_person, signed_in
from tests.support.process import Server


@pytest.fixture(scope="module")
async def persons(db: Connection) -> dict[str, int]:
    """The ids of the accounts, by name. The first one is an administrator."""
    ids = {name: await add_person(db, name) for name in ("ada", "bob")}
    await db.execute("update account set admin = true where username = 'ada'")
    return ids


@pytest.fixture
async def ada(server: Server, persons: dict[str, int]) -> AsyncIterator[httpx.AsyncClient]:
    """The administrator, signed in."""
    async with signed_in(server, "ada") as client:
        yield client


@pytest.fixture
async def bob(server: Server, persons: dict[str, int]) -> AsyncIterator[httpx.AsyncClient]:
    """A person who is no administrator, signed in."""
    async with signed_in(server, "bob") as client:
        yield client


@pytest.fixture
async def thread(ada: httpx.AsyncClient) -> int:
    """The id of a new open thread of the administrator."""
    id: int = (await ada.post("/threads", json={"title": "Thread", "open": True})).json()["id"]
    return id
