"""Another schema that comes first in the search_path has tables of the same names: ours are used, or none."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from chinwag.db.pool import Connection
from tests.support.client import open_thread
from tests.support.command import post
from tests.support.process import DidNotStart, ServerStarter

NONE = {"CHINWAG_BOT": "none"}


@pytest.fixture
async def role_url(db: Connection, database_url: str) -> AsyncIterator[str]:
    """The URL of a role that has a schema of its own name, with tables and functions of our names in it."""
    role = f"role_{uuid4().hex[:8]}"
    await db.execute(
        f"""create role {role} login superuser password 'x';
            create schema {role} authorization {role};
            create table {role}.message (id int);
            create table {role}.thread (id int, title text);
            create table {role}.account (username text);
            create function {role}.frame(type text, data json) returns text language sql return 'theirs'"""
    )
    user_at_place = f"{role}:x@{urlsplit(database_url).netloc.rpartition('@')[2]}"
    yield urlsplit(database_url)._replace(netloc=user_at_place).geturl()
    await db.execute(f"drop schema {role} cascade; drop role {role}")


async def test_a_schema_of_the_users_own_is_not_used(db: Connection, role_url: str) -> None:
    with ServerStarter(role_url) as start:
        server = start(NONE)
        thread = (await post(server, "/threads", {}))["id"]
        await post(server, f"/threads/{thread}/messages", {"content": "ours"})
        async with open_thread(server, thread, after=0) as client:
            await client.until_seq(1)
    content = "select content from public.message where thread_id = $1"
    assert await db.fetchval(content, thread) == "ours"


async def test_a_pooler_that_drops_the_sessions_settings_is_refused(role_url: str) -> None:
    with ServerStarter(role_url) as start, pytest.raises(DidNotStart) as failure:
        start(NONE | {"CHINWAG_LISTEN_URL": role_url})
    assert "the search_path of this role does not lead to public.account" in str(failure.value)
    assert "Traceback" not in str(failure.value)


async def test_a_role_whose_search_path_is_set_may_use_a_pooler(db: Connection, role_url: str) -> None:
    await db.execute(f"alter role {urlsplit(role_url).username} set search_path = public")
    with ServerStarter(role_url) as start:
        server = start(NONE | {"CHINWAG_LISTEN_URL": role_url})
        assert (await post(server, "/threads", {}))["id"]
