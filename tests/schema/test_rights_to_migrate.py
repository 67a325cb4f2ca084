"""A role that may not change the schema starts a server on one that is up to date, and is told what to run
on any other."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from chinwag.db.migrate import migrate
from chinwag.errors import DatabaseUnsuitable
from tests.schema.conftest import MakeDatabase
from tests.support.past import dump, load_past
from tests.support.process import DidNotStart, ServerStarter


@pytest.fixture
async def as_reader(postgres_url: str) -> AsyncIterator[Callable[[str], str]]:
    """Changes the URL of a database to that of a role which may only read."""
    role = f"reader_{uuid4().hex[:8]}"
    server = await asyncpg.connect(postgres_url)
    await server.execute(f"create role {role} login password 'x'; grant pg_read_all_data to {role}")

    def change(url: str) -> str:
        return urlsplit(url)._replace(netloc=f"{role}:x@{urlsplit(url).netloc.rpartition('@')[2]}").geturl()

    yield change
    await server.execute(f"drop role {role}")
    await server.close()


async def test_there_is_nothing_to_do(make_database: MakeDatabase, as_reader: Callable[[str], str]) -> None:
    url = await make_database()
    await migrate(url)
    await migrate(as_reader(url))


@pytest.mark.parametrize("version", ["a403a32", "57c627c"])
async def test_the_owner_has_to_migrate(
    make_database: MakeDatabase, as_reader: Callable[[str], str], version: str
) -> None:
    url = await make_database(version)
    owner = urlsplit(url).username
    before = dump(url, data=True)
    with ServerStarter(as_reader(url)) as start, pytest.raises(DidNotStart) as failure:
        start()
    assert f"run `chinwag migrate` as its owner, {owner}" in str(failure.value)
    assert "Traceback" not in str(failure.value)
    assert dump(url, data=True) == before


async def test_an_empty_database_is_for_its_owner_too(
    make_database: MakeDatabase, as_reader: Callable[[str], str]
) -> None:
    with pytest.raises(DatabaseUnsuitable, match="run `chinwag migrate` as the role that owns the database"):
        await migrate(as_reader(await make_database()))


async def test_a_role_that_may_not_read_the_notes_is_told_so(
    make_database: MakeDatabase, as_reader: Callable[[str], str]
) -> None:
    url = await make_database("57c627c")
    reader = as_reader(url)
    connection = await asyncpg.connect(url)
    await connection.execute(f"revoke pg_read_all_data from {urlsplit(reader).username}")
    await connection.close()
    with pytest.raises(DatabaseUnsuitable, match="may not read the table migration"):
        await migrate(reader)


async def test_what_a_superuser_upgrades_belongs_to_the_owner(
    make_database: MakeDatabase, postgres_url: str
) -> None:
    owner = f"owner_{uuid4().hex[:8]}"
    url = await make_database(
        sql=f"create role {owner}; grant {owner} to current_user; grant all on schema public to {owner}"
    )
    connection = await asyncpg.connect(url)
    await connection.execute(f"set role {owner}")
    await load_past(connection, "57c627c")
    await connection.execute("reset role")
    await migrate(url)
    owners = await connection.fetch(
        """select relowner::regrole::text as owner from pg_class where relnamespace = 'public'::regnamespace
           union select proowner::regrole::text from pg_proc where pronamespace = 'public'::regnamespace"""
    )
    await connection.execute(f"drop owned by {owner} cascade; drop role {owner}")
    await connection.close()
    assert [row["owner"] for row in owners] == [owner]
