"""Ann, Bob and Cy, who have to sign in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from chinwag.db.pool import Connection
from tests.support.people import add_person, signed_in
from tests.support.person import Person
from tests.support.process import Server, ServerStarter


@pytest.fixture(scope="module", autouse=True)
async def persons(db: Connection) -> dict[str, int]:
    """The ids of the accounts, by name."""
    return {name: await add_person(db, name) for name in ("ann", "bob", "cy")}


@pytest.fixture(scope="module")
def other_server(start_server: ServerStarter, settings: dict[str, str]) -> Server:
    """Another server, beside that of the module."""
    return start_server(settings)


@pytest.fixture(scope="module")
async def named(db: Connection, persons: dict[str, int], request: pytest.FixtureRequest) -> dict[str, int]:
    """The ids of the accounts, which people see by the NAMES that the module gives them."""
    for username, name in request.module.NAMES.items():
        await db.execute("update account set display_name = $2 where username = $1", username, name)
    return persons


@pytest.fixture
async def ann_http(server: Server, named: dict[str, int]) -> AsyncIterator[httpx.AsyncClient]:
    """Ann, signed in over HTTP."""
    async with signed_in(server, "ann") as client:
        yield client


@pytest.fixture
async def group(ann_http: httpx.AsyncClient) -> int:
    """The id of a thread of the three persons."""
    answer = await ann_http.post("/threads", json={"title": "Group", "members": ["bob", "cy"]})
    assert answer.status_code == 201, answer.text
    id: int = answer.json()["id"]
    return id


@pytest.fixture
async def people(db: Connection, server: Server) -> AsyncIterator[tuple[Person, Person, Person]]:
    """Ada, an administrator, and Bob and Eve, who are none."""
    async with AsyncExitStack() as stack:
        found = []
        for name in ("ada", "bob", "eve"):
            id = await db.fetchval("select id from account where username = $1", name)
            id = id or await add_person(db, name, admin=name == "ada")
            found.append(Person(id, await stack.enter_async_context(signed_in(server, name)), server))
        yield found[0], found[1], found[2]
